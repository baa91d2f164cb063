import { describe, expect, test } from 'vitest';
import { CellCounts } from '../../../src/tally/cell-counts.ts';
import { seededRandom } from '../seeded-random.ts';

function contents(cells: CellCounts): [number, number][] {
  const sums = new Map<number, number>();
  cells.forEach((key, count) => sums.set(key, (sums.get(key) ?? 0) + count));
  return [...sums].sort((one, other) => one[0] - other[0]);
}

describe('CellCounts', () => {
  test('counts the same whenever it is packed', () => {
    const random = seededRandom(7);
    const [plain, packed] = [new CellCounts(), new CellCounts()];
    for (let i = 0; i < 2_000; i++) {
      const key = Math.floor(random() * 300) * 1_000_003 % 2 ** 29;
      plain.add(key, i % 5);
      packed.add(key, i % 5);
      if (i % 97 === 0) packed.pack();
    }
    expect(contents(packed)).toEqual(contents(plain));
    packed.pack();
    expect(contents(packed)).toEqual(contents(plain));
    expect(packed.size).toBe(plain.size);
  });

  test('keeps counts that are not whole to seven digits, large ones exactly, and finds each by its key', () => {
    const cells = new CellCounts();
    const random = seededRandom(8);
    const expected = new Map<number, number>();
    for (let i = 0; i < 1_000; i++) expected.set(Math.floor(random() * 2 ** 31), i % 3 === 0 ? random() * 1e6 : i % 3 === 1 ? Math.floor(random() * 2 ** 31) : -i);
    for (const [key, count] of expected) cells.add(key, count);
    cells.pack();
    for (const [key, count] of expected) expect(cells.get(key)).toBe(Number.isInteger(count) && count >= 0 ? count : Math.fround(count));
    expect(cells.get(2 ** 31)).toBe(0);
    expect(contents(cells).map(([key]) => key)).toEqual([...expected.keys()].sort((one, other) => one - other));
  });

  test('visits a range only, sorted once packed', () => {
    const cells = new CellCounts();
    for (const key of [9, 3, 7, 1, 5]) cells.add(key, key);
    cells.pack();
    cells.add(6, 6);
    const seen: number[] = [];
    cells.range(3, 9, (key) => seen.push(key));
    expect(seen).toEqual([3, 5, 7, 6]);
  });

  test('refuses new keys beyond its bound, vital ones later, and goes on counting known ones', () => {
    const cells = new CellCounts(10);
    for (let key = 0; key < 10; key++) expect(cells.add(key, 1)).toBe(true);
    expect(cells.add(10, 1)).toBe(false);
    expect(cells.add(11, 1, true)).toBe(true);
    cells.pack();
    expect(cells.add(3, 4)).toBe(true);
    expect(contents(cells).find(([key]) => key === 3)).toEqual([3, 5]);
    for (let key = 100; key < 5_000; key++) cells.add(key, 1, true);
    expect(cells.size).toBeLessThan(1_100);
  });
});
