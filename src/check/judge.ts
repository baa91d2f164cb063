import { type Condition, LOOK_SECONDS } from './condition.ts';
import { compare, type Interval, intervalOf, intervalSoFar, latencyInterval, worseLook } from './interval.ts';
import type { Kind, Metric } from './metric.ts';
import { metricOf } from './metric-list.ts';
import { addCounts } from './sample.ts';
import { between, emptyWindow, runningSums, type Sample, seenShare, type Window } from './window.ts';

/** What stands between a condition and a verdict. */
export type Obstacle =
  /** A step that was not observed, or not all of it. */
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

/** What is known of a condition after so many steps. */
export interface Judgement {
  /** `open` while more steps can decide it. */
  verdict: 'ok' | 'breached' | 'open';
  /** In the condition's unit: the worst look, or the figure of the whole time; undefined where there is none yet. */
  value: number | undefined;
  /** The figure is `value` or more. */
  isLowerBound: boolean;
  /** What a share or a latency is of; undefined for other figures. */
  whole: number | undefined;
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
  /** Seconds a condition must hold; rounded up to whole steps. */
  forSeconds: number;
  /** Share of events that must have been received, 0 to 1. */
  leastSeen: number;
}

/** How the figure of a condition is held against its bound. */
export function kindOf(condition: Condition): Kind {
  return metricOf(condition.metric)?.units[condition.unit] ?? 'level';
}

/** Seconds in which a condition's figure is counted: a sample each. */
export function stepSecondsOf(condition: Condition): number {
  return metricOf(condition.metric)?.stepSeconds ?? 1;
}

/**
 * Judges a condition by steps in a row, oldest first. Ok: it held at every look in a stretch of `forSeconds` seconds
 * without an obstacle. Breached: one look failed for certain; a count that is too high already stays too high, whatever was
 * not seen. A look that cannot be told begins the stretch anew.
 */
export function judge(condition: Condition, samples: readonly Sample[], rules: Rules): Judgement {
  const court = courtOf(condition, samples, rules);
  const { operator, bound } = condition;
  let stretch: Stretch = { start: 0, worst: undefined, obstacle: undefined };
  for (let end = 1; end <= samples.length; end++) {
    const look = lookAt(court, stretch.start, end);
    const truth = compare(operator, look.interval, bound);
    if (truth === 'no') return judged(court, { ...stretch, worst: look.interval.low }, end, { verdict: 'breached', isLowerBound: look.interval.high > look.interval.low });
    const isOver = end - stretch.start >= court.forSteps;
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
  leastSeen: number;
  stepSeconds: number;
  /** Steps the condition must hold, and steps of one look. */
  forSteps: number;
  lookSteps: number;
  samples: readonly Sample[];
  sums: readonly Window[];
}

function courtOf(condition: Condition, samples: readonly Sample[], { forSeconds, leastSeen }: Rules): Court {
  const [kind, stepSeconds] = [kindOf(condition), stepSecondsOf(condition)];
  const forSteps = Math.ceil(forSeconds / stepSeconds);
  const lookSteps = kind === 'level' ? 1 : kind === 'rate' ? Math.min(Math.ceil(LOOK_SECONDS / stepSeconds), forSteps) : forSteps;
  return { condition, kind, metric: metricOf(condition.metric), leastSeen, stepSeconds, forSteps, lookSteps, samples, sums: runningSums(samples) };
}

function windowOf({ sums }: Court, start: number, end: number): Window {
  return between(sums[start] ?? emptyWindow(), sums[end] ?? emptyWindow());
}

interface Look {
  interval: Interval;
  obstacle: Obstacle | undefined;
  isComplete: boolean;
}

function lookAt(court: Court, start: number, end: number): Look {
  const { kind, lookSteps, stepSeconds } = court;
  const from = Math.max(start, end - lookSteps);
  const window = windowOf(court, from, end);
  if (end - start < lookSteps) return { interval: intervalSoFar(kind, window, lookSteps * stepSeconds), obstacle: silentIn(court, end) ?? holeIn(court, end - 1, end), isComplete: false };
  const obstacle = window.silent > 0 ? { kind: 'silent' as const } : holeIn(court, from, end) ?? unseenIn(court, window) ?? emptyIn(court, window);
  return { interval: intervalAt(court, { from, end, window }, obstacle), obstacle, isComplete: true };
}

function intervalAt({ kind, condition, metric, samples, stepSeconds }: Court, look: { from: number; end: number; window: Window }, obstacle: Obstacle | undefined): Interval {
  if (obstacle?.kind === 'silent') return { low: -Infinity, high: Infinity };
  if (kind !== 'latency' || obstacle !== undefined) return intervalOf({ kind, unit: condition.unit, stepSeconds }, look.window, obstacle === undefined);
  const counts = samples.slice(look.from, look.end).reduce((sum, { figure }) => addCounts(sum, figure.latency), new Map<number, number>());
  return latencyInterval(counts, metric?.quantile ?? 1);
}

function silentIn({ samples }: Court, end: number): Obstacle | undefined {
  return samples[end - 1]?.figure.value === undefined ? { kind: 'silent' } : undefined;
}

function holeIn({ samples, sums }: Court, start: number, end: number): Obstacle | undefined {
  if ((sums[end]?.holes ?? 0) === (sums[start]?.holes ?? 0)) return undefined;
  return { kind: 'hole', second: samples.slice(start, end).find(({ coverage }) => coverage.isHole)?.second ?? 0 };
}

function unseenIn({ metric, leastSeen }: Court, window: Window): Obstacle | undefined {
  // a table's fill comes with the report of its node, whatever became of events
  const seen = seenShare(metric?.needs === 'reports' ? { ...window, lost: 0 } : window);
  return metric?.needs === 'nothing' || seen >= leastSeen ? undefined : { kind: 'unseen', seen };
}

function emptyIn({ kind }: Court, window: Window): Obstacle | undefined {
  return (kind === 'share' || kind === 'latency') && window.whole <= 0 ? { kind: 'no-whole' } : undefined;
}

function unmetIn(court: Court, start: number, end: number): Obstacle | undefined {
  return windowOf(court, start, end).met > 0 ? undefined : { kind: 'unmet' };
}

function judged(court: Court, stretch: Stretch, end: number, found: Pick<Judgement, 'verdict' | 'isLowerBound'>): Judgement {
  const { samples, kind, stepSeconds } = court;
  const window = windowOf(court, stretch.start, end);
  return {
    ...found, value: stretch.worst, obstacle: stretch.obstacle, seconds: (end - stretch.start) * stepSeconds,
    whole: kind === 'share' || kind === 'latency' ? window.whole : undefined,
    fromSecond: samples[stretch.start]?.second ?? 0, lastSecond: (samples[end - 1]?.second ?? 0) + stepSeconds - 1,
    seen: seenShare(window),
  };
}
