// Hot path: one struct ht_event (bpf/event.h) into ring memory.
import { EVENT_VERSION, EventFlag, OFFSET, WORD } from '../decode/event.ts';

/** An address of the plan as this node's datapath knows it. */
export interface SimAddress {
  ip: string;
  /** 16 bytes, IPv4 in the first four. */
  bytes: Uint8Array;
  family: 4 | 6;
  mac: Uint8Array;
  /** From setAddresses(), 0 = world. */
  ref: number;
  labels: number;
}

/** The fields of one event that are not derived from its ends. */
export interface SimEvent {
  type: number;
  subType: number;
  reason: number;
  direction: number;
  why: number;
  flags: number;
  protocol: number;
  timeNs: number;
  sequence: number;
  cpu: number;
  lane: number;
  tcpFlags: number;
  tcpFlagsSeen: number;
  ifindex: number;
  endpointRef: number;
  source: SimAddress;
  destination: SimAddress;
  sourceMac: Uint8Array;
  destinationMac: Uint8Array;
  sourcePort: number;
  destinationPort: number;
  icmpType: number;
  line: number;
  dropReason: number;
  skbs: number;
  segments: number;
  bytes: number;
  hash: number;
}

/** Writes `event` at `at`, where EVENT_BYTES are free and zero. */
export function writeEvent(view: DataView, data: Uint8Array, at: number, event: SimEvent): void {
  const { source, destination } = event;
  view.setUint8(at + OFFSET.version, EVENT_VERSION);
  view.setUint8(at + OFFSET.type, event.type);
  view.setUint8(at + OFFSET.sub_type, event.subType);
  view.setUint8(at + OFFSET.reason, event.reason);
  view.setUint8(at + OFFSET.direction, event.direction);
  view.setUint8(at + OFFSET.why, event.why);
  view.setUint8(at + OFFSET.flags, event.flags | (source.family === 6 ? EventFlag.ipv6 : 0));
  view.setUint8(at + OFFSET.protocol, event.protocol);
  setUint64(view, at + OFFSET.time_ns, event.timeNs);
  setUint64(view, at + OFFSET.sequence, event.sequence);
  view.setUint16(at + OFFSET.cpu, event.cpu, true);
  view.setUint8(at + OFFSET.lane, event.lane);
  view.setUint16(at + OFFSET.tcp_flags, event.tcpFlags, true);
  view.setUint16(at + OFFSET.tcp_flags_seen, event.tcpFlagsSeen, true);
  view.setUint32(at + OFFSET.ifindex, event.ifindex, true);
  view.setUint32(at + OFFSET.endpoint_ref, event.endpointRef, true);
  view.setUint32(at + OFFSET.source_ref, source.ref, true);
  view.setUint32(at + OFFSET.destination_ref, destination.ref, true);
  view.setUint32(at + OFFSET.source_labels, source.labels, true);
  view.setUint32(at + OFFSET.destination_labels, destination.labels, true);
  data.set(source.bytes, at + OFFSET.source_ip);
  data.set(destination.bytes, at + OFFSET.destination_ip);
  view.setUint16(at + OFFSET.source_port, event.sourcePort, true);
  view.setUint16(at + OFFSET.destination_port, event.destinationPort, true);
  view.setUint8(at + OFFSET.icmp_type, event.icmpType);
  view.setUint16(at + OFFSET.line, event.line, true);
  view.setUint32(at + OFFSET.drop_reason, event.dropReason, true);
  view.setUint32(at + OFFSET.skbs, event.skbs, true);
  view.setUint32(at + OFFSET.segments, event.segments, true);
  data.set(event.sourceMac, at + OFFSET.source_mac);
  data.set(event.destinationMac, at + OFFSET.destination_mac);
  view.setUint32(at + OFFSET.hash, event.hash, true);
  setUint64(view, at + OFFSET.bytes, event.bytes);
}

function setUint64(view: DataView, at: number, value: number): void {
  view.setUint32(at, value % WORD, true);
  view.setUint32(at + 4, Math.floor(value / WORD), true);
}
