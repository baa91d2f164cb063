// Hot path (bench row wire/scan): reads what counts of a GetFlowsResponse without making objects.
import {
  AggregateTag, BoolValueTag, CiliumEventTypeTag, DNSTag, FlowTag, GetFlowsResponseTag, HTTPTag, ICMPv4Tag, IPTag, Layer4Field, Layer7Tag, LostEventTag, TCPTag,
  TimestampTag,
} from './gen/field-numbers.ts';

const VARINT = 0;
const FIXED64 = 1;
const DELIMITED = 2;
const GROUP_START = 3;
const FIXED32 = 5;

/** FlowScan.kind. */
export const ScanKind = { NONE: 0, FLOW: 1, NODE_STATUS: 2, LOST_EVENTS: 3 } as const;

/** FlowScan.protocol. */
export const ScanProtocol = { UNKNOWN: 0, TCP: 1, UDP: 2, ICMPv4: 3, ICMPv6: 4, SCTP: 5, VRRP: 6, IGMP: 7 } as const;

/** FlowScan.l7. */
export const ScanL7 = { NONE: 0, DNS: 1, HTTP: 2, KAFKA: 3, OTHER: 4 } as const;

/**
 * What a scan found: numbers, and ranges of the scanned bytes (start = end: absent). Reused: the next scan overwrites
 * it. Where a message comes twice the last one counts, without merging; texts in ranges are neither checked nor scrubbed.
 */
export class FlowScan {
  /** ScanKind. */
  kind = 0;
  /** Of the response; of the flow where the response has none. */
  timeSeconds = 0;
  timeNanos = 0;
  verdict = 0;
  /** drop_reason_desc, or the older drop_reason. */
  dropReason = 0;
  flowType = 0;
  eventType = 0;
  eventSubType = 0;
  direction = 0;
  /** -1 absent, 0, 1. */
  isReply = -1;
  tracePoint = 0;
  traceReason = 0;
  /** IPVersion: 1 is IPv4, 2 is IPv6. */
  ipVersion = 0;
  /** ScanProtocol. */
  protocol = 0;
  sourcePort = 0;
  destinationPort = 0;
  /** HT_TCP_* bits. */
  tcpFlags = 0;
  icmpType = 0;
  icmpCode = 0;
  /** ScanL7, L7FlowType, and what its record says. */
  l7 = 0;
  l7Type = 0;
  latencyNs = 0;
  httpCode = 0;
  dnsRcode = 0;
  /** Flows this one stands for; 0 where it is no aggregate. */
  aggregateCount = 0;
  /** Of lost_events. */
  lostCount = 0;
  lostSource = 0;

  flowStart = 0;
  flowEnd = 0;
  nodeStatusStart = 0;
  nodeStatusEnd = 0;
  lostStart = 0;
  lostEnd = 0;
  sourceStart = 0;
  sourceEnd = 0;
  destinationStart = 0;
  destinationEnd = 0;
  sourceIpStart = 0;
  sourceIpEnd = 0;
  destinationIpStart = 0;
  destinationIpEnd = 0;
  sourceServiceStart = 0;
  sourceServiceEnd = 0;
  destinationServiceStart = 0;
  destinationServiceEnd = 0;
  /** The first of source_names, of destination_names. */
  sourceNameStart = 0;
  sourceNameEnd = 0;
  destinationNameStart = 0;
  destinationNameEnd = 0;
  /** Of the response; of the flow where the response has none. */
  nodeNameStart = 0;
  nodeNameEnd = 0;
  interfaceStart = 0;
  interfaceEnd = 0;
  summaryStart = 0;
  summaryEnd = 0;
  uuidStart = 0;
  uuidEnd = 0;
  l7Start = 0;
  l7End = 0;
  extensionsStart = 0;
  extensionsEnd = 0;
}

/**
 * Functions below take the place of the next byte and give the place after what they read: locals stay in registers, and
 * that is half of the speed. A place beyond the end of its message means malformed bytes; FAILED is beyond all of them.
 * Varints of one byte are read where they stand; what is longer goes through `readVarint`, which leaves its end in `cursor`.
 */
let cursor = 0;
/** Beyond the end of every buffer, and a small integer for V8. */
const FAILED = 0x7000_0000;

/** Where the last scanned flow has its own time; read only if the response has none. */
let flowTimeStart = 0;
let flowTimeEnd = 0;

