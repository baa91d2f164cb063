import { describe, expect, test } from 'vitest';
import { GetAgentEventsResponseCodec, GetFlowsResponseCodec } from '../../../src/wire/gen/observer.ts';
import { tryDecode } from '../../../src/wire/codec.ts';
import type { Codec } from '../../../src/wire/codec.ts';
import { toJson } from '../../../src/wire/json.ts';
import { JsonLines } from '../../../src/wire/json-lines.ts';
import { decodeText } from '../../../src/wire/text.ts';
import { randomMessage, seededRandom } from './random-message.ts';

function lineOf(lines: JsonLines, bytes: Uint8Array, start = 0, end = bytes.length): string | undefined {
  lines.reset();
  return lines.write(bytes, start, end) ? decodeText(lines.bytes(), 0, lines.length) : undefined;
}

/** What the slow way prints. */
function expectedOf(codec: Codec<object>, bytes: Uint8Array): string | undefined {
  const decoded = tryDecode(codec, bytes);
  return decoded.ok ? `${toJson(codec, decoded.value)}\n` : undefined;
}

describe('JsonLines', () => {
  test.each([GetFlowsResponseCodec, GetAgentEventsResponseCodec].map((codec) => [codec.name, codec as Codec<object>] as const))('write() prints a %s as toJson() does', (_name, codec) => {
    const lines = new JsonLines(codec);
    for (let seed = 1; seed <= 300; seed++) {
      const encoded = codec.encode(randomMessage(codec, seededRandom(seed)));
      const bytes = new Uint8Array(encoded.length + 9).fill(255);
      bytes.set(encoded, 5);
      expect(lineOf(lines, bytes, 5, 5 + encoded.length), `seed ${seed}`).toBe(expectedOf(codec, encoded));
    }
  });

  test('write() agrees with the codec on broken bytes, and counts them', () => {
    const random = seededRandom(9);
    const lines = new JsonLines(GetFlowsResponseCodec);
    let refused = 0;
    for (let seed = 1; seed <= 300; seed++) {
      const bytes = GetFlowsResponseCodec.encode(randomMessage(GetFlowsResponseCodec, seededRandom(seed)));
      if (bytes.length > 0) bytes[Math.floor(random() * bytes.length)] = Math.floor(random() * 256);
      const expected = expectedOf(GetFlowsResponseCodec, bytes);
      if (expected === undefined) refused++;
      expect(lineOf(lines, bytes), `seed ${seed}`).toBe(expected);
    }
    expect(lines.malformedCount).toBe(refused);
  });

  test('write() leaves fields out that nobody wants, also of messages that go the slow way', () => {
    const lines = new JsonLines(GetFlowsResponseCodec, ['extensions']);
    let extended = 0;
    for (let seed = 1; seed <= 300; seed++) {
      const message = randomMessage(GetFlowsResponseCodec, seededRandom(seed));
      const bytes = GetFlowsResponseCodec.encode(message);
      const expected = structuredClone(message);
      if (expected.flow?.extensions !== undefined) extended++;
      delete expected.flow?.extensions;
      expect(lineOf(lines, bytes), `seed ${seed}`).toBe(`${toJson(GetFlowsResponseCodec, expected)}\n`);
    }
    expect(extended).toBeGreaterThan(20);
  });

  test('bytes() has one line for each message until reset()', () => {
    const lines = new JsonLines(GetFlowsResponseCodec);
    for (const name of ['a', 'b', 'x'.repeat(100_000)]) {
      const bytes = GetFlowsResponseCodec.encode({ node_name: name });
      lines.write(bytes, 0, bytes.length);
    }
    expect(decodeText(lines.bytes(), 0, lines.length).split('\n').map((line) => line.length)).toEqual([17, 17, 100_016, 0]);
  });
});
