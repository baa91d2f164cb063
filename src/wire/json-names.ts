import type { Codec } from './codec.ts';
import { FlowExtensionCodec, FlowsOptionsCodec, WatermarkCodec } from './gen/hubtop.ts';

/** Types an Any may hold and still be read and shown by name. */
const anyTypes: ReadonlyMap<string, Codec<object>> = new Map(
  [FlowExtensionCodec, FlowsOptionsCodec, WatermarkCodec].map((codec: Codec<object>) => [codec.name, codec]),
);

/** The codec of an Any's type URL; undefined for types we do not know. */
export function codecOfTypeUrl(url: string): Codec<object> | undefined {
  return anyTypes.get(url.slice(url.lastIndexOf('/') + 1));
}

/** Protobuf's JSON name of a field: node_name is nodeName. */
export function lowerCamel(name: string): string {
  return name.replaceAll(/_([a-zA-Z0-9])/g, (_, letter: string) => letter.toUpperCase());
}

const wrappers = new Set(['Double', 'Float', 'Int64', 'UInt64', 'Int32', 'UInt32', 'Bool', 'String', 'Bytes'].map((name) => `google.protobuf.${name}Value`));

/** Message types whose JSON is not an object with their fields. */
export function specialKind(name: string): 'timestamp' | 'wrapper' | 'any' | 'mask' | undefined {
  if (!name.startsWith('google.protobuf.')) return undefined;
  if (wrappers.has(name)) return 'wrapper';
  if (name === 'google.protobuf.Timestamp') return 'timestamp';
  if (name === 'google.protobuf.Any') return 'any';
  return name === 'google.protobuf.FieldMask' ? 'mask' : undefined;
}
