import { describe, expect, test } from 'vitest';
import { parseTimestamp, timestampNs, timestampOf, timestampText } from '../../../src/wire/timestamp.ts';

describe('timestamps', () => {
  test.each([
    ['2026-03-04T09:15:02Z', 0], ['2026-03-04T09:15:02.500Z', 500_000_000], ['2026-03-04T09:15:02.000001Z', 1000], ['2026-03-04T09:15:02.000000001Z', 1],
  ])('timestampText() writes %s', (text, nanos) => {
    const seconds = 1_772_615_702n;
    expect(timestampText({ seconds, nanos })).toBe(text);
    expect(parseTimestamp(text)).toEqual({ seconds, nanos });
  });

  test.each(['0001-01-01T00:00:00Z', '9999-12-31T23:59:59.999999999Z', '1969-12-31T23:59:59.999Z', '0099-06-01T00:00:00Z'])('%s comes back', (text) => {
    expect(timestampText(parseTimestamp(text) ?? {})).toBe(text);
  });

  test.each(['', '2026-03-04', '2026-03-04T09:15:02', '2026-13-04T09:15:02Z', '2026-03-04T24:00:00Z', '2026-03-04T09:15:02.1234567890Z', '0001-01-01T00:00:00+01:00'])('parseTimestamp() refuses "%s"', (text) => {
    expect(parseTimestamp(text)).toBeUndefined();
  });

  test('timestampOf() and timestampNs() are inverse, before 1970 too', () => {
    for (const ns of [0n, 1n, -1n, -1_000_000_000n, 1_772_615_702_118_274_301n]) expect(timestampNs(timestampOf(ns))).toBe(ns);
    expect(timestampOf(-1n)).toEqual({ seconds: -1n, nanos: 999_999_999 });
    expect(timestampNs(undefined)).toBe(0n);
  });
});
