import { enumNames, tryDecode } from './codec.ts';
import type { Codec, EnumInfo, FieldInfo } from './codec.ts';
import type { Any, FieldMask, Timestamp } from './gen/google.ts';
import { codecOfTypeUrl, lowerCamel, specialKind } from './json-names.ts';
import { timestampText } from './timestamp.ts';

export { fromJson, fromJsonValue } from './json-read.ts';

/**
 * One line of JSON as the hubble CLI prints it: proto names in declaration order, no defaults, 64-bit numbers as text,
 * Go's escapes. Never throws on what came over the wire: a time out of range becomes its two numbers, an Any of unknown
 * type keeps its bytes as base64. Unknown fields are not shown. Not scrubbed: text is escaped as JSON, no more.
 */
export function toJson<T extends object>(codec: Codec<T>, message: T): string {
  return messageText(codec, message);
}

type Print = (value: unknown) => string;

interface FieldPrinter {
  name: string;
  key: string;
  /** Gives '' for a default. */
  print: Print;
}

const printers = new WeakMap<object, readonly FieldPrinter[]>();

function printersOf(codec: Codec<object>): readonly FieldPrinter[] {
  let list = printers.get(codec);
  if (list === undefined) {
    list = codec.fields.map((field) => ({ name: field.name, key: `"${field.name}":`, print: fieldPrinter(field) }));
    printers.set(codec, list);
  }
  return list;
}

function messageText(codec: Codec<object>, message: object): string {
  return messagePrinter(codec)(message);
}

/** The special types are told apart once for each field, not for each value. */
function messagePrinter(codec: Codec<object>): Print {
  switch (specialKind(codec.name)) {
    case 'timestamp': return (message) => timestampJson(message as Timestamp);
    case 'wrapper': return (message) => wrapperJson(codec, message as object);
    case 'any': return (message) => anyJson(message as Any);
    case 'mask': return (message) => quote(((message as FieldMask).paths ?? []).map(lowerCamelPath).join(','));
    case undefined: return (message) => `{${fieldsText(codec, message as object)}}`;
  }
}

function fieldsText(codec: Codec<object>, message: object): string {
  let text = '';
  const values = message as Readonly<Record<string, unknown>>;
  for (const { name, key, print } of printersOf(codec)) {
    const value = values[name];
    if (value === undefined) continue;
    const printed = print(value);
    if (printed === '') continue;
    text += text === '' ? key + printed : `,${key}${printed}`;
  }
  return text;
}

function fieldPrinter(field: FieldInfo): Print {
  const print = valuePrinter(field);
  if (field.repeated) {
    return (value) => {
      const list = value as readonly unknown[];
      return list.length === 0 ? '' : `[${list.map(print).join(',')}]`;
    };
  }
  if (field.kind === 'message') return print;
  return (value) => (isDefault(value) ? '' : print(value));
}

function isDefault(value: unknown): boolean {
  return Object.is(value, 0) || value === 0n || value === '' || value === false || (value instanceof Uint8Array && value.length === 0);
}

function valuePrinter(field: FieldInfo): Print {
  const { kind, message, enum: info } = field;
  switch (kind) {
    case 'string': return (value) => quote(value as string);
    case 'bytes': return (value) => quote(base64(value as Uint8Array));
    case 'uint64':
    case 'int64':
    case 'number64': return (value) => `"${String(value)}"`;
    case 'double':
    case 'float': return (value) => numberText(value as number);
    case 'enum': return info === undefined ? String : enumPrinter(info);
    case 'message': return message === undefined ? () => '{}' : messagePrinter(message);
    default: return String;
  }
}

function enumPrinter(info: EnumInfo): Print {
  const names = enumNames(info);
  return (value) => {
    const name = names.get(value as number);
    return name === undefined ? String(value) : `"${name}"`;
  };
}

/** Go writes 1e+21 and NaN as JavaScript does, but keeps the sign of zero. */
function numberText(value: number): string {
  if (!Number.isFinite(value)) return `"${value}"`;
  return Object.is(value, -0) ? '-0' : String(value);
}

const escapes: Readonly<Record<string, string>> = { '<': '\\u003c', '>': '\\u003e', '&': '\\u0026', '\u2028': '\\u2028', '\u2029': '\\u2029' };

/** Printable ASCII without " & < > and backslash: most texts of a flow. */
const PLAIN = /^[ !#-%'-;=?-[\]-~]*$/;

/** Text as a JSON string with the escapes of Go's encoder. */
export function quote(text: string): string {
  if (PLAIN.test(text)) return `"${text}"`;
  const quoted = JSON.stringify(text);
  return /[<>&\u2028\u2029]/.test(quoted) ? quoted.replaceAll(/[<>&\u2028\u2029]/g, (character) => escapes[character] ?? character) : quoted;
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64');
}

function timestampJson(timestamp: Timestamp): string {
  const text = timestampText(timestamp);
  return text === undefined ? `{"seconds":"${timestamp.seconds ?? 0n}","nanos":${timestamp.nanos ?? 0}}` : `"${text}"`;
}

/** A wrapper is its bare value, defaults included. */
function wrapperJson(codec: Codec<object>, message: object): string {
  const [field] = codec.fields;
  if (field === undefined) return 'null';
  const zero = { bool: false, string: '', bytes: new Uint8Array(0), uint64: 0n, int64: 0n }[field.kind as string] ?? 0;
  return valuePrinter(field)((message as { value?: unknown }).value ?? zero);
}

function anyJson(any: Any): string {
  const url = any.type_url ?? '';
  const value = any.value ?? new Uint8Array(0);
  const codec = codecOfTypeUrl(url);
  const decoded = codec === undefined ? undefined : tryDecode(codec, value);
  if (codec !== undefined && decoded?.ok === true) {
    const text = fieldsText(codec, decoded.value);
    return `{"@type":${quote(url)}${text === '' ? '' : `,${text}`}}`;
  }
  if (url === '' && value.length === 0) return '{}';
  return `{"@type":${quote(url)},"value":${quote(base64(value))}}`;
}

/** Only a path that comes back the same is changed: Hubble's l4.TCP has no other name. */
function lowerCamelPath(path: string): string {
  return /[A-Z]/.test(path) ? path : lowerCamel(path);
}
