import { type Condition, LOOK_SECONDS } from './condition.ts';
import { compare, type Interval, intervalOf, intervalSoFar, worseLook } from './interval.ts';
import type { Kind, Metric } from './metric.ts';
import { metricOf } from './metric-list.ts';
import { between, emptyWindow, runningSums, type Sample, seenShare, type Window } from './window.ts';

/** What stands between a condition and a verdict. */
export type Obstacle =
  /** A second that was not observed, or not all of it. */
  | { kind: 'hole'; second: number }
  /** Too little was seen. */
  | { kind: 'unseen'; seen: number }
  /** No node and no server tells this figure. */
  | { kind: 'silent' }
  /** Nothing was seen of somebody the selectors name. */
  | { kind: 'unmet' }
  /** A share of nothing. */
  | { kind: 'no-whole' }
  /** What was counted without a name may belong to it or not. */
  | { kind: 'unnamed' };

/** What is known of a condition after so many seconds. */
export interface Judgement {
  /** `open` while more seconds can decide it. */
  verdict: 'ok' | 'breached' | 'open';
  /** In the condition's unit: the worst look, or the figure of the whole time; undefined where there is none yet. */
  value: number | undefined;
  /** The figure is `value` or more. */
  isLowerBound: boolean;
  /** Length of the stretch that was watched without an obstacle, in seconds, its first second and its last. */
  seconds: number;
  fromSecond: number;
  lastSecond: number;
  /** Share of events that was received in it, 0 to 1. */
  seen: number;
  /** Why the last stretch before this one ended without a verdict. */
  obstacle: Obstacle | undefined;
}

/** What a judge goes by. */
export interface Rules {
  /** Seconds a condition must hold. */
  forSeconds: number;
  /** Share of events that must have been received, 0 to 1. */
  leastSeen: number;
}

/** How the figure of a condition is held against its bound. */
export function kindOf(condition: Condition): Kind {
  return metricOf(condition.metric)?.units[condition.unit] ?? 'level';
}

/**
 * Judges a condition by seconds in a row, oldest first. Ok: it held at every look in a stretch of `forSeconds` seconds
 * without an obstacle. Breached: one look failed for certain; a count that is too high already stays too high, whatever was
 * not seen. A look that cannot be told begins the stretch anew.
 */
export function judge(condition: Condition, samples: readonly Sample[], rules: Rules): Judgement {
  const court = { condition, kind: kindOf(condition), metric: metricOf(condition.metric), rules, samples, sums: runningSums(samples) };
  const { operator, bound } = condition;
  let stretch: Stretch = { start: 0, worst: undefined, obstacle: undefined };
  for (let end = 1; end <= samples.length; end++) {
    const look = lookAt(court, stretch.start, end);
    const truth = compare(operator, look.interval, bound);
    if (truth === 'no') return judged(court, { ...stretch, worst: look.interval.low }, end, { verdict: 'breached', isLowerBound: look.interval.high > look.interval.low });
    const isOver = end - stretch.start >= rules.forSeconds;
    const obstacle = truth === 'unknown' ? look.obstacle ?? (look.isComplete ? { kind: 'unnamed' as const } : undefined) : isOver ? unmetIn(court, stretch.start, end) : undefined;
    if (obstacle !== undefined) {
      stretch = { start: end, worst: undefined, obstacle };
      continue;
    }
    if (look.isComplete) stretch.worst = worseLook(operator, stretch.worst, look.interval.low, bound);
    if (isOver) return judged(court, stretch, end, { verdict: 'ok', isLowerBound: look.interval.high > look.interval.low });
  }
  return judged(court, stretch, samples.length, { verdict: 'open', isLowerBound: false });
}

interface Stretch {
  start: number;
  worst: number | undefined;
  obstacle: Obstacle | undefined;
}

interface Court {
  condition: Condition;
  kind: Kind;
  metric: Metric | undefined;
  rules: Rules;
  samples: readonly Sample[];
  sums: readonly Window[];
}

function windowOf({ sums }: Court, start: number, end: number): Window {
  return between(sums[start] ?? emptyWindow(), sums[end] ?? emptyWindow());
}

function lookSecondsOf({ kind, rules }: Court): number {
  return kind === 'level' ? 1 : kind === 'rate' ? Math.min(LOOK_SECONDS, rules.forSeconds) : rules.forSeconds;
}

interface Look {
  interval: Interval;
  obstacle: Obstacle | undefined;
  isComplete: boolean;
}

function lookAt(court: Court, start: number, end: number): Look {
  const lookSeconds = lookSecondsOf(court);
  const isComplete = end - start >= lookSeconds;
  const from = Math.max(start, end - lookSeconds);
  const window = windowOf(court, from, end);
  if (!isComplete) return { interval: intervalSoFar(court.kind, window, lookSeconds), obstacle: silentIn(court, end) ?? holeIn(court, end - 1, end), isComplete };
  const obstacle = window.silent > 0 ? { kind: 'silent' as const } : holeIn(court, from, end) ?? unseenIn(court, window);
  const interval = obstacle?.kind === 'silent' ? { low: -Infinity, high: Infinity } : intervalOf({ kind: court.kind, unit: court.condition.unit }, window, obstacle === undefined);
  return { interval, obstacle: obstacle ?? (court.kind === 'share' && window.whole <= 0 ? { kind: 'no-whole' } : undefined), isComplete };
}

function silentIn({ samples }: Court, end: number): Obstacle | undefined {
  return samples[end - 1]?.figure.value === undefined ? { kind: 'silent' } : undefined;
}

function holeIn({ samples, sums }: Court, start: number, end: number): Obstacle | undefined {
  if ((sums[end]?.holes ?? 0) === (sums[start]?.holes ?? 0)) return undefined;
  return { kind: 'hole', second: samples.slice(start, end).find(({ coverage }) => coverage.isHole)?.second ?? 0 };
}

function unseenIn({ metric, rules }: Court, window: Window): Obstacle | undefined {
  const seen = seenShare(window);
  return metric?.isAboutSeeing === true || seen >= rules.leastSeen ? undefined : { kind: 'unseen', seen };
}

function unmetIn(court: Court, start: number, end: number): Obstacle | undefined {
  return windowOf(court, start, end).met > 0 ? undefined : { kind: 'unmet' };
}

function judged(court: Court, stretch: Stretch, end: number, found: Pick<Judgement, 'verdict' | 'isLowerBound'>): Judgement {
  const { samples } = court;
  return {
    ...found, value: stretch.worst, obstacle: stretch.obstacle, seconds: end - stretch.start,
    fromSecond: samples[stretch.start]?.second ?? 0, lastSecond: samples[end - 1]?.second ?? 0,
    seen: seenShare(windowOf(court, stretch.start, end)),
  };
}
