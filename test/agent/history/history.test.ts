import { expect, test } from 'vitest';
import { EVENT_WORDS } from '../../../agent/decode/event.ts';
import { HistoryReader, HistoryWriter, MAX_TIMED_ROWS, allocateHistory, checkHistoryCapacity } from '../../../agent/history/history.ts';
import { NodeDrain } from '../../../agent/history/node-drain.ts';
import { TestRing, eventBytes } from '../ring-fixture.ts';

function rowWords(sequence: number, time_ns = 0n): Uint32Array {
  return new Uint32Array(eventBytes({ sequence, time_ns }).buffer);
}

function timeOf(row: Uint32Array): bigint {
  return new BigUint64Array(row.buffer, 8, 1)[0] ?? 0n;
}

test.each([
  [0, 'invalid capacity: must be one less than an integer power of two: 0'],
  [1, undefined],
  [4095, undefined],
  [4096, 'invalid capacity: must be one less than an integer power of two: 4096'],
  [65_535, undefined],
  [131_071, 'invalid capacity: too large: 131071'],
])('checkHistoryCapacity(%d) says %s', (capacity, problem) => {
  expect(checkHistoryCapacity(capacity)).toBe(problem);
});

test('HistoryReader reads exactly the newest rows, whatever the capacity', () => {
  for (const capacity of [1, 3, 7]) {
    const memory = allocateHistory({ rows: capacity });
    const writer = new HistoryWriter(memory);
    const reader = new HistoryReader(memory);
    const row = new Uint32Array(EVENT_WORDS);
    for (let written = 0; written < 40; written++) {
      expect(reader.head()).toBe(written);
      const readable = Array.from({ length: 45 }, (_, number) => number).filter((number) => reader.copy(number, row) && row[4] === number);
      expect(readable).toEqual(Array.from({ length: written }, (_, number) => number).slice(-capacity));
      writer.push(rowWords(written), 0, 0, 0);
    }
  }
});

const SECOND = 1_000_000_000n;

/** A history of 63 rows and 10 seconds whose segments have 64 rows, and what of it can be read. */
function timedHistory(): { push(timeNs: bigint): void; readable(): { from: number; to: number } } {
  const memory = allocateHistory({ rows: 63, seconds: 10 });
  const [writer, reader] = [new HistoryWriter(memory), new HistoryReader(memory)];
  const row = new Uint32Array(EVENT_WORDS);
  return {
    push: (timeNs) => { writer.push(rowWords(writer.head, timeNs), 0, 0, 0); },
    readable: () => {
      const [from, to] = [reader.oldest(), reader.head()];
      for (let number = from; number < to; number++) expect(reader.copy(number, row) && row[4]).toBe(number);
      for (const number of [from - 1, from - 64, from - 10_000, to]) expect(reader.copy(number, row)).toBe(false);
      return { from, to };
    },
  };
}

test('a history keeps the newest rows, and all of its seconds besides', () => {
  const { push, readable } = timedHistory();
  for (let row = 0; row < 1_000; row++) push(BigInt(row) * SECOND / 50n);
  expect(readable()).toEqual({ from: 448, to: 1_000 }); // 10 s are 500 rows, and a segment goes as one
  // a quiet time takes away what is old, but for the newest rows
  for (let row = 0; row < 100; row++) push(1_000n * SECOND + BigInt(row) * SECOND);
  expect(readable()).toEqual({ from: 1_024, to: 1_100 });
});

test('a history keeps less than its seconds where they have too many rows', () => {
  const memory = allocateHistory({ rows: 63, seconds: 10 });
  const [writer, reader] = [new HistoryWriter(memory), new HistoryReader(memory)];
  const record = rowWords(0);
  for (let number = 0; number < MAX_TIMED_ROWS + 5_000; number++) {
    record[4] = number;
    writer.push(record, 0, 0, 0);
  }
  const [from, to] = [reader.oldest(), reader.head()];
  expect(to - from).toBeGreaterThan(MAX_TIMED_ROWS - 64);
  expect(to - from).toBeLessThanOrEqual(MAX_TIMED_ROWS + 64);
  const row = new Uint32Array(EVENT_WORDS);
  const read = [from - 1, from, from + 100_000, to - 1].map((number) => (reader.copy(number, row) ? row[4] : undefined));
  expect(read).toEqual([undefined, from, from + 100_000, to - 1]);
});

