import { expect, test } from 'vitest';
import type { PairRow } from '../../../agent/decode/kernel.ts';
import { emptyCatalog } from '../../../agent/decode/facts.ts';
import { EndpointVersions } from '../../../agent/enrich/endpoint-versions.ts';
import { PairMeter } from '../../../agent/enrich/pair-report.ts';
import { AgingRows, type AgingMap } from '../../../agent/kernel/aging-rows.ts';

const minuteNs = 60_000_000_000n;

/** A map of at most ten rows: a byte of key, a byte of count. */
class FakeMap implements AgingMap {
  readonly maxEntries = 10;
  readonly valueStride = 1;
  readonly rows = new Map<number, number>();
  /** Packets that come between the read and the removal. */
  late = 0;

  forEach(visit: (key: Uint8Array, value: Uint8Array) => void): void {
    for (const [key, count] of this.rows) visit(Uint8Array.of(key), Uint8Array.of(count));
  }

  take(key: Uint8Array): Uint8Array | undefined {
    const count = this.rows.get(key[0] ?? 0);
    this.rows.delete(key[0] ?? 0);
    return count === undefined ? undefined : Uint8Array.of(count + this.late);
  }
}

function pairRow(key: Uint8Array, value: Uint8Array): PairRow {
  const count = value[0] ?? 0;
  return {
    clientLabels: key[0] ?? 0, serverLabels: 0, port: 80, protocol: 6, direction: 1, isReply: false, verdict: 1, family: 4,
    skbs: count, segments: count, bytes: count * 100, connections: 0, resets: 0, reported: 0,
  };
}

const sum = (rows: PairRow[]): number => rows.reduce((total, row) => total + row.skbs, 0);

test('AgingRows lets idle rows go when the map is more than half full, and no packet is lost from the sums', () => {
  const map = new FakeMap();
  const aging = new AgingRows(map, pairRow);
  for (let key = 0; key < 8; key++) map.rows.set(key, 5);
  map.late = 2;
  let busy = 5;
  for (let minute = 0n; minute <= 11n; minute++) {
    map.rows.set(0, ++busy);
    const rows = aging.read(minute * minuteNs);
    expect(sum(rows) + aging.retired.skbs).toBe(busy + 35 + 2 * rows.filter((row) => row.isRetired).length + (aging.retired.skbs > 0 ? 6 : 0));
  }
  expect(map.rows.size).toBe(5);
  expect(map.rows.has(0)).toBe(true);
  aging.read(12n * minuteNs);
  expect(aging.retired).toEqual({ skbs: 21, bytes: 2100 });
});

test('AgingRows leaves idle rows alone while there is room', () => {
  const map = new FakeMap();
  const aging = new AgingRows(map, pairRow);
  for (let key = 0; key < 5; key++) map.rows.set(key, 1);
  for (let minute = 0n; minute < 100n; minute++) aging.read(minute * minuteNs);
  expect(map.rows.size).toBe(5);
});

test('AgingRows takes rows sooner when the map is nearly full', () => {
  const map = new FakeMap();
  const aging = new AgingRows(map, pairRow);
  for (let key = 0; key < 10; key++) map.rows.set(key, 1);
  for (let minute = 0n; minute < 3n; minute++) aging.read(minute * minuteNs);
  expect(map.rows.size).toBe(5);
});

test('PairMeter counts a pair that was retired and began again at zero, never backwards', () => {
  const versions = new EndpointVersions('n');
  versions.apply(emptyCatalog, 0n);
  const meter = new PairMeter(versions);
  const row = (count: number): PairRow => pairRow(Uint8Array.of(1), Uint8Array.of(count));
  const skbs = (rows: PairRow[]): number => meter.report(rows).pairs.reduce((total, pair) => total + (pair.ingress?.skbs ?? 0), 0);
  expect(skbs([row(10)])).toBe(10);
  expect(skbs([{ ...row(12), isRetired: true }])).toBe(2);
  expect(skbs([row(3)])).toBe(3);
});
