import type { BinaryReader, BinaryWriter } from 'google-protobuf';
import type { WithUnknown } from './codec.ts';
import { decodeText, encodeText } from './text.ts';

/**
 * Unknown bytes one message may gather from several occurrences of itself. Nobody honest sends a singular message
 * twice; without a bound, joining them costs quadratic time.
 */
const MAX_MERGED_UNKNOWN_BYTES = 65536;

/** Reads a string field without throwing on bad UTF-8, as BinaryReader's own would. */
export function readText(reader: BinaryReader): string {
  if (!reader.isDelimited()) throw new Error(`wire type of field ${reader.getFieldNumber()} is not that of a string`);
  const bytes = reader.getBuffer();
  const tagEnd = reader.getCursor();
  reader.skipField();
  const end = reader.getCursor();
  let start = tagEnd;
  while ((bytes[start] ?? 0) > 127) start++;
  return decodeText(bytes, start + 1, end);
}

/** Writes a string field, a lone surrogate as U+FFFD. */
export function writeText(writer: BinaryWriter, field: number, text: string): void {
  writer.writeBytes(field, encodeText(text));
}

/** Reads a repeated 64-bit field behind what was there before. */
export function readBigints(read: (list: string[]) => void, before: bigint[] | undefined): bigint[] {
  const texts: string[] = [];
  read(texts);
  const list = before ?? [];
  for (const text of texts) list.push(BigInt(text));
  return list;
}

/** Reads a 64-bit count into a number: one beyond what a number counts exactly is no count, and stays the largest. */
export function readCount(reader: BinaryReader): number {
  return Math.min(Number(reader.readUint64()), Number.MAX_SAFE_INTEGER);
}

/** Writes such a count. Sums of strangers' counts may be anything: a writer that throws would end the sender. */
export function writeCount(writer: BinaryWriter, field: number, count: number): void {
  const bounded = Math.max(0, Math.min(Math.trunc(count), Number.MAX_SAFE_INTEGER));
  if (bounded > 0) writer.writeUint64(field, bounded);
}

/** Skips a field nobody knows and notes where its bytes are, as pairs of start and end. */
export function skipUnknown(reader: BinaryReader, ranges: number[] | undefined): number[] {
  const start = reader.getFieldCursor();
  reader.skipField();
  const end = reader.getCursor();
  if (ranges === undefined) return [start, end];
  if (ranges.at(-1) === start) ranges[ranges.length - 1] = end;
  else ranges.push(start, end);
  return ranges;
}

/** Copies the noted ranges behind the unknown bytes a message already has. */
export function keepUnknown(message: WithUnknown, reader: BinaryReader, ranges: readonly number[]): void {
  const before = message.$unknown;
  if (before !== undefined && before.length > MAX_MERGED_UNKNOWN_BYTES) throw new Error('unknown fields of a repeated singular message are too long');
  const bytes = reader.getBuffer();
  const parts = before === undefined ? [] : [before];
  for (let i = 0; i < ranges.length; i += 2) parts.push(bytes.subarray(ranges[i], ranges[i + 1]));
  message.$unknown = joinBytes(parts);
}

/** Writes the fields nobody knew as they came. */
export function writeUnknown(writer: BinaryWriter, bytes: Uint8Array): void {
  writer.writeSerializedMessage(bytes, 0, bytes.length);
}

/** Of a oneof the last member on the wire counts. */
export function clearOthers(message: object, keep: string, members: readonly string[]): void {
  for (const member of members) {
    if (member !== keep && member in message) Reflect.deleteProperty(message, member);
  }
}

function joinBytes(parts: readonly Uint8Array[]): Uint8Array {
  const joined = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    joined.set(part, at);
    at += part.length;
  }
  return joined;
}
