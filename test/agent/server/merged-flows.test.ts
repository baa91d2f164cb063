import { expect, test } from 'vitest';
import { type GetFlowsRequest, type GetFlowsResponse, GetFlowsResponseCodec } from '../../../src/wire/gen/observer.ts';
import { FlowsOptionsCodec } from '../../../src/wire/gen/hubtop.ts';
import { forEachMessage } from '../../../src/wire/frame-splitter.ts';
import { timestampNs, timestampOf } from '../../../src/wire/timestamp.ts';
import { HistoryWriter, allocateHistory } from '../../../agent/history/history.ts';
import { WholeFlows } from '../../../agent/history/whole-flows.ts';
import { type FlowStreamSource, streamFlows } from '../../../agent/server/flow-stream.ts';
import { GapList } from '../../../agent/server/gap-list.ts';
import { Turns } from '../../../agent/server/turns.ts';
import { WakeUp } from '../../../agent/server/wake-up.ts';
import { seededRandom } from '../../src/seeded-random.ts';
import { eventBytes } from '../ring-fixture.ts';
import { shopContext } from '../row-fixture.ts';

const mark = 'type.googleapis.com/hubtop.v1.FlowsOptions';

/** A node with rows and whole flows, by their times in ms; and a client that writes down what it gets: `r` rows, `w` whole flows. */
class Node {
  readonly history = allocateHistory({ rows: 63 });
  readonly rows = new HistoryWriter(this.history);
  readonly whole = new WholeFlows(32);
  readonly got: string[] = [];
  nowMs = 0;
  lost = 0;
  readonly source: FlowStreamSource = {
    context: shopContext(), history: this.history, whole: this.whole, gaps: new GapList(), news: new WakeUp(() => {}), turns: new Turns(),
    wallNs: () => BigInt(this.nowMs) * 1_000_000n, onOvertaken: (count) => { this.lost += count; },
  };

  row(...ms: number[]): void {
    for (const at of ms) this.rows.push(new Uint32Array(eventBytes({ type: 4, time_ns: BigInt(at) * 1_000_000n, protocol: 17 }).buffer), 0, 0, 0);
  }

  record(...ms: number[]): void {
    for (const at of ms) this.whole.add({ time: timestampOf(BigInt(at) * 1_000_000n), verdict: 1, Summary: `record ${at}`, node_name: 'node-a' }, { why: 'record' });
  }

  async ask(request: GetFlowsRequest, signal = new AbortController().signal): Promise<string[]> {
    await streamFlows(this.source, request, {
      write: (frames) => {
        forEachMessage(frames, (start, end) => this.got.push(said(GetFlowsResponseCodec.decode(frames.slice(start, end)))));
        return true;
      },
      drain: () => Promise.resolve(),
    }, signal);
    return this.got;
  }

  /** Rings, and lets the streams work. */
  async ring(): Promise<string[]> {
    this.source.news.ring();
    for (let i = 0; i < 6; i++) await new Promise((resolve) => { setImmediate(resolve); });
    return this.got.splice(0);
  }
}

function said({ flow, lost_events: lost, time }: GetFlowsResponse): string {
  const ms = Number(timestampNs(flow?.time ?? time)) / 1e6;
  if (lost !== undefined) return `lost ${lost.num_events_lost}`;
  if (flow?.extensions?.type_url?.endsWith('Watermark') === true) return `mark ${ms}`;
  return `${flow?.Summary?.startsWith('record') === true ? 'w' : 'r'}${ms}`;
}

const at = (ms: number): ReturnType<typeof timestampOf> => timestampOf(BigInt(ms) * 1_000_000n);

test.each<[string, GetFlowsRequest, string[]]>([
  ['everything', {}, ['r10', 'w15', 'r20', 'w25', 'w26', 'r30', 'r40', 'w45']],
  ['the last one', { number: 1n }, ['w45']],
  ['the last three', { number: 3n }, ['r30', 'r40', 'w45']],
  ['the last six', { number: 6n }, ['r20', 'w25', 'w26', 'r30', 'r40', 'w45']],
  ['more than there is', { number: 99n }, ['r10', 'w15', 'r20', 'w25', 'w26', 'r30', 'r40', 'w45']],
  ['the first three', { number: 3n, first: true }, ['r10', 'w15', 'r20']],
  ['since a moment', { since: at(25) }, ['w25', 'w26', 'r30', 'r40', 'w45']],
  ['two from a moment on', { since: at(25), number: 2n }, ['w25', 'w26']],
  ['until a moment', { until: at(26) }, ['r10', 'w15', 'r20', 'w25', 'w26']],
  ['the last six, cut at a moment', { number: 6n, until: at(26) }, ['r20', 'w25', 'w26']],
  ['what a filter lets through of both', { whitelist: [{ protocol: ['udp'] }], number: 2n }, ['r30', 'r40']],
])('streamFlows() merges rows and whole flows by time: %s', async (_name, request, expected) => {
  const node = new Node();
  node.row(10, 20, 30, 40);
  node.record(15, 25, 26, 45);
  expect(await node.ask(request)).toEqual(expected);
});

