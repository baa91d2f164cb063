/** What compares a figure with its bound. */
export const OPERATORS = ['<', '<=', '>', '>=', '==', '!='] as const;
export type Operator = (typeof OPERATORS)[number];

/** `/s` a rate, `%` a share or a fill, `ms` a latency, empty a number of things. */
export type Unit = '/s' | '%' | 'ms' | '';

/** What a selector can be about; the names are those of the filter chips, `ns` and `reason` in short. */
export const SELECTOR_FIELDS = [
  'ns', 'from-ns', 'to-ns', 'workload', 'from-workload', 'to-workload', 'pod', 'from-pod', 'to-pod',
  'port', 'protocol', 'verdict', 'reason', 'class', 'policy', 'node', 'route', 'method', 'name', 'rcode', 'severity', 'word',
] as const;
export type SelectorField = (typeof SELECTOR_FIELDS)[number];

/** One condition inside the parentheses of a metric; all of them must be met. */
export interface Selector {
  field: SelectorField;
  value: string;
  isNegated: boolean;
}

/** What a figure is about and what it must be, for how long. */
export interface Condition {
  metric: string;
  selectors: Selector[];
  operator: Operator;
  /** In `unit`; latencies in ms. */
  bound: number;
  unit: Unit;
  /** How long it must hold, whole seconds; undefined = not said: a look of LOOK_SECONDS, or all of a recording. */
  forSeconds: number | undefined;
}

/** Length of one look at a rate, in seconds: long enough to be calm. */
export const LOOK_SECONDS = 5;
/** Longest time a condition can be watched. */
export const MAX_FOR_SECONDS = 3_600;
/** Conditions of one check at most. */
export const MAX_CONDITIONS = 32;

const BARE = /^[A-Za-z0-9_*@%:./{}+-]+$/;

/** A condition as it would be typed; parsed again it is the same condition. */
export function conditionText(condition: Condition): string {
  const { operator, bound, unit } = condition;
  return `${figureText(condition)} ${operator} ${boundText(bound, unit)}${forText(condition)}`;
}

/** The figure a condition is about: `drops(ns=shop)`. */
export function figureText({ metric, selectors }: Pick<Condition, 'metric' | 'selectors'>): string {
  if (selectors.length === 0) return metric;
  return `${metric}(${selectors.map(({ field, value, isNegated }) => `${field}${isNegated ? '!=' : '='}${BARE.test(value) ? value : quoted(value)}`).join(', ')})`;
}

/** A bound with its unit: `1/s`, `99 %`, `250 ms`, `12`. */
export function boundText(bound: number, unit: Unit): string {
  return unit === '/s' || unit === '' ? `${plainNumber(bound)}${unit}` : `${plainNumber(bound)} ${unit}`;
}

/** ` for 30 s`; empty where nothing was said. */
export function forText({ forSeconds }: Pick<Condition, 'forSeconds'>): string {
  return forSeconds === undefined ? '' : ` for ${forSeconds} s`;
}

// never in exponent form: the language has none
function plainNumber(value: number): string {
  const text = String(value);
  return text.includes('e') ? value.toFixed(12).replace(/\.?0+$/, '') : text;
}

function quoted(value: string): string {
  return `"${value.replaceAll(/["\\]/g, String.raw`\$&`)}"`;
}
