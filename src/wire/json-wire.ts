// Hot path (bench row recording/lines read): JSON becomes wire bytes without messages between; fromJson() says what the bytes must be.
import type { Codec, FieldInfo } from './codec.ts';
import { lowerCamel, specialKind } from './json-names.ts';
import { fromJsonValue } from './json-read.ts';
import { encodeText } from './text.ts';
import { parseTimestamp } from './timestamp.ts';

const FIRST_BUFFER_BYTES = 65536;
/** Room for a tag, a length and any number; texts reserve their own. */
const FIELD_ROOM_BYTES = 32;
/** Up to this many characters a loop beats the encoder. */
const LOOP_CHARACTERS = 64;
/** Digits that a number holds exactly. */
const SAFE_DIGITS = 15;

const VARINT = 0;
const FIXED64 = 1;
const DELIMITED = 2;
const FIXED32 = 5;

/** How the value of a field is read. */
const enum Read { TEXT, BOOL, UINT32, INT32, LONG, DOUBLE, FLOAT, BYTES, ENUM, MESSAGE, TIME, WRAPPER, RARE }

type Json = Readonly<Record<string, unknown>>;

interface PlanField {
  info: FieldInfo;
  tag: Uint8Array;
  read: Read;
  repeated: boolean;
  /** A repeated number: all in one run of bytes. */
  isPacked: boolean;
  /** Bit of its oneof; 0 = none. */
  oneof: number;
  plan: Plan | undefined;
  values: ReadonlyMap<string, number> | undefined;
  min: bigint;
  max: bigint;
}

/** One message type, and the values of the message being written. One of a type is enough: no message of ours holds another of its own type. */
interface Plan {
  codec: Codec<object>;
  /** By number, as the codecs write. */
  fields: readonly PlanField[];
  /** Index in `fields` by both names. */
  slots: ReadonlyMap<string, number>;
  values: unknown[];
  /** Bytes that the length of the last message of this type took: the guess for the next. */
  lengthBytes: number;
}

const wireTypes: Readonly<Record<string, number>> = { string: DELIMITED, bytes: DELIMITED, message: DELIMITED, double: FIXED64, float: FIXED32 };
const reads: Readonly<Record<string, Read>> = {
  string: Read.TEXT, bytes: Read.BYTES, bool: Read.BOOL, uint32: Read.UINT32, int32: Read.INT32, uint64: Read.LONG, int64: Read.LONG, number64: Read.LONG,
  double: Read.DOUBLE, float: Read.FLOAT, enum: Read.ENUM,
};
const plans = new WeakMap<object, Plan>();

function planOf(codec: Codec<object>): Plan {
  const known = plans.get(codec);
  if (known !== undefined) return known;
  const infos = [...codec.fields].sort((one, other) => one.number - other.number);
  const oneofs = [...new Set(infos.flatMap((info) => info.oneof ?? []))];
  const plan: Plan = {
    codec,
    fields: infos.map((info) => planField(info, oneofs)),
    slots: new Map(infos.flatMap((info, i) => [[lowerCamel(info.name), i], [info.name, i]] as const)),
    values: Array.from({ length: infos.length }),
    lengthBytes: 1,
  };
  plans.set(codec, plan);
  return plan;
}

function planField(info: FieldInfo, oneofs: readonly string[]): PlanField {
  const wireType = wireTypes[info.kind] ?? VARINT;
  const isPacked = info.repeated && wireType !== DELIMITED;
  const isSigned = info.kind === 'int64';
  return {
    info,
    tag: varintOf(info.number * 8 + (isPacked ? DELIMITED : wireType)),
    read: readOf(info),
    repeated: info.repeated,
    isPacked,
    oneof: info.oneof === undefined ? 0 : 1 << oneofs.indexOf(info.oneof),
    plan: info.message === undefined ? undefined : planOf(info.message),
    values: info.enum === undefined ? undefined : new Map(Object.entries(info.enum.values)),
    min: isSigned ? -(2n ** 63n) : 0n,
    max: isSigned ? 2n ** 63n - 1n : 2n ** 64n - 1n,
  };
}

function varintOf(value: number): Uint8Array {
  const bytes: number[] = [];
  for (let left = value; ; left >>>= 7) {
    if (left < 128) return Uint8Array.from([...bytes, left]);
    bytes.push((left & 127) | 128);
  }
}

function readOf(info: FieldInfo): Read {
  if (info.message === undefined) return reads[info.kind] ?? Read.RARE;
  switch (specialKind(info.message.name)) {
    case undefined: return Read.MESSAGE;
    case 'timestamp': return Read.TIME;
    case 'wrapper': return Read.WRAPPER;
    default: return Read.RARE;
  }
}

