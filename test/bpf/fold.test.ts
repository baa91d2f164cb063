import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { Direction, Why } from '../../agent/decode/event.ts';
import { ethernet, icmp, ipv4, server, client, tcp, udp } from './packets.ts';
import { type Event, Programs, cannotTest } from './programs.ts';

const IPV4 = 0x0800;
const TCP = 6;
const UDP = 17;
const NO_FOLD = 1; // HT_CONFIG_NO_FOLD
const WEB = 31;
const API = 32;
const back = { from: server.ipv4, to: client.ipv4 };

const syn = (sourcePort: number, port = 80): Uint8Array => ethernet(IPV4, ipv4(TCP, tcp(sourcePort, port, 'S')));
const data = (sourcePort: number, port = 80): Uint8Array => ethernet(IPV4, ipv4(TCP, tcp(sourcePort, port, 'P.', 100)));
const synAck = (sourcePort: number): Uint8Array => ethernet(IPV4, ipv4(TCP, tcp(80, sourcePort, 'S.'), back));

const sum = (rows: readonly { skbs: number; bytes: number }[]): [number, number] => [
  rows.reduce((total, row) => total + row.skbs, 0), rows.reduce((total, row) => total + row.bytes, 0),
];
const folded = (rows: readonly Event[]): number => rows.reduce((total, row) => total + row.folded, 0);

/** Every kind and lane on its own: happened = submitted + folded + lost + suppressed. */
function expectBalance(programs: Programs): { happened: number; submitted: number; folded: number; lost: number } {
  const all = { happened: 0, submitted: 0, folded: 0, lost: 0 };
  for (const counts of programs.counters().events) {
    expect(counts.submitted + counts.folded + counts.lost + counts.suppressed).toBe(counts.happened);
    for (const name of ['happened', 'submitted', 'folded', 'lost'] as const) all[name] += counts[name];
  }
  return all;
}

