import { expect, test } from 'vitest';
import { FlowMerge, behindMs, patienceMs } from '../../../../src/relay/merge/flow-merge.ts';
import type { PeerQueue } from '../../../../src/relay/merge/peer-queue.ts';
import { askForWatermarks, flowsOptionsUrl, wantsWatermarks, watermarkMessage, watermarkTime } from '../../../../src/relay/merge/watermark.ts';
import { forEachMessage, frameOf } from '../../../../src/wire/frame-splitter.ts';
import { FlowsOptionsCodec } from '../../../../src/wire/gen/hubtop.ts';
import { GetFlowsResponseCodec } from '../../../../src/wire/gen/observer.ts';
import { seededRandom } from '../../seeded-random.ts';

const startMs = 1_700_000_000_000;
const base = 1_700_000_000n;

/** `5` is a flow 5 ns after the start, `w5` a watermark, `-` a flow without a time. */
function frames(words: string, node = 'n'): Uint8Array {
  return Buffer.concat(words.split(' ').filter(Boolean).map((word) => {
    if (word.startsWith('w')) return frameOf(watermarkMessage({ seconds: base, nanos: Number(word.slice(1)) }));
    const summary = `${node}${word} ${'x'.repeat(120)}`;
    const time = word === '-' ? {} : { time: { seconds: base, nanos: Number(word) } };
    return frameOf(GetFlowsResponseCodec.encode({ flow: { Summary: summary, ...time }, node_name: node, ...time }));
  }));
}

function wordsOf(bytes: Uint8Array, start: number, end: number): string[] {
  const words: string[] = [];
  forEachMessage(bytes.subarray(start, end), (from, to) => {
    const { flow } = GetFlowsResponseCodec.decode(bytes.subarray(start + from, start + to));
    words.push(flow?.Summary?.split(' ')[0] ?? '');
  });
  return words;
}

function drained(merge: FlowMerge, nowMs: number): string {
  const words: string[] = [];
  merge.drain(nowMs, Infinity, (bytes, start, end) => words.push(...wordsOf(bytes, start, end)));
  return words.join(' ');
}

function twoPeers(): { merge: FlowMerge; a: PeerQueue; b: PeerQueue } {
  const merge = new FlowMerge(startMs);
  return { merge, a: merge.join(), b: merge.join() };
}

test('FlowMerge puts frames in order and holds back what a silent peer might still precede', () => {
  const { merge, a, b } = twoPeers();
  merge.push(a, frames('1 4 9', 'a'), startMs);
  merge.push(b, frames('2 3', 'b'), startMs);
  expect(drained(merge, startMs)).toBe('a1 b2 b3');
  merge.push(b, frames('7', 'b'), startMs);
  expect(drained(merge, startMs)).toBe('a4 b7');
  merge.leave(b);
  expect(drained(merge, startMs)).toBe('a9');
  expect(merge.isEmpty).toBe(true);
  expect(merge.counts).toEqual({ frames: 6, late: 0, malformed: 0 });
});

test('FlowMerge lets a frame go after its patience, and counts what comes late', () => {
  const { merge, a, b } = twoPeers();
  merge.push(a, frames('5', 'a'), startMs);
  expect(drained(merge, startMs + patienceMs - 1)).toBe('');
  expect(drained(merge, startMs + patienceMs)).toBe('a5');
  merge.push(b, frames('3', 'b'), startMs + patienceMs);
  expect(drained(merge, startMs + patienceMs)).toBe('b3');
  expect(merge.counts.late).toBe(1);
});

test('FlowMerge does not count the time in which the client took nothing', () => {
  const { merge, a, b } = twoPeers();
  merge.push(a, frames('1 8', 'a'), startMs);
  merge.push(b, frames('2', 'b'), startMs);
  merge.block(startMs);
  merge.push(a, frames('9', 'a'), startMs + 5_000);
  const laterMs = startMs + 10_000;
  merge.unblock(laterMs);
  expect(drained(merge, laterMs)).toBe('a1 b2');
  merge.push(b, frames('5', 'b'), laterMs + 3);
  expect(drained(merge, laterMs + 3)).toBe('b5');
  expect(drained(merge, laterMs + patienceMs)).toBe('a8 a9');
  expect(merge.counts.late).toBe(0);
});