/** Bad input travels as this throw inside this file; made once, since a stack for each line of a broken file costs more than the line. */
const BAD = new Error('bad JSON');

/**
 * Writes messages of one type from parsed JSON as wire bytes into one growing buffer, the bytes that encoding the message
 * of fromJson(…, { ignoreUnknown: true }) gives. bytes() is borrowed until the next reset().
 */
export class JsonWire {
  /** Fields, enum names and Any types that nobody here knows, left out so far. */
  leftOut = 0;
  private buffer = new Uint8Array(FIRST_BUFFER_BYTES);
  private view = new DataView(this.buffer.buffer);
  private at = 0;
  private readonly plan: Plan;
  private lastSecondText = '';
  private lastSecond = 0;

  constructor(codec: Codec<object>) {
    this.plan = planOf(codec);
  }

  /** Bytes since reset(). */
  get length(): number {
    return this.at;
  }

  /** Forgets what was written and keeps the buffer. */
  reset(): void {
    this.at = 0;
  }

  /** What was written since reset(), in place. */
  bytes(): Uint8Array {
    return this.buffer.subarray(0, this.at);
  }

  /** Writes one message; false, and nothing written, if the value is none. fromJsonValue() says why. */
  write(value: unknown): boolean {
    const [start, leftOut] = [this.at, this.leftOut];
    try {
      this.writeMessage(this.plan, value);
      return true;
    } catch (error) {
      if (error !== BAD) throw error;
      this.at = start;
      this.leftOut = leftOut;
      return false;
    }
  }

  private writeMessage(plan: Plan, value: unknown): void {
    const { fields, values } = plan;
    this.sort(plan, asObject(value));
    for (let i = 0; i < fields.length; i++) {
      const field = fields[i];
      const one = values[i];
      if (one === undefined || field === undefined) continue;
      if (field.repeated) this.writeList(field, one);
      else this.writeField(field, one, false);
    }
  }

  /** Puts each value where its field is. */
  private sort(plan: Plan, object: Json): void {
    const { values, slots, fields } = plan;
    let oneofs = 0;
    for (let i = 0; i < values.length; i++) values[i] = undefined;
    for (const key in object) {
      const slot = slots.get(key);
      const value = object[key];
      if (slot === undefined) this.leftOut++;
      else if (value !== null) {
        const oneof = fields[slot]?.oneof ?? 0;
        if ((oneofs & oneof) !== 0) throw BAD;
        oneofs |= oneof;
        values[slot] = value;
      }
    }
  }

  private writeList(field: PlanField, value: unknown): void {
    if (!Array.isArray(value)) throw BAD;
    if (field.isPacked) {
      const begin = this.begin(field, 1);
      for (const one of value) this.writeScalar(field, one);
      // an empty list, or one of nothing but unknown names, is no field
      if (this.at === begin.from) this.at = begin.start;
      else this.end(begin);
      return;
    }
    for (const one of value) this.writeField(field, one, true);
  }

  /** Defaults are left out, but for members of a list. */
  private writeField(field: PlanField, value: unknown, isMember: boolean): void {
    this.reserve(FIELD_ROOM_BYTES);
    const start = this.at;
    switch (field.read) {
      case Read.TEXT: return this.writeText(field, value, isMember);
      case Read.BYTES: return this.writeDelimited(field, bytesOf(value), isMember);
      case Read.MESSAGE:
      case Read.TIME:
      case Read.WRAPPER: return this.writeNested(field, value);
      case Read.RARE: return this.writeDelimited(field, this.rareBytes(field, value), true);
      default:
    }
    this.writeTag(field);
    const from = this.at;
    this.writeScalar(field, value);
    if (this.at === from || this.isZero(field, from)) this.at = start;
  }

  private isZero(field: PlanField, from: number): boolean {
    if (field.read !== Read.DOUBLE && field.read !== Read.FLOAT) return this.at === from + 1 && this.buffer[from] === 0;
    for (let i = from; i < this.at; i++) if (this.buffer[i] !== 0) return false;
    return true;
  }

  private writeNested(field: PlanField, value: unknown): void {
    const { plan } = field;
    if (plan === undefined) throw BAD;
    const begin = this.begin(field, plan.lengthBytes);
    if (field.read === Read.TIME && typeof value === 'string') this.writeTime(value);
    else if (field.read === Read.WRAPPER) this.writeWrapped(plan, value);
    else this.writeMessage(plan, value);
    plan.lengthBytes = this.end(begin);
  }

