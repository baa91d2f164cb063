import { latencyAt } from '../tally/latency-index.ts';
import type { Condition, Operator } from './condition.ts';
import type { Kind } from './metric.ts';
import type { Window } from './window.ts';

/** All that a figure may be, given what was not seen. */
export interface Interval {
  low: number;
  high: number;
}

/** Counts are spread over seconds in parts: sums of them are whole again only up to this. */
const PRECISION = 1e6;

/** What a figure of a window depends on besides its sums. */
export interface Shape {
  kind: Kind;
  unit: Condition['unit'];
  stepSeconds: number;
}

/** The figure of a window that is not a latency; `isWhole` says that nothing of it is missing. */
export function intervalOf({ kind, unit, stepSeconds }: Shape, window: Window, isWhole: boolean): Interval {
  const { value, perhaps, whole } = window;
  switch (kind) {
    case 'rate': {
      const seconds = isWhole ? window.coveredMs / 1000 : window.steps * stepSeconds;
      return atLeast(value / seconds, isWhole ? (value + perhaps) / seconds : Infinity);
    }
    case 'total': return atLeast(value, isWhole ? value + perhaps : Infinity);
    case 'share': return isWhole && whole > 0 ? atLeast((value / whole) * 100, (value / whole) * 100) : { low: 0, high: 100 };
    case 'latency': return { low: 0, high: Infinity };
    case 'level': {
      const level = unit === '%' ? (whole > 0 ? (value / whole) * 100 : 0) : value;
      return atLeast(level, isWhole ? level : unit === '%' ? 100 : Infinity);
    }
  }
}

/** The figure of a look that is not over: the steps to come add to a count, and say anything of all else. */
export function intervalSoFar(kind: Kind, window: Window, lookSeconds: number): Interval {
  if (kind !== 'rate' && kind !== 'total') return { low: -Infinity, high: Infinity };
  return atLeast(kind === 'rate' ? window.value / lookSeconds : window.value, Infinity);
}

function atLeast(low: number, high: number): Interval {
  return { low: Math.round(low * PRECISION) / PRECISION, high: Math.round(high * PRECISION) / PRECISION };
}

/** Latency in ms that a share of answers kept to. */
export function latencyInterval(counts: ReadonlyMap<number, number>, quantile: number): Interval {
  const ms = latencyAt(counts, quantile) / 1000;
  return atLeast(ms, ms);
}

/** Whether `value operator bound` is true for all values of an interval, for none, or for some. */
export function compare(operator: Operator, { low, high }: Interval, bound: number): 'yes' | 'no' | 'unknown' {
  const [isLowTrue, isHighTrue] = [holds(operator, low, bound), holds(operator, high, bound)];
  const isBoundInside = low < bound && bound < high;
  if (isLowTrue !== isHighTrue || (isBoundInside && (operator === '==' || operator === '!='))) return 'unknown';
  return isLowTrue ? 'yes' : 'no';
}

function holds(operator: Operator, value: number, bound: number): boolean {
  switch (operator) {
    case '<': return value < bound;
    case '<=': return value <= bound;
    case '>': return value > bound;
    case '>=': return value >= bound;
    case '==': return value === bound;
    case '!=': return value !== bound;
  }
}

/** Of two looks the one nearer to the bound, or farther beyond it. */
export function worseLook(operator: Operator, known: number | undefined, value: number, bound: number): number {
  if (known === undefined) return value;
  if (operator.startsWith('<')) return Math.max(known, value);
  if (operator.startsWith('>')) return Math.min(known, value);
  return Math.abs(value - bound) < Math.abs(known - bound) ? value : known;
}
