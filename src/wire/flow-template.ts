// Hot path (bench row wire/template): writes GetFlowsResponse frames from numbers and prebuilt bytes, no object per flow.
import { FlowCodec } from './gen/flow.ts';
import type { Emitter, Endpoint, Service } from './gen/flow.ts';
import { RefusalCodec, type Refusal } from './gen/hubtop.ts';
import { GetFlowsResponseCodec } from './gen/observer.ts';
import {
  AggregateField, AnyField, BoolValueField, CiliumEventTypeField, EthernetField, FileInfoField, FlowExtensionField, FlowField, GetFlowsResponseField,
  ICMPv4Field, IPField, Layer4Field, TCPField, TimestampField,
} from './gen/field-numbers.ts';
import { FRAME_PREFIX_BYTES } from './frame-splitter.ts';
import { icmpSummary, tcpSummary } from './summary-text.ts';
import { encodeText } from './text.ts';

/** Type URL of the Any in Flow.extensions that we write. */
export const FLOW_EXTENSION_URL = 'type.googleapis.com/hubtop.v1.FlowExtension';

/** First size of a writer's buffer; it doubles when one flow more might not fit. */
const FIRST_BUFFER_BYTES = 65536;
/** More than all fields of a flow that are not chunks can take: two IPv6 texts, uuid, MACs, numbers. */
const FIXED_FIELDS_BYTES = 1024;
/** ICMP summaries kept ready; a pair of type and code beyond is written anew each time. */
const MAX_ICMP_SUMMARIES = 1024;
/** Summaries that are kept together with what stands before them. */
const MAX_TAILS = 1024;

const EMPTY = new Uint8Array(0);
const VARINT = 0;
const DELIMITED = 2;

const IP_PROTOCOL = { ICMP: 1, IGMP: 2, TCP: 6, UDP: 17, ICMPV6: 58, VRRP: 112, SCTP: 132 } as const;

/** Bytes of one endpoint for FlowRow.source and .destination (either role). Make it once a version. */
export function endpointChunk(endpoint: Endpoint): Uint8Array {
  return FlowCodec.encode({ source: endpoint });
}

/** Bytes of one service for FlowRow.sourceService and .destinationService. */
export function serviceChunk(service: Service): Uint8Array {
  return FlowCodec.encode({ source_service: service });
}

/** Bytes of one device for FlowRow.interface. */
export function interfaceChunk(index: number, name: string): Uint8Array {
  return FlowCodec.encode({ interface: { index, name } });
}

/** Bytes of a text for FlowRow.summary, instead of the one made from the protocol. */
export function summaryChunk(text: string): Uint8Array {
  return FlowCodec.encode({ Summary: text });
}

/** Bytes of a refusal for its chunk. */
export function refusalChunk(refusal: Refusal): Uint8Array {
  return lengthAndBytes(RefusalCodec.encode(refusal));
}

/** Bytes of a text for the chunks that hold a bare text: why, kernelDropReason, kernelDropSubsystem, fileName. */
export function textChunk(text: string): Uint8Array {
  return lengthAndBytes(encodeText(text));
}

function lengthAndBytes(bytes: Uint8Array): Uint8Array {
  const chunk = new Uint8Array(bytes.length + 5);
  const at = writeVarint(chunk, 0, bytes.length);
  chunk.set(bytes, at);
  return chunk.slice(0, at + bytes.length);
}

/**
 * One flow as numbers and prebuilt chunks; fill one object again and again (clear() first). Names that end in "At" are
 * positions in `bytes`, so that an event row of 144 bytes is passed as it is. An empty chunk means: leave the field out.
 */
