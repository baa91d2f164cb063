import { expect, test } from 'vitest';
import { FrameBatcher, eachFrame, frameMessage, maxMessageBytes } from '../../../src/rpc/frame-batcher.ts';
import { seededRandom } from '../seeded-random.ts';

const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);

function collect(): { batcher: FrameBatcher; messages: string[]; counts: number[] } {
  const messages: string[] = [];
  const counts: number[] = [];
  const batcher = new FrameBatcher((frames, count) => {
    counts.push(count);
    eachFrame(frames, (start, end) => messages.push(text(frames.subarray(start, end))));
  });
  return { batcher, messages, counts };
}

function join(parts: Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let position = 0;
  for (const part of parts) {
    whole.set(part, position);
    position += part.length;
  }
  return whole;
}

test('FrameBatcher hands a chunk of whole frames on where it lies', () => {
  const { batcher, messages, counts } = collect();
  batcher.push(join(['a', '', 'ccc'].map((word) => frameMessage(new TextEncoder().encode(word)))));
  expect(messages).toEqual(['a', '', 'ccc']);
  expect(counts).toEqual([3]);
  expect(batcher.isAtBoundary).toBe(true);
});

test('FrameBatcher gives the same messages however the stream is cut', () => {
  const seed = 4245;
  const random = seededRandom(seed);
  for (let round = 0; round < 200; round++) {
    const words = Array.from({ length: 1 + Math.floor(random() * 12) }, () => 'x'.repeat(Math.floor(random() * 30)));
    const stream = join(words.map((word) => frameMessage(new TextEncoder().encode(word))));
    const { batcher, messages } = collect();
    for (let position = 0; position < stream.length;) {
      const end = Math.min(stream.length, position + 1 + Math.floor(random() * 20));
      expect(batcher.push(stream.subarray(position, end)), `seed ${seed} round ${round}`).toBeUndefined();
      position = end;
    }
    expect(messages, `seed ${seed} round ${round}`).toEqual(words);
    expect(batcher.isAtBoundary).toBe(true);
  }
});

test('FrameBatcher refuses a message above the limit and a compressed one, also when the prefix is cut', () => {
  const large = new Uint8Array(5);
  new DataView(large.buffer).setUint32(1, maxMessageBytes + 1);
  expect(collect().batcher.push(large)).toMatch(/larger than the limit/);
  const cut = collect().batcher;
  expect(cut.push(large.subarray(0, 3))).toBeUndefined();
  expect(cut.push(large.subarray(3))).toMatch(/larger than the limit/);
  expect(collect().batcher.push(Uint8Array.of(1, 0, 0, 0, 0))).toMatch(/compressed/);
});