  private writeWrapped(plan: Plan, value: unknown): void {
    const [field] = plan.fields;
    if (field !== undefined) this.writeField(field, value, false);
  }

  /** A number without its tag. */
  private writeScalar(field: PlanField, value: unknown): void {
    this.reserve(FIELD_ROOM_BYTES);
    switch (field.read) {
      case Read.BOOL:
        if (typeof value !== 'boolean') throw BAD;
        this.buffer[this.at++] = value ? 1 : 0;
        return;
      case Read.UINT32: return this.writeVarint(integerOf(value, 0, 2 ** 32 - 1));
      case Read.INT32: return this.writeSigned(integerOf(value, -(2 ** 31), 2 ** 31 - 1));
      case Read.LONG: return this.writeLong(field, value);
      case Read.ENUM: return this.writeEnum(field, value);
      case Read.DOUBLE:
        this.view.setFloat64(this.at, doubleOf(value), true);
        this.at += 8;
        return;
      case Read.FLOAT:
        this.view.setFloat32(this.at, doubleOf(value), true);
        this.at += 4;
        return;
      default: throw BAD;
    }
  }

  private writeEnum(field: PlanField, value: unknown): void {
    if (typeof value !== 'string') return this.writeSigned(integerOf(value, -(2 ** 31), 2 ** 31 - 1));
    const number = field.values?.get(value);
    if (number === undefined) this.leftOut++;
    else this.writeSigned(number);
  }

  private writeLong(field: PlanField, value: unknown): void {
    if (typeof value === 'string' && value.length <= SAFE_DIGITS) {
      let number = value === '' ? Number.NaN : 0;
      for (let i = 0; i < value.length; i++) {
        const digit = value.charCodeAt(i) - 0x30;
        number = digit >= 0 && digit <= 9 ? number * 10 + digit : Number.NaN;
      }
      if (!Number.isNaN(number)) return this.writeVarint(number);
    }
    const isInteger = typeof value === 'string' ? /^-?\d{1,20}$/.test(value) : Number.isInteger(value);
    const number = isInteger ? BigInt(value as string | number) : undefined;
    if (number === undefined || number < field.min || number > field.max) throw BAD;
    // counts kept in a number stay the largest one that is exact
    this.writeBigint(field.info.kind === 'number64' && number > BigInt(Number.MAX_SAFE_INTEGER) ? BigInt(Number.MAX_SAFE_INTEGER) : number);
  }

  private writeSigned(value: number): void {
    if (value >= 0) this.writeVarint(value);
    else this.writeBigint(BigInt(value));
  }

  private writeBigint(value: bigint): void {
    let left = BigInt.asUintN(64, value);
    for (; left > 127n; left >>= 7n) this.buffer[this.at++] = Number(left & 127n) | 128;
    this.buffer[this.at++] = Number(left);
  }

  /** Numbers up to 2^53. */
  private writeVarint(value: number): void {
    const { buffer } = this;
    let left = value;
    // the shift below knows 32 bits
    while (left > 0x7fff_ffff) {
      buffer[this.at++] = (left % 128) | 128;
      left = Math.floor(left / 128);
    }
    for (; left > 127; left >>>= 7) buffer[this.at++] = (left & 127) | 128;
    buffer[this.at++] = left;
  }

  private writeTag(field: PlanField): void {
    const { tag } = field;
    for (let i = 0; i < tag.length; i++) this.buffer[this.at++] = tag[i] ?? 0;
  }

  private writeText(field: PlanField, value: unknown, isMember: boolean): void {
    if (typeof value !== 'string') throw BAD;
    const { length } = value;
    if (length === 0 && !isMember) return;
    if (length > LOOP_CHARACTERS) return this.writeDelimited(field, encodeText(value), true);
    this.reserve(FIELD_ROOM_BYTES + length);
    const { buffer, at: start } = this;
    this.writeTag(field);
    buffer[this.at++] = length;
    let { at } = this;
    for (let i = 0; i < length; i++) {
      const code = value.charCodeAt(i);
      if (code > 127) {
        this.at = start;
        return this.writeDelimited(field, encodeText(value), true);
      }
      buffer[at++] = code;
    }
    this.at = at;
  }

  private writeDelimited(field: PlanField, bytes: Uint8Array, isMember: boolean): void {
    if (bytes.length === 0 && !isMember) return;
    this.reserve(FIELD_ROOM_BYTES + bytes.length);
    this.writeTag(field);
    this.writeVarint(bytes.length);
    this.buffer.set(bytes, this.at);
    this.at += bytes.length;
  }

