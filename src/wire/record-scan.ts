// Hot path (bench row screen/fold-l7): reads what counts of a Layer7 record that scanResponse() found well-formed.
import { DNSTag, HTTPHeaderTag, HTTPTag, KafkaTag, Layer7Tag } from './gen/field-numbers.ts';

/** Ranges of the scanned bytes (start = end: absent) and numbers. Reused: the next scan overwrites it. Texts are neither checked nor scrubbed. */
export class RecordScan {
  methodStart = 0;
  methodEnd = 0;
  urlStart = 0;
  urlEnd = 0;
  /** Of HTTP, such as `HTTP/2`. */
  protocolStart = 0;
  protocolEnd = 0;
  /** Header `grpc-status` where it is a number; -1 = none. */
  grpcStatus = -1;
  /** A header says that this is gRPC. */
  isGrpc = false;
  kafkaError = 0;
  apiKeyStart = 0;
  apiKeyEnd = 0;
  topicStart = 0;
  topicEnd = 0;
  queryStart = 0;
  queryEnd = 0;
  /** The first of qtypes. */
  typeStart = 0;
  typeEnd = 0;
  sourceStart = 0;
  sourceEnd = 0;
}

let cursor = 0;

/** Scans the Layer7 message at bytes[start..end), which must have been scanned before: borders are trusted as far as they stay inside. */
export function scanRecord(bytes: Uint8Array, start: number, end: number, out: RecordScan): void {
  clear(out);
  cursor = start;
  while (cursor < end) {
    const tag = varint(bytes, end);
    if (tag === Layer7Tag.http) scanHttp(bytes, rangeEnd(bytes, end), out);
    else if (tag === Layer7Tag.dns) scanDns(bytes, rangeEnd(bytes, end), out);
    else if (tag === Layer7Tag.kafka) scanKafka(bytes, rangeEnd(bytes, end), out);
    else skip(bytes, end, tag);
  }
}

function scanHttp(b: Uint8Array, end: number, out: RecordScan): void {
  while (cursor < end) {
    const tag = varint(b, end);
    if (tag === HTTPTag.method) {
      out.methodEnd = rangeEnd(b, end);
      out.methodStart = cursor;
      cursor = out.methodEnd;
    } else if (tag === HTTPTag.url) {
      out.urlEnd = rangeEnd(b, end);
      out.urlStart = cursor;
      cursor = out.urlEnd;
    } else if (tag === HTTPTag.protocol) {
      out.protocolEnd = rangeEnd(b, end);
      out.protocolStart = cursor;
      cursor = out.protocolEnd;
    } else if (tag === HTTPTag.headers) scanHeader(b, rangeEnd(b, end), out);
    else skip(b, end, tag);
  }
}

function scanHeader(b: Uint8Array, end: number, out: RecordScan): void {
  let [keyStart, keyEnd, valueStart, valueEnd] = [0, 0, 0, 0];
  while (cursor < end) {
    const tag = varint(b, end);
    if (tag === HTTPHeaderTag.key) {
      keyEnd = rangeEnd(b, end);
      keyStart = cursor;
      cursor = keyEnd;
    } else if (tag === HTTPHeaderTag.value) {
      valueEnd = rangeEnd(b, end);
      valueStart = cursor;
      cursor = valueEnd;
    } else skip(b, end, tag);
  }
  if (isText(b, keyStart, keyEnd, 'grpc-status')) {
    out.isGrpc = true;
    out.grpcStatus = smallNumber(b, valueStart, valueEnd);
  } else if (isText(b, keyStart, keyEnd, 'content-type') && isText(b, valueStart, Math.min(valueEnd, valueStart + GRPC_TYPE.length), GRPC_TYPE)) out.isGrpc = true;
}

const GRPC_TYPE = 'application/grpc';

function scanDns(b: Uint8Array, end: number, out: RecordScan): void {
  while (cursor < end) {
    const tag = varint(b, end);
    if (tag === DNSTag.query) {
      out.queryEnd = rangeEnd(b, end);
      out.queryStart = cursor;
      cursor = out.queryEnd;
    } else if (tag === DNSTag.observation_source) {
      out.sourceEnd = rangeEnd(b, end);
      out.sourceStart = cursor;
      cursor = out.sourceEnd;
    } else if (tag === DNSTag.qtypes && out.typeEnd === 0) {
      out.typeEnd = rangeEnd(b, end);
      out.typeStart = cursor;
      cursor = out.typeEnd;
    } else skip(b, end, tag);
  }
}

function scanKafka(b: Uint8Array, end: number, out: RecordScan): void {
  while (cursor < end) {
    const tag = varint(b, end);
    if (tag === KafkaTag.error_code) out.kafkaError = varint(b, end) | 0;
    else if (tag === KafkaTag.api_key) {
      out.apiKeyEnd = rangeEnd(b, end);
      out.apiKeyStart = cursor;
      cursor = out.apiKeyEnd;
    } else if (tag === KafkaTag.topic) {
      out.topicEnd = rangeEnd(b, end);
      out.topicStart = cursor;
      cursor = out.topicEnd;
    } else skip(b, end, tag);
  }
}

// the low 32 bits are all that is asked for
function varint(b: Uint8Array, end: number): number {
  let value = 0;
  for (let shift = 0; cursor < end; shift += 7) {
    const byte = b[cursor++] ?? 0;
    if (shift < 32) value |= (byte & 127) << shift;
    if (byte < 128) break;
  }
  return value >>> 0;
}

function rangeEnd(b: Uint8Array, end: number): number {
  const length = varint(b, end);
  return Math.min(end, cursor + length);
}

function skip(b: Uint8Array, end: number, tag: number): void {
  switch (tag & 7) {
    case 0: varint(b, end); break;
    case 1: cursor += 8; break;
    case 2: cursor = rangeEnd(b, end); break;
    case 5: cursor += 4; break;
    // groups: nobody writes them; what is left of the message is not looked at
    default: cursor = end;
  }
}

function isText(b: Uint8Array, start: number, end: number, text: string): boolean {
  if (end - start !== text.length) return false;
  for (let i = 0; i < text.length; i++) if (((b[start + i] ?? 0) | 0x20) !== (text.charCodeAt(i) | 0x20)) return false;
  return true;
}

// of two digits at most, as gRPC has them
function smallNumber(b: Uint8Array, start: number, end: number): number {
  if (end <= start || end - start > 2) return -1;
  let value = 0;
  for (let i = start; i < end; i++) {
    const digit = (b[i] ?? 0) - 0x30;
    if (digit < 0 || digit > 9) return -1;
    value = value * 10 + digit;
  }
  return value;
}

function clear(out: RecordScan): void {
  out.methodStart = out.methodEnd = out.urlStart = out.urlEnd = out.protocolStart = out.protocolEnd = 0;
  out.grpcStatus = -1;
  out.isGrpc = false;
  out.kafkaError = out.apiKeyStart = out.apiKeyEnd = out.topicStart = out.topicEnd = 0;
  out.queryStart = out.queryEnd = out.typeStart = out.typeEnd = out.sourceStart = out.sourceEnd = 0;
}