test('FlowMerge bounds the wait also for a node whose clock is hours behind and who never falls silent', () => {
  const { merge, a, b } = twoPeers();
  merge.push(a, frames('9000', 'a'), startMs);
  for (let i = 0; i < 100; i++) {
    merge.push(b, frames(String(i), 'b'), startMs + i * 20);
    drained(merge, startMs + i * 20);
  }
  expect(merge.isEmpty).toBe(true);
  expect(merge.counts.late).toBeGreaterThan(0);
});

test('FlowMerge lets frames go when watermarks say that nothing older comes, and swallows the watermarks', () => {
  const { merge, a, b } = twoPeers();
  merge.push(a, frames('1 5 w6', 'a'), startMs);
  merge.push(b, frames('w4', 'b'), startMs);
  expect(drained(merge, startMs)).toBe('a1');
  merge.push(b, frames('w8', 'b'), startMs);
  expect(drained(merge, startMs)).toBe('a5');
  expect(merge.lowWater(startMs)).toEqual({ seconds: base, nanos: 6 });
});

test('FlowMerge does not wait for a peer whose watermark is too old, and names it', () => {
  const { merge, a, b } = twoPeers();
  merge.push(b, frames('w1', 'b'), startMs);
  const laterMs = startMs + behindMs + 1;
  merge.push(a, frames('5', 'a'), laterMs);
  expect(merge.behind(laterMs)).toEqual([b]);
  expect(drained(merge, laterMs)).toBe('a5');
});

test('FlowMerge does not wait again for a peer that is behind each time a slow client has taken something', () => {
  const { merge, a, b } = twoPeers();
  merge.push(b, frames('w1', 'b'), startMs);
  const laterMs = startMs + behindMs + 1;
  merge.block(laterMs);
  merge.push(a, frames('5', 'a'), laterMs);
  merge.unblock(laterMs + 10);
  expect(drained(merge, laterMs + 10)).toBe('a5');
});

test('FlowMerge gives a peer whose stream it held time to send its watermark', () => {
  const { merge, a, b } = twoPeers();
  merge.push(b, frames('w1', 'b'), startMs);
  merge.hold(b);
  const laterMs = startMs + 5_000;
  merge.push(a, frames('5', 'a'), laterMs);
  expect(drained(merge, laterMs)).toBe('');
  merge.release(b, laterMs);
  expect(drained(merge, laterMs + 10)).toBe('');
  merge.push(b, frames('4 w9', 'b'), laterMs + 20);
  expect(drained(merge, laterMs + 20)).toBe('b4 a5');
});

test('FlowMerge takes in far more while it waits for a silent peer than while it waits for the client', () => {
  const { merge, a, b } = twoPeers();
  merge.push(b, frames('w1', 'b'), startMs);
  merge.push(a, frames('5 '.repeat(10_000), 'a'), startMs);
  const full = (nowMs: number): boolean[] => [merge.hasEnough(a, nowMs), merge.hasRoom(a, nowMs)];
  expect(a.bytes).toBeGreaterThan(1 << 20);
  expect(full(startMs)).toEqual([true, false]);
  expect(full(startMs + 100)).toEqual([false, true]);
  merge.block(startMs + 100);
  expect(full(startMs + 900)).toEqual([true, false]);
  merge.unblock(startMs + 900);
  expect(full(startMs + 900)).toEqual([true, false]);
});

test('FlowMerge says no low water above a flow that it has yet to give', () => {
  const { merge, a, b } = twoPeers();
  merge.push(b, frames('w1 3', 'b'), startMs);
  merge.push(a, frames('w9', 'a'), startMs + behindMs + 1);
  expect(merge.lowWater(startMs + behindMs + 1)).toEqual({ seconds: base, nanos: 1 });
});

test('FlowMerge keeps flows without a time in the place where their peer sent them', () => {
  const { merge, a, b } = twoPeers();
  merge.push(a, frames('1 - 6', 'a'), startMs);
  merge.push(b, frames('2 9', 'b'), startMs);
  merge.leave(a);
  merge.leave(b);
  expect(drained(merge, startMs)).toBe('a1 a- b2 a6 b9');
});

test('FlowMerge passes malformed messages on and counts them', () => {
  const merge = new FlowMerge(startMs);
  const only = merge.join();
  const junk = frameOf(Uint8Array.of(0x0a, 0xff, 0x01));
  merge.push(only, junk, startMs);
  merge.leave(only);
  let bytes = 0;
  merge.drain(startMs, Infinity, (_bytes, start, end) => { bytes += end - start; });
  expect(bytes).toBe(junk.length);
  expect(merge.counts).toMatchObject({ frames: 1, malformed: 1 });
});

