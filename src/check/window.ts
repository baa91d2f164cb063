import type { Coverage } from './coverage.ts';
import type { Figure } from './metric.ts';

/** One step of what a condition is about: a second, or as long as its metric counts. */
export interface Sample {
  /** Its first second. */
  second: number;
  figure: Figure;
  coverage: Coverage;
}

/** Sums over steps in a row. */
export interface Window {
  steps: number;
  value: number;
  perhaps: number;
  whole: number;
  coveredMs: number;
  happened: number;
  lost: number;
  nodesHeard: number;
  nodesKnown: number;
  /** Steps that were not observed, that nobody told anything of, and in which everybody asked for was seen. */
  holes: number;
  silent: number;
  met: number;
}

/** No steps at all. */
export function emptyWindow(): Window {
  return { steps: 0, value: 0, perhaps: 0, whole: 0, coveredMs: 0, happened: 0, lost: 0, nodesHeard: 0, nodesKnown: 0, holes: 0, silent: 0, met: 0 };
}

/** Sums of the first 0, 1, 2 … samples: any stretch of them is a difference of two. */
export function runningSums(samples: readonly Sample[]): Window[] {
  const sums = [emptyWindow()];
  for (const sample of samples) sums.push(combined(sums[sums.length - 1] ?? emptyWindow(), windowOf(sample), 1));
  return sums;
}

/** The steps between two running sums. */
export function between(earlier: Window, later: Window): Window {
  return combined(later, earlier, -1);
}

function windowOf({ figure, coverage }: Sample): Window {
  const { coveredMs, happened, lost, nodesHeard, nodesKnown } = coverage;
  return {
    steps: 1, value: figure.value ?? 0, perhaps: figure.perhaps, whole: figure.whole, coveredMs, happened, lost, nodesHeard, nodesKnown,
    holes: Number(coverage.isHole), silent: Number(figure.value === undefined), met: Number(figure.isMet),
  };
}

function combined(one: Window, other: Window, sign: 1 | -1): Window {
  return {
    steps: one.steps + sign * other.steps, value: one.value + sign * other.value, perhaps: one.perhaps + sign * other.perhaps, whole: one.whole + sign * other.whole,
    coveredMs: one.coveredMs + sign * other.coveredMs, happened: one.happened + sign * other.happened, lost: one.lost + sign * other.lost,
    nodesHeard: one.nodesHeard + sign * other.nodesHeard, nodesKnown: one.nodesKnown + sign * other.nodesKnown,
    holes: one.holes + sign * other.holes, silent: one.silent + sign * other.silent, met: one.met + sign * other.met,
  };
}

/** Share of events that was received, a node nobody hears of counting as none of its events; 0 to 1. */
export function seenShare({ happened, lost, nodesHeard, nodesKnown }: Pick<Window, 'happened' | 'lost' | 'nodesHeard' | 'nodesKnown'>): number {
  return (happened > 0 ? Math.max(0, 1 - lost / happened) : 1) * (nodesKnown > 0 ? nodesHeard / nodesKnown : 1);
}