/** The low 32 bits of a varint. One byte is read even at the end: whoever asks sees that the place after it is too far. */
function readVarint(b: Uint8Array, from: number, end: number): number {
  const byte = b[from] ?? 0;
  if (byte < 128) {
    cursor = from + 1;
    return byte;
  }
  return readLaterVarint(b, from, end);
}

/** A varint of more than one byte. */
function readLaterVarint(b: Uint8Array, from: number, end: number): number {
  let at = from;
  let value = 0;
  for (let shift = 0; shift < 70 && at < end; shift += 7) {
    const byte = b[at++] ?? 0;
    if (shift < 32) value |= (byte & 127) << shift;
    if (byte < 128) {
      cursor = at;
      return value >>> 0;
    }
  }
  cursor = FAILED;
  return 0;
}

/** A varint as a number, exact up to 2^53. */
function readLongVarint(b: Uint8Array, from: number, end: number): number {
  let at = from;
  let value = 0;
  let factor = 1;
  for (let i = 0; i < 10; i++) {
    if (at >= end) break;
    const byte = b[at++] ?? 0;
    value += (byte & 127) * factor;
    if (byte < 128) {
      cursor = at;
      return value;
    }
    factor *= 128;
  }
  cursor = FAILED;
  return 0;
}

/** Seconds since 1970: of any present time they have five bytes, and fit 31 bits. */
function readSeconds(b: Uint8Array, from: number, end: number): number {
  const last = b[from + 4] ?? 0;
  const isUsual = from + 5 <= end && last < 8 && ((b[from] ?? 0) & (b[from + 1] ?? 0) & (b[from + 2] ?? 0) & (b[from + 3] ?? 0) & 128) !== 0;
  if (!isUsual) return readLongVarint(b, from, end);
  cursor = from + 5;
  return ((b[from] ?? 0) & 127) | (((b[from + 1] ?? 0) & 127) << 7) | (((b[from + 2] ?? 0) & 127) << 14) | (((b[from + 3] ?? 0) & 127) << 21) | (last << 28);
}

/** Reads the length of a delimited field at `from`: gives where the field ends, leaves where it begins in `cursor`. FAILED for one that does not fit. */
function readEnd(b: Uint8Array, from: number, end: number): number {
  const byte = b[from] ?? 0;
  if (byte < 128) {
    cursor = from + 1;
    return from + 1 + byte <= end ? from + 1 + byte : FAILED;
  }
  const length = readVarint(b, from, end);
  return length <= end - cursor ? cursor + length : FAILED;
}

/** Skips a field that nobody asked for. */
function skip(b: Uint8Array, from: number, end: number, tag: number): number {
  let at = from;
  switch (tag & 7) {
    case VARINT:
      readVarint(b, at, end);
      at = cursor;
      break;
    case FIXED64: at += 8; break;
    case FIXED32: at += 4; break;
    case DELIMITED: at = readEnd(b, at, end); break;
    case GROUP_START: at = skipGroup(b, at, end, tag); break;
    default: return FAILED;
  }
  return at > end || tag < 8 ? FAILED : at;
}

/** Groups are older than proto3, but legal in unknown fields: skipped without recursion. */
function skipGroup(b: Uint8Array, from: number, end: number, startTag: number): number {
  const open = [startTag >>> 3];
  let at = from;
  while (open.length > 0 && open.length < 100) {
    if (at >= end) break;
    const tag = readVarint(b, at, end);
    at = cursor;
    if ((tag & 7) === GROUP_START) open.push(tag >>> 3);
    else if ((tag & 7) === GROUP_START + 1) {
      if (open.pop() !== tag >>> 3) break;
      if (open.length === 0) return at;
    } else at = skip(b, at, end, tag);
  }
  return FAILED;
}

/**
 * Scans one GetFlowsResponse (without gRPC prefix) at bytes[start..end). False for malformed bytes: then the result is
 * half filled and means nothing.
 */