export class FlowRow {
  timeSeconds = 0;
  timeNanos = 0;
  /** 16 bytes; written as 8-4-4-4-12 hexadecimal digits as they are. */
  readonly uuid = new Uint8Array(16);
  verdict = 0;
  /** Hubble's number in drop_reason and drop_reason_desc; 0 leaves both out. */
  dropReason = 0;
  /** Flow.Type: 1 L3_L4, 3 SOCK. */
  flowType = 1;
  eventType = 0;
  eventSubType = 0;
  direction = 0;
  /** -1 absent, 0 no, 1 yes. */
  isReply = -1;
  /** TraceObservationPoint and TraceReason as on the wire, 0 absent. */
  tracePoint = 0;
  traceReason = 0;
  policyMatchType = 0;
  proxyPort = 0;

  /** Where addresses are read from. */
  bytes: Uint8Array = EMPTY;
  /** 4, 6, or 0 for no IP at all. */
  ipVersion = 0;
  /** -1 in both where only the version is known. */
  sourceIpAt = 0;
  destinationIpAt = 0;
  isEncrypted = false;
  /** -1 where the device has no Ethernet header. */
  sourceMacAt = -1;
  destinationMacAt = -1;

  /** IP protocol number; 0 leaves l4 out (a later fragment). */
  protocol = 0;
  sourcePort = 0;
  destinationPort = 0;
  /** HT_TCP_* bits; -1 absent. */
  tcpFlags = 0;
  icmpType = 0;
  icmpCode = 0;

  source: Uint8Array = EMPTY;
  destination: Uint8Array = EMPTY;
  sourceService: Uint8Array = EMPTY;
  destinationService: Uint8Array = EMPTY;
  interface: Uint8Array = EMPTY;
  /** summaryChunk(); empty means the usual text of the protocol. */
  summary: Uint8Array = EMPTY;
  /** Where our source dropped it: textChunk() and line. */
  fileName: Uint8Array = EMPTY;
  fileLine = 0;
  /** Any other fields of a Flow, already encoded; copied to its end. */
  extra: Uint8Array = EMPTY;

  /** Flows this one stands for; all zero leaves `aggregate` out. */
  aggregateIngress = 0;
  aggregateEgress = 0;
  aggregateUnknown = 0;

  /** Whether to write Flow.extensions from the fields below: only for clients that asked. */
  hasExtension = false;
  skbs = 0;
  segments = 0;
  volumeBytes = 0;
  isMidStream = false;
  why: Uint8Array = EMPTY;
  kernelDropReason: Uint8Array = EMPTY;
  kernelDropSubsystem: Uint8Array = EMPTY;
  /** From refusalChunk(). */
  refusal: Uint8Array = EMPTY;

  /** Back to an empty L3_L4 flow. The uuid is left as it is: every flow sets it. */
  clear(): void {
    this.timeSeconds = this.timeNanos = this.verdict = this.dropReason = this.eventType = this.eventSubType = this.direction = 0;
    this.flowType = 1;
    this.isReply = this.sourceMacAt = this.destinationMacAt = -1;
    this.tracePoint = this.traceReason = this.policyMatchType = this.proxyPort = this.ipVersion = this.sourceIpAt = this.destinationIpAt = 0;
    this.isEncrypted = this.hasExtension = this.isMidStream = false;
    this.protocol = this.sourcePort = this.destinationPort = this.tcpFlags = this.icmpType = this.icmpCode = this.fileLine = 0;
    this.bytes = this.source = this.destination = this.sourceService = this.destinationService = this.interface = EMPTY;
    this.summary = this.fileName = this.extra = this.why = this.kernelDropReason = this.kernelDropSubsystem = this.refusal = EMPTY;
    this.aggregateIngress = this.aggregateEgress = this.aggregateUnknown = this.skbs = this.segments = this.volumeBytes = 0;
  }
}

/** What is the same in all flows of a node. */
export interface FlowWriterOptions {
  nodeName: string;
  nodeLabels?: readonly string[];
  emitter?: Emitter;
}

/**
 * Writes length-prefixed GetFlowsResponse messages one behind the other into one growing buffer. Use: reset(), write()
 * some rows, send bytes(), and again. bytes() is borrowed: it is overwritten after the next reset().
 */
