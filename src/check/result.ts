import { type Condition, boundText, conditionText, figureText, forText, type Unit } from './condition.ts';
import { compare } from './interval.ts';
import type { Judgement, Obstacle } from './judge.ts';
import { metricOf } from './metric-list.ts';

/** What came out for one condition. */
export interface Result {
  condition: Condition;
  verdict: 'ok' | 'breached' | 'unknown';
  /** Undefined where nothing was watched at all. */
  judgement: Judgement | undefined;
  /** Seconds it had to hold. */
  forSeconds: number;
  /** Share of events that had to be received, 0 to 1. */
  leastSeen: number;
  /** Why it cannot be told; empty for the other verdicts. */
  why: string;
}

/** Exit codes of a check: 0 all held, 1 one was breached, 3 none was breached and one cannot be told. */
export function exitCodeOf(results: readonly Result[]): 0 | 1 | 3 {
  if (results.some(({ verdict }) => verdict === 'breached')) return 1;
  return results.some(({ verdict }) => verdict === 'unknown') ? 3 : 0;
}

/** One line a condition: the verdict, what was measured, the bound, how much was seen. */
export function resultLines(results: readonly Result[]): string[] {
  const width = Math.max(0, ...results.map(({ verdict }) => verdict.length)) + 2;
  return results.map((result) => `${result.verdict.padEnd(width)}${sentence(result)}`);
}

function sentence({ condition, verdict, judgement, why }: Result): string {
  const { operator, bound, unit } = condition;
  const limit = `${operator} ${boundText(bound, unit)}${forText(condition)}`;
  const value = judgement?.value === undefined ? undefined : valueText(condition, judgement.value);
  const whole = judgement?.whole === undefined || judgement.seconds === 0 ? '' : `, of ${Math.round(judgement.whole)} ${metricOf(condition.metric)?.wholeName ?? 'events'}`;
  const seen = judgement === undefined || judgement.seconds === 0 ? '' : `${whole}, seen ${shareText(judgement.seen)}`;
  if (verdict === 'ok') return `${figureText(condition)} ${atLeast(judgement)}${value ?? '?'} ${limit}${seen}`;
  if (verdict === 'unknown') return `${conditionText(condition)} cannot be told: ${why}${value === undefined ? '' : `; so far ${value}${seen}`}`;
  return `${figureText(condition)} ${atLeast(judgement)}${value ?? '?'}, not ${limit}${judgement === undefined ? '' : `, at ${utcText(judgement.lastSecond)} after ${judgement.seconds} s`}${seen}`;
}

function atLeast(judgement: Judgement | undefined): string {
  return judgement?.isLowerBound === true ? 'at least ' : '';
}

/** Why a condition is left without a verdict. */
export function whyUnknown(condition: Condition, { judgement, leastSeen, forSeconds }: Pick<Result, 'judgement' | 'leastSeen' | 'forSeconds'>): string {
  if (judgement?.obstacle !== undefined) return obstacleText(condition, judgement.obstacle, leastSeen);
  return `only ${judgement?.seconds ?? 0} s of ${forSeconds} s were watched`;
}

function obstacleText(condition: Condition, obstacle: Obstacle, leastSeen: number): string {
  switch (obstacle.kind) {
    case 'hole': return `${utcText(obstacle.second)} was not fully observed`;
    case 'unseen': return `only ${shareText(obstacle.seen)} was seen, at least ${shareText(leastSeen)} is asked for`;
    case 'silent': return `nobody here tells ${figureText(condition)}`;
    case 'unmet': return unmetText(condition);
    case 'no-whole': return unmetText(condition);
    case 'unnamed': return 'part of what was counted has no name, and would decide';
  }
}

function unmetText(condition: Condition): string {
  const { wholeName } = metricOf(condition.metric) ?? {};
  const who = whoText(condition);
  if (wholeName === undefined) return `nothing was seen of ${who === '' ? condition.metric : who}`;
  return `no ${wholeName} were seen${who === '' ? '' : ` of ${who}`}`;
}

function whoText({ metric, selectors }: Condition): string {
  const text = figureText({ metric, selectors: selectors.filter(({ isNegated }) => !isNegated) });
  return text.slice(metric.length + 1, -1);
}

/** A share of 0 to 1 as `99.8 %`; never rounded up to all of it. */
function shareText(share: number): string {
  return `${Math.floor(share * 1000) / 10} %`;
}

/** `12:07:41Z` of seconds since 1970. */
function utcText(second: number): string {
  return `${new Date(second * 1000).toISOString().slice(11, 19)}Z`;
}

/** Decimals a value is printed with at most; a number of things has none if it can do without. */
const MOST_DIGITS = 6;

// more decimals where fewer would say the opposite: 0.996 is no 1
function valueText({ operator, bound, unit }: Condition, value: number): string {
  const truth = compare(operator, { low: value, high: value }, bound);
  for (let digits = unit === '' ? 0 : 1; digits <= MOST_DIGITS; digits++) {
    const rounded = Number(value.toFixed(digits));
    if (compare(operator, { low: rounded, high: rounded }, bound) === truth && !isRoundedAway(rounded, value, unit)) return boundText(rounded, unit);
  }
  return boundText(value, unit);
}

// a little is not nothing, and nearly all is not all
function isRoundedAway(rounded: number, value: number, unit: Unit): boolean {
  return (rounded === 0 && value !== 0) || (unit === '%' && rounded === 100 && value !== 100);
}

/** A result as data, for `-o json`: numbers are numbers, names are as given. */
export function resultData(result: Result): Record<string, unknown> {
  const { condition, verdict, judgement, forSeconds, why } = result;
  return {
    condition: conditionText(condition),
    metric: condition.metric,
    selectors: condition.selectors.map(({ field, value, isNegated }) => ({ field, value, negated: isNegated })),
    operator: condition.operator,
    bound: condition.bound,
    unit: unitName(condition.unit),
    for_seconds: forSeconds,
    verdict,
    value: judgement?.value ?? null,
    is_lower_bound: judgement?.isLowerBound ?? false,
    of: judgement?.whole ?? null,
    watched_seconds: judgement?.seconds ?? 0,
    from: timeOf(judgement, judgement?.fromSecond ?? 0),
    to: timeOf(judgement, (judgement?.lastSecond ?? 0) + 1),
    seen_percent: judgement === undefined || judgement.seconds === 0 ? null : Math.round(judgement.seen * 1e4) / 100,
    reason: why,
  };
}

function unitName(unit: Unit): string {
  return unit === '/s' ? 'per second' : unit === '%' ? 'percent' : unit;
}

function timeOf(judgement: Judgement | undefined, second: number): string | null {
  return judgement === undefined || judgement.seconds === 0 ? null : new Date(second * 1000).toISOString();
}
