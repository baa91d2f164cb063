import { expect, test } from 'vitest';
import { type GetFlowsRequest, GetFlowsResponseCodec, type GetFlowsResponse } from '../../../src/wire/gen/observer.ts';
import { forEachMessage } from '../../../src/wire/frame-splitter.ts';
import { HistoryReader, HistoryWriter, allocateHistory } from '../../../agent/history/history.ts';
import { WholeFlows } from '../../../agent/history/whole-flows.ts';
import { type FlowStreamSource, streamFlows } from '../../../agent/server/flow-stream.ts';
import { RowView } from '../../../agent/enrich/row-view.ts';
import { FlowCursor } from '../../../agent/server/flow-cursor.ts';
import { GapList } from '../../../agent/server/gap-list.ts';
import { RowSource } from '../../../agent/server/row-source.ts';
import { Turns } from '../../../agent/server/turns.ts';
import { WakeUp } from '../../../agent/server/wake-up.ts';
import { eventBytes } from '../ring-fixture.ts';
import { shopContext } from '../row-fixture.ts';

/** A node with a history of seven rows, and a client that can be slow. */
function node(): { source: FlowStreamSource; push: (...timesNs: number[]) => void; overtaken: () => number } {
  const history = allocateHistory({ rows: 7 });
  const writer = new HistoryWriter(history);
  let overtaken = 0;
  const source: FlowStreamSource = {
    context: shopContext(), history, whole: new WholeFlows(), gaps: new GapList(), news: new WakeUp(() => {}), turns: new Turns(), wallNs: () => 5_000_000_000n,
    onOvertaken: (count) => { overtaken += count; },
  };
  const push = (...timesNs: number[]): void => {
    for (const timeNs of timesNs) writer.push(new Uint32Array(eventBytes({ type: 4, time_ns: BigInt(timeNs), protocol: 17 }).buffer), 0, 0, 0);
    source.news.ring();
  };
  return { source, push, overtaken: () => overtaken };
}

class Client {
  readonly answers: GetFlowsResponse[] = [];
  isSlow = false;
  private wake: () => void = () => {};

  readonly out = {
    write: (frames: Uint8Array): boolean => {
      forEachMessage(frames, (start, end) => this.answers.push(GetFlowsResponseCodec.decode(frames.slice(start, end))));
      return !this.isSlow;
    },
    drain: (): Promise<void> => new Promise((resolve) => { this.wake = resolve; }),
  };

  goOn(): void {
    this.isSlow = false;
    this.wake();
  }

  times(): string[] {
    return this.answers.map(({ flow, lost_events }) => (lost_events === undefined ? String(flow?.time?.nanos ?? 0) : `lost ${lost_events.num_events_lost} from ${lost_events.source}`));
  }
}

async function answer(request: GetFlowsRequest, setUp: (parts: ReturnType<typeof node>) => void): Promise<string[]> {
  const parts = node();
  setUp(parts);
  const client = new Client();
  await streamFlows(parts.source, request, client.out, new AbortController().signal);
  return client.times();
}

const ns = (nanos: number): { seconds: bigint; nanos: number } => ({ seconds: 0n, nanos });

test.each<[string, GetFlowsRequest, string[]]>([
  ['everything', {}, ['4', '5', '6', '7', '8', '9', '10']],
  ['the last two', { number: 2n }, ['9', '10']],
  ['the first two', { number: 2n, first: true }, ['4', '5']],
  ['more than there is', { number: 99n }, ['4', '5', '6', '7', '8', '9', '10']],
  ['since a moment', { since: ns(8) }, ['8', '9', '10']],
  ['two from a moment on', { since: ns(6), number: 2n }, ['6', '7']],
  ['until a moment', { until: ns(5) }, ['4', '5']],
  ['the last three, cut at a moment', { number: 3n, until: ns(8) }, ['8']],
  ['nothing, when the newest are cut', { number: 2n, until: ns(5) }, []],
  ['a filter that fits nothing', { whitelist: [{ verdict: [2] }] }, []],
  ['an empty blacklist entry hides everything', { blacklist: [{}] }, []],
])('streamFlows() answers %s', async (_name, request, times) => {
  expect(await answer(request, ({ push }) => { push(1, 2, 3, 4, 5, 6, 7, 8, 9, 10); })).toEqual(times);
});

