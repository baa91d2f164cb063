import { expect, test } from 'vitest';
import { parseMoment } from '../../../src/flow/moment-parse.ts';

const start = Date.UTC(2026, 2, 4, 23, 59, 30, 250);

test.each([
  ['2026-03-04T23:59:40Z', '2026-03-04T23:59:40.000Z'], ['2026-03-05T01:00:00.5+01:00', '2026-03-05T00:00:00.500Z'],
  ['23:59:40', '2026-03-04T23:59:40.000Z'], ['23:59:30', '2026-03-04T23:59:30.000Z'], ['23:59:29', '2026-03-05T23:59:29.000Z'], ['00:00:10.5Z', '2026-03-05T00:00:10.500Z'], ['00:01', '2026-03-05T00:01:00.000Z'],
  ['+10', '2026-03-04T23:59:40.250Z'], ['+0.5s', '2026-03-04T23:59:30.750Z'],
])('parseMoment(%j) is %s', (text, expected) => {
  expect(new Date(parseMoment(text, start) ?? Number.NaN).toISOString()).toBe(expected);
});

test.each(['', 'now', '90s', '-10', '24:00:00', '12:60', '12:00:60', '2026-02-30T00:00:00Z', '+', '+1e3'])('parseMoment(%j) is none', (text) => {
  expect(parseMoment(text, start)).toBeUndefined();
});
