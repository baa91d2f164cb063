import type { State } from '../model/state.ts';
import type { Condition } from './condition.ts';
import { type Coverage, coverageOf } from './coverage.ts';
import type { Figure } from './metric.ts';
import { metricOf } from './metric-list.ts';
import type { Sample } from './window.ts';

/** What a second says of a condition; several states are streams of flows that add up. */
export function sampleOf(condition: Condition, states: readonly State[], second: number): Sample {
  const metric = metricOf(condition.metric);
  const coverages = states.map((state) => coverageOf(state, second));
  const figures = states.map((state, i) => metric?.read({ state, selectors: condition.selectors, second, coverage: coverages[i] ?? coverageOf(state, second) }) ?? NONE);
  return { second, figure: figures.reduce(addFigures), coverage: coverages.reduce(leastOf) };
}

const NONE: Figure = { value: undefined, perhaps: 0, whole: 0, isMet: false };

function addFigures(one: Figure, other: Figure): Figure {
  return {
    value: one.value === undefined || other.value === undefined ? undefined : one.value + other.value,
    perhaps: one.perhaps + other.perhaps,
    whole: one.whole + other.whole,
    isMet: one.isMet || other.isMet,
  };
}

// each stream is filtered from the same events: what happened is the same, what was lost on the way may differ
function leastOf(one: Coverage, other: Coverage): Coverage {
  return {
    coveredMs: Math.min(one.coveredMs, other.coveredMs), isHole: one.isHole || other.isHole, happened: Math.max(one.happened, other.happened),
    lost: Math.max(one.lost, other.lost), nodesHeard: Math.min(one.nodesHeard, other.nodesHeard), nodesKnown: Math.max(one.nodesKnown, other.nodesKnown),
  };
}
