// Hot path (bench row wire/JSON lines): messages become JSON lines without becoming objects; toJson() says what the lines must be.
import { enumNames, tryDecode } from './codec.ts';
import type { Codec, FieldInfo } from './codec.ts';
import { specialKind } from './json-names.ts';
import { quote, toJson } from './json.ts';
import { decodeText, encodeText } from './text.ts';
import { fractionText, secondsText } from './timestamp.ts';

const FIRST_BUFFER_BYTES = 65536;
/** Room for the key of one field and any number; texts reserve their own. */
const FIELD_ROOM_BYTES = 64;

const VARINT = 0;
const FIXED64 = 1;
const DELIMITED = 2;
const FIXED32 = 5;
const BAD = -1;

const QUOTE = 0x22;
const COMMA = 0x2c;
const MINUS = 0x2d;
const ZERO = 0x30;
const OPEN = 0x7b;
const CLOSE = 0x7d;
const OPEN_LIST = 0x5b;
const CLOSE_LIST = 0x5d;

/** 1 for bytes that stand in JSON as they are, Go's escapes minded. */
const plain = new Uint8Array(256).map((_, byte) => (byte >= 0x20 && byte < 0x7f && !'"\\<>&'.includes(String.fromCharCode(byte)) ? 1 : 0));

/** How the value of a field is printed. */
const enum Print { TEXT, UINT32, INT32, BOOL, LONG, ENUM, MESSAGE, TIME, WRAPPER, RARE }

interface PlanField {
  key: Uint8Array;
  print: Print;
  repeated: boolean;
  wireType: number;
  oneof: number;
  plan: Plan | undefined;
  names: ReadonlyMap<number, Uint8Array> | undefined;
  isSigned: boolean;
}

/**
 * One message type, and where the fields of the message being printed are. One of a type is enough: no message of ours
 * holds another of its own type.
 */
interface Plan {
  fields: readonly PlanField[];
  /** Field number to index plus one. */
  slots: Uint16Array;
  farSlots: ReadonlyMap<number, number>;
  /** By field: the value or the borders of the only occurrence; the borders of all if it is repeated. */
  starts: Int32Array;
  ends: Int32Array;
  lists: readonly number[][];
  /** Those of repeated fields. */
  usedLists: readonly number[][];
  oneofs: Int32Array;
}

const wireTypes: Readonly<Record<string, number>> = { string: DELIMITED, bytes: DELIMITED, message: DELIMITED, double: FIXED64, float: FIXED32 };
const prints: Readonly<Record<string, Print>> = {
  string: Print.TEXT, bool: Print.BOOL, uint32: Print.UINT32, int32: Print.INT32, uint64: Print.LONG, int64: Print.LONG, number64: Print.LONG, enum: Print.ENUM,
};
type Plans = WeakMap<object, Plan>;
const plans: Plans = new WeakMap();

function planOf(codec: Codec<object>, leftOut: readonly string[], plansKnown: Plans): Plan {
  const known = plansKnown.get(codec);
  if (known !== undefined) return known;
  const shown = codec.fields.filter((field) => !leftOut.includes(field.name));
  const oneofs = [...new Set(shown.flatMap((field) => field.oneof ?? []))];
  const slots = new Uint16Array(128);
  const farSlots = new Map<number, number>();
  for (const [i, field] of shown.entries()) {
    if (field.number < slots.length) slots[field.number] = i + 1;
    else farSlots.set(field.number, i + 1);
  }
  const size = shown.length;
  const lists = shown.map((): number[] => []);
  const plan: Plan = {
    fields: shown.map((field) => planField(field, oneofs, (inner) => planOf(inner, leftOut, plansKnown))),
    slots, farSlots, starts: new Int32Array(size), ends: new Int32Array(size), lists, usedLists: lists.filter((_, i) => shown[i]?.repeated === true), oneofs: new Int32Array(oneofs.length),
  };
  plansKnown.set(codec, plan);
  return plan;
}

function planField(field: FieldInfo, oneofs: readonly string[], planOfInner: (codec: Codec<object>) => Plan): PlanField {
  return {
    key: encodeText(`"${field.name}":`),
    print: printOf(field),
    repeated: field.repeated,
    wireType: wireTypes[field.kind] ?? VARINT,
    oneof: field.oneof === undefined ? -1 : oneofs.indexOf(field.oneof),
    plan: field.message === undefined ? undefined : planOfInner(field.message),
    names: field.enum === undefined ? undefined : new Map([...enumNames(field.enum)].map(([value, name]) => [value, encodeText(`"${name}"`)])),
    isSigned: field.kind === 'int64',
  };
}

