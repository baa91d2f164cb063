/**
 * Where things stand in a `struct ht_event` (bpf/event.h). Checked against the
 * C compiler's own layout in test/bpf.
 */

/** Size of one record; a multiple of 8, so that rows in an array stay aligned. */
export const EVENT_BYTES = 144;
/** The same in 32-bit words. */
export const EVENT_WORDS = EVENT_BYTES / 4;
/** The only record layout this agent reads. */
export const EVENT_VERSION = 2;

/** Byte offset of every field of `struct ht_event`. */
export const OFFSET = {
  version: 0,
  type: 1,
  sub_type: 2,
  reason: 3,
  direction: 4,
  why: 5,
  flags: 6,
  protocol: 7,
  time_ns: 8,
  sequence: 16,
  cpu: 24,
  lane: 26,
  vlan_count: 27,
  tcp_flags: 28,
  tcp_flags_seen: 30,
  ifindex: 32,
  endpoint_ref: 36,
  source_ref: 40,
  destination_ref: 44,
  source_labels: 48,
  destination_labels: 52,
  source_ip: 56,
  destination_ip: 72,
  source_port: 88,
  destination_port: 90,
  icmp_type: 92,
  icmp_code: 93,
  line: 94,
  drop_reason: 96,
  skbs: 100,
  segments: 104,
  source_mac: 108,
  destination_mac: 114,
  hash: 120,
  policy: 124,
  bytes: 128,
  service: 136,
  folded: 140,
} as const;

/** Values of `type`. */
export const EventType = { drop: 1, trace: 4, verdict: 5, sock: 7, kernelDrop: 8 } as const;
/** Values of `sub_type` of a trace: the observation point in BPF's numbering. */
export const Point = { toEndpoint: 0, toStack: 3, fromEndpoint: 5 } as const;
/** Values of `reason` of a trace: what conntrack said. */
export const TraceReason = { new: 0, established: 1, reply: 2, related: 3, unknown: 5 } as const;
/** Values of `direction`: of the connection, as the local endpoint sees it. */
export const Direction = { unknown: 0, ingress: 1, egress: 2 } as const;
/** Bits of `flags`. */
export const EventFlag = { ipv6: 0x01, fragment: 0x02, vlan: 0x04, l3Device: 0x08, icmpError: 0x10, midStream: 0x20, audited: 0x40 } as const;
/** Values of `why`. */
export const Why = { new: 1, flags: 2, close: 3, interval: 4, sweep: 5, untracked: 6, drop: 7, verdict: 8, fold: 9 } as const;
/** Names of `why`, by number; the words of FlowExtension.why. */
export const whyNames: readonly string[] = ['', 'new', 'flags', 'close', 'interval', 'sweep', 'untracked', 'drop', 'verdict', 'fold'];
/** Names of `lane`, by number; the words of Telemetry's Ring.lane. */
export const laneNames: readonly string[] = ['urgent', 'bulk'];
/** Number of lanes. */
export const LANES = 2;

/** 2^32, to join two 32-bit words into a number. */
export const WORD = 0x1_0000_0000;
