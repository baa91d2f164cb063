import { expect, test } from 'vitest';
import { MapGrowth } from '../../../agent/server/map-growth.ts';

const at = (seconds: number): bigint => BigInt(seconds * 1e9);

test('MapGrowth tells how a map moved over the last minute, and nothing before ten seconds', () => {
  const growth = new MapGrowth();
  expect(growth.take(1, 100, at(0))).toBeUndefined();
  expect(growth.take(1, 190, at(9))).toBeUndefined();
  expect(growth.take(1, 200, at(10))).toEqual({ perMinute: 600, windowNs: 10e9 });
  for (let second = 11; second <= 120; second++) growth.take(1, 200, at(second));
  expect(growth.take(1, 140, at(121))?.perMinute, 'what was more than a minute ago is forgotten').toBeLessThan(-50);
});

test('MapGrowth forgets a map that is gone: its number may be used again', () => {
  const growth = new MapGrowth();
  growth.take(1, 100, at(0));
  growth.take(2, 7, at(0));
  growth.keep(new Set([2]));
  expect([growth.take(1, 5, at(20)), growth.take(2, 8, at(20))]).toEqual([undefined, { perMinute: 3, windowNs: 20e9 }]);
});

test('MapGrowth watches so many maps and no more', () => {
  const growth = new MapGrowth();
  for (let id = 1; id <= 5_000; id++) growth.take(id, 1, at(0));
  expect([growth.take(4_096, 2, at(20))?.perMinute, growth.take(4_097, 2, at(20))]).toEqual([3, undefined]);
});
