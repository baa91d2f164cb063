import { describe, expect, test } from 'vitest';
import { AgentEventCodec, FlowFilterCodec } from '../../../src/wire/gen/flow.ts';
import { ReportCodec } from '../../../src/wire/gen/hubtop.ts';
import { GetFlowsRequestCodec, GetFlowsResponseCodec } from '../../../src/wire/gen/observer.ts';
import type { Codec } from '../../../src/wire/codec.ts';
import { fromJsonValue, toJson } from '../../../src/wire/json.ts';
import { JsonWire } from '../../../src/wire/json-wire.ts';
import { randomMessage, seededRandom } from './random-message.ts';

/** What the slow way gives: bytes, or undefined for what is no message. */
function expectedOf(codec: Codec<object>, value: unknown): string | undefined {
  const read = fromJsonValue(codec, value, { ignoreUnknown: true });
  return read.ok ? Buffer.from(codec.encode(read.value)).toString('hex') : undefined;
}

function bytesOf(wire: JsonWire, value: unknown): string | undefined {
  wire.reset();
  return wire.write(value) ? Buffer.from(wire.bytes()).toString('hex') : undefined;
}

const codecs = [GetFlowsResponseCodec, GetFlowsRequestCodec, ReportCodec, AgentEventCodec, FlowFilterCodec].map((codec) => [codec.name, codec as Codec<object>] as const);
const junk: readonly unknown[] = [null, true, false, 0, -1, 1.5, 2 ** 40, '', 'x', '12', '-7', '18446744073709551616', 'NaN', 'FORWARDED', '2026-03-04T09:15:02.5Z', 'AA==', [], {}, [1], [null], { a: 1 }, 'ü'.repeat(100)];

/** The same JSON with one value somewhere in it replaced. */
function spoiled(value: unknown, random: () => number): unknown {
  if (typeof value !== 'object' || value === null || random() < 0.1) return junk[Math.floor(random() * junk.length)];
  const keys = Object.keys(value);
  const key = keys[Math.floor(random() * keys.length)];
  if (key === undefined) return { newer: 1 };
  const copy = Array.isArray(value) ? [...value] as unknown[] : { ...value };
  (copy as Record<string, unknown>)[key] = spoiled((value as Record<string, unknown>)[key], random);
  return copy;
}

describe('JsonWire', () => {
  test.each(codecs)('write() gives the bytes of a %s that fromJson() and the codec give', (_name, codec) => {
    const wire = new JsonWire(codec);
    for (let seed = 1; seed <= 200; seed++) {
      const value: unknown = JSON.parse(toJson(codec, randomMessage(codec, seededRandom(seed))));
      expect(bytesOf(wire, value), `seed ${seed}`).toBe(expectedOf(codec, value));
    }
    expect(wire.leftOut).toBe(0);
  });

  test.each(codecs)('write() refuses of a spoiled %s what fromJson() refuses, and stays usable', (_name, codec) => {
    const wire = new JsonWire(codec);
    let refused = 0;
    for (let seed = 1; seed <= 600; seed++) {
      const random = seededRandom(seed);
      const value = spoiled(JSON.parse(toJson(codec, randomMessage(codec, random))), random);
      const expected = expectedOf(codec, value);
      if (expected === undefined) refused++;
      expect(bytesOf(wire, value), `seed ${seed} ${JSON.stringify(value)}`).toBe(expected);
    }
    expect(refused).toBeGreaterThan(50);
  });

  test.each<[string, unknown, number]>([
    ['an unknown field', { flow: { uuid: 'a', newer: { deep: [1] } } }, 1],
    ['an unknown enum name', { flow: { uuid: 'a', verdict: 'NEWER' } }, 1],
    ['an Any of an unknown type', { flow: { extensions: { '@type': 'type.googleapis.com/vendor.Thing', value: { a: 1 } } } }, 1],
    ['lowerCamelCase, numbers for names, text for numbers', { nodeName: 'n', flow: { eventType: { type: '4' }, verdict: 2, socketCookie: 7, isReply: false } }, 0],
    ['a key that is a trap', JSON.parse('{"__proto__": {"flow": {}}, "constructor": 1, "node_name": "n"}'), 2],
  ])('write() takes %s', (_what, value, leftOut) => {
    const wire = new JsonWire(GetFlowsResponseCodec);
    expect(bytesOf(wire, value)).toBe(expectedOf(GetFlowsResponseCodec, value));
    expect(wire.leftOut).toBe(leftOut);
  });

  test.each(['2026-03-04T09:15:02Z', '2026-03-04T09:15:02.1Z', '2026-03-04T09:15:02.123456789Z', '2026-03-04T09:15:02.1234567891Z', '2026-03-04T09:15:02.Z', '2026-03-04T09:15:02.5', '2026-03-04T09:15:02.5+02:00',
    '2026-03-04T09:15:02.a5Z', '2026-03-04T09:15:02', '2026-02-30T09:15:02Z', '1969-12-31T23:59:59.5Z', '0001-01-01T00:00:00Z', '2026-03-04T09:15:02z', ''])('write() reads the time %j after another of its second', (time) => {
    const wire = new JsonWire(GetFlowsResponseCodec);
    bytesOf(wire, { time: '2026-03-04T09:15:02.25Z' });
    expect(bytesOf(wire, { time })).toBe(expectedOf(GetFlowsResponseCodec, { time }));
  });
});
