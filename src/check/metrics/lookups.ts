import { DnsKind, entityOfKey, EVERY_NAME, NOERROR, rcodeText } from '../../model/dns-cells.ts';
import { detailOfKey, kindOfKey } from '../../model/l7-cells.ts';
import { ringOf } from '../../model/l7-book.ts';
import { SLOT_SECONDS, slotOf } from '../../model/slot-ring.ts';
import type { Selector, SelectorField } from '../condition.ts';
import { matchesText } from '../matches.ts';
import { type Metric, NOTHING_CAME, type Reading } from '../metric.ts';

const FIELDS: readonly SelectorField[] = ['name', 'ns', 'from-ns', 'to-ns', 'workload', 'from-workload', 'to-workload', 'pod', 'from-pod', 'to-pod', 'node'];
/** What the counts of all lookups tell apart. */
const COUNTED: readonly SelectorField[] = ['name', 'rcode'];

function needsFlows(selectors: readonly Selector[]): boolean {
  return selectors.some(({ field }) => !COUNTED.includes(field));
}

interface Counts {
  lookups: number;
  failed: number;
}

function countsOf({ state, selectors, second }: Reading): { meant: Counts; perhaps: Counts } | undefined {
  const cells = ringOf(state.dns, state.chips).peek(slotOf(second * 1000))?.cells;
  if (cells === undefined) return undefined;
  const counts = { meant: { lookups: 0, failed: 0 }, perhaps: { lookups: 0, failed: 0 } };
  const asksForName = selectors.some(({ field }) => field === 'name');
  cells.forEach((key, count) => {
    const entity = entityOfKey(key);
    // all names together are counted once more
    if (kindOfKey(key) !== DnsKind.RCODE || (asksForName ? entity >= EVERY_NAME : entity !== EVERY_NAME)) return;
    const name = state.dns.names.at(entity);
    if (asksForName && entity !== 0 && !isNamed(name, selectors)) return;
    const into = asksForName && entity === 0 ? counts.perhaps : counts.meant;
    into.lookups += count;
    if (isFailure(detailOfKey(key), selectors)) into.failed += count;
  });
  return counts;
}

function isNamed(name: string, selectors: readonly Selector[]): boolean {
  return selectors.every(({ field, value, isNegated }) => field !== 'name' || matchesText(name, namePattern(value)) !== isNegated);
}

// names are kept in lower case and with their final dot
function namePattern(value: string): string {
  const name = value.toLowerCase();
  return name.endsWith('.') || name.endsWith('*') ? name : `${name}.`;
}

function isFailure(rcode: number, selectors: readonly Selector[]): boolean {
  return rcode !== NOERROR && selectors.every(({ field, value, isNegated }) => field !== 'rcode' || (rcodeText(rcode).toUpperCase() === value) !== isNegated);
}

/** Lookups of names. */
export const lookups: Metric = {
  name: 'lookups',
  help: 'DNS lookups, the tries along a search path being one',
  units: { '/s': 'rate', '': 'total' },
  fields: FIELDS,
  stepSeconds: SLOT_SECONDS,
  needsFlows,
  read(reading) {
    const counts = countsOf(reading);
    return counts === undefined ? NOTHING_CAME : { value: counts.meant.lookups, perhaps: counts.perhaps.lookups, whole: 0, isMet: true };
  },
};

/** Lookups that gave no address. */
export const dnsFailures: Metric = {
  name: 'dns-failures',
  help: 'lookups that failed or were not answered, NXDOMAIN among them; %: of all lookups',
  units: { '/s': 'rate', '%': 'share', '': 'total' },
  fields: [...FIELDS, 'rcode'],
  wholeName: 'lookups',
  stepSeconds: SLOT_SECONDS,
  needsFlows,
  read(reading) {
    const counts = countsOf(reading);
    if (counts === undefined) return NOTHING_CAME;
    return { value: counts.meant.failed, perhaps: counts.perhaps.failed, whole: counts.meant.lookups, isMet: counts.meant.lookups > 0 };
  },
};