test('streamFlows() gives the last so many of both, whatever their times and the number (seeds 1 to 40)', async () => {
  for (let seed = 1; seed <= 40; seed++) {
    const random = seededRandom(seed);
    const node = new Node();
    const times = Array.from({ length: 30 }, (_, i) => 100 + i * 3);
    const isRow = times.map(() => random() < 0.5);
    for (const [i, ms] of times.entries()) if (isRow[i] === true) node.row(ms); else node.record(ms);
    const all = times.map((ms, i) => `${isRow[i] === true ? 'r' : 'w'}${ms}`);
    const number = 1 + Math.floor(random() * 32);
    node.whole.complete(1n);
    expect({ seed, got: await node.ask({ number: BigInt(number) }) }).toEqual({ seed, got: all.slice(-number) });
  }
});

test('streamFlows() lets a following client wait for the side that may still get something older', async () => {
  const node = new Node();
  const ended = new AbortController();
  node.nowMs = 1_000;
  node.whole.complete(900_000_000n);
  const running = node.ask({ follow: true }, ended.signal);
  node.row(910);
  expect(await node.ring()).toEqual([]);
  node.record(905);
  expect(await node.ring()).toEqual(['w905']);
  node.whole.complete(915_000_000n);
  expect(await node.ring()).toEqual(['r910']);
  node.record(950);
  expect(await node.ring()).toEqual([]);
  node.rows.setWatermark(960_000_000n);
  expect(await node.ring()).toEqual(['w950']);
  ended.abort();
  await running;
});

test('streamFlows() loses patience with a parser that says nothing, not its flows', async () => {
  const node = new Node();
  const ended = new AbortController();
  node.nowMs = 1_000;
  node.whole.complete(900_000_000n);
  const running = node.ask({ follow: true }, ended.signal);
  node.row(990);
  expect(await node.ring()).toEqual([]);
  node.nowMs = 1_241;
  expect(await node.ring()).toEqual(['r990']);
  node.rows.setWatermark(1_241_000_000n);
  node.record(980);
  expect(await node.ring()).toEqual(['w980']);
  ended.abort();
  await running;
});

test('streamFlows() promises in a watermark only what both sides promise', async () => {
  const node = new Node();
  const ended = new AbortController();
  node.nowMs = 1_000;
  node.rows.setWatermark(990_000_000n);
  node.whole.complete(950_000_000n);
  const running = node.ask({ follow: true, extensions: { type_url: mark, value: FlowsOptionsCodec.encode({ watermarks: true }) } }, ended.signal);
  expect(await node.ring()).toEqual(['mark 950']);
  ended.abort();
  await running;
});

test('streamFlows() counts whole flows that were overwritten before a slow client came to them', async () => {
  const node = new Node();
  const ended = new AbortController();
  node.nowMs = 10_000;
  node.rows.setWatermark(9_000_000_000n);
  const running = node.ask({ follow: true }, ended.signal);
  node.record(...Array.from({ length: 40 }, (_, i) => 1_000 + i));
  const got = await node.ring();
  expect(got[0]).toBe('lost 8');
  expect(got.slice(1)).toEqual(Array.from({ length: 32 }, (_, i) => `w${1_008 + i}`));
  expect(node.lost).toBe(8);
  ended.abort();
  await running;
});

test('streamFlows() gives a whole flow its extension only to those who ask, and cuts it to a field mask', async () => {
  const node = new Node();
  node.record(5);
  const responses: GetFlowsResponse[] = [];
  const out = { write: (frames: Uint8Array) => { forEachMessage(frames, (start, end) => responses.push(GetFlowsResponseCodec.decode(frames.slice(start, end)))); return true; }, drain: () => Promise.resolve() };
  const signal = new AbortController().signal;
  await streamFlows(node.source, {}, out, signal);
  await streamFlows(node.source, { extensions: { type_url: mark, value: FlowsOptionsCodec.encode({ flow_extension: true }) } }, out, signal);
  await streamFlows(node.source, { field_mask: { paths: ['verdict'] } }, out, signal);
  expect(responses.map(({ flow }) => flow?.extensions?.type_url)).toEqual([undefined, 'type.googleapis.com/hubtop.v1.FlowExtension', undefined]);
  expect(responses[2]?.flow).toEqual({ verdict: 1 });
});
