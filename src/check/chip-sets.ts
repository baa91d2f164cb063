import type { Chip, ChipField } from '../model/chips.ts';
import { DROP_REASON_NUMBERS } from '../model/drop-words.ts';
import type { Condition, Selector, SelectorField } from './condition.ts';
import { metricOf } from './metric-list.ts';

const CHIP_OF: Partial<Record<SelectorField, ChipField>> = {
  'from-ns': 'from-namespace', 'to-ns': 'to-namespace', 'from-workload': 'from-workload', 'to-workload': 'to-workload',
  'from-pod': 'from-pod', 'to-pod': 'to-pod', port: 'port', protocol: 'protocol', node: 'node',
};
const EITHER_SIDE: Partial<Record<SelectorField, readonly [ChipField, ChipField]>> = {
  ns: ['from-namespace', 'to-namespace'], workload: ['from-workload', 'to-workload'], pod: ['from-pod', 'to-pod'],
};

/** The filters a condition needs a stream of its own for; one without chips where the counts of all will do. */
export function filtersOf({ metric, selectors }: Pick<Condition, 'metric' | 'selectors'>): Chip[][] {
  return metricOf(metric)?.needsFlows(selectors) === true ? chipSets(selectors) : [[]];
}

/**
 * Filters whose flows, added up, are those that meet the selectors; no flow passes two of them. Chips are of one side, so
 * that a selector on either side makes two. What is no chip (verdict, class) is met elsewhere.
 */
export function chipSets(selectors: readonly Selector[]): Chip[][] {
  return selectors.reduce<Chip[][]>((sets, selector) => sets.flatMap((set) => alternatives(selector).map((chips) => [...set, ...chips])), [[]]);
}

function alternatives({ field, value, isNegated }: Selector): Chip[][] {
  const sides = EITHER_SIDE[field];
  if (sides !== undefined) {
    const [from, to] = sides;
    const not = (side: ChipField): Chip => ({ field: side, value, isNegated: true });
    return isNegated ? [[not(from), not(to)]] : [[{ field: from, value, isNegated: false }], [not(from), { field: to, value, isNegated: false }]];
  }
  if (field === 'reason') return [DROP_REASON_NUMBERS.has(value.toUpperCase()) ? [{ field: 'drop-reason', value: value.toUpperCase(), isNegated }] : []];
  const chip = CHIP_OF[field];
  return [chip === undefined ? [] : [{ field: chip, value, isNegated }]];
}
