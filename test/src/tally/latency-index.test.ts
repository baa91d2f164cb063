import { expect, test } from 'vitest';
import { indexAtLeast, LATENCY_INDEXES, latencyAt, latencyIndex, latencyOf, MAX_LATENCY_US } from '../../../src/tally/latency-index.ts';

test('latencyOf(latencyIndex()) is wrong by less than 1 in 128, and rises', () => {
  let before = -1;
  for (let us = 0; us < MAX_LATENCY_US; us = Math.ceil(us * 1.003 + 1)) {
    const index = latencyIndex(us);
    expect(Math.abs(latencyOf(index) - us)).toBeLessThanOrEqual(us / 128);
    expect(index).toBeGreaterThanOrEqual(before);
    before = index;
  }
});

test.each([[-5, 0], [0, 0], [255, 255], [256, 256], [Infinity, LATENCY_INDEXES - 1], [MAX_LATENCY_US, LATENCY_INDEXES - 1]])('latencyIndex(%d) is %d', (us, index) => {
  expect(latencyIndex(us)).toBe(index);
});

test('latencyIndex() leaves no index out', () => {
  for (let index = 0; index < LATENCY_INDEXES; index++) expect(latencyIndex(latencyOf(index))).toBe(index);
});

test('indexAtLeast() stands for no less than asked', () => {
  for (let us = 1; us < 1e7; us = Math.ceil(us * 1.01)) {
    expect(latencyOf(indexAtLeast(us))).toBeGreaterThanOrEqual(us);
    expect(latencyOf(indexAtLeast(us) - 1)).toBeLessThan(us);
  }
});

test('latencyAt() is the latency that a share does not exceed', () => {
  const counts = new Map([[100, 90], [200, 9], [250, 1]]);
  expect([0.5, 0.9, 0.91, 0.99, 1].map((share) => latencyAt(counts, share))).toEqual([100, 100, 200, 200, 250]);
  expect(latencyAt(new Map(), 0.5)).toBe(0);
});
