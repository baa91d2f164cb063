import { expect, test } from 'vitest';
import { makeTimeFormatter } from '../../../src/flow/time-format.ts';
import { formatDuration, parseDuration, parseTime } from '../../../src/flow/time-parse.ts';

const nowNs = 1_772_615_702_118_274_301n;

test.each([
  ['StampMilli', 'Mar  4 09:15:02.118'],
  ['stampmilli', 'Mar  4 09:15:02.118'],
  ['nonsense', 'Mar  4 09:15:02.118'],
  ['YearMonthDay', '2026-03-04'],
  ['YearMonthDayHour', '2026-03-04T09Z'],
  ['YearMonthDayHourMinute', '2026-03-04T09:15Z'],
  ['RFC3339', '2026-03-04T09:15:02Z'],
  ['RFC3339Milli', '2026-03-04T09:15:02.118Z'],
  ['RFC3339Micro', '2026-03-04T09:15:02.118274Z'],
  ['RFC3339Nano', '2026-03-04T09:15:02.118274301Z'],
  ['RFC1123Z', 'Wed, 04 Mar 2026 09:15:02 +0000'],
])('makeTimeFormatter(%s)', (name, text) => {
  expect(makeTimeFormatter(name)({ seconds: 1_772_615_702n, nanos: 118_274_301 })).toBe(text);
});

test('makeTimeFormatter() says N/A to what is no time', () => {
  const format = makeTimeFormatter('RFC3339');
  expect([format(undefined), format({ seconds: 2n ** 62n }), format({ nanos: -1 })]).toEqual(['N/A', 'N/A', 'N/A']);
});

test.each([
  ['90s', '2026-03-04T09:13:32.118274301Z'],
  ['1h43m', '2026-03-04T07:32:02.118274301Z'],
  ['-5m', '2026-03-04T09:20:02.118274301Z'],
  ['1.5s', '2026-03-04T09:15:00.618274301Z'],
  ['2026-03-04', '2026-03-04T00:00:00Z'],
  ['2026-03-04T09Z', '2026-03-04T09:00:00Z'],
  ['2026-03-04T09:15+02:00', '2026-03-04T07:15:00Z'],
  ['2026-03-04T09:15:02Z', '2026-03-04T09:15:02Z'],
  ['2026-03-04T09:15:02.5-01:00', '2026-03-04T10:15:02.5Z'],
  ['2026-03-04T09:15:02.123456789Z', '2026-03-04T09:15:02.123456789Z'],
  ['Wed, 04 Mar 2026 09:15:02 +0100', '2026-03-04T08:15:02Z'],
  ['1969-12-31T23:59:59.5Z', '1969-12-31T23:59:59.5Z'],
])('parseTime(%s)', (text, expected) => {
  expect(makeTimeFormatter('RFC3339Nano')(parseTime(text, nowNs))).toBe(expected);
});

test.each(['', 'yesterday', 'Mar  4 09:15:02.118', '2026-02-30', '2026-03-04T25Z', '2026-03-04 09:15', '5 m', '1d'])('parseTime() refuses %j', (text) => {
  expect(parseTime(text, nowNs)).toBeUndefined();
});

test.each([
  [0n, '0s'], [1n, '1ns'], [1500n, '1.5µs'], [250_000_000n, '250ms'], [1_500_000_000n, '1.5s'], [60_000_000_000n, '1m0s'],
  [10_921_500_000_000n, '3h2m1.5s'], [-90_000_000_000n, '-1m30s'],
])('formatDuration(%s) and back', (ns, text) => {
  expect(formatDuration(ns)).toBe(text);
  expect(parseDuration(text)).toBe(ns);
});