export function scanResponse(bytes: Uint8Array, start: number, end: number, out: FlowScan): boolean {
  clear(out);
  if (end > bytes.length || start > end) return false;
  flowTimeStart = flowTimeEnd = 0;
  let nodeNameStart = 0;
  let nodeNameEnd = 0;
  let timeStart = 0;
  let timeEnd = 0;
  let at = start;
  while (at < end) {
    const tag = readVarint(bytes, at, end);
    at = cursor;
    switch (tag) {
      case GetFlowsResponseTag.flow:
        out.kind = ScanKind.FLOW;
        at = readEnd(bytes, at, end);
        out.flowEnd = at;
        out.flowStart = cursor;
        if (at !== FAILED && scanFlow(bytes, cursor, at, out) !== at) return false;
        break;
      case GetFlowsResponseTag.node_status:
        out.kind = ScanKind.NODE_STATUS;
        at = readEnd(bytes, at, end);
        out.nodeStatusEnd = at;
        out.nodeStatusStart = cursor;
        break;
      case GetFlowsResponseTag.lost_events:
        out.kind = ScanKind.LOST_EVENTS;
        at = readEnd(bytes, at, end);
        out.lostEnd = at;
        out.lostStart = cursor;
        if (at !== FAILED && scanLost(bytes, cursor, at, out) !== at) return false;
        break;
      case GetFlowsResponseTag.node_name:
        at = readEnd(bytes, at, end);
        nodeNameEnd = at;
        nodeNameStart = cursor;
        break;
      case GetFlowsResponseTag.time:
        at = readEnd(bytes, at, end);
        timeEnd = at;
        timeStart = cursor;
        break;
      default: at = skip(bytes, at, end, tag);
    }
  }
  if (at !== end) return false;
  if (nodeNameEnd > nodeNameStart) {
    out.nodeNameStart = nodeNameStart;
    out.nodeNameEnd = nodeNameEnd;
  }
  if (timeEnd > timeStart) return scanTime(bytes, timeStart, timeEnd, out) === timeEnd;
  return scanTime(bytes, flowTimeStart, flowTimeEnd, out) === flowTimeEnd;
}

function scanFlow(b: Uint8Array, from: number, end: number, out: FlowScan): number {
  let dropReason = 0;
  let at = from;
  while (at < end) {
    let tag = b[at++] ?? 0;
    if (tag >= 128) {
      tag = readVarint(b, at - 1, end);
      at = cursor;
    }
    // tags of one byte lie close together, so that this switch becomes a table
    switch (tag) {
      case FlowTag.time:
        at = readEnd(b, at, end);
        flowTimeEnd = at;
        flowTimeStart = cursor;
        break;
      case FlowTag.verdict:
        out.verdict = readVarint(b, at, end);
        at = cursor;
        break;
      case FlowTag.drop_reason:
        dropReason = readVarint(b, at, end);
        at = cursor;
        break;
      case FlowTag.IP:
        at = readEnd(b, at, end);
        if (scanIp(b, cursor, at, out) !== at) return FAILED;
        break;
      case FlowTag.l4:
        at = readEnd(b, at, end);
        if (scanLayer4(b, cursor, at, out) !== at) return FAILED;
        break;
      case FlowTag.source:
        at = readEnd(b, at, end);
        out.sourceEnd = at;
        out.sourceStart = cursor;
        break;
      case FlowTag.destination:
        at = readEnd(b, at, end);
        out.destinationEnd = at;
        out.destinationStart = cursor;
        break;
      case FlowTag.Type:
        out.flowType = readVarint(b, at, end);
        at = cursor;
        break;
      case FlowTag.node_name:
        at = readEnd(b, at, end);
        out.nodeNameEnd = at;
        out.nodeNameStart = cursor;
        break;
      case FlowTag.source_names:
        at = readEnd(b, at, end);
        if (out.sourceNameEnd === 0) {
          out.sourceNameStart = cursor;
          out.sourceNameEnd = at;
        }
        break;
      case FlowTag.destination_names:
        at = readEnd(b, at, end);
        if (out.destinationNameEnd === 0) {
          out.destinationNameStart = cursor;
          out.destinationNameEnd = at;
        }
        break;
      case FlowTag.l7:
        at = readEnd(b, at, end);
        out.l7End = at;
        out.l7Start = cursor;
        if (scanLayer7(b, cursor, at, out) !== at) return FAILED;
        break;
      default: at = scanFlowFurther(b, at, end, tag, out);
    }
  }
  if (out.dropReason === 0) out.dropReason = dropReason;
  return at;
}

