import { describe, expect, test } from 'vitest';
import { enumName, tryDecode } from '../../../src/wire/codec.ts';
import { FlowCodec, Layer4Codec, Verdict, VerdictEnum, WorkloadCodec } from '../../../src/wire/gen/flow.ts';
import type { Flow } from '../../../src/wire/gen/flow.ts';
import { GetFlowsRequestCodec, GetFlowsResponseCodec } from '../../../src/wire/gen/observer.ts';

const bytes = (...list: number[]): Uint8Array => Uint8Array.from(list);

const flow: Flow = {
  time: { seconds: 1_772_615_702n, nanos: 118_274_301 },
  uuid: '0f6c2b1e-6a0d-4c55-9a53-2f1f0f8f3f11',
  verdict: Verdict.FORWARDED,
  l4: { TCP: { source_port: 41822, destination_port: 6379, flags: { SYN: true } } },
  source: { ID: 812, identity: 20111, namespace: 'shop', labels: ['k8s:app=cart'], workloads: [{ name: 'cart', kind: 'Deployment' }] },
  is_reply: { value: false },
  socket_cookie: 2n ** 64n - 1n,
  event_type: { type: 4, sub_type: -1 },
  extensions: { type_url: 'type.googleapis.com/x.Y', value: bytes(1, 2, 3) },
};

describe('codecs', () => {
  test('decode() gives back what encode() took', () => {
    expect(FlowCodec.decode(FlowCodec.encode(flow))).toEqual({ ...flow, is_reply: {} });
  });

  test('encode() leaves defaults out but keeps empty messages', () => {
    expect(FlowCodec.encode({ verdict: 0, uuid: '', proxy_port: 0, socket_cookie: 0n, reply: false, is_reply: { value: false } })).toEqual(bytes(0xd2, 0x01, 0x00));
  });

  test('decode() then encode() keeps unknown fields and enum values byte by byte', () => {
    // verdict 99, field 5000 as text "hi", field 5001 as varint
    const wire = bytes(0x10, 99, 0xc2, 0xb8, 0x02, 2, 0x68, 0x69, 0xc8, 0xb8, 0x02, 7);
    const decoded = FlowCodec.decode(wire);
    expect(decoded.verdict).toBe(99);
    expect(FlowCodec.encode(decoded)).toEqual(wire);
  });

  test('decode() takes the last member of a oneof', () => {
    expect(Layer4Codec.decode(bytes(0x0a, 0x00, 0x12, 0x02, 0x08, 0x05))).toEqual({ UDP: { source_port: 5 } });
  });

  test('decode() merges a singular message that comes twice', () => {
    const wire = bytes(0x42, 2, 0x08, 7, 0x42, 2, 0x10, 9);
    expect(FlowCodec.decode(wire)).toEqual({ source: { ID: 7, identity: 9 } });
  });

  test('decode() takes repeated numbers packed and one by one', () => {
    const packed = GetFlowsRequestCodec.encode({ whitelist: [{ verdict: [1, 2], ip_trace_id: [1n, 2n ** 63n], reply: [true, false] }] });
    expect(GetFlowsRequestCodec.decode(packed).whitelist).toEqual([{ verdict: [1, 2], ip_trace_id: [1n, 2n ** 63n], reply: [true, false] }]);
    // FlowFilter.verdict = 5, unpacked
    expect(GetFlowsRequestCodec.decode(bytes(0x32, 4, 0x28, 1, 0x28, 2)).whitelist).toEqual([{ verdict: [1, 2] }]);
  });

  test('decode() replaces bad UTF-8 and keeps a byte order mark', () => {
    expect(WorkloadCodec.decode(bytes(0x0a, 3, 0x61, 0xff, 0x62)).name).toBe('a\ufffdb');
    expect(WorkloadCodec.decode(bytes(0x0a, 4, 0xef, 0xbb, 0xbf, 0x61)).name).toBe('\ufeffa');
  });

  test('encode() replaces a lone surrogate', () => {
    expect(WorkloadCodec.decode(WorkloadCodec.encode({ name: 'a\ud800' })).name).toBe('a\ufffd');
  });

  test.each([
    ['a cut message', bytes(0x0a, 5, 1)],
    ['a number where a text belongs', bytes(0x90, 0x02, 1)],
    ['a text where a number belongs', bytes(0x12, 1, 0x61)],
    ['field number 0', bytes(0x00, 1)],
    ['wire type 7', bytes(0x0f)],
    ['an endless varint', bytes(0x10, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255)],
    ['a group that ends before it begins', bytes(0x0c)],
  ])('tryDecode() says no to %s', (_what, wire) => {
    expect(tryDecode(FlowCodec, wire)).toMatchObject({ ok: false, error: expect.stringContaining('flow.Flow: ') });
  });

  test('tryDecode() refuses nesting without end', () => {
    // GetFlowsResponse has no cycle; groups in unknown fields do
    const nested = new Uint8Array(200_000).fill(0x0b);
    expect(tryDecode(GetFlowsResponseCodec, nested).ok).toBe(false);
  });

  test('enumName() names a value, or gives its number', () => {
    expect([enumName(VerdictEnum, 2), enumName(VerdictEnum, undefined), enumName(VerdictEnum, 99)]).toEqual(['DROPPED', 'VERDICT_UNKNOWN', '99']);
  });

  test('fields lists a message in declaration order', () => {
    expect(FlowCodec.fields.slice(0, 6).map((field) => `${field.name} ${field.number} ${field.kind}`)).toEqual([
      'time 1 message', 'uuid 34 string', 'emitter 41 message', 'verdict 2 enum', 'drop_reason 3 uint32', 'auth_type 35 enum',
    ]);
    expect(FlowCodec.fields.find((field) => field.name === 'verdict')?.enum).toBe(VerdictEnum);
    expect(Layer4Codec.fields.map((field) => field.oneof)).toEqual(Array.from({ length: 7 }, () => 'protocol'));
  });
});