function printOf(field: FieldInfo): Print {
  if (field.message === undefined) return prints[field.kind] ?? Print.RARE;
  switch (specialKind(field.message.name)) {
    case undefined: return Print.MESSAGE;
    case 'timestamp': return Print.TIME;
    case 'wrapper': return Print.WRAPPER;
    default: return Print.RARE;
  }
}

/**
 * Writes messages of one type as JSON lines into one growing buffer. Same lines as toJson() of the decoded message, and
 * what is rare (an Any, a field twice, a time out of range) goes that way. bytes() is borrowed until the next reset().
 */
export class JsonLines {
  /** Messages that could not be read; nothing is written for them. */
  malformedCount = 0;
  private buffer = new Uint8Array(FIRST_BUFFER_BYTES);
  private at = 0;
  /** Where reading goes on in `input`; BAD after anything that this file does not read itself. */
  private cursor = 0;
  private input: Uint8Array = this.buffer;
  private readonly codec: Codec<object>;
  private readonly plan: Plan;
  private lastSeconds = Number.NaN;
  private lastSecondsText: Uint8Array = new Uint8Array(0);

  /** Fields of a name in `leftOut` are not printed, in whatever message they are. */
  constructor(codec: Codec<object>, private readonly leftOut: readonly string[] = []) {
    this.codec = codec;
    this.plan = planOf(codec, leftOut, leftOut.length === 0 ? plans : new WeakMap());
  }

  /** Bytes since reset(). */
  get length(): number {
    return this.at;
  }

  /** Forgets what was written and keeps the buffer. */
  reset(): void {
    this.at = 0;
  }

  /** The lines since reset(), in UTF-8, in place. */
  bytes(): Uint8Array {
    return this.buffer.subarray(0, this.at);
  }

  /** Writes one line for the message at bytes[start..end); false if it is malformed. */
  write(bytes: Uint8Array, start: number, end: number): boolean {
    const lineStart = this.at;
    this.input = bytes;
    this.cursor = start;
    this.writeMessage(this.plan, end);
    if (this.cursor !== end) {
      this.at = lineStart;
      const decoded = tryDecode(this.codec, bytes.subarray(start, end));
      if (!decoded.ok) {
        this.malformedCount++;
        return false;
      }
      this.writeBytes(encodeText(toJson(this.codec, this.leftOut.length === 0 ? decoded.value : without(this.codec, decoded.value, this.leftOut))));
    }
    this.reserve(1);
    this.buffer[this.at++] = 0x0a;
    return true;
  }

  /** Adds whole lines made elsewhere. */
  add(lines: Uint8Array): void {
    this.writeBytes(lines);
  }

  private writeMessage(plan: Plan, end: number): void {
    this.find(plan, end);
    if (this.cursor === BAD) return;
    this.reserve(2);
    this.buffer[this.at++] = OPEN;
    const first = this.at;
    for (let i = 0; i < plan.fields.length; i++) {
      const field = plan.fields[i];
      if (field === undefined) break;
      if (field.repeated) {
        if (plan.lists[i]?.length !== 0) this.writeList(field, plan.lists[i] ?? [], first);
        if (this.cursor === BAD) return;
        continue;
      }
      const start = plan.starts[i] ?? 0;
      if (start === BAD || this.isDefault(field, start, plan.ends[i] ?? 0)) continue;
      this.writeKey(field, first);
      this.writeValue(field, start, plan.ends[i] ?? 0);
      if (this.cursor === BAD) return;
    }
    this.reserve(1);
    this.buffer[this.at++] = CLOSE;
    this.cursor = end;
  }

  /** Notes where each field is. */
  private find(plan: Plan, end: number): void {
    const { starts, oneofs } = plan;
    for (let i = 0; i < starts.length; i++) starts[i] = BAD;
    for (let i = 0; i < oneofs.length; i++) oneofs[i] = BAD;
    for (const list of plan.usedLists) list.length = 0;
    while (this.cursor < end && this.cursor !== BAD) {
      const tag = this.readVarint(end);
      const number = tag >>> 3;
      const i = (number < 128 ? plan.slots[number] ?? 0 : plan.farSlots.get(number) ?? 0) - 1;
      const field = plan.fields[i];
      if (field === undefined) this.skip(tag, end);
      else this.note(plan, i, tag, end);
    }
    if (this.cursor !== end) this.cursor = BAD;
  }

