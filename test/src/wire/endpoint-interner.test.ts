import { describe, expect, test } from 'vitest';
import { EndpointInterner } from '../../../src/wire/endpoint-interner.ts';
import { EndpointCodec } from '../../../src/wire/gen/flow.ts';
import { randomMessage, seededRandom } from './random-message.ts';

describe('EndpointInterner', () => {
  test('intern() gives one id to same bytes wherever they stand, and get() the endpoint', () => {
    const interner = new EndpointInterner();
    const ids = new Map<string, number>();
    for (let seed = 1; seed <= 1500; seed++) {
      const endpoint = { ...randomMessage(EndpointCodec, seededRandom(seed)), pod_name: `pod-${seed % 900}` };
      const encoded = EndpointCodec.encode(endpoint);
      const bytes = new Uint8Array(encoded.length + 8);
      bytes.set(encoded, seed % 8);
      const id = interner.intern(bytes, seed % 8, (seed % 8) + encoded.length);
      expect(ids.get(encoded.toString()) ?? id).toBe(id);
      ids.set(encoded.toString(), id);
      expect(interner.get(id)).toEqual(endpoint);
    }
    expect(interner.size).toBe(ids.size);
    expect(new Set(ids.values()).size).toBe(ids.size);
    expect(interner.overflowCount).toBe(0);
  });

  test('intern() gives 0 for nothing, and counts what does not fit', () => {
    const interner = new EndpointInterner(2);
    const [a, b, c] = ['a', 'b', 'c'].map((name) => EndpointCodec.encode({ pod_name: name }));
    const intern = (bytes: Uint8Array | undefined): number => (bytes === undefined ? -1 : interner.intern(bytes, 0, bytes.length));
    expect([interner.intern(new Uint8Array(4), 2, 2), intern(a), intern(b), intern(c), intern(a), interner.overflowCount, interner.size]).toEqual([0, 1, 2, 0, 1, 1, 2]);
    expect(interner.get(0)).toEqual({});
  });

  test('get() of bytes that are no endpoint is an empty one', () => {
    const interner = new EndpointInterner();
    expect(interner.get(interner.intern(Uint8Array.of(0x0a, 9, 1), 0, 3))).toEqual({});
  });

  test('get() gives every endpoint however many there are, also such as were put away', () => {
    const interner = new EndpointInterner();
    const ids = Array.from({ length: 20_000 }, (_, i) => {
      const bytes = EndpointCodec.encode({ pod_name: `pod-${i}`, identity: i });
      return interner.intern(bytes, 0, bytes.length);
    });
    for (const round of [0, 1]) for (let i = round; i < ids.length; i += 7) expect(interner.get(ids[i] ?? 0)).toEqual({ pod_name: `pod-${i}`, ...(i === 0 ? {} : { identity: i }) });
  });
});
