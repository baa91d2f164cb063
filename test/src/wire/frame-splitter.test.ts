import { describe, expect, test } from 'vitest';
import { FrameSplitter, forEachMessage, frameOf } from '../../../src/wire/frame-splitter.ts';
import { seededRandom } from './random-message.ts';

function joined(parts: readonly Uint8Array[]): Uint8Array {
  return Uint8Array.from(parts.flatMap((part) => [...part]));
}

describe('FrameSplitter', () => {
  test('push() gives back every message however the stream is cut', () => {
    const random = seededRandom(5);
    for (let round = 0; round < 40; round++) {
      const messages = Array.from({ length: 1 + Math.floor(random() * 20) }, () => Uint8Array.from({ length: Math.floor(random() ** 3 * 2000) }, () => Math.floor(random() * 256)));
      const stream = joined(messages.map(frameOf));
      const splitter = new FrameSplitter();
      const got: Uint8Array[] = [];
      let frames = 0;
      for (let at = 0; at < stream.length;) {
        const end = Math.min(stream.length, at + 1 + Math.floor(random() ** 4 * 3000));
        splitter.push(stream.subarray(at, end), (batch, count) => {
          frames += count;
          forEachMessage(batch, (start, messageEnd) => got.push(batch.slice(start, messageEnd)));
        });
        at = end;
      }
      expect(got, `round ${round}`).toEqual(messages);
      expect([frames, splitter.frames, splitter.bytes, splitter.unfinishedBytes]).toEqual([messages.length, messages.length, stream.length, 0]);
    }
  });

  test('push() hands out a chunk of whole frames as it is', () => {
    const chunk = joined([frameOf(Uint8Array.of(1)), frameOf(Uint8Array.of(2, 3))]);
    const batches: [Uint8Array, number][] = [];
    new FrameSplitter().push(chunk, (frames, count) => batches.push([frames, count]));
    expect(batches).toEqual([[chunk, 2]]);
    expect(batches[0]?.[0]).toBe(chunk);
  });

  test.each([
    ['compressed', Uint8Array.of(1, 0, 0, 0, 0)],
    ['too long', Uint8Array.of(0, 0, 64, 0, 1)],
    ['too long', Uint8Array.of(0, 255, 255, 255, 255)],
  ])('push() stops at a frame that is %s, after the frames before it', (error, bad) => {
    const good = frameOf(Uint8Array.of(9));
    for (const cut of [bad.length, 3]) {
      const splitter = new FrameSplitter();
      let frames = 0;
      const count = (_: Uint8Array, n: number): void => { frames += n; };
      splitter.push(joined([good, bad.subarray(0, cut)]), count);
      splitter.push(joined([bad.subarray(cut), good]), count);
      expect([splitter.error, frames]).toEqual([error, 1]);
    }
  });

  test('push() does not reserve what a prefix only promises', () => {
    const splitter = new FrameSplitter();
    splitter.push(Uint8Array.of(0, 0, 63, 255, 255, 1), () => undefined);
    splitter.push(Uint8Array.of(1, 2, 3), () => undefined);
    expect(splitter.unfinishedBytes).toBe(9);
    expect((splitter as unknown as { pending: Uint8Array }).pending.length).toBeLessThan(10_000);
  });
});