  private note(plan: Plan, i: number, tag: number, end: number): void {
    const field = plan.fields[i];
    if (field === undefined) return;
    const isTwice = plan.starts[i] !== BAD || (field.oneof >= 0 && plan.oneofs[field.oneof] !== BAD);
    if ((tag & 7) !== field.wireType || field.print === Print.RARE || (isTwice && !field.repeated) || (field.repeated && field.wireType !== DELIMITED)) {
      this.cursor = BAD;
      return;
    }
    if (field.oneof >= 0) plan.oneofs[field.oneof] = i;
    const valueStart = this.cursor;
    if (field.wireType === VARINT) {
      plan.starts[i] = valueStart;
      this.readVarint(end);
      plan.ends[i] = this.cursor;
      return;
    }
    const length = this.readVarint(end);
    const start = this.cursor;
    if (start === BAD || length > end - start) {
      this.cursor = BAD;
      return;
    }
    this.cursor = start + length;
    if (field.repeated) plan.lists[i]?.push(start, start + length);
    else {
      plan.starts[i] = start;
      plan.ends[i] = start + length;
    }
  }

  /** A number of 0 or an empty text, which JSON leaves out. */
  private isDefault(field: PlanField, start: number, end: number): boolean {
    if (field.wireType === DELIMITED) return field.print === Print.TEXT && start === end;
    for (let at = start; at < end; at++) if (((this.input[at] ?? 0) & 127) !== 0) return false;
    return true;
  }

  private writeKey(field: PlanField, first: number): void {
    this.reserve(FIELD_ROOM_BYTES + field.key.length);
    if (this.at !== first) this.buffer[this.at++] = COMMA;
    this.buffer.set(field.key, this.at);
    this.at += field.key.length;
  }

  private writeList(field: PlanField, list: readonly number[], first: number): void {
    this.writeKey(field, first);
    this.buffer[this.at++] = OPEN_LIST;
    for (let i = 0; i < list.length; i += 2) {
      this.reserve(FIELD_ROOM_BYTES);
      if (i > 0) this.buffer[this.at++] = COMMA;
      this.writeValue(field, list[i] ?? 0, list[i + 1] ?? 0);
      if (this.cursor === BAD) return;
    }
    this.reserve(1);
    this.buffer[this.at++] = CLOSE_LIST;
  }

  private writeValue(field: PlanField, start: number, end: number): void {
    this.cursor = start;
    switch (field.print) {
      case Print.TEXT: this.writeText(start, end); break;
      case Print.UINT32: this.writeInteger(this.readVarint(end)); break;
      case Print.INT32: this.writeInteger(this.readVarint(end) | 0); break;
      case Print.BOOL: this.writeWord('true'); break;
      case Print.LONG: this.writeLong(field, end); break;
      case Print.ENUM: this.writeEnum(field, this.readVarint(end) | 0); break;
      case Print.MESSAGE: if (field.plan !== undefined) this.writeMessage(field.plan, end); break;
      case Print.TIME: this.writeTime(end); break;
      case Print.WRAPPER: if (field.plan !== undefined) this.writeWrapper(field.plan, end); break;
      case Print.RARE: this.cursor = BAD;
    }
  }

  private writeText(start: number, end: number): void {
    this.reserve(end - start + 2);
    const { buffer, input } = this;
    const textStart = this.at;
    let at = textStart;
    buffer[at++] = QUOTE;
    for (let i = start; i < end; i++) {
      const byte = input[i] ?? 0;
      if (plain[byte] === 0) {
        this.writeBytes(encodeText(quote(decodeText(input, start, end))));
        return;
      }
      buffer[at++] = byte;
    }
    buffer[at++] = QUOTE;
    this.at = at;
  }

  /** A whole number of at most 2^53 with its sign. */
  private writeInteger(value: number): void {
    const { buffer } = this;
    let at = this.at;
    let left = value;
    if (left < 0) {
      buffer[at++] = MINUS;
      left = -left;
    }
    let digits = 1;
    for (let power = 10; power <= left; power *= 10) digits++;
    for (let i = at + digits - 1; i >= at; i--) {
      const rest = Math.floor(left / 10);
      buffer[i] = ZERO + left - rest * 10;
      left = rest;
    }
    this.at = at + digits;
  }

  /** 64 bits are text in JSON. */
  private writeLong(field: PlanField, end: number): void {
    let value = 0;
    let factor = 1;
    for (let i = this.cursor; i < end; i++, factor *= 128) value += ((this.input[i] ?? 0) & 127) * factor;
    this.buffer[this.at++] = QUOTE;
    if (value < Number.MAX_SAFE_INTEGER) this.writeInteger(value);
    else this.writeWord(String(this.readBigint(field.isSigned, end)));
    this.buffer[this.at++] = QUOTE;
  }

