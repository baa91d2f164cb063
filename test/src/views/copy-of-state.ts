import { forgetPairs } from '../../../src/model/forget-pairs.ts';
import type { State } from '../../../src/model/state.ts';

/** Functions of a state that keep nothing of it: what a ring makes its slots by, and quantiles, which begin anew at each call. */
const SHARED = new Set(['make', 'settle', 'quantiles']);

/**
 * A state like this one that shares nothing with it that changes, in a hundredth of the time it takes to tell it anew. It lives
 * for minutes: names idle for more than an hour cannot be forgotten in it and throw.
 */
export function copyOfState(state: State): State {
  const copy = copyOf(state, '', new Map<unknown, unknown>()) as State;
  copy.directory.onForget = (pairs) => forgetPairs(copy, pairs);
  return copy;
}

function copyOf(value: unknown, name: string, copies: Map<unknown, unknown>): unknown {
  if (typeof value === 'function') return copyOfFunction(value, name);
  if (typeof value !== 'object' || value === null || value instanceof TextDecoder) return value;
  const known = copies.get(value);
  if (known !== undefined) return known;
  const copy = emptyLike(value, copies);
  copies.set(value, copy);
  if (copy instanceof Map) for (const [key, one] of value as typeof copy) copy.set(copyOf(key, '', copies), copyOf(one, '', copies));
  if (copy instanceof Set) for (const one of value as typeof copy) copy.add(copyOf(one, '', copies));
  if (ArrayBuffer.isView(copy) || copy instanceof ArrayBuffer) return copy;
  for (const [key, one] of Object.entries(value)) (copy as Record<string, unknown>)[key] = copyOf(one, key, copies);
  return copy;
}

function emptyLike(value: object, copies: Map<unknown, unknown>): object {
  if (value instanceof ArrayBuffer) return value.slice(0);
  // views of one buffer stay so
  if (ArrayBuffer.isView(value)) return Reflect.construct(value.constructor, [copyOf(value.buffer, '', copies), value.byteOffset, 'length' in value ? value.length : value.byteLength]) as object;
  if (Array.isArray(value)) return Array.from({ length: value.length });
  if (value instanceof Map) return new Map();
  if (value instanceof Set) return new Set();
  return Object.create(Object.getPrototypeOf(value) as object | null) as object;
}

// a function may hold on to the state it was made for
function copyOfFunction(value: object, name: string): unknown {
  if (SHARED.has(name)) return value;
  if (name === 'onForget') return () => { throw new Error('a copy of a state cannot forget names'); };
  throw new Error(`a copy of a state cannot have the function ${name}`);
}