function scanFlowFurther(b: Uint8Array, from: number, end: number, tag: number, out: FlowScan): number {
  let at = from;
  switch (tag) {
    case FlowTag.event_type:
      at = readEnd(b, at, end);
      return scanEventType(b, cursor, at, out) === at ? at : FAILED;
    case FlowTag.source_service:
      at = readEnd(b, at, end);
      out.sourceServiceEnd = at;
      out.sourceServiceStart = cursor;
      return at;
    case FlowTag.destination_service:
      at = readEnd(b, at, end);
      out.destinationServiceEnd = at;
      out.destinationServiceStart = cursor;
      return at;
    case FlowTag.traffic_direction:
      out.direction = readVarint(b, at, end);
      return cursor;
    case FlowTag.trace_observation_point:
      out.tracePoint = readVarint(b, at, end);
      return cursor;
    case FlowTag.drop_reason_desc:
      out.dropReason = readVarint(b, at, end);
      return cursor;
    case FlowTag.is_reply:
      at = readEnd(b, at, end);
      out.isReply = scanOneNumber(b, cursor, at, BoolValueTag.value) === 0 ? 0 : 1;
      return cursor === at ? at : FAILED;
    case FlowTag.interface:
      at = readEnd(b, at, end);
      out.interfaceEnd = at;
      out.interfaceStart = cursor;
      return at;
    case FlowTag.uuid:
      at = readEnd(b, at, end);
      out.uuidEnd = at;
      out.uuidStart = cursor;
      return at;
    case FlowTag.trace_reason:
      out.traceReason = readVarint(b, at, end);
      return cursor;
    case FlowTag.aggregate:
      at = readEnd(b, at, end);
      return scanAggregate(b, cursor, at, out) === at ? at : FAILED;
    case FlowTag.Summary:
      at = readEnd(b, at, end);
      out.summaryEnd = at;
      out.summaryStart = cursor;
      return at;
    case FlowTag.extensions:
      at = readEnd(b, at, end);
      out.extensionsEnd = at;
      out.extensionsStart = cursor;
      return at;
    default: return skip(b, at, end, tag);
  }
}

function scanTime(b: Uint8Array, from: number, end: number, out: FlowScan): number {
  let at = from;
  while (at < end) {
    const tag = readVarint(b, at, end);
    at = cursor;
    if (tag === TimestampTag.seconds) {
      out.timeSeconds = readSeconds(b, at, end);
      at = cursor;
    } else if (tag === TimestampTag.nanos) {
      out.timeNanos = readVarint(b, at, end);
      at = cursor;
    } else at = skip(b, at, end, tag);
  }
  return at;
}

function scanIp(b: Uint8Array, from: number, end: number, out: FlowScan): number {
  if (end === FAILED) return 0;
  let at = from;
  while (at < end) {
    const tag = b[at++] ?? 0;
    if (tag === IPTag.source) {
      at = readEnd(b, at, end);
      out.sourceIpEnd = at;
      out.sourceIpStart = cursor;
    } else if (tag === IPTag.destination) {
      at = readEnd(b, at, end);
      out.destinationIpEnd = at;
      out.destinationIpStart = cursor;
    } else if (tag === IPTag.ipVersion) {
      out.ipVersion = readVarint(b, at, end);
      at = cursor;
    } else at = skipTagged(b, at - 1, end);
  }
  return at;
}

/** Skips a field from its tag on. */
function skipTagged(b: Uint8Array, from: number, end: number): number {
  const tag = readVarint(b, from, end);
  return skip(b, cursor, end, tag);
}

function scanLayer4(b: Uint8Array, from: number, end: number, out: FlowScan): number {
  if (end === FAILED) return 0;
  let at = from;
  while (at < end) {
    const tag = b[at++] ?? 0;
    // members of the oneof are numbered as ScanProtocol is
    const member = tag >>> 3;
    if ((tag & 7) !== DELIMITED || member < Layer4Field.TCP || member > Layer4Field.IGMP) {
      at = skipTagged(b, at - 1, end);
      continue;
    }
    at = readEnd(b, at, end);
    out.protocol = member;
    if (at === FAILED) return FAILED;
    if (member === Layer4Field.TCP || member === Layer4Field.UDP || member === Layer4Field.SCTP) {
      if (scanPorts(b, cursor, at, out) !== at) return FAILED;
    } else if (member === Layer4Field.ICMPv4 || member === Layer4Field.ICMPv6) {
      if (scanIcmp(b, cursor, at, out) !== at) return FAILED;
    }
  }
  return at;
}

