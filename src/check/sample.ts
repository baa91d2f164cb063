import { ringOf } from '../model/l7-book.ts';
import { slotOf } from '../model/slot-ring.ts';
import type { State } from '../model/state.ts';
import type { Condition } from './condition.ts';
import { type Coverage, coverageOf, slotCoverageOf } from './coverage.ts';
import type { Figure, Metric } from './metric.ts';
import { metricOf } from './metric-list.ts';
import type { Sample } from './window.ts';

/** What a step says of a condition; several states are streams of flows that add up. `second` is the first one of the step. */
export function sampleOf(condition: Condition, states: readonly State[], second: number): Sample {
  const metric = metricOf(condition.metric);
  const readings = states.map((state) => ({ state, selectors: condition.selectors, second, coverage: stepCoverage(metric, state, second) }));
  const figures = readings.map((reading) => metric?.read(reading) ?? NONE);
  return { second, figure: figures.reduce(addFigures), coverage: readings.map(({ coverage }) => coverage).reduce(leastOf) };
}

function stepCoverage(metric: Metric | undefined, state: State, second: number): Coverage {
  const seconds = metric?.stepSeconds;
  if (seconds === undefined) return coverageOf(state, second);
  // requests and lookups come from one stream: what covers the one covers the other
  return slotCoverageOf(state, ringOf(state.l7, state.chips).peek(slotOf(second * 1000)), { second, seconds });
}

const NONE: Figure = { value: undefined, perhaps: 0, whole: 0, isMet: false };

function addFigures(one: Figure, other: Figure): Figure {
  return {
    value: one.value === undefined || other.value === undefined ? undefined : one.value + other.value,
    perhaps: one.perhaps + other.perhaps,
    whole: one.whole + other.whole,
    isMet: one.isMet || other.isMet,
    ...(one.latency === undefined && other.latency === undefined ? {} : { latency: addCounts(one.latency, other.latency) }),
  };
}

/** Counts by key of both. */
export function addCounts(one: ReadonlyMap<number, number> = new Map(), other: ReadonlyMap<number, number> = new Map()): Map<number, number> {
  const sum = new Map(one);
  for (const [key, count] of other) sum.set(key, (sum.get(key) ?? 0) + count);
  return sum;
}

// each stream is filtered from the same events: what happened is the same, what was lost on the way may differ
function leastOf(one: Coverage, other: Coverage): Coverage {
  return {
    coveredMs: Math.min(one.coveredMs, other.coveredMs), isHole: one.isHole || other.isHole, happened: Math.max(one.happened, other.happened),
    lost: Math.max(one.lost, other.lost), nodesHeard: Math.min(one.nodesHeard, other.nodesHeard), nodesKnown: Math.max(one.nodesKnown, other.nodesKnown),
  };
}