  private readBigint(isSigned: boolean, end: number): bigint {
    let value = 0n;
    for (let i = end - 1; i >= this.cursor; i--) value = (value << 7n) | BigInt((this.input[i] ?? 0) & 127);
    return isSigned ? BigInt.asIntN(64, value) : BigInt.asUintN(64, value);
  }

  private writeEnum(field: PlanField, value: number): void {
    const name = field.names?.get(value);
    if (name === undefined) this.writeInteger(value);
    else this.writeBytes(name);
  }

  private writeTime(end: number): void {
    let seconds = 0;
    let nanos = 0;
    while (this.cursor < end && this.cursor !== BAD) {
      const tag = this.readVarint(end);
      if (tag === 1 << 3) seconds = this.readSeconds(end);
      else if (tag === 2 << 3) nanos = this.readVarint(end);
      else this.cursor = BAD;
    }
    if (this.cursor === BAD) return;
    // years before 1970 and after 9999 are left to toJson()
    if (seconds > 253_402_300_799 || nanos > 999_999_999) {
      this.cursor = BAD;
      return;
    }
    if (seconds !== this.lastSeconds) {
      this.lastSeconds = seconds;
      this.lastSecondsText = encodeText(`"${secondsText(seconds)}`);
    }
    this.writeBytes(this.lastSecondsText);
    this.writeWord(`${fractionText(nanos)}Z"`);
  }

  private readSeconds(end: number): number {
    const start = this.cursor;
    this.readVarint(end);
    let value = 0;
    let factor = 1;
    for (let i = start; i < this.cursor; i++, factor *= 128) value += ((this.input[i] ?? 0) & 127) * factor;
    return value;
  }

  /** A wrapper prints its value even if it is the default. */
  private writeWrapper(plan: Plan, end: number): void {
    this.find(plan, end);
    const [field] = plan.fields;
    if (this.cursor === BAD || field === undefined) return;
    const start = plan.starts[0] ?? BAD;
    if (start === BAD || this.isDefault(field, start, plan.ends[0] ?? 0)) {
      const zero = field.print === Print.BOOL ? 'false' : field.print === Print.TEXT ? '""' : field.print === Print.LONG ? '"0"' : '0';
      this.writeWord(zero);
    } else this.writeValue(field, start, plan.ends[0] ?? 0);
    if (this.cursor !== BAD) this.cursor = end;
  }

  /** The low 32 bits of a varint. */
  private readVarint(end: number): number {
    const { input } = this;
    let at = this.cursor;
    let value = 0;
    for (let shift = 0; shift < 70 && at < end; shift += 7) {
      const byte = input[at++] ?? 0;
      if (shift < 32) value |= (byte & 127) << shift;
      if (byte < 128) {
        this.cursor = at;
        return value >>> 0;
      }
    }
    this.cursor = BAD;
    return 0;
  }

  /** Skips a field nobody knows; groups are left to the codec. */
  private skip(tag: number, end: number): void {
    if (this.cursor === BAD) return;
    let length = 0;
    switch (tag & 7) {
      case VARINT: this.readVarint(end); break;
      case FIXED64: length = 8; break;
      case FIXED32: length = 4; break;
      case DELIMITED: length = this.readVarint(end); break;
      default: this.cursor = BAD;
    }
    if (this.cursor === BAD || tag < 8 || length > end - this.cursor) this.cursor = BAD;
    else this.cursor += length;
  }

  private writeWord(word: string): void {
    this.reserve(word.length);
    for (let i = 0; i < word.length; i++) this.buffer[this.at + i] = word.charCodeAt(i);
    this.at += word.length;
  }

  private writeBytes(bytes: Uint8Array): void {
    this.reserve(bytes.length);
    this.buffer.set(bytes, this.at);
    this.at += bytes.length;
  }

  private reserve(bytes: number): void {
    if (this.at + bytes <= this.buffer.length) return;
    const grown = new Uint8Array(Math.max(this.buffer.length * 2, this.at + bytes));
    grown.set(this.buffer.subarray(0, this.at));
    this.buffer = grown;
  }
}

/** A copy of a message that lacks the fields of some names. */
function without(codec: Codec<object>, message: object, leftOut: readonly string[]): object {
  const copy: Record<string, unknown> = {};
  for (const field of codec.fields) {
    const value = (message as Readonly<Record<string, unknown>>)[field.name];
    if (value === undefined || leftOut.includes(field.name)) continue;
    const inner = field.message;
    if (inner === undefined) copy[field.name] = value;
    else copy[field.name] = field.repeated ? (value as object[]).map((one) => without(inner, one, leftOut)) : without(inner, value as object, leftOut);
  }
  return copy;
}
