import protobuf from 'google-protobuf';
import type { BinaryReader, BinaryWriter } from 'google-protobuf';

/** An enum as data: its full proto name and its values. Numbers that are not listed are legal on the wire. */
export interface EnumInfo {
  readonly name: string;
  readonly values: Readonly<Record<string, number>>;
}

/** Proto type of a field; `number64` is a 64-bit integer that we keep in a number ([jstype = JS_NUMBER]). */
export type FieldKind = 'string' | 'bytes' | 'bool' | 'uint32' | 'int32' | 'uint64' | 'int64' | 'number64' | 'double' | 'float' | 'enum' | 'message';

/** One field of a message, in declaration order, for JSON, field masks and checks. */
export interface FieldInfo {
  readonly name: string;
  readonly number: number;
  readonly kind: FieldKind;
  readonly repeated: boolean;
  /** Name of the oneof it is a member of. */
  readonly oneof?: string;
  /** For kind 'message' and 'enum'. */
  readonly message?: Codec<object>;
  readonly enum?: EnumInfo;
}

/** Bytes of one message type to objects and back. */
export interface Codec<T> {
  /** Full proto name, such as flow.Flow. */
  readonly name: string;
  /** Throws on a value its type cannot hold: that is a bug of the caller. */
  encode(message: T): Uint8Array;
  /** Throws on malformed bytes; use tryDecode() for bytes from outside. */
  decode(bytes: Uint8Array): T;
  readonly fields: readonly FieldInfo[];
}

/** A value, or why there is none. */
export type Result<T> = { ok: true; value: T } | { ok: false; error: string };

/** Every generated message keeps what it did not know, byte by byte, and writes it behind its own fields. */
export interface WithUnknown {
  $unknown?: Uint8Array | undefined;
}

/** The two generated functions of a message and the text of its field table (see parseFields). */
export interface CodecParts<T> {
  read: (message: T, reader: BinaryReader) => void;
  write: (message: T, writer: BinaryWriter) => void;
  fields: string;
  /** Messages and enums of the field table, in its order. */
  refs?: () => readonly (Codec<object> | EnumInfo)[];
}

/** Makes the codec of one message type; for generated code. */
export function makeCodec<T extends object>(name: string, parts: CodecParts<T>): Codec<T> {
  let fields: readonly FieldInfo[] | undefined;
  return {
    name,
    encode(message) {
      const writer = new protobuf.BinaryWriter();
      parts.write(message, writer);
      return writer.getResultBuffer();
    },
    decode(bytes) {
      // all fields of every message are optional
      const message = {} as T;
      parts.read(message, new protobuf.BinaryReader(bytes));
      return message;
    },
    get fields() {
      fields ??= parseFields(parts.fields, parts.refs?.() ?? []);
      return fields;
    },
  };
}

/** Makes an enum's description; for generated code. */
export function makeEnum(name: string, values: Readonly<Record<string, number>>): EnumInfo {
  return { name, values };
}

/** Decodes bytes from outside: malformed ones are a value, never a throw. */
export function tryDecode<T>(codec: Codec<T>, bytes: Uint8Array): Result<T> {
  try {
    return { ok: true, value: codec.decode(bytes) };
  } catch (error) {
    return { ok: false, error: `${codec.name}: ${error instanceof Error ? error.message : String(error)}` };
  }
}

const namesOf = new WeakMap<EnumInfo, ReadonlyMap<number, string>>();

/** Names of an enum by number. */
export function enumNames(info: EnumInfo): ReadonlyMap<number, string> {
  let names = namesOf.get(info);
  if (names === undefined) {
    names = new Map(Object.entries(info.values).map(([name, number]) => [number, name]));
    namesOf.set(info, names);
  }
  return names;
}

/** Proto name of an enum value; the number as text where the enum has none, absent counts as 0. */
export function enumName(info: EnumInfo, value: number | undefined): string {
  return enumNames(info).get(value ?? 0) ?? String(value);
}

const kinds: Readonly<Record<string, FieldKind>> = {
  s: 'string', y: 'bytes', b: 'bool', u: 'uint32', i: 'int32', U: 'uint64', I: 'int64', N: 'number64', d: 'double', f: 'float', e: 'enum', m: 'message',
};

/** `name=34s|names=7s*|TCP=1m^protocol`: name, number, kind, * for repeated, ^oneof. */
function parseFields(text: string, refs: readonly (Codec<object> | EnumInfo)[]): readonly FieldInfo[] {
  const left = [...refs];
  return [...text.matchAll(/(\w+)=(\d+)(\w)(\*?)(?:\^(\w+))?/g)].map(([, name = '', number, letter = '', star, oneof]): FieldInfo => {
    const kind = kinds[letter] ?? 'bytes';
    const base = { name, number: Number(number), kind, repeated: star === '*', ...(oneof === undefined ? {} : { oneof }) };
    if (kind === 'message') return { ...base, message: left.shift() as Codec<object> };
    if (kind === 'enum') return { ...base, enum: left.shift() as EnumInfo };
    return base;
  });
}