test('rows that are let go by time can be read by nobody who was just about to', () => {
  const memory = allocateHistory({ rows: 63, seconds: 1 });
  const [writer, reader] = [new HistoryWriter(memory), new HistoryReader(memory)];
  const row = new Uint32Array(EVENT_WORDS);
  const write = (timeNs: bigint): void => { writer.push(rowWords(writer.head, timeNs), 0, 0, 0); };
  for (let i = 0; i < 128; i++) write(0n);
  expect(reader.copy(0, row)).toBe(true);
  // the third segment lets go of the first, whose place the fourth takes
  for (let i = 0; i < 128; i++) write(100n * SECOND);
  expect(reader.copy(0, row)).toBe(false);
  expect(reader.copy(192, row) && row[4]).toBe(192);
});

test('HistoryWriter.push() adds the clock offset with its carry and changes nothing else', () => {
  const memory = allocateHistory({ rows: 3 });
  const writer = new HistoryWriter(memory);
  const offset = 1_763_791_453_123_456_789n;
  const record = rowWords(9, 0xffff_fff0n + 17n * 0x1_0000_0000n);
  writer.push(record, 0, Number(offset & 0xffff_ffffn), Number(offset >> 32n));
  const row = new Uint32Array(EVENT_WORDS);
  expect(new HistoryReader(memory).copy(0, row)).toBe(true);
  expect(timeOf(row)).toBe(0xffff_fff0n + 17n * 0x1_0000_0000n + offset);
  expect(Array.from(row.slice(4))).toEqual(Array.from(record.slice(4)));
});

test('HistoryReader.head() is right on both sides of 2^31 and 2^32 rows', () => {
  const memory = allocateHistory({ rows: 3 });
  const writer = new HistoryWriter(memory);
  const reader = new HistoryReader(memory);
  for (const start of [2 ** 31 - 2, 2 ** 32 - 2, 3 * 2 ** 31 - 2]) {
    writer.head = start;
    for (let i = 1; i <= 4; i++) {
      writer.push(rowWords(0), 0, 0, 0);
      if (i >= 2) expect(reader.head()).toBe(start + i);
    }
  }
});

test('NodeDrain merges both lanes by time up to the watermark', () => {
  const [urgent, bulk] = [new TestRing(4096, 0), new TestRing(4096, 1)];
  const memory = allocateHistory({ rows: 63 });
  const drain = new NodeDrain([urgent.memory, bulk.memory], memory);
  for (const time_ns of [10n, 40n, 70n]) urgent.submit(eventBytes({ time_ns, lane: 0 }));
  for (const time_ns of [20n, 30n, 50n, 60n]) bulk.submit(eventBytes({ time_ns, lane: 1 }));
  expect(drain.drain(45n, 1_000n)).toBe(4);
  const reader = new HistoryReader(memory);
  expect(reader.watermarkNs()).toBe(1_045n);
  expect(drain.drain(100n, 1_000n)).toBe(3);
  expect(drain.drain(110n, 1_000n)).toBe(0);
  expect(reader.watermarkNs()).toBe(1_110n);
  const row = new Uint32Array(EVENT_WORDS);
  const times = Array.from({ length: 7 }, (_, number) => (reader.copy(number, row) ? timeOf(row) : -1n));
  expect(times).toEqual([1010n, 1020n, 1030n, 1040n, 1050n, 1060n, 1070n]);
});

