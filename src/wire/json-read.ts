import type { Codec, FieldInfo, Result } from './codec.ts';
import type { Any } from './gen/google.ts';
import { codecOfTypeUrl, lowerCamel, specialKind } from './json-names.ts';
import { parseTimestamp } from './timestamp.ts';

/** How strict fromJson() is. */
export interface FromJsonOptions {
  /** Skip keys and enum names that nobody knows, as the CLI does on its second try with --input-file. */
  ignoreUnknown?: boolean;
}

/**
 * Reads protobuf JSON: proto and lowerCamelCase names, numbers or text for 64 bits, enum names or numbers, null for
 * absent. Bad input is a value with the path to it. 64-bit numbers that are not text lose digits above 2^53.
 */
export function fromJson<T extends object>(codec: Codec<T>, text: string, options: FromJsonOptions = {}): Result<T> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    return { ok: false, error: `not JSON: ${error instanceof Error ? error.message : String(error)}` };
  }
  return fromJsonValue(codec, value, options);
}

/** The same for JSON that is parsed already. */
export function fromJsonValue<T extends object>(codec: Codec<T>, value: unknown, options: FromJsonOptions = {}): Result<T> {
  try {
    return { ok: true, value: readMessage(codec, value, { path: '', ignoreUnknown: options.ignoreUnknown === true }) as T };
  } catch (error) {
    if (error instanceof BadJson) return { ok: false, error: error.message };
    throw error;
  }
}

/** Inside this file bad input travels as a throw; nothing of it leaves. */
class BadJson extends Error {}

interface Place {
  path: string;
  ignoreUnknown: boolean;
}

/** Marks an enum name that nobody knows and that shall be skipped. */
const SKIP = Symbol('skip');

function fail(place: Place, what: string): never {
  throw new BadJson(`${place.path === '' ? 'message' : place.path}: ${what}`);
}

function inside(place: Place, name: string): Place {
  return { ...place, path: place.path === '' ? name : `${place.path}.${name}` };
}

const fieldMaps = new WeakMap<object, ReadonlyMap<string, FieldInfo>>();

function fieldsByName(codec: Codec<object>): ReadonlyMap<string, FieldInfo> {
  let map = fieldMaps.get(codec);
  if (map === undefined) {
    map = new Map(codec.fields.flatMap((field) => [[lowerCamel(field.name), field], [field.name, field]] as const));
    fieldMaps.set(codec, map);
  }
  return map;
}

function readMessage(codec: Codec<object>, value: unknown, place: Place): object {
  switch (specialKind(codec.name)) {
    case 'timestamp':
      // toJson() prints a time that RFC 3339 cannot say as its two numbers
      if (typeof value === 'object') return readFields(codec, asObject(value, place), place);
      return (typeof value === 'string' ? parseTimestamp(value) : undefined) ?? fail(place, 'not a time such as 2026-03-04T09:15:02.5Z');
    case 'wrapper': return { value: codec.fields[0] === undefined ? undefined : readValue(codec.fields[0], value, place) };
    case 'mask': return typeof value === 'string' ? { paths: value === '' ? [] : value.split(',') } : fail(place, 'not a text of paths');
    case 'any': return readAny(asObject(value, place), place);
    case undefined: return readFields(codec, asObject(value, place), place);
  }
}

function asObject(value: unknown, place: Place): Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return fail(place, 'not an object');
  return value as Readonly<Record<string, unknown>>;
}

function readFields(codec: Codec<object>, values: Readonly<Record<string, unknown>>, place: Place): object {
  const message: Record<string, unknown> = {};
  const oneofs = new Set<string>();
  for (const [key, value] of Object.entries(values)) {
    const field = fieldsByName(codec).get(key);
    if (field === undefined) {
      if (!place.ignoreUnknown) fail(place, `unknown field ${JSON.stringify(key)} of ${codec.name}`);
      continue;
    }
    if (value === null) continue;
    if (field.oneof !== undefined) {
      if (oneofs.has(field.oneof)) fail(place, `more than one of ${field.oneof}`);
      oneofs.add(field.oneof);
    }
    const read = field.repeated ? readList(field, value, inside(place, key)) : readValue(field, value, inside(place, key));
    if (read !== SKIP) message[field.name] = read;
  }
  return message;
}