export class FlowWriter {
  /** Frames since reset(). */
  frames = 0;
  private buffer = new Uint8Array(FIRST_BUFFER_BYTES);
  /** Of the same bytes: two or four of them are stored at once. */
  private view = new DataView(this.buffer.buffer);
  private at = 0;
  private readonly nodeName: Uint8Array;
  private readonly nodeLabels: Uint8Array;
  private readonly emitter: Uint8Array;
  private readonly responseNodeName: Uint8Array;
  private readonly nodeBytes: number;
  /** Labels, emitter and summary stand together in all flows but drops of ours and sums; by the summary, they are one chunk. */
  private readonly tails = new Map<Uint8Array, Uint8Array>();

  constructor(options: FlowWriterOptions) {
    this.nodeName = FlowCodec.encode({ node_name: options.nodeName });
    this.nodeLabels = FlowCodec.encode({ node_labels: [...(options.nodeLabels ?? [])] });
    this.emitter = options.emitter === undefined ? EMPTY : FlowCodec.encode({ emitter: options.emitter });
    this.responseNodeName = GetFlowsResponseCodec.encode({ node_name: options.nodeName });
    this.nodeBytes = this.nodeName.length + this.nodeLabels.length + this.emitter.length + this.responseNodeName.length;
  }

  /** Bytes written since reset(). */
  get length(): number {
    return this.at;
  }

  /** Forgets what was written and keeps the buffer. */
  reset(): void {
    this.at = 0;
    this.frames = 0;
  }

  /** All frames since reset(), in place. */
  bytes(): Uint8Array {
    return this.buffer.subarray(0, this.at);
  }

  /** Writes a frame around an already encoded GetFlowsResponse (lost events, node status, masked flows). */
  writeEncoded(message: Uint8Array): void {
    this.reserve(message.length + FRAME_PREFIX_BYTES);
    const start = this.at;
    this.buffer.set(message, start + FRAME_PREFIX_BYTES);
    this.finishFrame(start, start + FRAME_PREFIX_BYTES + message.length);
  }

  /** Writes one flow with its node_name and time. Fields stand in the order of their numbers, as protobuf's own writers put them. */
  write(row: FlowRow): void {
    this.reserve(FIXED_FIELDS_BYTES + this.nodeBytes + row.source.length + row.destination.length + row.sourceService.length + row.destinationService.length
      + row.interface.length + row.summary.length + row.fileName.length + row.extra.length + row.why.length + row.kernelDropReason.length + row.kernelDropSubsystem.length + row.refusal.length);
    const b = this.buffer;
    const frameStart = this.at;
    // flow, with room for a length of two bytes: right for 128 to 16,383, moved otherwise
    b[frameStart + FRAME_PREFIX_BYTES] = (GetFlowsResponseField.flow << 3) | DELIMITED;
    const flowStart = frameStart + FRAME_PREFIX_BYTES + 3;
    const flowEnd = this.writeFlow(row, flowStart);
    let at = closeLongMessage(b, flowStart, flowEnd);
    at = copyChunk(b, at, this.responseNodeName);
    at = writeTag(b, at, GetFlowsResponseField.time, DELIMITED);
    at = writeTime(b, at, row.timeSeconds, row.timeNanos);
    this.finishFrame(frameStart, at);
  }

