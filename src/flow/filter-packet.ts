import { type IpBytes, parseIp } from '../lib/ip-bytes.ts';
import { type FlowFilter, type TCPFlags, Verdict } from '../wire/gen/flow.ts';
import { FilterError } from './filter-error.ts';
import type { FlowPredicate } from './flow-view.ts';
import { isInsidePrefix, parsePrefix } from './ip-prefix.ts';
import { tcpFlagBits } from './words.ts';

/** Fields about the verdict and the event: what happened to the packet and who reported it. */
export function eventTypePredicate(filter: FlowFilter): FlowPredicate | undefined {
  const wanted = filter.event_type ?? [];
  if (wanted.length === 0) return undefined;
  return (flow) => flow.eventType >= 0 && wanted.some(({ type = 0, match_sub_type: matchSubType = false, sub_type: subType = 0 }) =>
    (type === 0 || type === flow.eventType) && (!matchSubType || subType === flow.eventSubType));
}

/** A dropped flow whose reason is one of these. */
export function dropReasonPredicate(filter: FlowFilter): FlowPredicate | undefined {
  const reasons = filter.drop_reason_desc ?? [];
  return reasons.length === 0 ? undefined : (flow) => flow.verdict === Verdict.DROPPED && reasons.includes(flow.dropReason);
}

/** Replies or not; a drop does not say and counts as not. */
export function replyPredicate(filter: FlowFilter): FlowPredicate | undefined {
  const wanted = filter.reply ?? [];
  if (wanted.length === 0) return undefined;
  return (flow) => {
    const isReply = flow.isReply ?? (flow.verdict === Verdict.DROPPED ? false : undefined);
    return isReply !== undefined && wanted.includes(isReply);
  };
}

const l4Protocols = new Set(['icmpv4', 'icmpv6', 'tcp', 'udp', 'sctp', 'vrrp', 'igmp']);
const l7Protocols = new Set(['dns', 'http', 'kafka']);

/** Protocol names; `icmp` is both versions. */
export function protocolPredicate(filter: FlowFilter): FlowPredicate | undefined {
  const names = filter.protocol ?? [];
  if (names.length === 0) return undefined;
  const wanted = new Set<string>();
  for (const name of names) {
    const lower = name.toLowerCase();
    if (lower !== 'icmp' && !l4Protocols.has(lower) && !l7Protocols.has(lower)) throw new FilterError(`invalid protocol filter: unknown protocol: "${name}"`);
    for (const protocol of lower === 'icmp' ? ['icmpv4', 'icmpv6'] : [lower]) wanted.add(protocol);
  }
  const asksL7 = [...wanted].some((name) => l7Protocols.has(name));
  return (flow) => wanted.has(flow.l4Protocol) || (asksL7 && wanted.has(flow.l7Protocol));
}

/** Addresses of one end: a text without slash is compared as text, one with a slash is a network. */
export function ipPredicate(values: readonly string[], end: 'sourceIp' | 'destinationIp' | 'sourceIpXlated'): FlowPredicate | undefined {
  if (values.length === 0) return undefined;
  const texts = new Set(values.filter((value) => !value.includes('/')));
  for (const text of texts) if (parseIp(text) === undefined) throw new FilterError(`invalid IP address "${text}" in filter: unable to parse IP`);
  const prefixes = values.filter((value) => value.includes('/')).map((value) => {
    const prefix = parsePrefix(value);
    if (prefix === undefined) throw new FilterError(`invalid IP prefix "${value}" in filter: expected ADDRESS/BITS`);
    return prefix;
  });
  return (flow) => {
    const text = flow[end];
    if (text === '') return false;
    if (texts.has(text)) return true;
    const address = prefixes.length === 0 ? undefined : parseOnce(text);
    return address !== undefined && prefixes.some((prefix) => isInsidePrefix(address, prefix));
  };
}

let lastText = '';
let lastAddress: IpBytes | undefined;

/** A thousand filters ask for the address of the same flow. */
function parseOnce(text: string): IpBytes | undefined {
  if (text !== lastText) {
    lastAddress = parseIp(text);
    lastText = text;
  }
  return lastAddress;
}

/** Ports of one end of TCP, UDP and SCTP. */
export function portPredicate(values: readonly string[], side: 'source' | 'destination'): FlowPredicate | undefined {
  if (values.length === 0) return undefined;
  const ports = new Set(values.map((value) => {
    const port = /^\d{1,5}$/.test(value) ? Number(value) : 65_536;
    if (port > 65_535) throw new FilterError(`invalid ${side} port filter: invalid port "${value}": expected a number from 0 to 65535`);
    return port;
  }));
  return side === 'source' ? (flow) => ports.has(flow.sourcePort) : (flow) => ports.has(flow.destinationPort);
}

/** Sets of TCP flags that must all be there. */
export function tcpFlagsPredicate(filter: FlowFilter): FlowPredicate | undefined {
  const wanted = (filter.tcp_flags ?? []).map(tcpFlagMask);
  return wanted.length === 0 ? undefined : (flow) => flow.tcpFlags >= 0 && wanted.some((mask) => (flow.tcpFlags & mask) === mask);
}

/** Bits of a TCPFlags message, numbered as in the TCP header. */
export function tcpFlagMask(flags: TCPFlags): number {
  return tcpFlagBits.reduce((mask, { name, bit }) => (flags[name] === true ? mask | bit : mask), 0);
}

/** Interfaces by index, name or both. */
export function interfacePredicate(filter: FlowFilter): FlowPredicate | undefined {
  const wanted = filter.interface ?? [];
  if (wanted.length === 0) return undefined;
  return (flow) => {
    const seen = flow.interface;
    return seen !== undefined && wanted.some(({ index = 0, name = '' }) => (index === 0 || index === seen.index) && (name === '' || name === seen.name));
  };
}
