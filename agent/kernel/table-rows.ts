/**
 * Connections, addresses and devices out of the bytes of our own maps: layouts
 * of bpf/event.h, checked against the compiler. Parser of one format, no input
 * or output.
 */
import { formatIp } from '../../src/lib/ip-bytes.ts';
import { parserName } from '../policy/parser.ts';

/** Where things stand in struct ht_conntrack_key and struct ht_conntrack, and in each of its two sides. */
export const CONNTRACK_KEY = { a: 0, b: 16, a_port: 32, b_port: 34, ifindex: 36, family: 40, protocol: 41 } as const;
export const CONNTRACK = {
  created_ns: 0, last_seen: 8, a_ref: 12, b_ref: 16, a_labels: 20, b_labels: 24, epoch: 28, client_is_b: 32, flags: 33, closing: 34, direction: 35, policy: 36, service: 40,
  verdict: 44, is_graced: 47, parser: 51, side: 56,
} as const;
export const CONNTRACK_SIDE = { bytes: 0, skbs: 8, segments: 12, last_report: 16, tcp_seen: 20, tcp_fresh: 22, end: 24 } as const;
/** struct ht_address_key, ht_address, ht_device. */
export const ADDRESS_KEY = { ip: 0, family: 16 } as const;
export const ADDRESS = { ref: 0, labels: 4, flags: 8 } as const;
export const DEVICE = { ref: 0, labels: 4 } as const;

/** struct ht_service_key, ht_service, ht_backend_key, ht_backend. */
export const SERVICE_KEY = { ip: 0, port: 16, protocol: 18, family: 19 } as const;
export const SERVICE = { service: 0, set: 4, backends: 8, flags: 12 } as const;
export const BACKEND_KEY = { set: 0, slot: 4 } as const;
export const BACKEND = { ip: 0, port: 16 } as const;

/** struct ht_policy_key, ht_policy. */
export const POLICY_KEY = { prefix_bits: 0, peer: 4, direction: 8, protocol: 9, port_be: 10 } as const;
export const POLICY = { policy: 0, flags: 4, bits: 5, parser: 6 } as const;

const NS_PER_S = 1_000_000_000n;
const TCP = 6, IPV6 = 6;
const RESET = 0x80, BOTH = 3, MID_STREAM = 0x20, LOCAL = 1, INGRESS = 1, TRANSLATE = 1;
const ANY_PEER = 0xffff_ffff, DENY = 1, BY_DEFAULT = 2, NOT_KNOWN = 4, PROTOCOL_BITS = 8, PORT_BITS = 16;
const ICMP: readonly number[] = [1, 58];
/** Backends of one service that are read. */
const MAX_BACKENDS = 1_024;

/** One end of a connection. What it sent and no event told of yet. */
export interface ConnectionEnd {
  ip: string;
  port: number;
  /** Numbers the agent gave: version of the endpoint, label set; 0 = the world. */
  ref: number;
  labels: number;
  packets: number;
  segments: number;
  bytes: number;
}

/** One entry of ht_conntrack. */
export interface Connection {
  protocol: number;
  direction: 'ingress' | 'egress';
  client: ConnectionEnd;
  server: ConnectionEnd;
  ifindex: number;
  /** Of TCP: opening, open, half closed, closed, reset. */
  state: string;
  /** Seconds of CLOCK_BOOTTIME. */
  createdS: number;
  seenS: number;
  /** Its beginning was not seen. */
  isMidStream: boolean;
  /** Hubble's number; 0 = policies were not asked. */
  verdict: number;
  policy: number;
  service: number;
  /** What its requests are parsed as, by policies; empty = nothing. */
  parser: string;
}

/** One entry of ht_addresses. */
export interface KnownAddress {
  ip: string;
  ref: number;
  labels: number;
  isLocal: boolean;
}

/** A connection from its entry. The bytes may be overwritten afterwards. */
export function readConnection(key: Uint8Array, value: Uint8Array): Connection {
  const [keyView, view] = [viewOf(key), viewOf(value)];
  const isIpv6 = key[CONNTRACK_KEY.family] === IPV6;
  const end = (side: 'a' | 'b'): ConnectionEnd => {
    const at = CONNTRACK.side + (side === 'a' ? 0 : CONNTRACK_SIDE.end);
    return {
      ip: formatIp(key, isIpv6 ? 6 : 4, CONNTRACK_KEY[side]), port: keyView.getUint16(CONNTRACK_KEY[`${side}_port`]), ref: view.getUint32(CONNTRACK[`${side}_ref`], true),
      labels: view.getUint32(CONNTRACK[`${side}_labels`], true), packets: view.getUint32(at + CONNTRACK_SIDE.skbs, true), segments: view.getUint32(at + CONNTRACK_SIDE.segments, true),
      bytes: Number(view.getBigUint64(at + CONNTRACK_SIDE.bytes, true)),
    };
  };
  const isClientB = value[CONNTRACK.client_is_b] === 1;
  return {
    protocol: key[CONNTRACK_KEY.protocol] ?? 0, direction: value[CONNTRACK.direction] === INGRESS ? 'ingress' : 'egress',
    client: end(isClientB ? 'b' : 'a'), server: end(isClientB ? 'a' : 'b'), ifindex: keyView.getUint32(CONNTRACK_KEY.ifindex, true),
    state: key[CONNTRACK_KEY.protocol] === TCP ? tcpState(view) : '',
    createdS: Number(view.getBigUint64(CONNTRACK.created_ns, true) / NS_PER_S), seenS: view.getUint32(CONNTRACK.last_seen, true),
    isMidStream: ((value[CONNTRACK.flags] ?? 0) & MID_STREAM) !== 0, verdict: value[CONNTRACK.verdict] ?? 0,
    policy: view.getUint32(CONNTRACK.policy, true), service: view.getUint32(CONNTRACK.service, true), parser: parserName(value[CONNTRACK.parser] ?? 0),
  };
}