  private writeFlow(row: FlowRow, start: number): number {
    const b = this.buffer;
    let at = start;
    b[at++] = (FlowField.time << 3) | DELIMITED;
    at = writeTime(b, at, row.timeSeconds, row.timeNanos);
    at = writeNumber(b, at, FlowField.verdict, row.verdict);
    at = writeNumber(b, at, FlowField.drop_reason, row.dropReason);
    if (row.sourceMacAt >= 0) at = writeEthernet(b, this.view, at, row);
    if (row.ipVersion !== 0) at = writeIp(b, this.view, at, row);
    if (row.protocol !== 0) at = writeLayer4(b, at, row);
    if (row.source.length !== 0) at = copyField(b, at, FlowField.source, row.source);
    if (row.destination.length !== 0) at = copyField(b, at, FlowField.destination, row.destination);
    at = writeNumber(b, at, FlowField.Type, row.flowType);
    at = copyChunk(b, at, this.nodeName);
    if (row.isReply === 1) at = writeNumber(b, at, FlowField.reply, 1);
    at = writeTag(b, at, FlowField.event_type, DELIMITED);
    const eventType = at++;
    at = writeNumber(b, at, CiliumEventTypeField.type, row.eventType);
    at = writeNumber(b, at, CiliumEventTypeField.sub_type, row.eventSubType);
    b[eventType] = at - eventType - 1;
    if (row.sourceService.length !== 0) at = copyField(b, at, FlowField.source_service, row.sourceService);
    if (row.destinationService.length !== 0) at = copyField(b, at, FlowField.destination_service, row.destinationService);
    at = writeNumber(b, at, FlowField.traffic_direction, row.direction);
    at = writeNumber(b, at, FlowField.policy_match_type, row.policyMatchType);
    at = writeNumber(b, at, FlowField.trace_observation_point, row.tracePoint);
    at = writeNumber(b, at, FlowField.drop_reason_desc, row.dropReason);
    if (row.isReply >= 0) at = writeIsReply(b, at, row.isReply);
    if (row.interface.length !== 0) at = copyChunk(b, at, row.interface);
    at = writeNumber(b, at, FlowField.proxy_port, row.proxyPort);
    at = writeTag(b, at, FlowField.uuid, DELIMITED);
    at = writeUuid(b, this.view, at, row.uuid);
    at = writeNumber(b, at, FlowField.trace_reason, row.traceReason);
    const summary = row.summary.length === 0 ? usualSummary(row) : row.summary;
    const isSum = row.aggregateIngress + row.aggregateEgress + row.aggregateUnknown !== 0;
    const tail = row.fileName.length !== 0 || isSum ? undefined : this.tail(summary);
    at = tail === undefined ? this.writeParted(row, at, summary) : copyChunk(b, at, tail);
    if (row.hasExtension) at = writeExtension(b, at, row);
    return copyChunk(b, at, row.extra);
  }

  private writeParted(row: FlowRow, start: number, summary: Uint8Array): number {
    const b = this.buffer;
    let at = copyChunk(b, start, this.nodeLabels);
    if (row.fileName.length !== 0) at = writeFile(b, at, row);
    at = copyChunk(b, at, this.emitter);
    if (row.aggregateIngress + row.aggregateEgress + row.aggregateUnknown !== 0) at = writeAggregate(b, at, row);
    return copyChunk(b, at, summary);
  }

  private tail(summary: Uint8Array): Uint8Array | undefined {
    const known = this.tails.get(summary);
    if (known !== undefined || this.tails.size >= MAX_TAILS) return known;
    const { nodeLabels, emitter } = this;
    const chunk = new Uint8Array(nodeLabels.length + emitter.length + summary.length);
    copyChunk(chunk, copyChunk(chunk, copyChunk(chunk, 0, nodeLabels), emitter), summary);
    this.tails.set(summary, chunk);
    return chunk;
  }

  private finishFrame(start: number, end: number): void {
    const b = this.buffer;
    const length = end - start - FRAME_PREFIX_BYTES;
    b[start] = 0; // not compressed
    b[start + 1] = length >>> 24;
    b[start + 2] = length >>> 16;
    b[start + 3] = length >>> 8;
    b[start + 4] = length;
    this.at = end;
    this.frames++;
  }

  private reserve(bytes: number): void {
    if (this.at + bytes <= this.buffer.length) return;
    const grown = new Uint8Array(Math.max(this.buffer.length * 2, this.at + bytes));
    grown.set(this.buffer.subarray(0, this.at));
    this.buffer = grown;
    this.view = new DataView(grown.buffer);
  }
}

