import { describe, expect, test } from 'vitest';
import { CountedRing, coverage, RollingSum } from '../../../src/model/counted-slot.ts';
import { columnSpans } from '../../../src/model/slot-span.ts';
import { SLOTS, slotOf } from '../../../src/model/slot-ring.ts';
import { seededRandom } from '../seeded-random.ts';

const START_MS = 1_772_366_400_000;

function sumOf(ring: CountedRing, from: number, to: number): [number, number][] {
  const sums = new Map<number, number>();
  for (let index = from; index < to; index++) ring.peek(index)?.cells.forEach((key, count) => sums.set(key, (sums.get(key) ?? 0) + count));
  return [...sums].sort((one, other) => one[0] - other[0]);
}

describe('RollingSum', () => {
  test.each([1, 2, 3])('is what adding all slots gives, whenever it is looked at (seed %d)', (seed) => {
    const random = seededRandom(seed);
    const ring = new CountedRing();
    const sum = new RollingSum();
    for (let second = 0; second < 900; second++) {
      const timeMs = START_MS + second * 1000;
      for (let i = 0; i < 3; i++) ring.at(timeMs - Math.floor(random() ** 8 * 40_000))?.cells.add(Math.floor(random() * 20), 1 + Math.floor(random() * 3));
      if (second === 500) ring.clear();
      if (random() < 0.4) continue;
      const to = slotOf(timeMs) + 1 - (random() < 0.05 ? 20 : 0);
      const span = { from: to - 24, to };
      expect([...sum.of(ring, span)].sort((one, other) => one[0] - other[0])).toEqual(sumOf(ring, span.from, span.to));
    }
  });
});

describe('CountedRing', () => {
  test('remembers an hour and no more', () => {
    const ring = new CountedRing();
    for (let second = 0; second < 3 * 3600; second += 5) ring.at(START_MS + second * 1000)?.cells.add(1, 1);
    expect(ring.last - ring.first + 1).toBe(SLOTS);
    expect(sumOf(ring, ring.first - 5_000, ring.last + 1)).toEqual([[1, SLOTS]]);
    expect(ring.at(START_MS)).toBeUndefined();
  });

  test('knows what was observed', () => {
    const ring = new CountedRing();
    ring.cover(START_MS, START_MS + 12_000);
    ring.markGap(START_MS + 7_000);
    const first = slotOf(START_MS);
    expect(coverage(ring, { from: first - 3, to: first + 3 })).toEqual({ seconds: 12, hasGap: true });
    expect(coverage(ring, { from: first, to: first + 1 })).toEqual({ seconds: 5, hasGap: false });
  });

  test('a clock that jumps a day makes no day of slots', () => {
    const ring = new CountedRing();
    ring.cover(START_MS, START_MS + 86_400_000);
    expect(coverage(ring, { from: 0, to: ring.last + 1 }).seconds).toBeLessThanOrEqual(60);
  });
});

test.each([[12, 10], [60, 10], [60, 7], [6, 10]])('columnSpans() of %d slots and %d columns are whole, without holes, and end with the span', (slots, columns) => {
  const spans = columnSpans({ from: 1_000 - slots, to: 1_000 }, columns);
  expect(spans.length).toBeLessThanOrEqual(columns);
  expect(spans.at(-1)?.to).toBe(1_000);
  expect(spans[0]?.from).toBeLessThanOrEqual(1_000 - slots);
  spans.slice(1).forEach((span, i) => expect(span.from).toBe(spans[i]?.to));
});
