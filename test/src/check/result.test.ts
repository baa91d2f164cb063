import { describe, expect, test } from 'vitest';
import type { Judgement, Obstacle } from '../../../src/check/judge.ts';
import { parseConditions } from '../../../src/check/parse-conditions.ts';
import { exitCodeOf, type Result, resultData, resultLines, whyUnknown } from '../../../src/check/result.ts';

const SECOND = Date.UTC(2026, 5, 8, 12, 7, 41) / 1000;

function result(text: string, verdict: Result['verdict'], more: Partial<Judgement> = {}): Result {
  const [condition] = parseConditions(text);
  if (condition === undefined) throw new Error(text);
  const judgement: Judgement = {
    verdict: verdict === 'unknown' ? 'open' : verdict, value: 0, isLowerBound: false, whole: undefined, seconds: 30, fromSecond: SECOND - 29, lastSecond: SECOND, seen: 0.99876, obstacle: undefined, ...more,
  };
  const shape = { judgement, leastSeen: 0.95, forSeconds: condition.forSeconds ?? 5 };
  return { condition, verdict, ...shape, why: verdict === 'unknown' ? whyUnknown(condition, shape) : '' };
}

describe('resultLines()', () => {
  test.each([
    ['ok  drops(ns=shop) 0/s < 1/s for 30 s, seen 99.8 %', result('drops(ns=shop) < 1/s for 30s', 'ok')],
    ['ok  drops 0.996/s < 1/s, seen 99.8 %', result('drops < 1/s', 'ok', { value: 0.996 })],
    ['breached  drops 1/s, not < 1/s, at 12:07:41Z after 4 s, seen 99.8 %', result('drops < 1/s', 'breached', { value: 1.004, seconds: 4 })],
    ['breached  drops 1.004/s, not <= 1/s, at 12:07:41Z after 4 s, seen 99.8 %', result('drops <= 1/s', 'breached', { value: 1.004, seconds: 4 })],
    ['breached  drops at least 4, not < 3 for 60 s, at 12:07:41Z after 2 s, seen 99.8 %', result('drops < 3 for 1m', 'breached', { value: 4, isLowerBound: true, seconds: 2 })],
    ['ok  seen 99.99 % > 99.9 %, of 1234 events, seen 100 %', result('seen > 99.9%', 'ok', { value: 99.99, seen: 1, whole: 1_234.4 })],
    ['ok  p99(route="GET /x") 88 ms < 200 ms, of 412 timed answers, seen 99.8 %', result('p99(route="GET /x") < 0.2s', 'ok', { value: 88.04, whole: 412 })],
    ['unknown  nodes == 12 cannot be told: only 0 s of 5 s were watched', result('nodes == 12', 'unknown', { value: undefined, seconds: 0 })],
    ['unknown  flows > 1/s for 30 s cannot be told: only 12 s of 30 s were watched; so far 7.3/s, seen 99.8 %', result('flows > 1/s for 30s', 'unknown', { value: 7.25, seconds: 12 })],
  ])('%s', (line, one) => {
    expect(resultLines([one])).toEqual([line]);
  });

  test('puts the conditions of several verdicts in a column', () => {
    expect(resultLines([result('nodes > 1', 'ok', { value: 3 }), result('nodes > 5', 'breached', { value: 3 })]).map((line) => line.slice(0, 16))).toEqual(['ok        nodes ', 'breached  nodes ']);
  });
});

describe('whyUnknown()', () => {
  const why = (text: string, obstacle: Obstacle): string => result(text, 'unknown', { obstacle }).why;
  test.each<[string, Obstacle, string]>([
    ['drops < 1/s', { kind: 'hole', second: SECOND }, '12:07:41Z was not fully observed'],
    ['drops < 1/s', { kind: 'unseen', seen: 0.7159 }, 'only 71.5 % was seen, at least 95 % is asked for'],
    ['map(name=x) < 1%', { kind: 'silent' }, 'nobody here tells map(name=x)'],
    ['drops(ns=x, to-ns!=y) < 1/s', { kind: 'unmet' }, 'nothing was seen of ns=x'],
    ['errors(route=/x) < 1/s', { kind: 'unmet' }, 'no answers were seen of route=/x'],
    ['errors < 1%', { kind: 'no-whole' }, 'no answers were seen'],
    ['drops(ns=x) < 1/s', { kind: 'unnamed' }, 'part of what was counted has no name, and would decide'],
  ])('%s: %j', (text, obstacle, expected) => {
    expect(why(text, obstacle)).toBe(expected);
  });
});

test('exitCodeOf() says breached before unknown, and ok only of all', () => {
  const [ok, breached, unknown] = (['ok', 'breached', 'unknown'] as const).map((verdict) => result('nodes > 1', verdict)) as [Result, Result, Result];
  expect([exitCodeOf([ok, ok]), exitCodeOf([ok, unknown]), exitCodeOf([unknown, breached, ok])]).toEqual([0, 3, 1]);
});

test('resultData() has numbers as numbers and times of the stretch', () => {
  expect(resultData(result('errors(to-ns=shop, route!=/x) < 1% for 30s', 'ok', { value: 0.25, whole: 400 }))).toEqual({
    condition: 'errors(to-ns=shop, route!=/x) < 1 % for 30 s', metric: 'errors', selectors: [{ field: 'to-ns', value: 'shop', negated: false }, { field: 'route', value: '/x', negated: true }],
    operator: '<', bound: 1, unit: 'percent', for_seconds: 30, verdict: 'ok', value: 0.25, is_lower_bound: false, of: 400, watched_seconds: 30,
    from: '2026-06-08T12:07:12.000Z', to: '2026-06-08T12:07:42.000Z', seen_percent: 99.88, reason: '',
  });
});