function writeVarint(b: Uint8Array, start: number, value: number): number {
  let at = start;
  let left = value;
  // division, not shift, above 32 bits: volumes are 64-bit counters
  while (left > 0xffff_ffff) {
    b[at++] = (left % 128) | 128;
    left = Math.floor(left / 128);
  }
  left >>>= 0;
  while (left > 127) {
    b[at++] = (left & 127) | 128;
    left >>>= 7;
  }
  b[at++] = left;
  return at;
}

function writeTag(b: Uint8Array, at: number, field: number, wireType: number): number {
  return writeVarint(b, at, field * 8 + wireType);
}

/** A number field that is not 0. */
function writeNumber(b: Uint8Array, at: number, field: number, value: number): number {
  return value === 0 ? at : writeVarint(b, writeTag(b, at, field, VARINT), value);
}

function copyChunk(b: Uint8Array, at: number, chunk: Uint8Array): number {
  if (chunk.length === 0) return at;
  b.set(chunk, at);
  return at + chunk.length;
}

/** Of a few bytes: calling set() costs as much as twenty stores. */
function copyShort(b: Uint8Array, start: number, chunk: Uint8Array): number {
  let at = start;
  for (let i = 0; i < chunk.length; i++) b[at++] = chunk[i] ?? 0;
  return at;
}

/** Copies the encoded field of a twin (source for destination) under its own number: both tags have the same width. */
function copyField(b: Uint8Array, at: number, field: number, chunk: Uint8Array): number {
  b.set(chunk, at);
  writeTag(b, at, field, DELIMITED);
  return at + chunk.length;
}

/** A Timestamp with its length, behind its tag. */
function writeTime(b: Uint8Array, start: number, seconds: number, nanos: number): number {
  let at = start + 1;
  at = writeNumber(b, at, TimestampField.seconds, seconds);
  at = writeNumber(b, at, TimestampField.nanos, nanos);
  b[start] = at - start - 1;
  return at;
}

/** Sets the length of the flow that was written at start, two bytes behind its tag; gives where the next field goes. */
function closeLongMessage(b: Uint8Array, start: number, end: number): number {
  const length = end - start;
  const width = length < 0x80 ? 1 : length < 0x4000 ? 2 : length < 0x20_0000 ? 3 : 4;
  if (width !== 2) b.copyWithin(start + width - 2, start, end);
  writeVarint(b, start - 2, length);
  return end + width - 2;
}

const HEX = encodeText('0123456789abcdef');
const COLON = 0x3a;
const DASH = 0x2d;

/** By a byte, its two digits and a colon, in the order of little endian. */
const hexColon = Uint32Array.from({ length: 256 }, (_, value) => (HEX[value >> 4] ?? 0) | ((HEX[value & 15] ?? 0) << 8) | (COLON << 16));
/** By a byte, its decimal digits and a dot behind them; and how many bytes these are. */
const decimalDot = Uint32Array.from({ length: 256 }, (_, value) => encodeText(`${value}.`).reduceRight((word, digit) => word * 256 + digit, 0));
const decimalDotBytes = Uint8Array.from({ length: 256 }, (_, value) => `${value}.`.length);

function writeUuid(b: Uint8Array, v: DataView, start: number, uuid: Uint8Array): number {
  let at = start;
  b[at++] = 36;
  for (let i = 0; i < 16; i++) {
    if (i === 4 || i === 6 || i === 8 || i === 10) b[at++] = DASH;
    v.setUint16(at, hexColon[uuid[i] ?? 0] ?? 0, true);
    at += 2;
  }
  return at;
}

/** The last store goes two bytes beyond: what comes next is written there. */
function writeMac(b: Uint8Array, v: DataView, start: number, { from, macAt }: { from: Uint8Array; macAt: number }): number {
  b[start] = 17;
  for (let i = 0; i < 6; i++) v.setUint32(start + 1 + i * 3, hexColon[from[macAt + i] ?? 0] ?? 0, true);
  return start + 18;
}

