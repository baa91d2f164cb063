import { describe, expect, test } from 'vitest';
import { emptyBucket, MAX_KEYS_PER_BUCKET, addToPair } from '../../../src/model/bucket.ts';
import { BucketRing, COARSE_BUCKETS, COARSE_SECONDS, FINE_SECONDS } from '../../../src/model/bucket-ring.ts';
import { regularStep } from '../../../src/model/resets.ts';
import { random } from '../app/fake-cluster.ts';

const flows = (count: number): ReturnType<typeof emptyBucket> => Object.assign(emptyBucket(), { flows: count });

describe('BucketRing', () => {
  test('loses nothing when seconds move into steps of ten', () => {
    const ring = new BucketRing();
    const next = random(3);
    let total = 0;
    for (let second = 10_000; second < 12_000; second++) {
      const count = Math.floor(next() * 100);
      total += count;
      ring.spread(flows(count), second * 1000, (second + 1) * 1000);
    }
    expect(ring.sum(10_000, 12_000).flows).toBeCloseTo(total, 6);
    expect(ring.sum(12_000 - FINE_SECONDS, 12_000).coveredMs).toBeCloseTo(FINE_SECONDS * 1000, 6);
  });

  test('loses nothing when time jumps while seconds wait to move on', () => {
    const ring = new BucketRing();
    ring.spread(flows(90), 10_000_000, 10_090_000);
    ring.spread(flows(7), (10_000 + FINE_SECONDS + 50) * 1000, (10_000 + FINE_SECONDS + 51) * 1000);
    expect(ring.sum(10_000, 10_090).flows).toBeCloseTo(90, 6);
    expect(ring.sum(10_000, 20_000).flows).toBeCloseTo(97, 6);
    expect(ring.oldestSecond).toBe(10_000);
  });

  test('gives of the steps of ten at the borders of a stretch the part that lies in it', () => {
    const ring = new BucketRing();
    for (let second = 10_000; second < 12_000; second++) ring.spread(flows(1), second * 1000, (second + 1) * 1000);
    expect(ring.sum(10_103, 10_118).flows).toBeCloseTo(15, 6);
    expect([...ring.stretches(11_396, 11_404)].map(({ second, seconds }) => [second, seconds])).toEqual([[11_396, 4], [11_400, 1], [11_401, 1], [11_402, 1], [11_403, 1]]);
  });

  test('knows how far back it remembers', () => {
    const ring = new BucketRing(60);
    ring.spread(flows(1), 10_000_000, 10_001_000);
    ring.spread(flows(1), 20_000_000, 20_001_000);
    expect(ring.oldestSecond).toBe(20_000 - 59 - COARSE_BUCKETS * COARSE_SECONDS);
    expect([...ring.stretches(0, 30_000)].length).toBe(COARSE_BUCKETS + 60 + 1);
  });

  test('spreads a report over the seconds it covers', () => {
    const ring = new BucketRing();
    ring.spread(flows(100), 5_250, 7_250);
    expect([5, 6, 7].map((second) => ring.peek(second)?.flows)).toEqual([37.5, 50, 12.5]);
  });

  test('takes no data older than it remembers', () => {
    const ring = new BucketRing();
    ring.spread(flows(1), 10_000_000, 10_001_000);
    expect(ring.at(1_000)).toBeUndefined();
  });
});

test('addToPair() counts pairs beyond the bound together', () => {
  const bucket = emptyBucket();
  for (let pair = 1; pair <= MAX_KEYS_PER_BUCKET + 50; pair++) addToPair(bucket, pair, { flows: 1 });
  expect(bucket.pairs.size).toBeLessThanOrEqual(MAX_KEYS_PER_BUCKET + 1);
  expect([...bucket.pairs].reduce((sum, [, counts]) => sum + counts.flows, 0)).toBe(MAX_KEYS_PER_BUCKET + 50);
});

test.each([
  [[0, 4000, 8010, 12_000, 16_020], 4000],
  [[0, 4000, 12_000, 16_100, 20_050], 4000],
  [[0, 4000], undefined],
  [[0, 4000, 8000, 12_000], undefined],
  [[0, 900, 5000, 5200, 9000], undefined],
])('regularStep(%j) is %s', (times, step) => {
  const found = regularStep(times);
  if (step === undefined) expect(found).toBeUndefined();
  else expect(Math.abs((found ?? 0) - step)).toBeLessThan(150);
});