test('FlowMerge stops when the budget is used and goes on where it stopped', () => {
  const merge = new FlowMerge(startMs);
  const only = merge.join();
  merge.push(only, frames('1 2 3 4 5 6', 'a'), startMs);
  merge.leave(only);
  const words: string[] = [];
  let rounds = 0;
  while (merge.drain(startMs, 300, (bytes, start, end) => words.push(...wordsOf(bytes, start, end)))) rounds++;
  expect(words.join(' ')).toBe('a1 a2 a3 a4 a5 a6');
  expect(rounds).toBeGreaterThan(1);
  expect(only.bytes).toBe(0);
});

test('law: whatever the interleaving, with watermarks the order is strict and every byte comes out once', () => {
  for (let seed = 1; seed <= 40; seed++) {
    const random = seededRandom(seed);
    const merge = new FlowMerge(startMs);
    const peers = Array.from({ length: 1 + Math.floor(random() * 12) }, () => merge.join());
    const clocks = peers.map(() => 0);
    const pushed = new Map<string, number>();
    const out: string[] = [];
    const take = (): void => void merge.drain(startMs, 1 + random() * 2000, (bytes, start, end) => out.push(...wordsOf(bytes, start, end)));
    for (let step = 0; step < 200; step++) {
      const index = Math.floor(random() * peers.length);
      let words = '';
      for (let i = Math.floor(random() * 5); i > 0; i--) {
        clocks[index] = (clocks[index] ?? 0) + Math.floor(random() * 10);
        words += ` ${clocks[index]}`;
        const key = `p${index}-${clocks[index]}`;
        pushed.set(key, (pushed.get(key) ?? 0) + 1);
      }
      if (random() < 0.5) words += ` w${clocks[index]}`;
      const peer = peers[index];
      if (peer) merge.push(peer, frames(words, `p${index}-`), startMs);
      if (random() < 0.5) take();
    }
    for (const peer of peers) merge.leave(peer);
    while (!merge.isEmpty) take();
    const times = out.map((word) => Number(word.split('-')[1]));
    expect(times, `seed ${seed}`).toEqual(times.toSorted((one, other) => one - other));
    const counted = new Map<string, number>();
    for (const word of out) counted.set(word, (counted.get(word) ?? 0) + 1);
    expect(counted, `seed ${seed}`).toEqual(pushed);
    expect(merge.counts.late, `seed ${seed}`).toBe(0);
  }
});

test('watermarks round-trip, and are asked for without touching what the client asked', () => {
  expect(watermarkTime(watermarkMessage({ seconds: 5n, nanos: 7 }))).toMatchObject({ seconds: 5n, nanos: 7 });
  expect(watermarkTime(GetFlowsResponseCodec.encode({ node_name: 'x' }))).toBeUndefined();
  const request = { number: 3n, extensions: { type_url: flowsOptionsUrl, value: FlowsOptionsCodec.encode({ flow_extension: true }) } };
  expect(wantsWatermarks(request)).toBe(false);
  const asked = askForWatermarks(request);
  expect(wantsWatermarks(asked)).toBe(true);
  expect(FlowsOptionsCodec.decode(asked.extensions?.value ?? new Uint8Array(0))).toMatchObject({ flow_extension: true, watermarks: true });
  expect(wantsWatermarks(askForWatermarks({}))).toBe(true);
  const foreign = { extensions: { type_url: 'type.googleapis.com/other.Thing', value: Uint8Array.of(1) } };
  expect(askForWatermarks(foreign)).toEqual(foreign);
});

test.each([2n ** 63n - 1n, -(2n ** 63n), 253_402_300_800n])('FlowMerge can write every time that comes out of a frame at second %s', (seconds) => {
  const merge = new FlowMerge(1_795_000_000_000);
  const queue = merge.join();
  const frame = frameOf(GetFlowsResponseCodec.encode({ time: { seconds, nanos: -1 }, flow: { time: { seconds, nanos: -1 }, uuid: 'x'.repeat(200) } }));
  merge.push(queue, frame, 1_795_000_000_000);
  merge.drain(1_795_000_100_000, 1_000_000, () => {});
  for (const time of [merge.lowWater(1_795_000_100_000), queue.lastTime(1)]) if (time !== undefined) expect(watermarkMessage(time).length).toBeGreaterThan(0);
});
