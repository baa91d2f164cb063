import { expect, test } from 'vitest';
import { hdrQuantiles } from '../../../src/app/hdr-quantiles.ts';
import { latencyIndex } from '../../../src/tally/latency-index.ts';

test('hdrQuantiles() reads percentiles off counts by index, to less than 1 in 128', () => {
  const counts = new Map<number, number>();
  for (let us = 1; us <= 100_000; us++) counts.set(latencyIndex(us), (counts.get(latencyIndex(us)) ?? 0) + 1);
  const [p50 = 0, p99 = 0, max = 0] = hdrQuantiles()(counts, [50, 99, 100]);
  for (const [value, exact] of [[p50, 50_000], [p99, 99_000], [max, 100_000]] as const) expect(Math.abs(value / exact - 1)).toBeLessThan(1 / 128);
});

test('hdrQuantiles() starts anew with each call, and has 0 for nothing', () => {
  const quantiles = hdrQuantiles();
  quantiles(new Map([[latencyIndex(9_000_000), 3]]), [50]);
  expect(quantiles(new Map([[latencyIndex(200), 1]]), [50, 100])).toEqual([200, 200]);
  expect(quantiles(new Map(), [50])).toEqual([0]);
});
