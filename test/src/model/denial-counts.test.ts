import { expect, test } from 'vitest';
import { DenialCounts } from '../../../src/model/denial-counts.ts';

function total(reports: string): number {
  const counts = new DenialCounts();
  return reports.split(' ').reduce((sum, report) => {
    const [, kind, key, second] = /^([dv])(\d+)@(\d+)$/.exec(report) ?? [];
    return sum + counts.add(Number(second), { key: Number(key), isVerdict: kind === 'v', count: 1 });
  }, 0);
}

test.each([
  ['v1@5 d1@5', 1],
  ['d1@5 v1@5', 1],
  ['v1@5 v1@5 d1@5 d1@5', 2],
  ['d1@5 d1@5 d1@5', 3],
  ['v1@5 v1@5 v1@5', 3],
  ['v1@5 d2@5', 2],
  ['v1@5 d1@6', 2],
  ['d1@100 d1@30 v1@30', 2],
])('DenialCounts of %s counts %i packets', (reports, expected) => {
  expect(total(reports)).toBe(expected);
});