test.each<[string, GetFlowsRequest, string[]]>([
  ['since', { since: ns(4_000) }, ['5000', '4500', '6000']],
  ['until', { until: ns(4_800) }, ['1000', '3000', '4500']],
  ['both, in order of arrival', { since: ns(3_000), until: ns(5_000) }, ['3000', '5000', '4500']],
])('streamFlows() loses nothing %s a moment beside which a row came late', async (_name, request, times) => {
  expect(await answer(request, ({ push }) => { push(1_000, 3_000, 5_000, 4_500, 6_000); })).toEqual(times);
});

test('streamFlows() ends at a row that is later than until, whatever comes then', async () => {
  expect(await answer({ until: ns(5) }, ({ push }) => { push(1, 2, 200_000_000, 3); })).toEqual(['1', '2']);
});

test('streamFlows() tells a proven gap where it happened', async () => {
  const gap = { cpu: 1, lane: 0, firstNs: 2n, lastNs: 3n };
  const times = await answer({ number: 3n }, ({ push, source }) => {
    push(1, 2, 3, 4);
    source.gaps.add([{ ...gap, count: 9, firstNs: 0n, lastNs: 1n }, { ...gap, count: 5 }]);
  });
  expect(times).toEqual(['2', 'lost 5 from 1', '3', '4']);
});

test('streamFlows() tells who follows the losses among the past that was asked for, and no others', async () => {
  const gap = { cpu: 1, lane: 0, firstNs: 2n, lastNs: 3n, count: 5 };
  for (const [request, times] of [[{ number: 2n }, ['3', 'lost 5 from 1', '4']], [{}, []]] as const) {
    const { source, push } = node();
    const client = new Client();
    push(1, 3, 4);
    source.gaps.add([{ ...gap, lastNs: 4n }]);
    const stop = new AbortController();
    const running = streamFlows(source, { follow: true, ...request }, client.out, stop.signal);
    expect(client.times()).toEqual(times);
    stop.abort();
    await running;
  }
});

/** Rounds of the event loop until it is so; a stream's turn may end early on a busy machine. */
async function rounds(isSo: () => boolean): Promise<void> {
  for (let round = 0; round < 1_000 && !isSo(); round++) await new Promise((resolve) => { setImmediate(resolve); });
}

test('streamFlows() tells a slow client what was overwritten, and goes on', async () => {
  const { source, push, overtaken } = node();
  const client = new Client();
  const ended = new AbortController();
  push(1, 2);
  client.isSlow = true;
  const running = streamFlows(source, { follow: true, number: 2n }, client.out, ended.signal);
  await rounds(() => client.times().length === 2);
  push(...Array.from({ length: 20 }, (_, index) => index + 3));
  client.goOn();
  await rounds(() => client.times().includes('22'));
  ended.abort();
  await running;
  expect(client.times()).toEqual(['1', '2', 'lost 13 from 3', '16', '17', '18', '19', '20', '21', '22']);
  expect(overtaken()).toBe(13);
});

test('streamFlows() gives the thread back between the turns of a thousand clients', async () => {
  const { source, push } = node();
  push(1, 2, 3);
  let answered = 0;
  const ended = Array.from({ length: 1_000 }, () => streamFlows(source, {}, new Client().out, new AbortController().signal).then(() => { answered++; }));
  await new Promise((resolve) => { setImmediate(resolve); });
  expect(answered).toBeLessThan(10);
  await Promise.all(ended);
  expect(answered).toBe(1_000);
});

test('FlowCursor.next() stops in the middle of a search for the start when its turn is over, and finds it later', () => {
  const { source, push } = node();
  push(1, 2, 3, 4, 5, 6, 7);
  const view = new RowView(source.context);
  const cursor = new FlowCursor(new RowSource(new HistoryReader(source.history), view), () => true, { number: 6, isFirst: false, isFollow: false, sinceNs: undefined, untilNs: undefined });
  const found: number[] = [];
  let steps = 0;
  for (let step = cursor.next(2); step !== 'end'; step = cursor.next(2)) {
    steps++;
    if (step === 'row') found.push(Number(view.timeNs));
    else expect(cursor.hasMore).toBe(true);
  }
  expect(found).toEqual([2, 3, 4, 5, 6, 7]);
  expect(steps).toBeGreaterThan(6);
});