/** TCP, UDP and SCTP: the numbers of the ports are the same. */
function scanPorts(b: Uint8Array, from: number, end: number, out: FlowScan): number {
  out.sourcePort = out.destinationPort = out.tcpFlags = 0;
  let at = from;
  while (at < end) {
    const tag = b[at++] ?? 0;
    if (tag === TCPTag.source_port) {
      out.sourcePort = readVarint(b, at, end);
      at = cursor;
    } else if (tag === TCPTag.destination_port) {
      out.destinationPort = readVarint(b, at, end);
      at = cursor;
    } else if (tag === TCPTag.flags && out.protocol === ScanProtocol.TCP) {
      at = readEnd(b, at, end);
      if (at === FAILED || scanFlags(b, cursor, at, out) !== at) return FAILED;
    } else at = skipTagged(b, at - 1, end);
  }
  return at;
}

function scanFlags(b: Uint8Array, from: number, end: number, out: FlowScan): number {
  let flags = 0;
  let at = from;
  while (at < end) {
    const tag = b[at++] ?? 0;
    // field n of TCPFlags is bit n - 1 of HT_TCP_*
    if ((tag & 7) === VARINT && tag >= 8 && tag <= 9 << 3) {
      const bit = 1 << ((tag >>> 3) - 1);
      flags = readVarint(b, at, end) === 0 ? flags & ~bit : flags | bit;
      at = cursor;
    } else at = skipTagged(b, at - 1, end);
  }
  out.tcpFlags = flags;
  return at;
}

function scanIcmp(b: Uint8Array, from: number, end: number, out: FlowScan): number {
  out.icmpType = out.icmpCode = 0;
  let at = from;
  while (at < end) {
    const tag = readVarint(b, at, end);
    at = cursor;
    if (tag === ICMPv4Tag.type) {
      out.icmpType = readVarint(b, at, end);
      at = cursor;
    } else if (tag === ICMPv4Tag.code) {
      out.icmpCode = readVarint(b, at, end);
      at = cursor;
    } else at = skip(b, at, end, tag);
  }
  return at;
}

function scanLayer7(b: Uint8Array, from: number, end: number, out: FlowScan): number {
  if (end === FAILED) return 0;
  out.l7 = ScanL7.OTHER;
  let at = from;
  while (at < end) {
    const tag = readVarint(b, at, end);
    at = cursor;
    if (tag === Layer7Tag.type) {
      out.l7Type = readVarint(b, at, end);
      at = cursor;
    } else if (tag === Layer7Tag.latency_ns) {
      out.latencyNs = readLongVarint(b, at, end);
      at = cursor;
    } else if (tag === Layer7Tag.dns) {
      out.l7 = ScanL7.DNS;
      at = readEnd(b, at, end);
      out.dnsRcode = scanOneNumber(b, cursor, at, DNSTag.rcode);
      if (cursor !== at) return FAILED;
    } else if (tag === Layer7Tag.http) {
      out.l7 = ScanL7.HTTP;
      at = readEnd(b, at, end);
      out.httpCode = scanOneNumber(b, cursor, at, HTTPTag.code);
      if (cursor !== at) return FAILED;
    } else {
      if (tag === Layer7Tag.kafka) out.l7 = ScanL7.KAFKA;
      at = skip(b, at, end, tag);
    }
  }
  return at;
}

/** The one number that is asked for, of a message whose rest is skipped; leaves its end in `cursor`, something else where it is malformed. */
function scanOneNumber(b: Uint8Array, from: number, end: number, wanted: number): number {
  let value = 0;
  let at = from;
  if (end === FAILED) return 0;
  while (at < end) {
    const tag = readVarint(b, at, end);
    at = cursor;
    if (tag === wanted) {
      value = readVarint(b, at, end);
      at = cursor;
    } else at = skip(b, at, end, tag);
  }
  cursor = at;
  return value;
}

function scanEventType(b: Uint8Array, from: number, end: number, out: FlowScan): number {
  if (end === FAILED) return 0;
  let at = from;
  while (at < end) {
    const tag = b[at++] ?? 0;
    if (tag === CiliumEventTypeTag.type) {
      out.eventType = readVarint(b, at, end) | 0;
      at = cursor;
    } else if (tag === CiliumEventTypeTag.sub_type) {
      out.eventSubType = readVarint(b, at, end) | 0;
      at = cursor;
    } else at = skipTagged(b, at - 1, end);
  }
  return at;
}

function scanAggregate(b: Uint8Array, from: number, end: number, out: FlowScan): number {
  if (end === FAILED) return 0;
  let count = 0;
  let at = from;
  while (at < end) {
    const tag = readVarint(b, at, end);
    at = cursor;
    if ((tag & 7) === VARINT && tag >= AggregateTag.ingress_flow_count && tag <= AggregateTag.unknown_direction_flow_count) {
      count += readVarint(b, at, end);
      at = cursor;
    } else at = skip(b, at, end, tag);
  }
  out.aggregateCount = count;
  return at;
}

