import type { FlowFilter } from '../wire/gen/flow.ts';
import { nameExpression, pathExpression } from './l7-expressions.ts';

/** What a filter chip can be about. */
export const CHIP_FIELDS = [
  'from-pod', 'to-pod', 'from-workload', 'to-workload', 'from-namespace', 'to-namespace',
  'verdict', 'protocol', 'drop-reason', 'port', 'node', 'tcp-flags', 'http-method', 'http-path', 'http-status', 'dns-query',
] as const;
export type ChipField = (typeof CHIP_FIELDS)[number];

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

/**
 * What the relay is asked for. Positive chips are one whitelist filter, and where they name an end of the conversation a
 * second one for its replies, in which the ends have changed places: Hubble filters by packet, a reader thinks in
 * conversations. Each negated chip is one blacklist filter, or two for the same reason. What one filter lets through for the
 * wrong end (a server's replies under a chip on its name as a client) is told apart here: see `passesEnds`.
 */
export function filtersOf(chips: readonly Chip[], dropReasons: ReadonlyMap<string, number>): { whitelist: FlowFilter[]; blacklist: FlowFilter[] } {
  const positive = chips.filter((chip) => !chip.isNegated);
  const whitelist: FlowFilter[] = positive.length === 0 ? [] : [joined(positive.map((chip) => filterOf(chip, dropReasons)))];
  if (positive.some(isAboutEnds)) whitelist.push({ ...joined(positive.map((chip) => mirroredFilter(chip, dropReasons))), reply: [true] });
  const blacklist = chips.filter((chip) => chip.isNegated).flatMap((chip) => {
    const filter = filterOf(chip, dropReasons);
    return isAboutEnds(chip) ? [{ ...filter, reply: [false] }, { ...mirroredFilter(chip, dropReasons), reply: [true] }] : [filter];
  });
  return { whitelist, blacklist };
}

// values of one field are alternatives in Hubble: of two conditions on a side's pods the narrower is asked for
function joined(filters: readonly FlowFilter[]): FlowFilter {
  const all: FlowFilter = {};
  for (const filter of filters) {
    const before = { source: all.source_pod, destination: all.destination_pod };
    Object.assign(all, filter);
    if (before.source !== undefined) all.source_pod = narrower(before.source, all.source_pod);
    if (before.destination !== undefined) all.destination_pod = narrower(before.destination, all.destination_pod);
  }
  return all;
}

function narrower(one: string[], other: string[] = []): string[] {
  return (other[0] ?? '').length > (one[0] ?? '').length ? other : one;
}

const MIRROR: Partial<Record<ChipField, ChipField>> = {
  'from-pod': 'to-pod', 'to-pod': 'from-pod', 'from-workload': 'to-workload', 'to-workload': 'from-workload', 'from-namespace': 'to-namespace', 'to-namespace': 'from-namespace',
};

/** The same of the other end of a conversation, for what only one end has. */
export function otherEnd(field: ChipField): ChipField | undefined {
  return MIRROR[field];
}

/** Whether a chip is about one end of a conversation: who is client, who is server, the server's port. */
export function isAboutEnds(chip: Chip): boolean {
  return chip.field === 'port' || MIRROR[chip.field] !== undefined;
}

function mirrored(chip: Chip): Chip {
  return { ...chip, field: MIRROR[chip.field] ?? chip.field };
}

function mirroredFilter(chip: Chip, dropReasons: ReadonlyMap<string, number>): FlowFilter {
  return chip.field === 'port' ? { source_port: [chip.value] } : filterOf(mirrored(chip), dropReasons);
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
    case 'http-method': return { http_method: [value] };
    case 'http-path': return { http_path: [pathExpression(value)] };
    case 'http-status': return { http_status_code: [value] };
    case 'dns-query': return { dns_query: [nameExpression(value)] };
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
