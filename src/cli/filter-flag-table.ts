// The filter flags of observe, one table: flag, what it asks, how its value is read.
import { agentNotifications, EventKind, eventKindNames, reservedIdentities, tracePoints } from '../flow/words.ts';
import { DropReason, type EventTypeFilter, type FlowFilter, IPVersion, type TCPFlags, TrafficDirection, Verdict, type Workload } from '../wire/gen/flow.ts';
import { UsageError } from './command.ts';
import type { Flag } from './flags.ts';
import type { NamespaceChoice } from './filter-namespaces.ts';

/** Fields that one flag adds values to. */
export type FilterPart = FlowFilter;

/** What a flag asks: fields for left and right, or a choice of namespaces. */
export type FilterFlagEntry = { parts: (value: string) => readonly [FilterPart, FilterPart] } | { namespaces: keyof NamespaceChoice; isAll: boolean };

/** Adds the values of a part to a filter. */
export function mergePart(filter: FlowFilter, part: FilterPart): void {
  const target = filter as Record<string, unknown>;
  for (const [key, value] of Object.entries(part)) {
    if (Array.isArray(value)) target[key] = [...((target[key] as unknown[] | undefined) ?? []), ...(value as unknown[])];
  }
  const expressions = part.experimental?.cel_expression ?? [];
  if (expressions.length > 0) filter.experimental = { cel_expression: [...(filter.experimental?.cel_expression ?? []), ...expressions] };
}

function both(build: (value: string) => FilterPart): FilterFlagEntry {
  return { parts: (value) => [build(value), build(value)] };
}

function either(source: (value: string) => FilterPart, destination: (value: string) => FilterPart): [either: FilterFlagEntry, from: FilterFlagEntry, to: FilterFlagEntry] {
  return [{ parts: (value) => [source(value), destination(value)] }, both(source), both(destination)];
}

const pod = either((value) => ({ source_pod: [value] }), (value) => ({ destination_pod: [value] }));
const service = either((value) => ({ source_service: [value] }), (value) => ({ destination_service: [value] }));
const workload = either((value) => ({ source_workload: [parseWorkload(value)] }), (value) => ({ destination_workload: [parseWorkload(value)] }));
const label = either((value) => ({ source_label: [value] }), (value) => ({ destination_label: [value] }));
const identity = either((value) => ({ source_identity: [parseIdentity(value)] }), (value) => ({ destination_identity: [parseIdentity(value)] }));
const ip = either((value) => ({ source_ip: [value] }), (value) => ({ destination_ip: [value] }));
const fqdn = either((value) => ({ source_fqdn: [value] }), (value) => ({ destination_fqdn: [value] }));
const port = either((value) => ({ source_port: [value] }), (value) => ({ destination_port: [value] }));
const cluster = either((value) => ({ source_cluster_name: [value] }), (value) => ({ destination_cluster_name: [value] }));

interface Row {
  flag: Flag;
  entry: FilterFlagEntry;
}

const group = 'Filters';

function row(name: string, value: string, help: string, entry: FilterFlagEntry, short?: string): Row {
  return { flag: { name, kind: value === '' ? 'optional' : 'list', help, group, ...(value === '' ? {} : { value }), ...(short === undefined ? {} : { short }) }, entry };
}

function sided(name: string, value: string, help: string, entries: readonly FilterFlagEntry[], short?: string): Row[] {
  const names: [string, string][] = [[name, `${help}, on either side`], [`from-${name}`, `${help}, of the source`], [`to-${name}`, `${help}, of the destination`]];
  return names.flatMap(([flag, text], index) => {
    const entry = entries[index];
    return entry === undefined ? [] : [row(flag, value, text, entry, index === 0 ? short : undefined)];
  });
}

