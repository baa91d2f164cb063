import { describe, expect, test } from 'vitest';
import { MAX_PAIRS_PER_BUCKET, PairColumn, PairTable, type PairCounts } from '../../../src/model/pair-table.ts';
import { random } from '../app/fake-cluster.ts';

const NOTHING: PairCounts = { flows: 0, connections: 0, bytes: 0, skbs: 0, replies: 0, dropped: 0, resets: 0, syns: 0, synAcks: 0, strays: 0 };

function add(table: PairTable, id: number, column: number, count: number): void {
  const at = table.at(id);
  table.values[at + column] = (table.values[at + column] ?? 0) + count;
}

describe('PairTable', () => {
  test('holds what a map of objects holds, in any order of ids', () => {
    const next = random(5);
    const table = new PairTable();
    const expected = new Map<number, number>();
    for (let i = 0; i < 5_000; i++) {
      const id = 1 + Math.floor(next() * 900);
      add(table, id, PairColumn.dropped, i);
      expected.set(id, (expected.get(id) ?? 0) + i);
    }
    expect(table.size).toBe(expected.size);
    expect(new Map([...table].map(([id, counts]) => [id, counts.dropped]))).toEqual(expected);
    for (const [id, count] of expected) expect(table.value(id, PairColumn.dropped)).toBe(count);
    expect(table.get(901)).toBeUndefined();
    expect(table.value(901, PairColumn.flows)).toBe(0);
  });

  test.each(Object.entries(PairColumn))('names column %s as the counts do', (name, column) => {
    const table = new PairTable();
    add(table, 3, column, 7);
    expect(table.get(3)).toEqual({ ...NOTHING, [name]: 7 });
  });

  test('counts what finds no room under id 0, and loses nothing', () => {
    const table = new PairTable();
    for (let id = 1; id <= MAX_PAIRS_PER_BUCKET + 300; id++) add(table, id, PairColumn.flows, 1);
    expect(table.size).toBe(MAX_PAIRS_PER_BUCKET + 1);
    expect(table.get(0)?.flows).toBe(300);
    expect(table.get(MAX_PAIRS_PER_BUCKET)?.flows).toBe(1);
  });

  test('addTable() adds a share, also to a table that is full', () => {
    const [full, other] = [new PairTable(), new PairTable()];
    for (let id = 1; id <= MAX_PAIRS_PER_BUCKET; id++) add(full, id, PairColumn.bytes, 10);
    add(other, 1, PairColumn.bytes, 4);
    add(other, 5_000, PairColumn.bytes, 6);
    full.addTable(other, 0.5);
    expect([full.get(1)?.bytes, full.get(0)?.bytes, full.get(2)?.bytes]).toEqual([12, 3, 10]);
  });

  test('tells the same packed as unpacked, and goes on counting', () => {
    const random_ = random(9);
    const [plain, packed] = [new PairTable(), new PairTable()];
    for (let i = 0; i < 3_000; i++) {
      const [id, column, count] = [Math.floor(random_() * 700), Math.floor(random_() * 10), 1 + Math.floor(random_() * 1e6)];
      add(plain, id, column, count);
      add(packed, id, column, count);
      if (i % 700 === 699) packed.pack();
    }
    packed.pack();
    expect(new Map(packed)).toEqual(new Map(plain));
    for (let id = 0; id < 720; id++) expect(packed.get(id)).toEqual(plain.get(id));
    expect(packed.value(3, PairColumn.bytes)).toBe(plain.value(3, PairColumn.bytes));
    const [one, other] = [new PairTable(), new PairTable()];
    one.addTable(plain, 0.5);
    other.addTable(packed, 0.5);
    expect(new Map(other)).toEqual(new Map(one));
  });
});
