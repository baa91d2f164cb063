import { expect, test } from 'vitest';
import { GapList } from '../../../agent/server/gap-list.ts';

test('GapList keeps every gap of a minute in which each second proved as many as a drain tells', () => {
  const list = new GapList();
  const gap = (ns: number): Parameters<GapList['add']>[0][number] => ({ count: 1, cpu: 0, lane: 1, firstNs: BigInt(ns), lastNs: BigInt(ns) });
  for (let second = 0; second < 120; second++) list.add(Array.from({ length: 64 }, (_, i) => gap(second * 64 + i)));
  const fromNs = BigInt(60 * 64);
  const kept = Array.from({ length: list.end - list.since(fromNs) }, (_, i) => list.get(list.since(fromNs) + i)?.lastNs);
  expect(kept).toEqual(Array.from({ length: 60 * 64 }, (_, i) => fromNs + BigInt(i)));
  expect(list.get(0)).toBeUndefined();
});