describe.skipIf(cannotTest !== '')('what finds no room in a ring', () => {
  let programs: Programs;
  beforeAll(() => {
    programs = new Programs({ maxEntries: { ht_urgent: 1 << 16, ht_bulk: 1 << 16, ht_conntrack: 131_072 } });
  });
  beforeEach(async () => {
    await programs.folds();
    programs.reset();
  });
  afterAll(() => programs.close());

  test('ht_report_packet() folds a burst of connections: no event is lost, and both ledgers balance', async () => {
    programs.setAddress(client.ipv4, WEB, 301);
    programs.setAddress(server.ipv4, API, 302);
    const connections = 3000;
    for (let i = 0; i < connections; i++) {
      programs.send(syn(20_000 + i));
      programs.receive(synAck(20_000 + i));
      programs.send(data(20_000 + i), { repeat: 2 });
    }
    programs.sweep({ all: true });
    const rows = programs.events();
    const folds = await programs.folds();
    const { happened, submitted, folded: count, lost } = expectBalance(programs);
    expect([submitted, lost]).toEqual([rows.length, 0]);
    expect(count).toBe(folded(folds));
    expect(count).toBeGreaterThan(happened / 2);
    // SYN, SYN+ACK, data of three trace reasons; and the sweep's rest
    expect(folds.length).toBeLessThan(10);
    expect(sum([...rows, ...folds])).toEqual(sum(programs.pairs()));
    expect(programs.sweep({ all: true })).toMatchObject({ liveSkbs: 0, liveBytes: 0 });
    // a number of the sequence is a row's or a loss's
    for (const lane of [0, 1]) {
      const numbers = rows.filter((row) => row.lane === lane && row.cpu === rows[0]?.cpu).map((row) => row.sequence);
      expect(numbers).toEqual(numbers.map((_number, index) => index));
    }
    for (const fold of folds) {
      expect(fold).toMatchObject({ why: Why.fold, type: 4, lane: 2, protocol: TCP, direction: Direction.egress, source: '0.0.0.0', destination: '0.0.0.0', ifindex: 1 });
      const isReply = fold.reason === 2;
      expect([fold.source_ref, fold.source_labels, fold.destination_ref, fold.destination_labels]).toEqual(isReply ? [API, 302, WEB, 301] : [WEB, 301, API, 302]);
      expect([fold.source_port, fold.destination_port]).toEqual(isReply ? [80, 0] : [0, 80]);
    }
    expect(await programs.folds()).toEqual([]);
  });

  test('ht_report_packet() loses, with folding off, exactly what the sequence numbers lack', () => {
    programs.configure({ flags: NO_FOLD });
    const connections = 1000;
    for (let i = 0; i < connections; i++) programs.send(syn(20_000 + i));
    const rows = programs.events();
    programs.send(syn(20_000 + connections));
    const [next] = programs.events();
    const { happened, submitted, folded: count, lost } = expectBalance(programs);
    expect([happened, submitted, count]).toEqual([connections + 1, rows.length + 1, 0]);
    expect(lost).toBe(connections - rows.length);
    expect(lost).toBeGreaterThan(0);
    expect((next?.sequence ?? 0) - (rows.at(-1)?.sequence ?? 0) - 1).toBe(lost);
  });

  test('ht_fold() puts a scan of all ports into rows of any port, before they use up the table', async () => {
    const ports = 20_000;
    for (let port = 1; port <= ports; port++) programs.send(syn(40_000, port));
    const rows = programs.events();
    const folds = await programs.folds();
    expect(rows.length + folded(folds)).toBe(ports);
    expect(expectBalance(programs).lost).toBe(0);
    expect(folds.length).toBeLessThan(4096);
    const coarse = folds.filter((fold) => fold.destination_port === 0);
    expect(coarse).toMatchObject([{ ifindex: 0, endpoint_ref: 0, protocol: TCP, tcp_flags_seen: 0x02 }]);
    expect(coarse[0]?.folded).toBeGreaterThan(10_000);
    expect(sum([...rows, ...folds])[0]).toBe(ports);
  });

  test('ht_fold() says no pod where events of one label set are of several', async () => {
    programs.setAddress(server.ipv4, API, 302);
    for (const host of [5, 6]) programs.setAddress([10, 0, 1, host], WEB + host, 301);
    for (let i = 0; i < 2000; i++) programs.receive(ethernet(IPV4, ipv4(TCP, tcp(20_000 + i, 80, 'S'), { from: [10, 0, 1, 5 + (i & 1)] })));
    expect(await programs.folds()).toMatchObject([{ source_ref: 0, source_labels: 301, destination_ref: API, destination_labels: 302, direction: Direction.ingress }]);
  });

  test('ht_is_crowded() keeps half of the bulk ring for what is rarer than a burst', async () => {
    const fragment = ethernet(IPV4, ipv4(UDP, new Uint8Array(60), { fragment: { id: 7, offset: 1480, more: false } }));
    // the fill is looked at once a tick, which is 10 ms at most
    for (let tick = 0; tick < 10; tick++) {
      for (let at = 0; at < 60; at++) programs.send(fragment);
      await pause(20);
    }
    const rows = programs.events();
    expect(rows.length).toBeLessThan(431); // records in 64 KiB
    expect(rows.length).toBeGreaterThan(431 / 2);
    expect(await programs.folds()).toMatchObject([{ flags: 2, protocol: UDP, destination_port: 0 }]);
    expect(expectBalance(programs).lost).toBe(0);
  });

  test('ht_sweep() loses nothing where the ring is full and nothing folds: it tries again, and no event happens until then', () => {
    programs.configure({ flags: NO_FOLD });
    const connections = 3000;
    for (let i = 0; i < connections; i++) programs.send(ethernet(IPV4, ipv4(UDP, udp(20_000 + i, 53))), { repeat: 2 });
    programs.events();
    const before = expectBalance(programs);
    let told = 0;
    let left = Number.POSITIVE_INFINITY;
    for (let round = 1; left > 0; round++) {
      const { reported, liveSkbs } = programs.sweep({ all: true });
      expect(reported).toBeGreaterThan(0);
      told += reported;
      left = liveSkbs;
      expect(programs.events().filter(({ why }) => why === Why.sweep)).toHaveLength(reported);
      expect(expectBalance(programs)).toMatchObject({ happened: before.happened + told, lost: before.lost });
    }
    expect(told).toBeGreaterThan(connections / 2);
  });

  test('ht_fold() keys a ping by its type', async () => {
    for (let id = 0; id < 1000; id++) programs.send(ethernet(IPV4, ipv4(1, icmp(8, 0, id))));
    expect(await programs.folds()).toMatchObject([{ protocol: 1, icmp_type: 8, icmp_code: 0, source_port: 0, destination_port: 0 }]);
  });

  test('ht_sweep() and the hooks wait for the longer of both intervals', () => {
    const nowS = Number(process.hrtime.bigint() / 1_000_000_000n);
    programs.configure({ interval: 5, pressedInterval: 30 });
    programs.send(ethernet(IPV4, ipv4(UDP, udp(5000, 53))), { repeat: 4 });
    expect(programs.sweep({ nowS: nowS + 8 })).toMatchObject({ liveSkbs: 3, reported: 0 });
    expect(programs.sweep({ nowS: nowS + 31 })).toMatchObject({ liveSkbs: 0, reported: 1 });
  });
});