// as ht_timeout_s() in bpf/conntrack.h sees it
function tcpState(view: DataView): string {
  const closing = view.getUint8(CONNTRACK.closing);
  if ((closing & RESET) !== 0) return 'reset';
  if ((closing & BOTH) === BOTH) return 'closed';
  if (closing !== 0) return 'half closed';
  const hasReported = (side: number): boolean => view.getUint32(CONNTRACK.side + side * CONNTRACK_SIDE.end + CONNTRACK_SIDE.last_report, true) !== 0;
  return (hasReported(0) && hasReported(1)) || (view.getUint8(CONNTRACK.flags) & MID_STREAM) !== 0 ? 'open' : 'opening';
}

/** An address from its entry. */
export function readAddress(key: Uint8Array, value: Uint8Array): KnownAddress {
  const view = viewOf(value);
  return {
    ip: formatIp(key, key[ADDRESS_KEY.family] === IPV6 ? 6 : 4), ref: view.getUint32(ADDRESS.ref, true), labels: view.getUint32(ADDRESS.labels, true),
    isLocal: (view.getUint32(ADDRESS.flags, true) & LOCAL) !== 0,
  };
}

/** The endpoint behind a device, from its entry: 0 while unknown. */
export function readDevice(key: Uint8Array, value: Uint8Array): { ifindex: number; ref: number; labels: number } {
  return { ifindex: viewOf(key).getUint32(0, true), ref: viewOf(value).getUint32(DEVICE.ref, true), labels: viewOf(value).getUint32(DEVICE.labels, true) };
}

/** One address of a service. */
export interface KnownService {
  ip: string;
  port: number;
  protocol: number;
  /** The agent's number. */
  service: number;
  /** Sockets are sent to a backend; else they are only looked at, and no backend is in the table. */
  isTranslated: boolean;
  backendCount: number;
  /** `address:port`, as many as are read. */
  backends: string[];
}

/** A service from its entry, with what stands behind it. */
export function readService(key: Uint8Array, value: Uint8Array, lookUpBackend: (key: Uint8Array) => Uint8Array | undefined): KnownService {
  const view = viewOf(value);
  const family = key[SERVICE_KEY.family] === IPV6 ? 6 : 4;
  const [set, backendCount] = [view.getUint32(SERVICE.set, true), view.getUint32(SERVICE.backends, true)];
  const backends = Array.from({ length: Math.min(backendCount, MAX_BACKENDS) }, (_, slot) => lookUpBackend(new Uint8Array(new Uint32Array([set, slot]).buffer)))
    // a set that was replaced meanwhile
    .flatMap((found) => (found === undefined ? [] : [addressText(formatIp(found, family), viewOf(found).getUint16(BACKEND.port))]));
  return {
    ip: formatIp(key, family), port: viewOf(key).getUint16(SERVICE_KEY.port), protocol: key[SERVICE_KEY.protocol] ?? 0, service: view.getUint32(SERVICE.service, true),
    isTranslated: (view.getUint32(SERVICE.flags, true) & TRANSLATE) !== 0, backendCount, backends,
  };
}

/** An address and a port as one reads them. */
export function addressText(ip: string, port: number): string {
  return ip.includes(':') ? `[${ip}]:${port}` : `${ip}:${port}`;
}

/** One entry of an endpoint's policy map. */
export interface PolicyEntryRow {
  direction: 'ingress' | 'egress';
  /** Label set of the other end; undefined = whoever has no entry of his own. */
  peer: number | undefined;
  /** Undefined = any. */
  protocol: number | undefined;
  /** Of the server, first and last; of ICMP the type. Undefined = any. */
  ports: { first: number; last: number } | undefined;
  says: 'allow' | 'deny' | 'default deny' | 'unknown port' | 'no policy';
  /** The agent's number of the decision; 0 = none. */
  policy: number;
  /** What requests are parsed as; empty = nothing. */
  parser: string;
}

/** An entry of a policy map. */
export function readPolicyEntry(key: Uint8Array, value: Uint8Array): PolicyEntryRow {
  const [keyView, view] = [viewOf(key), viewOf(value)];
  const [peer, protocol, bits, flags, policy] = [keyView.getUint32(POLICY_KEY.peer, true), key[POLICY_KEY.protocol] ?? 0, value[POLICY.bits] ?? 0, value[POLICY.flags] ?? 0, view.getUint32(POLICY.policy, true)];
  const says = (flags & NOT_KNOWN) !== 0 ? 'unknown port' : (flags & DENY) === 0 ? (policy === 0 ? 'no policy' : 'allow') : (flags & BY_DEFAULT) !== 0 ? 'default deny' : 'deny';
  return {
    direction: key[POLICY_KEY.direction] === INGRESS ? 'ingress' : 'egress', peer: peer === ANY_PEER ? undefined : peer, protocol: bits === 0 ? undefined : protocol,
    ports: bits <= PROTOCOL_BITS ? undefined : portsOf(keyView.getUint16(POLICY_KEY.port_be), bits - PROTOCOL_BITS, ICMP.includes(protocol)), says, policy,
    parser: parserName(value[POLICY.parser] ?? 0),
  };
}

// a range is a few prefixes, as of addresses; the type of ICMP stands in the first byte
function portsOf(port: number, bits: number, isIcmp: boolean): { first: number; last: number } {
  const last = port | ((1 << (PORT_BITS - bits)) - 1);
  return isIcmp ? { first: port >> 8, last: last >> 8 } : { first: port, last };
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
