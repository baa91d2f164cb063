import type { FlowFilter } from '../wire/gen/flow.ts';

/** What a filter chip can be about. */
export type ChipField =
  | 'from-pod' | 'to-pod' | 'from-workload' | 'to-workload' | 'from-namespace' | 'to-namespace'
  | 'verdict' | 'protocol' | 'drop-reason' | 'port' | 'node' | 'tcp-flags';

/** One visible condition. Chips of one filter are AND-ed, a negated one takes flows away. */
export interface Chip {
  field: ChipField;
  value: string;
  isNegated: boolean;
}

/** Chips at most: the line has an end, and so has a request. */
export const MAX_CHIPS = 12;
/** Steps of `b` that are remembered. */
export const MAX_UNDO = 64;

/** The short label of a chip, as on the filter line. */
export function chipText(chip: Chip): string {
  return `${chip.isNegated ? '!' : ''}${chip.field}=${chip.value}`;
}

/** The chips with one more: a condition on the same field gives way to the new one, an equal one stays alone. */
export function withChip(chips: readonly Chip[], chip: Chip): Chip[] {
  const kept = chips.filter((other) => (chip.isNegated
    ? !(other.isNegated && other.field === chip.field && other.value === chip.value)
    : other.isNegated || other.field !== chip.field));
  return [...kept, chip].slice(-MAX_CHIPS);
}

/** Verdicts that the `v` key steps through, as Hubble numbers them. */
export const VERDICT_CHIPS: readonly { name: string; number: number }[] = [
  { name: 'DROPPED', number: 2 },
  { name: 'FORWARDED', number: 1 },
  { name: 'AUDIT', number: 4 },
  { name: 'ERROR', number: 3 },
  { name: 'REDIRECTED', number: 5 },
];

/** Protocols that the `o` key steps through. */
export const PROTOCOL_CHIPS: readonly string[] = ['tcp', 'udp', 'icmp', 'http', 'dns'];

/** The value after `current` in a cycle; undefined after the last: all pass again. */
export function nextInCycle(values: readonly string[], current: string | undefined): string | undefined {
  return values[current === undefined ? 0 : values.indexOf(current) + 1];
}

/** What the relay is asked for: one whitelist filter of all positive chips, one blacklist filter for each negated. */
export function filtersOf(chips: readonly Chip[], dropReasons: ReadonlyMap<string, number>): { whitelist: FlowFilter[]; blacklist: FlowFilter[] } {
  const positive: FlowFilter = {};
  const blacklist: FlowFilter[] = [];
  for (const chip of chips) {
    const filter = filterOf(chip, dropReasons);
    if (chip.isNegated) blacklist.push(filter);
    else Object.assign(positive, filter);
  }
  return { whitelist: Object.keys(positive).length > 0 ? [positive] : [], blacklist };
}

function filterOf(chip: Chip, dropReasons: ReadonlyMap<string, number>): FlowFilter {
  const { value } = chip;
  switch (chip.field) {
    case 'from-pod': return { source_pod: [value] };
    case 'to-pod': return { destination_pod: [value] };
    case 'from-namespace': return { source_pod: [`${value}/`] };
    case 'to-namespace': return { destination_pod: [`${value}/`] };
    case 'from-workload': return sideOf(value, 'source');
    case 'to-workload': return sideOf(value, 'destination');
    case 'verdict': return { verdict: [VERDICT_CHIPS.find((verdict) => verdict.name === value)?.number ?? 0] };
    case 'protocol': return { protocol: value === 'icmp' ? ['icmpv4', 'icmpv6'] : [value] };
    case 'drop-reason': return dropReasonFilter(value, dropReasons);
    case 'port': return { destination_port: [value] };
    case 'node': return { node_name: [value] };
    case 'tcp-flags': return { tcp_flags: [{ RST: true }] };
  }
}

/** `ns/workload` or a reserved name such as `world`. */
function sideOf(value: string, side: 'source' | 'destination'): FlowFilter {
  const slash = value.indexOf('/');
  if (slash < 0) {
    // one party, three labels: a dual-stack cluster has a world for each family
    const labels = value === 'world' ? ['reserved:world', 'reserved:world-ipv4', 'reserved:world-ipv6'] : [`reserved:${value}`];
    return side === 'source' ? { source_label: labels } : { destination_label: labels };
  }
  const workload = { name: value.slice(slash + 1) };
  const pod = `${value.slice(0, slash)}/`;
  return side === 'source' ? { source_workload: [workload], source_pod: [pod] } : { destination_workload: [workload], destination_pod: [pod] };
}

// a kernel drop has no number in Hubble's vocabulary: all of them have event type drop, sub type 255
function dropReasonFilter(name: string, dropReasons: ReadonlyMap<string, number>): FlowFilter {
  const number = dropReasons.get(name);
  return number === undefined ? { event_type: [{ type: 1, match_sub_type: true, sub_type: 255 }] } : { drop_reason_desc: [number] };
}

/** Chips whose condition the relay cannot express in full: kernel drop names are told apart here. */
export function runsHere(chip: Chip, dropReasons: ReadonlyMap<string, number>): boolean {
  return chip.field === 'drop-reason' && !dropReasons.has(chip.value);
}
