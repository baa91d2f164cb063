import { expect, test } from 'vitest';
import { EventType, Point, TraceReason, whyNames } from '../../../agent/decode/event.ts';
import type { KernelSample } from '../../../agent/decode/kernel.ts';
import { readAll, readersOf, run, smallKernel, type ReadEvent } from './small-plan.ts';

const isPacket = (event: ReadEvent): boolean => event.type === EventType.trace || event.type === EventType.drop;

function sum<T>(rows: readonly T[], figure: (row: T) => number): number {
  return rows.reduce((before, row) => before + figure(row), 0);
}

function total(sample: KernelSample, figure: 'happened' | 'submitted' | 'lost' | 'suppressed' | 'folded'): number {
  return sum(sample.events, (row) => row[figure]);
}

test('createSimKernel() gives the same bytes for the same seed and others for another', () => {
  const [one, same, other] = [smallKernel(), smallKernel(), smallKernel({ seed: 8 })].map((kernel) => run(kernel, 5).map((event) => event.hex));
  expect(one?.length).toBeGreaterThan(1000);
  expect(same).toEqual(one);
  expect(other).not.toEqual(one);
});

test('step() in other steps gives the same events', () => {
  const [fine, coarse] = [1n, 500n].map((stepMs) => {
    const kernel = smallKernel();
    const readers = readersOf(kernel);
    const events: string[] = [];
    for (let ms = stepMs; ms <= 2000n; ms += stepMs) {
      kernel.step(5_000_000_000n + ms * 1_000_000n);
      events.push(...readers.flatMap(readAll).map((event) => event.hex));
    }
    kernel.close();
    return [...events, ...readers.flatMap(readAll).map((event) => event.hex)].sort();
  });
  expect(fine?.length).toBeGreaterThan(500);
  expect(coarse).toEqual(fine);
});

test('both ledgers balance while nothing is lost', () => {
  const kernel = smallKernel();
  const readers = readersOf(kernel);
  const events = run(kernel, 20, readers);
  kernel.close();
  events.push(...readers.flatMap(readAll));
  const sample = kernel.sample();
  expect(total(sample, 'lost')).toBe(0);
  expect(total(sample, 'happened')).toBe(total(sample, 'submitted') + total(sample, 'suppressed'));
  expect(total(sample, 'submitted')).toBe(events.length);
  const reported = events.filter(isPacket);
  expect(sum(sample.pairs, (row) => row.skbs)).toBe(sum(reported, (event) => event.skbs) + sample.conntrack.liveSkbs);
  expect(sum(sample.pairs, (row) => row.bytes)).toBe(sum(reported, (event) => event.bytes) + sample.conntrack.liveBytes);
  expect(sum(sample.pairs, (row) => row.reported)).toBe(reported.length);
  expect(sample.conntrack.inserted - sample.conntrack.deleted).toBe(sample.conntrack.live);
  expect(sample.programRuns).toBe(sum(sample.pairs, (row) => row.skbs));
});

test('sweep() with all leaves nothing unreported', () => {
  const kernel = smallKernel();
  run(kernel, 8);
  expect(kernel.sample().conntrack.liveSkbs).toBeGreaterThan(0);
  kernel.sweep({ all: true });
  expect(kernel.sample().conntrack).toMatchObject({ liveSkbs: 0, liveBytes: 0 });
});

test('a full ring loses events, counts them and keeps the volume for later', () => {
  const kernel = smallKernel({ ringBytes: [4096, 4096] });
  const readers = readersOf(kernel);
  run(kernel, 10, []);
  const full = kernel.sample();
  expect(total(full, 'lost')).toBeGreaterThan(500);
  const before = readers.flatMap(readAll);
  expect(total(full, 'happened')).toBe(total(full, 'submitted') + total(full, 'lost') + total(full, 'suppressed'));
  expect(before.length).toBeLessThanOrEqual(2 * Math.floor(4096 / 144));
  const lostDrops = sum(full.events.filter((row) => row.kind === 'drop'), (row) => row.lost);
  const reported = sum(before.filter(isPacket), (event) => event.skbs);
  expect(sum(full.pairs, (row) => row.skbs)).toBe(reported + full.conntrack.liveSkbs + lostDrops + kernel.evicted().skbs);
});