function readList(field: FieldInfo, value: unknown, place: Place): unknown[] {
  if (!Array.isArray(value)) return fail(place, 'not a list');
  return value.map((one, i) => readValue(field, one, { ...place, path: `${place.path}[${i}]` })).filter((one) => one !== SKIP);
}

function readValue(field: FieldInfo, value: unknown, place: Place): unknown {
  switch (field.kind) {
    case 'string': return typeof value === 'string' ? value : fail(place, 'not a text');
    case 'bool': return typeof value === 'boolean' ? value : fail(place, 'not true or false');
    case 'bytes': return readBase64(value, place);
    case 'uint32': return readInteger(value, [0, 2 ** 32 - 1], place);
    case 'int32': return readInteger(value, [-(2 ** 31), 2 ** 31 - 1], place);
    case 'uint64': return readBigint(value, [0n, 2n ** 64n - 1n], place);
    case 'int64': return readBigint(value, [-(2n ** 63n), 2n ** 63n - 1n], place);
    case 'number64': return Number(readBigint(value, [0n, 2n ** 64n - 1n], place));
    case 'double':
    case 'float': return readDouble(value, place);
    case 'enum': return readEnum(field, value, place);
    case 'message': return field.message === undefined ? {} : readMessage(field.message, value, place);
  }
}

function readInteger(value: unknown, [min, max]: readonly [number, number], place: Place): number {
  const number = typeof value === 'string' && value.trim() === value && value !== '' ? Number(value) : value;
  if (typeof number !== 'number' || !Number.isInteger(number) || number < min || number > max) return fail(place, `not a whole number from ${min} to ${max}`);
  return number === 0 ? 0 : number;
}

function readBigint(value: unknown, [min, max]: readonly [bigint, bigint], place: Place): bigint {
  const isInteger = typeof value === 'string' ? /^-?\d{1,20}$/.test(value) : Number.isInteger(value);
  const number = isInteger ? BigInt(value as string | number) : undefined;
  if (number === undefined || number < min || number > max) return fail(place, `not a whole number from ${min} to ${max}`);
  return number;
}

function readDouble(value: unknown, place: Place): number {
  if (value === 'NaN') return Number.NaN;
  const number = typeof value === 'string' && value.trim() !== '' ? Number(value) : value;
  return typeof number === 'number' && !Number.isNaN(number) ? number : fail(place, 'not a number');
}

function readEnum(field: FieldInfo, value: unknown, place: Place): number | typeof SKIP {
  if (typeof value !== 'string') return readInteger(value, [-(2 ** 31), 2 ** 31 - 1], place);
  const values = field.enum?.values ?? {};
  const number = Object.hasOwn(values, value) ? values[value] : undefined;
  if (number !== undefined) return number;
  return place.ignoreUnknown ? SKIP : fail(place, `${JSON.stringify(value)} is none of ${field.enum?.name ?? 'its enum'}`);
}

/** Standard and URL alphabets, with or without padding. */
function readBase64(value: unknown, place: Place): Uint8Array {
  if (typeof value !== 'string' || !/^[A-Za-z0-9+/_-]*={0,2}$/.test(value)) return fail(place, 'not base64');
  return new Uint8Array(Buffer.from(value, 'base64'));
}

function readAny(values: Readonly<Record<string, unknown>>, place: Place): Any {
  const { '@type': url, ...rest } = values;
  if (url === undefined && Object.keys(rest).length === 0) return {};
  if (typeof url !== 'string') return fail(place, 'no "@type"');
  const codec = codecOfTypeUrl(url);
  if (codec !== undefined) return { type_url: url, value: codec.encode(readFields(codec, rest, place)) };
  const { value = '', ...others } = rest;
  if (Object.keys(others).length > 0 && place.ignoreUnknown) return { type_url: url };
  if (Object.keys(others).length > 0) return fail(place, `the type ${JSON.stringify(url)} is not known, so its fields cannot be read`);
  if (typeof value !== 'string' && place.ignoreUnknown) return { type_url: url };
  return { type_url: url, value: readBase64(value, inside(place, 'value')) };
}
