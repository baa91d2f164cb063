import type { Codec, FieldInfo } from '../../../src/wire/codec.ts';

/** A small seeded generator (mulberry32); numbers in [0, 1). */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b_79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

const words = ['', 'a', 'shop', 'k8s:app=web', 'GET', 'ünï', '日本', '\u202e', '</script>&', '10.1.2.3', 'x'.repeat(200)];

/** A message with some of its fields set, from its field table; of a oneof at most one member. */
export function randomMessage<T extends object>(codec: Codec<T>, random: () => number, depth = 0): T {
  const message: Record<string, unknown> = {};
  const taken = new Set<string>();
  for (const field of codec.fields) {
    if (random() > (depth === 0 ? 0.6 : 0.5) || (field.oneof !== undefined && taken.has(field.oneof))) continue;
    if (field.oneof !== undefined) taken.add(field.oneof);
    const value = field.repeated ? Array.from({ length: 1 + Math.floor(random() * 3) }, () => randomValue(field, random, depth)) : randomValue(field, random, depth);
    if (field.repeated || !isDefault(value)) message[field.name] = value;
  }
  return message as T;
}

function randomValue(field: FieldInfo, random: () => number, depth: number): unknown {
  const pick = <V>(list: readonly V[]): V | undefined => list[Math.floor(random() * list.length)];
  switch (field.kind) {
    case 'string': return pick(words);
    case 'bytes': return Uint8Array.from({ length: Math.floor(random() * 5) }, () => Math.floor(random() * 256));
    case 'bool': return random() < 0.5;
    case 'uint32': return pick([0, 1, 127, 128, 443, 65_535, 2 ** 32 - 1]);
    case 'int32': return pick([0, 1, 129, -1, -(2 ** 31), 2 ** 31 - 1]);
    case 'uint64': return pick([0n, 1n, 1_772_615_702n, 2n ** 53n + 1n, 2n ** 64n - 1n]);
    case 'int64': return pick([0n, 1n, 1_772_615_702n, -1n, -(2n ** 63n), 2n ** 63n - 1n]);
    case 'number64': return pick([0, 1, 2 ** 32, 2 ** 53 - 1]);
    case 'double': return pick([0, 0.5, -84.31, 1e300]);
    case 'float': return pick([0, 0.5, -2]);
    case 'enum': return pick([...Object.values(field.enum?.values ?? {}), 7777]);
    case 'message': return field.message === undefined || depth > 5 ? {} : randomMessage(field.message, random, depth + 1);
  }
}

function isDefault(value: unknown): boolean {
  return value === 0 || value === 0n || value === '' || value === false || (value instanceof Uint8Array && value.length === 0);
}