const rows: readonly Row[] = [
  ...sided('pod', '[NS/]PREFIX', 'pod name', pod),
  ...sided('namespace', 'NAME', 'namespace', [{ namespaces: 'either', isAll: false }, { namespaces: 'from', isAll: false }, { namespaces: 'to', isAll: false }], 'n'),
  ...sided('all-namespaces', '', 'names mean pods of every namespace', [{ namespaces: 'either', isAll: true }, { namespaces: 'from', isAll: true }, { namespaces: 'to', isAll: true }], 'A'),
  ...sided('service', '[NS/]PREFIX', 'service name', service),
  ...sided('workload', '[KIND/]NAME', 'workload', workload),
  ...sided('label', 'SELECTOR', 'labels', label, 'l'),
  ...sided('identity', 'NUMBER|NAME', 'security identity', identity),
  ...sided('ip', 'ADDRESS|CIDR', 'address', ip),
  row('snat-ip', 'ADDRESS|CIDR', 'source address after translation', both((value) => ({ source_ip_xlated: [value] }))),
  row('ipv4', '', 'only IPv4', both(() => ({ ip_version: [IPVersion.IPv4] })), '4'),
  row('ipv6', '', 'only IPv6', both(() => ({ ip_version: [IPVersion.IPv6] })), '6'),
  row('ip-version', 'none|v4|v6', 'IP version', both((value) => ({ ip_version: [parseIpVersion(value)] }))),
  ...sided('fqdn', 'PATTERN', 'DNS name, * allowed', fqdn),
  ...sided('port', 'PORT', 'port', port),
  row('protocol', 'NAME', 'tcp udp sctp icmp icmpv4 icmpv6 vrrp igmp dns http kafka', both((value) => ({ protocol: [value] }))),
  row('tcp-flags', 'FLAGS', 'all of these flags (SYN,ACK)', both((value) => ({ tcp_flags: [parseTcpFlags(value)] }))),
  row('type', 'TYPE[:SUB]', 'capture drop l7 policy-verdict trace trace-sock', both((value) => ({ event_type: [parseEventType(value)] })), 't'),
  row('verdict', 'NAME', 'FORWARDED DROPPED AUDIT REDIRECTED ERROR TRACED TRANSLATED', both((value) => ({ verdict: [enumValue(Verdict, value, 'verdict')] }))),
  row('drop-reason-desc', 'NAME', 'drop reason such as POLICY_DENIED', both((value) => ({ drop_reason_desc: [enumValue(DropReason, value, 'drop-reason-desc')] }))),
  row('traffic-direction', 'NAME', 'ingress or egress', both((value) => ({ traffic_direction: [parseDirection(value)] }))),
  row('http-status', 'CODE', '404, 4+, 40+', both((value) => ({ http_status_code: [value] }))),
  row('http-method', 'METHOD', 'HTTP method', both((value) => ({ http_method: [value] }))),
  row('http-path', 'REGEX', 'path of the URL', both((value) => ({ http_path: [value] }))),
  row('http-url', 'REGEX', 'whole URL', both((value) => ({ http_url: [value] }))),
  row('http-header', 'NAME:VALUE', 'HTTP header', both((value) => ({ http_header: [parseHeader(value)] }))),
  row('trace-id', 'ID', 'W3C trace', both((value) => ({ trace_id: [value] }))),
  row('ip-trace-id', 'NUMBER', 'trace id in an IP option', both((value) => ({ ip_trace_id: [parseTraceId(value)] }))),
  row('node-name', 'PATTERN', 'node, cluster/node, * allowed', both((value) => ({ node_name: [value] }))),
  row('node-label', 'SELECTOR', 'labels of the node', both((value) => ({ node_labels: [value] }))),
  ...sided('cluster', 'NAME', 'cluster', cluster),
  row('interface', 'NAME', 'network interface', both((value) => ({ interface: [{ name: value }] }))),
  row('uuid', 'UUID', 'one flow', both((value) => ({ uuid: [value] }))),
  row('encrypted', '', 'only encrypted', both(() => ({ encrypted: [true] }))),
  row('unencrypted', '', 'only unencrypted', both(() => ({ encrypted: [false] }))),
  row('cel-expression', 'CEL', 'expression over _flow, if the server has it', both((value) => ({ experimental: { cel_expression: [value] } }))),
];