function writeEthernet(b: Uint8Array, v: DataView, start: number, row: FlowRow): number {
  let at = start;
  b[at++] = (FlowField.ethernet << 3) | DELIMITED;
  const lengthAt = at++;
  b[at++] = (EthernetField.source << 3) | DELIMITED;
  at = writeMac(b, v, at, { from: row.bytes, macAt: row.sourceMacAt });
  b[at++] = (EthernetField.destination << 3) | DELIMITED;
  at = writeMac(b, v, at, { from: row.bytes, macAt: row.destinationMacAt });
  b[lengthAt] = at - lengthAt - 1;
  return at;
}

function groupAt(from: Uint8Array, ipAt: number, group: number): number {
  return ((from[ipAt + group * 2] ?? 0) << 8) | (from[ipAt + group * 2 + 1] ?? 0);
}

function writeHexGroup(v: DataView, start: number, group: number): number {
  let at = start;
  if (group > 0xfff) v.setUint8(at++, HEX[group >> 12] ?? 0);
  if (group > 0xff) v.setUint8(at++, HEX[(group >> 8) & 15] ?? 0);
  if (group > 0xf) v.setUint8(at++, HEX[(group >> 4) & 15] ?? 0);
  v.setUint8(at++, HEX[group & 15] ?? 0);
  return at;
}

/** RFC 5952: lower case, the first longest run of two or more zero groups becomes "::", ::ffff:0:0/96 ends in dots. */
function writeIpv6Text(v: DataView, start: number, from: Uint8Array, ipAt: number): number {
  let runStart = -1;
  let runLength = 1;
  for (let i = 0; i < 8; i++) {
    let length = 0;
    while (i + length < 8 && groupAt(from, ipAt, i + length) === 0) length++;
    if (length > runLength) {
      runStart = i;
      runLength = length;
    }
    i += length;
  }
  const isMapped = runStart === 0 && runLength === 5 && groupAt(from, ipAt, 5) === 0xffff;
  let at = start;
  for (let i = 0; i < 8; i++) {
    if (i === runStart) {
      v.setUint8(at++, COLON);
      v.setUint8(at++, COLON);
      i += runLength - 1;
      continue;
    }
    if (i > 0 && i !== runStart + runLength) v.setUint8(at++, COLON);
    if (isMapped && i === 6) return writeIpv4Text(v, at, from, ipAt + 12);
    at = writeHexGroup(v, at, groupAt(from, ipAt, i));
  }
  return at;
}

/** A store goes up to three bytes beyond: what comes next is written there. */
function writeIpv4Text(v: DataView, start: number, from: Uint8Array, ipAt: number): number {
  let at = start;
  for (let i = 0; i < 4; i++) {
    const value = from[ipAt + i] ?? 0;
    v.setUint32(at, decimalDot[value] ?? 0, true);
    at += decimalDotBytes[value] ?? 0;
  }
  return at - 1;
}

function writeIpText(v: DataView, start: number, row: FlowRow, ipAt: number): number {
  return row.ipVersion === 6 ? writeIpv6Text(v, start, row.bytes, ipAt) : writeIpv4Text(v, start, row.bytes, ipAt);
}

function writeAddresses(b: Uint8Array, v: DataView, start: number, row: FlowRow): number {
  let at = start;
  b[at++] = (IPField.source << 3) | DELIMITED;
  const sourceAt = at++;
  at = writeIpText(v, at, row, row.sourceIpAt);
  b[sourceAt] = at - sourceAt - 1;
  b[at++] = (IPField.destination << 3) | DELIMITED;
  const destinationAt = at++;
  at = writeIpText(v, at, row, row.destinationIpAt);
  b[destinationAt] = at - destinationAt - 1;
  return at;
}

function writeIp(b: Uint8Array, v: DataView, start: number, row: FlowRow): number {
  let at = start;
  b[at++] = (FlowField.IP << 3) | DELIMITED;
  const lengthAt = at++;
  if (row.sourceIpAt >= 0) at = writeAddresses(b, v, at, row);
  b[at++] = IPField.ipVersion << 3;
  b[at++] = row.ipVersion === 6 ? 2 : 1;
  if (row.isEncrypted) at = writeNumber(b, at, IPField.encrypted, 1);
  b[lengthAt] = at - lengthAt - 1;
  return at;
}

