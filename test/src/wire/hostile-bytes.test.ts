import { expect, test } from 'vitest';
import { tryDecode } from '../../../src/wire/codec.ts';
import { ReportCodec } from '../../../src/wire/gen/hubtop.ts';
import { GetFlowsRequestCodec, GetFlowsResponseCodec } from '../../../src/wire/gen/observer.ts';
import { fromJson, toJson } from '../../../src/wire/json.ts';
import { randomMessage, seededRandom } from './random-message.ts';

const seed = 42;

test.each([GetFlowsResponseCodec, GetFlowsRequestCodec, ReportCodec].map((codec) => [codec.name, codec] as const))('tryDecode() and toJson() of broken %s never throw', (_name, codec) => {
  const random = seededRandom(seed);
  let decoded = 0;
  for (let round = 0; round < 250; round++) {
    const bytes = codec.encode(randomMessage(codec, seededRandom(round)) as never);
    for (let i = 0; i < 2 && bytes.length > 0; i++) bytes[Math.floor(random() * bytes.length)] = Math.floor(random() * 256);
    const result = tryDecode<object>(codec, random() < 0.5 ? bytes : bytes.subarray(0, Math.floor(random() * bytes.length)));
    if (!result.ok) continue;
    decoded++;
    const text = toJson<object>(codec, result.value);
    expect(() => JSON.parse(text) as unknown, `seed ${seed}, round ${round}`).not.toThrow();
    fromJson<object>(codec, text, { ignoreUnknown: true });
    codec.encode(result.value as never);
  }
  expect(decoded).toBeGreaterThan(5);
});

test('tryDecode() takes many unknown fields in time', () => {
  // half a million fields 15 of one byte each, contiguous, then apart
  const joined = new Uint8Array(1_000_000).map((_, i) => (i % 2 === 0 ? 0x78 : 1));
  expect(tryDecode(GetFlowsResponseCodec, joined).ok).toBe(true);
  const apart = new Uint8Array(900_000);
  for (let i = 0; i < apart.length; i += 6) apart.set([0x78, 1, 0xc2, 0x3e, 1, 0x61], i);
  expect(tryDecode(GetFlowsResponseCodec, apart).ok).toBe(true);
});

test('tryDecode() refuses a message repeated for the cost of joining its unknown fields', () => {
  // flow (field 1) again and again, each with 100,000 unknown bytes
  const flow = new Uint8Array(100_006).fill(1);
  for (let i = 0; i < flow.length; i += 2) flow[i] = 0x60;
  const one = Uint8Array.from([0x0a, 0xa6, 0x8d, 0x06, ...flow]);
  const many = new Uint8Array(one.length * 3);
  for (let i = 0; i < 3; i++) many.set(one, i * one.length);
  expect(tryDecode(GetFlowsResponseCodec, one).ok).toBe(true);
  expect(tryDecode(GetFlowsResponseCodec, many)).toMatchObject({ ok: false, error: expect.stringContaining('too long') });
});