/** The filter flags for the parser and the help text. */
export const filterFlags: readonly Flag[] = [{ name: 'not', kind: 'bool', group, help: 'turn the next filter round' }, ...rows.map(({ flag }) => flag)];

/** What each flag asks, by name. */
export const filterFlagTable: ReadonlyMap<string, FilterFlagEntry> = new Map(rows.map(({ flag, entry }) => [flag.name, entry]));

function parseWorkload(text: string): Workload {
  const slash = text.indexOf('/');
  return slash < 0 ? { name: text } : { kind: text.slice(0, slash), name: text.slice(slash + 1) };
}

function parseIdentity(text: string): number {
  const reserved = reservedIdentities.indexOf(text);
  if (reserved > 0) return reserved;
  const number = /^(?:\d+|0[xX][0-9a-fA-F]+)$/.test(text) ? Number(text) : Number.NaN;
  if (!(number <= 0xffff_ffff)) throw new UsageError(`invalid security identity, expected one of [${reservedIdentities.slice(1).join(' ')}] or a numeric value`);
  return number;
}

function parseIpVersion(text: string): number {
  if (/^(?:4|v4|ipv4|ip4)$/i.test(text)) return IPVersion.IPv4;
  return /^(?:6|v6|ipv6|ip6)$/i.test(text) ? IPVersion.IPv6 : IPVersion.IP_NOT_USED;
}

function parseTcpFlags(text: string): TCPFlags {
  const flags: Record<string, boolean> = {};
  for (const name of text.split(',')) {
    const upper = name.trim().toUpperCase();
    if (!['FIN', 'SYN', 'RST', 'PSH', 'ACK', 'URG', 'ECE', 'CWR', 'NS'].includes(upper)) throw new UsageError(`unknown tcp flag: ${name}`);
    flags[upper] = true;
  }
  return flags;
}

function parseEventType(text: string): EventTypeFilter {
  const [name = '', sub] = text.split(':', 2);
  const type = eventKindNames.get(name) ?? parseNumber(name);
  if (type === undefined) throw new UsageError(`unable to parse type '${name}', not a known type name and unable to parse as numeric value: invalid syntax`);
  if (sub === undefined) return { type };
  const names = type === EventKind.TRACE ? tracePoints : type === EventKind.AGENT ? agentNotifications : [];
  const subType = names.includes(sub) ? names.indexOf(sub) : parseNumber(sub);
  if (subType === undefined) throw new UsageError(`unable to parse event sub-type '${sub}', not a known sub-type name and unable to parse as numeric value: invalid syntax`);
  return { type, match_sub_type: true, sub_type: subType };
}

function parseNumber(text: string): number | undefined {
  return /^\d{1,9}$/.test(text) ? Number(text) : undefined;
}

function enumValue(values: Readonly<Record<string, number>>, text: string, flag: string): number {
  const value = Object.hasOwn(values, text) ? values[text] : undefined;
  if (value === undefined) throw new UsageError(`invalid --${flag} value: ${text}`);
  return value;
}

function parseDirection(text: string): number {
  const lower = text.toLowerCase();
  if (lower !== 'ingress' && lower !== 'egress') throw new UsageError(`${text}: invalid traffic direction, expected ingress or egress`);
  return lower === 'ingress' ? TrafficDirection.INGRESS : TrafficDirection.EGRESS;
}

function parseHeader(text: string): { key: string; value: string } {
  const colon = text.indexOf(':');
  if (colon < 0) throw new UsageError(`invalid --http-header value: ${text}: expected name:value`);
  return { key: text.slice(0, colon), value: text.slice(colon + 1) };
}

function parseTraceId(text: string): bigint {
  if (!/^[1-9]\d{0,19}$/.test(text)) throw new UsageError(`invalid --ip-trace-id value: ${text}: expected a number above 0`);
  return BigInt(text);
}