/** Encoded TCPFlags messages by HT_TCP_* bits, behind their tag and length. */
const tcpFlagsChunks = Array.from({ length: 512 }, (_, flags) => {
  const fields: number[] = [];
  // field n of TCPFlags is bit n - 1 of HT_TCP_*
  for (let bit = 0; bit < 9; bit++) if ((flags & (1 << bit)) !== 0) fields.push((bit + 1) << 3, 1);
  return Uint8Array.from([(TCPField.flags << 3) | DELIMITED, fields.length, ...fields]);
});

function writeLayer4(b: Uint8Array, start: number, row: FlowRow): number {
  const member = layer4Member(row.protocol);
  if (member === 0) return start;
  let at = start;
  b[at++] = (FlowField.l4 << 3) | DELIMITED;
  const outerAt = at++;
  b[at++] = (member << 3) | DELIMITED;
  const innerAt = at++;
  if (member === Layer4Field.TCP || member === Layer4Field.UDP || member === Layer4Field.SCTP) {
    // TCP, UDP and SCTP have the same two numbers
    at = writeNumber(b, at, TCPField.source_port, row.sourcePort);
    at = writeNumber(b, at, TCPField.destination_port, row.destinationPort);
    if (member === Layer4Field.TCP && row.tcpFlags >= 0) at = copyShort(b, at, tcpFlagsChunks[row.tcpFlags & 511] ?? EMPTY);
  } else if (member === Layer4Field.ICMPv4 || member === Layer4Field.ICMPv6) {
    at = writeNumber(b, at, ICMPv4Field.type, row.icmpType);
    at = writeNumber(b, at, ICMPv4Field.code, row.icmpCode);
  }
  b[innerAt] = at - innerAt - 1;
  b[outerAt] = at - outerAt - 1;
  return at;
}

function layer4Member(protocol: number): number {
  switch (protocol) {
    case IP_PROTOCOL.TCP: return Layer4Field.TCP;
    case IP_PROTOCOL.UDP: return Layer4Field.UDP;
    case IP_PROTOCOL.ICMP: return Layer4Field.ICMPv4;
    case IP_PROTOCOL.ICMPV6: return Layer4Field.ICMPv6;
    case IP_PROTOCOL.SCTP: return Layer4Field.SCTP;
    case IP_PROTOCOL.VRRP: return Layer4Field.VRRP;
    case IP_PROTOCOL.IGMP: return Layer4Field.IGMP;
    default: return 0;
  }
}

function writeIsReply(b: Uint8Array, start: number, isReply: number): number {
  const at = writeTag(b, start, FlowField.is_reply, DELIMITED);
  const end = writeNumber(b, at + 1, BoolValueField.value, isReply);
  b[at] = end - at - 1;
  return end;
}

function writeFile(b: Uint8Array, start: number, row: FlowRow): number {
  const lengthAt = writeTag(b, start, FlowField.file, DELIMITED);
  let at = lengthAt + 1;
  b[at++] = (FileInfoField.name << 3) | DELIMITED;
  at = copyChunk(b, at, row.fileName);
  at = writeNumber(b, at, FileInfoField.line, row.fileLine);
  return closeShortMessage(b, lengthAt, at);
}

function writeAggregate(b: Uint8Array, start: number, row: FlowRow): number {
  const lengthAt = writeTag(b, start, FlowField.aggregate, DELIMITED);
  let at = lengthAt + 1;
  at = writeNumber(b, at, AggregateField.ingress_flow_count, row.aggregateIngress);
  at = writeNumber(b, at, AggregateField.egress_flow_count, row.aggregateEgress);
  at = writeNumber(b, at, AggregateField.unknown_direction_flow_count, row.aggregateUnknown);
  return closeShortMessage(b, lengthAt, at);
}

