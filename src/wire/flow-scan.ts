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

/** Where the next byte is; FAILED after anything malformed, which ends every loop below. */
let cursor = 0;
/** Beyond the end of every buffer, and a small integer for V8. */
const FAILED = 0x7000_0000;

/** Where the last scanned flow has its own time; read only if the response has none. */
let flowTimeStart = 0;
let flowTimeEnd = 0;

/** The low 32 bits of a varint. */
function readVarint(b: Uint8Array, end: number): number {
  const at = cursor;
  if (at < end) {
    const byte = b[at] ?? 0;
    if (byte < 128) {
      cursor = at + 1;
      return byte;
    }
  }
  return readLaterVarint(b, end);
}

/** A varint of more than one byte. */
function readLaterVarint(b: Uint8Array, end: number): number {
  let at = cursor;
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
function readLongVarint(b: Uint8Array, end: number): number {
  let at = cursor;
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

/** Reads the length of a delimited field and checks that it fits; the cursor is then at its first byte. */
function readLength(b: Uint8Array, end: number): number {
  const length = readVarint(b, end);
  if (length > end - cursor) {
    cursor = FAILED;
    return 0;
  }
  return length;
}

/** Skips a field that nobody asked for. */
function skip(b: Uint8Array, end: number, tag: number): void {
  switch (tag & 7) {
    case VARINT: readVarint(b, end); break;
    case FIXED64: cursor += 8; break;
    case FIXED32: cursor += 4; break;
    case DELIMITED: {
      const length = readLength(b, end);
      cursor += length;
      break;
    }
    case GROUP_START: skipGroup(b, end, tag); break;
    default: cursor = FAILED;
  }
  if (cursor > end || tag < 8) cursor = FAILED;
}

/** Groups are older than proto3, but legal in unknown fields: skipped without recursion. */
function skipGroup(b: Uint8Array, end: number, startTag: number): void {
  const open = [startTag >>> 3];
  while (open.length > 0 && open.length < 100) {
    if (cursor >= end) break;
    const tag = readVarint(b, end);
    if ((tag & 7) === GROUP_START) open.push(tag >>> 3);
    else if ((tag & 7) === GROUP_START + 1) {
      if (open.pop() !== tag >>> 3) break;
      if (open.length === 0) return;
    } else skip(b, end, tag);
  }
  cursor = FAILED;
}

/**
 * Scans one GetFlowsResponse (without gRPC prefix) at bytes[start..end). False for malformed bytes: then the result is
 * half filled and means nothing.
 */
export function scanResponse(bytes: Uint8Array, start: number, end: number, out: FlowScan): boolean {
  clear(out);
  if (end > bytes.length || start > end) return false;
  cursor = start;
  flowTimeStart = flowTimeEnd = 0;
  let nodeNameStart = 0;
  let nodeNameEnd = 0;
  let timeStart = 0;
  let timeEnd = 0;
  while (cursor < end) {
    const tag = readVarint(bytes, end);
    switch (tag) {
      case GetFlowsResponseTag.flow:
        out.kind = ScanKind.FLOW;
        out.flowEnd = readLength(bytes, end) + cursor;
        out.flowStart = cursor;
        if (cursor !== FAILED) scanFlow(bytes, out.flowEnd, out);
        break;
      case GetFlowsResponseTag.node_status:
        out.kind = ScanKind.NODE_STATUS;
        out.nodeStatusEnd = readLength(bytes, end) + cursor;
        out.nodeStatusStart = cursor;
        jump(out.nodeStatusEnd);
        break;
      case GetFlowsResponseTag.lost_events:
        out.kind = ScanKind.LOST_EVENTS;
        out.lostEnd = readLength(bytes, end) + cursor;
        out.lostStart = cursor;
        if (cursor !== FAILED) scanLost(bytes, out.lostEnd, out);
        break;
      case GetFlowsResponseTag.node_name:
        nodeNameEnd = readLength(bytes, end) + cursor;
        nodeNameStart = cursor;
        jump(nodeNameEnd);
        break;
      case GetFlowsResponseTag.time:
        timeEnd = readLength(bytes, end) + cursor;
        timeStart = cursor;
        jump(timeEnd);
        break;
      default: skip(bytes, end, tag);
    }
  }
  if (cursor !== end) return false;
  if (nodeNameEnd > nodeNameStart) {
    out.nodeNameStart = nodeNameStart;
    out.nodeNameEnd = nodeNameEnd;
  }
  const hasTime = timeEnd > timeStart;
  cursor = hasTime ? timeStart : flowTimeStart;
  scanTime(bytes, hasTime ? timeEnd : flowTimeEnd, out);
  return cursor !== FAILED;
}

/** Moves to the end of a range, unless its length was malformed. */
function jump(end: number): void {
  if (cursor !== FAILED) cursor = end;
}

function scanFlow(b: Uint8Array, end: number, out: FlowScan): void {
  let dropReason = 0;
  while (cursor < end) {
    const tag = readVarint(b, end);
    // tags of one byte lie close together, so that this switch becomes a table
    switch (tag) {
      case FlowTag.time:
        flowTimeEnd = readLength(b, end) + cursor;
        flowTimeStart = cursor;
        jump(flowTimeEnd);
        break;
      case FlowTag.verdict: out.verdict = readVarint(b, end); break;
      case FlowTag.drop_reason: dropReason = readVarint(b, end); break;
      case FlowTag.IP: {
        const ipEnd = readLength(b, end) + cursor;
        scanIp(b, ipEnd, out);
        break;
      }
      case FlowTag.l4: {
        const l4End = readLength(b, end) + cursor;
        scanLayer4(b, l4End, out);
        break;
      }
      case FlowTag.source:
        out.sourceEnd = readLength(b, end) + cursor;
        out.sourceStart = cursor;
        jump(out.sourceEnd);
        break;
      case FlowTag.destination:
        out.destinationEnd = readLength(b, end) + cursor;
        out.destinationStart = cursor;
        jump(out.destinationEnd);
        break;
      case FlowTag.Type: out.flowType = readVarint(b, end); break;
      case FlowTag.node_name:
        out.nodeNameEnd = readLength(b, end) + cursor;
        out.nodeNameStart = cursor;
        jump(out.nodeNameEnd);
        break;
      case FlowTag.source_names: {
        const nameEnd = readLength(b, end) + cursor;
        if (out.sourceNameEnd === 0) {
          out.sourceNameStart = cursor;
          out.sourceNameEnd = nameEnd;
        }
        jump(nameEnd);
        break;
      }
      case FlowTag.destination_names: {
        const nameEnd = readLength(b, end) + cursor;
        if (out.destinationNameEnd === 0) {
          out.destinationNameStart = cursor;
          out.destinationNameEnd = nameEnd;
        }
        jump(nameEnd);
        break;
      }
      case FlowTag.l7:
        out.l7End = readLength(b, end) + cursor;
        out.l7Start = cursor;
        if (cursor !== FAILED) scanLayer7(b, out.l7End, out);
        break;
      default: scanFlowFurther(b, end, tag, out);
    }
  }
  if (out.dropReason === 0) out.dropReason = dropReason;
  if (cursor !== end) cursor = FAILED;
}

function scanFlowFurther(b: Uint8Array, end: number, tag: number, out: FlowScan): void {
  switch (tag) {
    case FlowTag.event_type: {
      const eventEnd = readLength(b, end) + cursor;
      scanEventType(b, eventEnd, out);
      break;
    }
    case FlowTag.source_service:
      out.sourceServiceEnd = readLength(b, end) + cursor;
      out.sourceServiceStart = cursor;
      jump(out.sourceServiceEnd);
      break;
    case FlowTag.destination_service:
      out.destinationServiceEnd = readLength(b, end) + cursor;
      out.destinationServiceStart = cursor;
      jump(out.destinationServiceEnd);
      break;
    case FlowTag.traffic_direction: out.direction = readVarint(b, end); break;
    case FlowTag.trace_observation_point: out.tracePoint = readVarint(b, end); break;
    case FlowTag.drop_reason_desc: out.dropReason = readVarint(b, end); break;
    case FlowTag.is_reply: {
      const replyEnd = readLength(b, end) + cursor;
      scanIsReply(b, replyEnd, out);
      break;
    }
    case FlowTag.interface:
      out.interfaceEnd = readLength(b, end) + cursor;
      out.interfaceStart = cursor;
      jump(out.interfaceEnd);
      break;
    case FlowTag.uuid:
      out.uuidEnd = readLength(b, end) + cursor;
      out.uuidStart = cursor;
      jump(out.uuidEnd);
      break;
    case FlowTag.trace_reason: out.traceReason = readVarint(b, end); break;
    case FlowTag.aggregate: {
      const aggregateEnd = readLength(b, end) + cursor;
      scanAggregate(b, aggregateEnd, out);
      break;
    }
    case FlowTag.Summary:
      out.summaryEnd = readLength(b, end) + cursor;
      out.summaryStart = cursor;
      jump(out.summaryEnd);
      break;
    case FlowTag.extensions:
      out.extensionsEnd = readLength(b, end) + cursor;
      out.extensionsStart = cursor;
      jump(out.extensionsEnd);
      break;
    default: skip(b, end, tag);
  }
}

function scanTime(b: Uint8Array, end: number, out: FlowScan): void {
  while (cursor < end) {
    const tag = readVarint(b, end);
    if (tag === TimestampTag.seconds) out.timeSeconds = readLongVarint(b, end);
    else if (tag === TimestampTag.nanos) out.timeNanos = readVarint(b, end);
    else skip(b, end, tag);
  }
  if (cursor !== end) cursor = FAILED;
}

function scanIp(b: Uint8Array, end: number, out: FlowScan): void {
  while (cursor < end) {
    const tag = readVarint(b, end);
    if (tag === IPTag.source) {
      out.sourceIpEnd = readLength(b, end) + cursor;
      out.sourceIpStart = cursor;
      jump(out.sourceIpEnd);
    } else if (tag === IPTag.destination) {
      out.destinationIpEnd = readLength(b, end) + cursor;
      out.destinationIpStart = cursor;
      jump(out.destinationIpEnd);
    } else if (tag === IPTag.ipVersion) out.ipVersion = readVarint(b, end);
    else skip(b, end, tag);
  }
  if (cursor !== end) cursor = FAILED;
}

function scanLayer4(b: Uint8Array, end: number, out: FlowScan): void {
  while (cursor < end) {
    const tag = readVarint(b, end);
    // members of the oneof are numbered as ScanProtocol is
    const member = tag >>> 3;
    if ((tag & 7) !== DELIMITED || member < Layer4Field.TCP || member > Layer4Field.IGMP) {
      skip(b, end, tag);
      continue;
    }
    const memberEnd = readLength(b, end) + cursor;
    out.protocol = member;
    if (member === Layer4Field.TCP || member === Layer4Field.UDP || member === Layer4Field.SCTP) scanPorts(b, memberEnd, out);
    else if (member === Layer4Field.ICMPv4 || member === Layer4Field.ICMPv6) scanIcmp(b, memberEnd, out);
    else jump(memberEnd);
  }
  if (cursor !== end) cursor = FAILED;
}

/** TCP, UDP and SCTP: the numbers of the ports are the same. */
function scanPorts(b: Uint8Array, end: number, out: FlowScan): void {
  out.sourcePort = out.destinationPort = out.tcpFlags = 0;
  while (cursor < end) {
    const tag = readVarint(b, end);
    if (tag === TCPTag.source_port) out.sourcePort = readVarint(b, end);
    else if (tag === TCPTag.destination_port) out.destinationPort = readVarint(b, end);
    else if (tag === TCPTag.flags && out.protocol === ScanProtocol.TCP) {
      const flagsEnd = readLength(b, end) + cursor;
      scanFlags(b, flagsEnd, out);
    } else skip(b, end, tag);
  }
  if (cursor !== end) cursor = FAILED;
}

function scanFlags(b: Uint8Array, end: number, out: FlowScan): void {
  let flags = 0;
  while (cursor < end) {
    const tag = readVarint(b, end);
    // field n of TCPFlags is bit n - 1 of HT_TCP_*
    if ((tag & 7) === VARINT && tag >= 8 && tag <= 9 << 3) {
      const bit = 1 << ((tag >>> 3) - 1);
      flags = readVarint(b, end) === 0 ? flags & ~bit : flags | bit;
    } else skip(b, end, tag);
  }
  out.tcpFlags = flags;
  if (cursor !== end) cursor = FAILED;
}

function scanIcmp(b: Uint8Array, end: number, out: FlowScan): void {
  out.icmpType = out.icmpCode = 0;
  while (cursor < end) {
    const tag = readVarint(b, end);
    if (tag === ICMPv4Tag.type) out.icmpType = readVarint(b, end);
    else if (tag === ICMPv4Tag.code) out.icmpCode = readVarint(b, end);
    else skip(b, end, tag);
  }
  if (cursor !== end) cursor = FAILED;
}

function scanLayer7(b: Uint8Array, end: number, out: FlowScan): void {
  out.l7 = ScanL7.OTHER;
  while (cursor < end) {
    const tag = readVarint(b, end);
    if (tag === Layer7Tag.type) out.l7Type = readVarint(b, end);
    else if (tag === Layer7Tag.latency_ns) out.latencyNs = readLongVarint(b, end);
    else if (tag === Layer7Tag.dns) {
      out.l7 = ScanL7.DNS;
      const recordEnd = readLength(b, end) + cursor;
      out.dnsRcode = scanOneNumber(b, recordEnd, DNSTag.rcode);
    } else if (tag === Layer7Tag.http) {
      out.l7 = ScanL7.HTTP;
      const recordEnd = readLength(b, end) + cursor;
      out.httpCode = scanOneNumber(b, recordEnd, HTTPTag.code);
    } else {
      if (tag === Layer7Tag.kafka) out.l7 = ScanL7.KAFKA;
      skip(b, end, tag);
    }
  }
  if (cursor !== end) cursor = FAILED;
}

/** The one number that is asked for, of a message whose rest is skipped. */
function scanOneNumber(b: Uint8Array, end: number, wanted: number): number {
  let value = 0;
  while (cursor < end) {
    const tag = readVarint(b, end);
    if (tag === wanted) value = readVarint(b, end);
    else skip(b, end, tag);
  }
  if (cursor !== end) cursor = FAILED;
  return value;
}

function scanEventType(b: Uint8Array, end: number, out: FlowScan): void {
  while (cursor < end) {
    const tag = readVarint(b, end);
    if (tag === CiliumEventTypeTag.type) out.eventType = readVarint(b, end) | 0;
    else if (tag === CiliumEventTypeTag.sub_type) out.eventSubType = readVarint(b, end) | 0;
    else skip(b, end, tag);
  }
  if (cursor !== end) cursor = FAILED;
}

function scanIsReply(b: Uint8Array, end: number, out: FlowScan): void {
  out.isReply = scanOneNumber(b, end, BoolValueTag.value) === 0 ? 0 : 1;
}

function scanAggregate(b: Uint8Array, end: number, out: FlowScan): void {
  let count = 0;
  while (cursor < end) {
    const tag = readVarint(b, end);
    if ((tag & 7) === VARINT && tag >= AggregateTag.ingress_flow_count && tag <= AggregateTag.unknown_direction_flow_count) count += readVarint(b, end);
    else skip(b, end, tag);
  }
  out.aggregateCount = count;
  if (cursor !== end) cursor = FAILED;
}

function scanLost(b: Uint8Array, end: number, out: FlowScan): void {
  while (cursor < end) {
    const tag = readVarint(b, end);
    if (tag === LostEventTag.num_events_lost) out.lostCount = readLongVarint(b, end);
    else if (tag === LostEventTag.source) out.lostSource = readVarint(b, end);
    else skip(b, end, tag);
  }
  if (cursor !== end) cursor = FAILED;
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
  cursor = start;
  let flowStart = 0;
  let flowEnd = 0;
  let hasTime = false;
  while (cursor < end) {
    const tag = readVarint(bytes, end);
    if (tag === GetFlowsResponseTag.time) {
      const timeEnd = readLength(bytes, end) + cursor;
      peekTimestamp(bytes, timeEnd, out);
      hasTime = true;
    } else if (tag === GetFlowsResponseTag.flow) {
      flowEnd = readLength(bytes, end) + cursor;
      flowStart = cursor;
      jump(flowEnd);
    } else skip(bytes, end, tag);
  }
  if (cursor !== end) return false;
  return hasTime || flowEnd === flowStart || peekFlowTime(bytes, flowStart, flowEnd, out);
}

function peekFlowTime(bytes: Uint8Array, start: number, end: number, out: WireTime): boolean {
  cursor = start;
  while (cursor < end) {
    const tag = readVarint(bytes, end);
    if (tag === FlowTag.time) {
      const timeEnd = readLength(bytes, end) + cursor;
      peekTimestamp(bytes, timeEnd, out);
      return cursor === timeEnd;
    }
    skip(bytes, end, tag);
  }
  return cursor === end;
}

function peekTimestamp(b: Uint8Array, end: number, out: WireTime): void {
  while (cursor < end) {
    const tag = readVarint(b, end);
    if (tag === TimestampTag.seconds) out.seconds = readLongVarint(b, end);
    else if (tag === TimestampTag.nanos) out.nanos = readVarint(b, end);
    else skip(b, end, tag);
  }
  if (cursor !== end) cursor = FAILED;
}