test('NodeDrain holds one lane back while a busy record in the other may be older, but not for ever', () => {
  const [urgent, bulk] = [new TestRing(4096, 0), new TestRing(4096, 1)];
  const memory = allocateHistory({ rows: 63 });
  const reader = new HistoryReader(memory);
  const drain = new NodeDrain([urgent.memory, bulk.memory], memory);
  const busy = urgent.reserve(144);
  bulk.submit(eventBytes({ time_ns: 20_000_000n, lane: 1 }));
  expect(drain.drain(30_000_000n, 0n)).toBe(0);
  expect(reader.watermarkNs()).toBe(0n);
  urgent.commit(busy, eventBytes({ time_ns: 10_000_000n, lane: 0 }));
  expect(drain.drain(30_000_000n, 0n)).toBe(2);
  expect(reader.watermarkNs()).toBe(30_000_000n);
  urgent.reserve(144);
  bulk.submit(eventBytes({ time_ns: 40_000_000n, lane: 1 }));
  expect(drain.drain(91_000_000n, 0n)).toBe(1);
  expect(reader.watermarkNs()).toBe(30_000_000n);
});

test('NodeDrain proves a gap with its size and place, and counts what a full ring refused', () => {
  const ring = new TestRing(1024);
  const memory = allocateHistory({ rows: 63 });
  const drain = new NodeDrain([ring.memory], memory);
  let refused = 0;
  for (let sequence = 0; sequence < 20; sequence++) {
    if (sequence === 15) drain.drain(1_000_000n, 0n);
    if (!ring.submit(eventBytes({ sequence, time_ns: BigInt(sequence), cpu: 2, type: 4 }))) refused++;
  }
  drain.drain(1_000_000n, 0n);
  expect(refused).toBeGreaterThan(0);
  expect(drain.takeGaps()).toMatchObject([{ count: refused, cpu: 2, lane: 0, lastNs: 15n }]);
  expect(drain.takeGaps()).toEqual([]);
  const counts = drain.counts();
  expect([counts.rows, counts.missing, counts.rowsByType[4]]).toEqual([20 - refused, refused, 20 - refused]);
});

test('NodeDrain.takeFolds() puts records that stand for many behind the rows, with numbers of their own, and counts their volume', () => {
  const ring = new TestRing(4096, 1);
  const memory = allocateHistory({ rows: 63 });
  const drain = new NodeDrain([ring.memory], memory);
  ring.submit(eventBytes({ type: 4, time_ns: 90n, lane: 1, skbs: 1, bytes: 50 }));
  drain.drain(100n, 1000n);
  const fold = (time_ns: bigint): Uint8Array => eventBytes({ type: 4, why: 9, lane: 2, folded: 700, skbs: 800, bytes: 90_000, time_ns });
  drain.takeFolds([fold(120n), fold(40n)], 1000n);
  const reader = new HistoryReader(memory);
  const row = new Uint32Array(36);
  const seen = [0, 1, 2].map((number) => {
    expect(reader.copy(number, row)).toBe(true);
    return [row[2], row[4], (row[6] ?? 0) >>> 16];
  });
  // what is older than what readers were told is complete would come out of order
  expect(seen).toEqual([[1090, 0, 1], [1100, 0, 2], [1120, 1, 2]]);
  expect(drain.counts()).toMatchObject({ rows: 3, skbs: 1601, bytes: 180_050, missing: 0, unknownCpu: 0 });
});

test('NodeDrain tells no gap where the record was only late', () => {
  const ring = new TestRing(4096);
  const drain = new NodeDrain([ring.memory], allocateHistory({ rows: 63 }));
  for (const sequence of [0, 2, 1, 5, 6]) ring.submit(eventBytes({ type: 4, sequence, time_ns: 10n, cpu: 1 }));
  drain.drain(100n, 0n);
  expect(drain.takeGaps()).toMatchObject([{ count: 2, cpu: 1 }]);
  expect(drain.counts()).toMatchObject({ missing: 2, late: 1 });
});