function scanLost(b: Uint8Array, from: number, end: number, out: FlowScan): number {
  let at = from;
  while (at < end) {
    const tag = readVarint(b, at, end);
    at = cursor;
    if (tag === LostEventTag.num_events_lost) {
      out.lostCount = readLongVarint(b, at, end);
      at = cursor;
    } else if (tag === LostEventTag.source) {
      out.lostSource = readVarint(b, at, end);
      at = cursor;
    } else at = skip(b, at, end, tag);
  }
  return at;
}

function clear(out: FlowScan): void {
  out.kind = out.timeSeconds = out.timeNanos = out.verdict = out.dropReason = out.flowType = out.eventType = out.eventSubType = out.direction = 0;
  out.isReply = -1;
  out.tracePoint = out.traceReason = out.ipVersion = out.protocol = out.sourcePort = out.destinationPort = out.tcpFlags = out.icmpType = out.icmpCode = 0;
  out.l7 = out.l7Type = out.latencyNs = out.httpCode = out.dnsRcode = out.aggregateCount = out.lostCount = out.lostSource = 0;
  out.flowStart = out.flowEnd = out.nodeStatusStart = out.nodeStatusEnd = out.lostStart = out.lostEnd = 0;
  out.sourceStart = out.sourceEnd = out.destinationStart = out.destinationEnd = 0;
  out.sourceIpStart = out.sourceIpEnd = out.destinationIpStart = out.destinationIpEnd = 0;
  out.sourceServiceStart = out.sourceServiceEnd = out.destinationServiceStart = out.destinationServiceEnd = 0;
  out.sourceNameStart = out.sourceNameEnd = out.destinationNameStart = out.destinationNameEnd = 0;
  out.nodeNameStart = out.nodeNameEnd = out.interfaceStart = out.interfaceEnd = out.summaryStart = out.summaryEnd = 0;
  out.uuidStart = out.uuidEnd = out.l7Start = out.l7End = out.extensionsStart = out.extensionsEnd = 0;
}

/** A moment as its wire form has it. */
export interface WireTime {
  seconds: number;
  nanos: number;
}

/**
 * The time of a GetFlowsResponse, without reading more than its borders: what a relay sorts by. Falls back to the
 * flow's own time; 0 where there is none. False for malformed bytes (of the flow inside only as much is checked as is read).
 */
export function peekTime(bytes: Uint8Array, start: number, end: number, out: WireTime): boolean {
  out.seconds = out.nanos = 0;
  if (end > bytes.length || start > end) return false;
  let flowStart = 0;
  let flowEnd = 0;
  let hasTime = false;
  let at = start;
  while (at < end) {
    const tag = readVarint(bytes, at, end);
    at = cursor;
    if (tag === GetFlowsResponseTag.time) {
      at = readEnd(bytes, at, end);
      if (at === FAILED || peekTimestamp(bytes, cursor, at, out) !== at) return false;
      hasTime = true;
    } else if (tag === GetFlowsResponseTag.flow) {
      flowEnd = readEnd(bytes, at, end);
      flowStart = cursor;
      at = flowEnd;
    } else at = skip(bytes, at, end, tag);
  }
  if (at !== end) return false;
  return hasTime || flowEnd === flowStart || peekFlowTime(bytes, flowStart, flowEnd, out);
}

function peekFlowTime(bytes: Uint8Array, start: number, end: number, out: WireTime): boolean {
  let at = start;
  while (at < end) {
    const tag = readVarint(bytes, at, end);
    at = cursor;
    if (tag === FlowTag.time) {
      at = readEnd(bytes, at, end);
      return at !== FAILED && peekTimestamp(bytes, cursor, at, out) === at;
    }
    at = skip(bytes, at, end, tag);
  }
  return at === end;
}

function peekTimestamp(b: Uint8Array, from: number, end: number, out: WireTime): number {
  let at = from;
  while (at < end) {
    const tag = readVarint(b, at, end);
    at = cursor;
    if (tag === TimestampTag.seconds) {
      out.seconds = readLongVarint(b, at, end);
      at = cursor;
    } else if (tag === TimestampTag.nanos) {
      out.nanos = readVarint(b, at, end);
      at = cursor;
    } else at = skip(b, at, end, tag);
  }
  return at;
}
