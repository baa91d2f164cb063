import { expect, test } from 'vitest';
import { RingReader } from '../../../agent/decode/ring-reader.ts';
import { TestRing, eventBytes } from '../ring-fixture.ts';

function readTimes(reader: RingReader): number[] {
  const times: number[] = [];
  reader.refresh();
  for (; reader.peek(); reader.take()) times.push(reader.recordTimeNs);
  reader.publish();
  return times;
}

test('RingReader reads committed records in order and gives their space back', () => {
  const ring = new TestRing();
  const reader = new RingReader(ring.memory);
  for (const time_ns of [10n, 20n, 30n]) ring.submit(eventBytes({ time_ns }));
  expect(readTimes(reader)).toEqual([10, 20, 30]);
  expect(ring.memory.consumer[0]).toBe(3n * 152n);
  expect(reader.peakBytes).toBe(3 * 152);
});

test('RingReader stops at a busy record and goes on once it is committed', () => {
  const ring = new TestRing();
  const reader = new RingReader(ring.memory);
  ring.submit(eventBytes({ time_ns: 1n }));
  const busy = ring.reserve(144);
  ring.submit(eventBytes({ time_ns: 3n }));
  expect(readTimes(reader)).toEqual([1]);
  ring.commit(busy, eventBytes({ time_ns: 2n }));
  expect(readTimes(reader)).toEqual([2, 3]);
});

test('RingReader skips and counts discarded records and those of another layout', () => {
  const ring = new TestRing();
  const reader = new RingReader(ring.memory);
  ring.discard(ring.reserve(144), 144);
  ring.submit(eventBytes({ version: 99, time_ns: 1n }));
  ring.submit(new Uint8Array(24));
  ring.submit(eventBytes({ time_ns: 4n }));
  expect(readTimes(reader)).toEqual([4]);
  expect([reader.discardedCount, reader.badCount]).toEqual([1, 2]);
});

test('RingReader reads records that wrap around the end of the ring', () => {
  const ring = new TestRing(1024);
  const reader = new RingReader(ring.memory);
  const seen: number[] = [];
  for (let i = 1; i <= 100; i++) {
    expect(ring.submit(eventBytes({ time_ns: BigInt(i) }))).toBe(true);
    if (i % 5 === 0) seen.push(...readTimes(reader));
  }
  expect(seen).toEqual(Array.from({ length: 100 }, (_, index) => index + 1));
});

test('RingReader starts where an earlier reader of the ring left', () => {
  const ring = new TestRing();
  ring.submit(eventBytes({ time_ns: 1n }));
  readTimes(new RingReader(ring.memory));
  ring.submit(eventBytes({ time_ns: 2n }));
  expect(readTimes(new RingReader(ring.memory))).toEqual([2]);
});
