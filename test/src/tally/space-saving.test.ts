import { expect, test } from 'vitest';
import { SpaceSaving } from '../../../src/tally/space-saving.ts';
import { seededRandom } from '../seeded-random.ts';

/** A skewed stream: low numbers are heavy. */
function stream(seed: number, length: number): [key: string, weight: number][] {
  const random = seededRandom(seed);
  return Array.from({ length }, () => [`k${Math.floor(200 * random() ** 3)}`, 1 + Math.floor(random() * 10)]);
}

function truth(...streams: [string, number][][]): Map<string, number> {
  const sums = new Map<string, number>();
  for (const [key, weight] of streams.flat()) sums.set(key, (sums.get(key) ?? 0) + weight);
  return sums;
}

function sketch(items: [string, number][], capacity: number): SpaceSaving {
  const sketched = new SpaceSaving(capacity);
  for (const [key, weight] of items) sketched.add(key, weight);
  return sketched;
}

function expectBounds(sketched: SpaceSaving, sums: Map<string, number>, label: string): void {
  const listed = new Map(sketched.list().map((heavy) => [heavy.key, heavy]));
  for (const [key, weight] of sums) {
    const heavy = listed.get(key);
    if (heavy === undefined) expect(weight, `${label} ${key} is not listed`).toBeLessThanOrEqual(sketched.floor);
    else {
      expect(heavy.weight, `${label} ${key} upper`).toBeGreaterThanOrEqual(weight);
      expect(heavy.weight - heavy.error, `${label} ${key} lower`).toBeLessThanOrEqual(weight);
    }
  }
  expect(sketched.size).toBeLessThanOrEqual(sketched.capacity);
  expect(sketched.total).toBe([...sums.values()].reduce((sum, weight) => sum + weight, 0));
}

test('SpaceSaving is exact while every key fits', () => {
  const sketched = sketch([['a', 3], ['b', 5], ['a', 4], ['c', 0]], 4);
  expect(sketched.list()).toEqual([{ key: 'a', weight: 7, error: 0 }, { key: 'b', weight: 5, error: 0 }]);
  expect(sketched.floor).toBe(0);
});

test('law: the bounds of SpaceSaving hold on any stream, and after merging in any order', () => {
  for (let seed = 1; seed <= 30; seed++) {
    const parts = [stream(seed, 500), stream(seed + 1000, 300), stream(seed + 2000, 700)];
    const [one = [], two = [], three = []] = parts;
    expectBounds(sketch(one, 20), truth(one), `seed ${seed}`);
    const leftFirst = sketch(one, 20);
    leftFirst.merge(sketch(two, 20));
    leftFirst.merge(sketch(three, 20));
    expectBounds(leftFirst, truth(one, two, three), `seed ${seed} (1+2)+3`);
    const rightFirst = sketch(two, 20);
    rightFirst.merge(sketch(three, 20));
    const whole = sketch(one, 20);
    whole.merge(rightFirst);
    expectBounds(whole, truth(one, two, three), `seed ${seed} 1+(2+3)`);
  }
});

test('law: merging two SpaceSavings does not depend on which takes the other in', () => {
  for (let seed = 1; seed <= 30; seed++) {
    const [one, two] = [stream(seed, 400), stream(seed + 500, 400)];
    const ab = sketch(one, 16);
    ab.merge(sketch(two, 16));
    const ba = sketch(two, 16);
    ba.merge(sketch(one, 16));
    expect(ab.list(), `seed ${seed}`).toEqual(ba.list());
    expect(ab.floor).toBe(ba.floor);
  }
});
