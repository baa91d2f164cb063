import { expect, test } from 'vitest';
import { ReportPace } from '../../../agent/server/report-pace.ts';

const rings = (fill: number): Parameters<ReportPace['next']>[0] => [
  { lane: 0, sizeBytes: 1000, usedBytes: 0, peakBytes: 1000 },
  { lane: 1, sizeBytes: 1000, usedBytes: 0, peakBytes: fill * 1000 },
];

test('ReportPace.next() lengthens the interval as the bulk ring fills, and no further than half a minute', () => {
  expect([0, 0.25, 0.375, 0.5, 1].map((fill) => new ReportPace().next(rings(fill)))).toEqual([0, 0, 15, 30, 30]);
});

test('ReportPace.next() comes back step by step when there is room again', () => {
  const pace = new ReportPace();
  pace.next(rings(1));
  const seconds = Array.from({ length: 20 }, () => pace.next(rings(0)));
  expect(seconds.slice(0, 3)).toEqual([24, 19, 15]);
  expect(seconds.at(-1)).toBe(0);
  expect(pace.next([])).toBe(0);
});