const extensionUrl = textChunk(FLOW_EXTENSION_URL);

function writeExtension(b: Uint8Array, start: number, row: FlowRow): number {
  const anyAt = writeTag(b, start, FlowField.extensions, DELIMITED);
  let at = anyAt + 1;
  b[at++] = (AnyField.type_url << 3) | DELIMITED;
  at = copyChunk(b, at, extensionUrl);
  b[at++] = (AnyField.value << 3) | DELIMITED;
  const valueAt = at++;
  at = writeTextChunk(b, at, FlowExtensionField.kernel_drop_reason, row.kernelDropReason);
  at = writeTextChunk(b, at, FlowExtensionField.kernel_drop_subsystem, row.kernelDropSubsystem);
  at = writeNumber(b, at, FlowExtensionField.skbs, row.skbs);
  at = writeNumber(b, at, FlowExtensionField.segments, row.segments);
  at = writeNumber(b, at, FlowExtensionField.bytes, row.volumeBytes);
  at = writeTextChunk(b, at, FlowExtensionField.why, row.why);
  if (row.isMidStream) at = writeNumber(b, at, FlowExtensionField.mid_stream, 1);
  at = writeTextChunk(b, at, FlowExtensionField.refusal, row.refusal);
  return closeShortMessage(b, anyAt, closeShortMessage(b, valueAt, at));
}

function writeTextChunk(b: Uint8Array, at: number, field: number, chunk: Uint8Array): number {
  if (chunk.length === 0) return at;
  b[at] = (field << 3) | DELIMITED;
  return copyChunk(b, at + 1, chunk);
}

/** Sets a length for which one byte was left; moves the message when it needs more. */
function closeShortMessage(b: Uint8Array, lengthAt: number, end: number): number {
  const length = end - lengthAt - 1;
  if (length < 0x80) {
    b[lengthAt] = length;
    return end;
  }
  const width = length < 0x4000 ? 2 : length < 0x20_0000 ? 3 : 4;
  b.copyWithin(lengthAt + width, lengthAt + 1, end);
  writeVarint(b, lengthAt, length);
  return end + width - 1;
}

const tcpSummaries: (Uint8Array | undefined)[] = Array.from({ length: 512 });
const icmpSummaries = new Map<number, Uint8Array>();
const fixedSummaries = { UDP: summaryChunk('UDP'), SCTP: summaryChunk('SCTP'), IPv4: summaryChunk('IPv4'), IPv6: summaryChunk('IPv6'), Ethernet: summaryChunk('Ethernet') };

/** What Hubble writes for a packet of this protocol, with tag and length. */
function usualSummary(row: FlowRow): Uint8Array {
  switch (row.protocol) {
    case IP_PROTOCOL.TCP: return (tcpSummaries[row.tcpFlags & 511] ??= summaryChunk(tcpSummary(row.tcpFlags & 511)));
    case IP_PROTOCOL.UDP: return fixedSummaries.UDP;
    case IP_PROTOCOL.SCTP: return fixedSummaries.SCTP;
    case IP_PROTOCOL.ICMP: return icmpSummaryChunk(4, row);
    case IP_PROTOCOL.ICMPV6: return icmpSummaryChunk(6, row);
    default: return row.ipVersion === 4 ? fixedSummaries.IPv4 : row.ipVersion === 6 ? fixedSummaries.IPv6 : fixedSummaries.Ethernet;
  }
}

function icmpSummaryChunk(version: 4 | 6, row: FlowRow): Uint8Array {
  const key = (version << 16) | (row.icmpType << 8) | row.icmpCode;
  const known = icmpSummaries.get(key);
  if (known !== undefined) return known;
  const chunk = summaryChunk(icmpSummary(version, row.icmpType, row.icmpCode));
  if (icmpSummaries.size < MAX_ICMP_SUMMARIES) icmpSummaries.set(key, chunk);
  return chunk;
}
