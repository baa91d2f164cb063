import { canFill, fillOf, type Gauge, type NodeState } from '../../model/node-state.ts';
import type { SelectorField } from '../condition.ts';
import { matchesText } from '../matches.ts';
import { type Figure, type Metric, type Reading, NOBODY_TELLS } from '../metric.ts';

/** A fill that is older is none of now. */
const MAX_AGE_MS = 60_000;

/** The fullest connection table. */
export const conntrack: Metric = {
  name: 'conntrack',
  help: 'fill of the fullest connection table, an agent\'s or a kernel\'s',
  units: { '%': 'level' },
  fields: ['node'],
  needs: 'reports',
  needsFlows: () => false,
  read: (reading) => fullest(reading, (node) => [node.conntrack, node.kernelConntrack]),
};

/** The fullest BPF map. */
export const map: Metric = {
  name: 'map',
  help: 'fill of the fullest BPF map, or of those with that name',
  units: { '%': 'level' },
  fields: ['name', 'node'],
  needs: 'reports',
  needsFlows: () => false,
  // a map that is named is meant, however small it is
  read: (reading) => fullest(reading, (node) => node.maps.filter((gauge) => (
    reading.selectors.some(({ field }) => field === 'name') ? meets(gauge.name, 'name', reading) : canFill(gauge)))),
};

function fullest(reading: Reading, gaugesOf: (node: NodeState) => readonly (Gauge | undefined)[]): Figure {
  const fills = [...reading.state.nodes.values()].filter((node) => node.trouble === '' && meets(node.name, 'node', reading))
    .flatMap((node) => gaugesOf(node)).flatMap((gauge) => (gauge === undefined || isOld(gauge, reading) ? [] : [fillOf(gauge)]));
  return fills.length === 0 ? NOBODY_TELLS : { value: Math.max(...fills), perhaps: 0, whole: 1, isMet: true };
}

// a page of metrics may tell what was counted minutes ago
function isOld({ served }: Gauge, { state }: Reading): boolean {
  return served !== undefined && state.nowMs - served.measuredMs > MAX_AGE_MS;
}

function meets(text: string, field: SelectorField, { selectors }: Reading): boolean {
  return selectors.every((selector) => selector.field !== field || matchesText(text, selector.value) !== selector.isNegated);
}