  private writeTime(value: string): void {
    const nanos = this.nanosInSameSecond(value);
    if (nanos >= 0) return this.writeSecondAndNanos(BigInt(this.lastSecond), nanos);
    const time = parseTimestamp(value);
    if (time === undefined) throw BAD;
    const { seconds = 0n, nanos: parsed = 0 } = time;
    // a leap second or an offset reads another way than its text
    if (value.endsWith('Z')) {
      this.lastSecondText = value.slice(0, 19);
      this.lastSecond = Number(seconds);
    }
    this.writeSecondAndNanos(seconds, parsed);
  }

  /** The fraction of a time in the second of the time before; -1 if it is of another. */
  private nanosInSameSecond(text: string): number {
    if (this.lastSecondText === '' || !text.startsWith(this.lastSecondText)) return -1;
    if (text.length === 20) return text.charCodeAt(19) === 0x5a ? 0 : -1;
    const end = text.length - 1;
    if (end < 21 || end > 29 || text.charCodeAt(19) !== 0x2e || text.charCodeAt(end) !== 0x5a) return -1;
    let nanos = 0;
    for (let i = 20; i < 29; i++) {
      const digit = i < end ? text.charCodeAt(i) - 0x30 : 0;
      if (digit < 0 || digit > 9) return -1;
      nanos = nanos * 10 + digit;
    }
    return nanos;
  }

  private writeSecondAndNanos(seconds: bigint, nanos: number): void {
    this.reserve(FIELD_ROOM_BYTES);
    if (seconds !== 0n) {
      this.buffer[this.at++] = 1 << 3;
      if (seconds > 0n) this.writeVarint(Number(seconds));
      else this.writeBigint(seconds);
    }
    if (nanos === 0) return;
    this.buffer[this.at++] = 2 << 3;
    this.writeVarint(nanos);
  }

  /** What is too rare for a way of its own: an Any, a field mask. */
  private rareBytes(field: PlanField, value: unknown): Uint8Array {
    const codec = field.info.message;
    if (codec === undefined) throw BAD;
    const strict = fromJsonValue(codec, value);
    if (strict.ok) return codec.encode(strict.value);
    const tolerant = fromJsonValue(codec, value, { ignoreUnknown: true });
    if (!tolerant.ok) throw BAD;
    this.leftOut++;
    return codec.encode(tolerant.value);
  }

  /** Begins a run of bytes whose length is not known yet and leaves room for it. */
  private begin(field: PlanField, lengthBytes: number): { start: number; from: number; lengthBytes: number } {
    this.reserve(FIELD_ROOM_BYTES);
    const start = this.at;
    this.writeTag(field);
    this.at += lengthBytes;
    return { start, from: this.at, lengthBytes };
  }

  /** Writes the length where begin() left room, moved where the room does not fit; gives the bytes it took. */
  private end({ from, lengthBytes }: { from: number; lengthBytes: number }): number {
    const length = this.at - from;
    const needed = length < 0x80 ? 1 : length < 0x4000 ? 2 : length < 0x20_0000 ? 3 : length < 0x1000_0000 ? 4 : 5;
    if (needed !== lengthBytes) {
      this.reserve(FIELD_ROOM_BYTES);
      this.buffer.copyWithin(from - lengthBytes + needed, from, this.at);
    }
    this.at = from - lengthBytes;
    this.writeVarint(length);
    this.at += length;
    return needed;
  }

  private reserve(bytes: number): void {
    if (this.at + bytes <= this.buffer.length) return;
    const grown = new Uint8Array(Math.max(this.buffer.length * 2, this.at + bytes));
    grown.set(this.buffer.subarray(0, this.at));
    this.buffer = grown;
    this.view = new DataView(grown.buffer);
  }
}

function asObject(value: unknown): Json {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw BAD;
  return value as Json;
}

function integerOf(value: unknown, min: number, max: number): number {
  const number = typeof value === 'string' && value.trim() === value && value !== '' ? Number(value) : value;
  if (typeof number !== 'number' || !Number.isInteger(number) || number < min || number > max) throw BAD;
  return number;
}

function doubleOf(value: unknown): number {
  if (value === 'NaN') return Number.NaN;
  const number = typeof value === 'string' && value.trim() !== '' ? Number(value) : value;
  if (typeof number !== 'number' || Number.isNaN(number)) throw BAD;
  return number;
}

/** Standard and URL alphabets, with or without padding. */
function bytesOf(value: unknown): Uint8Array {
  if (typeof value !== 'string' || !/^[A-Za-z0-9+/_-]*={0,2}$/.test(value)) throw BAD;
  return new Uint8Array(Buffer.from(value, 'base64'));
}