test('a gap in the sequence numbers is as long as what was lost', () => {
  const kernel = smallKernel({ ringBytes: [4096, 4096], cpus: 1 });
  const readers = readersOf(kernel);
  run(kernel, 4, []);
  const lost = total(kernel.sample(), 'lost');
  const events = readers.flatMap(readAll);
  const seen = kernel.sample();
  for (const lane of [0, 1]) {
    const sequences = events.filter((event) => event.lane === lane).map((event) => event.sequence);
    expect(sequences).toEqual(sequences.map((_, index) => index));
  }
  kernel.step(kernel.nowNs() + 2_000_000_000n);
  const later = readers.flatMap(readAll);
  const skipped = [0, 1].map((lane) => {
    const first = later.find((event) => event.lane === lane)?.sequence ?? 0;
    return first - events.filter((event) => event.lane === lane).length;
  });
  expect(skipped[0] ?? 0).toBeGreaterThan(0);
  expect(sum(skipped, (count) => count)).toBe(lost);
  expect(total(seen, 'lost')).toBe(lost);
});

test('a full conntrack evicts, and the ledger knows how much went with it', () => {
  const kernel = smallKernel({ conntrackMax: 20 });
  const readers = readersOf(kernel);
  const events = run(kernel, 10, readers);
  const { conntrack, pairs } = kernel.sample();
  expect(conntrack.live).toBe(20);
  expect(conntrack.inserted - conntrack.deleted - conntrack.live).toBeGreaterThan(100);
  expect(conntrack.midStream).toBeGreaterThan(0);
  kernel.close();
  events.push(...readers.flatMap(readAll));
  expect(sum(pairs, (row) => row.skbs)).toBe(sum(events.filter(isPacket), (event) => event.skbs) + conntrack.liveSkbs + kernel.evicted().skbs);
});

test('records never corrupt the ring over many turns of it', () => {
  const kernel = smallKernel({ ringBytes: [8192, 8192] });
  const readers = readersOf(kernel);
  run(kernel, 5, readers);
  for (let step = 0; step < 20_000; step++) {
    kernel.step(kernel.nowNs() + 1_000_000n);
    if (step % 7 === 0) readers.forEach(readAll);
  }
  expect(readers.map((reader) => reader.badCount)).toEqual([0, 0]);
  expect(readers.reduce((count, reader) => count + reader.discardedCount, 0)).toBeGreaterThan(10);
});

test('two nodes see the two ends of one connection alike', () => {
  const [fromA, fromB] = ['a', 'b'].map((nodeName) => run(smallKernel({ nodeName }), 10).filter((event) => event.type === EventType.trace && event.why === whyNames.indexOf('new')));
  const sent = (fromA ?? []).filter((event) => event.destinationRef === 3 && event.subType === Point.toStack);
  const received = (fromB ?? []).filter((event) => event.sourceRef === 1 && event.subType === Point.toEndpoint);
  const identify = (event: ReadEvent): string => `${event.protocol} ${event.sourcePort} > ${event.destinationPort} ${event.tcpFlags} ${event.bytes}`;
  expect(received.length).toBeGreaterThan(50);
  const sentTexts = new Set(sent.map(identify));
  expect(received.filter((event) => event.timeNs < 14_900_000_000).map(identify).filter((text) => !sentTexts.has(text))).toEqual([]);
  expect(received[0]?.timeNs).toBeGreaterThan(sent[0]?.timeNs ?? Infinity);
});

test('every type, point, reason and direction that the plan speaks of occurs', () => {
  const events = run(smallKernel(), 12);
  const set = (figure: (event: ReadEvent) => number): number[] => [...new Set(events.map(figure))].sort((one, other) => one - other);
  expect(set((event) => event.type)).toEqual([EventType.drop, EventType.trace, EventType.verdict, EventType.kernelDrop]);
  expect(set((event) => event.dropReason)).toEqual([0, 3, 132, 133, 135]);
  expect(set((event) => (event.type === EventType.trace ? event.reason : TraceReason.new))).toEqual([TraceReason.new, TraceReason.established, TraceReason.reply]);
  expect(set((event) => event.direction)).toEqual([1, 2]);
  expect(set((event) => event.protocol)).toEqual([1, 6, 17]);
  expect(set((event) => event.why)).toEqual(['new', 'flags', 'close', 'interval', 'sweep', 'drop'].map((name) => whyNames.indexOf(name)));
});

test('events of one lane come in the order of time', () => {
  const events = run(smallKernel(), 5).filter((event) => event.why !== whyNames.indexOf('sweep'));
  for (const lane of [0, 1]) {
    const times = events.filter((event) => event.lane === lane).map((event) => event.timeNs);
    expect(times).toEqual(times.toSorted((one, other) => one - other));
  }
});
