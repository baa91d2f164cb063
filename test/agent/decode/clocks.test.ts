import { expect, test } from 'vitest';
import { SequenceCheck } from '../../../agent/decode/sequence-check.ts';
import { WallClock } from '../../../agent/decode/wall-clock.ts';

test.each([
  { numbers: [5, 6, 7], missing: 0, late: 0 },
  { numbers: [0, 1, 4, 5], missing: 2, late: 0 },
  { numbers: [0, 2, 1, 3], missing: 0, late: 1 },
])('SequenceCheck finds $missing missing and $late late in $numbers', ({ numbers, missing, late }) => {
  const check = new SequenceCheck();
  for (const number of numbers) check.accept(3, 1, number);
  expect([check.missingCount, check.lateCount]).toEqual([missing, late]);
});

test('SequenceCheck keeps CPUs and lanes apart', () => {
  const check = new SequenceCheck();
  check.accept(0, 0, 7);
  check.accept(0, 1, 100);
  check.accept(1, 0, 50);
  expect([check.accept(0, 0, 8), check.accept(0, 1, 102), check.accept(1, 0, 51)]).toEqual([0, 1, 0]);
  check.accept(5000, 0, 1);
  expect(check.unknownCpuCount).toBe(1);
});

test('WallClock slews small errors and follows a step at once', () => {
  const clock = new WallClock(1_000_000_000_000n, 1_000n);
  const start = clock.offsetNs;
  clock.observe(1_000_000_000_000n + 2_000_000n, 1_000n);
  expect(clock.offsetNs - start).toBe(500_000n);
  clock.observe(1_000_000_000_000n - 10_000_000_000n, 1_000n);
  expect(clock.offsetNs - start).toBe(-10_000_000_000n);
});
