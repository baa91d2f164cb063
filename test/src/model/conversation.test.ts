import { describe, expect, test } from 'vitest';
import { compileFilters } from '../../../src/flow/filter.ts';
import { flowViewOf } from '../../../src/flow/view-of-flow.ts';
import type { Action } from '../../../src/model/messages.ts';
import { packetRows } from '../../../src/model/packet-rows.ts';
import { flowsRequest } from '../../../src/model/requests.ts';
import { streamSubject } from '../../../src/model/stream-cursor.ts';
import type { State } from '../../../src/model/state.ts';
import { update } from '../../../src/control/update.ts';
import { flowOf, framed, joined, random, TALKS, type FakeTalk } from '../app/fake-cluster.ts';
import { emptyScene, START_MS } from '../views/scenes.ts';

const TALK = TALKS[1] as FakeTalk;
const SWAPPED: FakeTalk = { ...TALK, from: TALK.to, to: TALK.from };

function showing(...flows: Parameters<typeof framed>[0][]): State {
  const state = emptyScene();
  state.view = 'flows';
  update(state, { type: 'flows', bytes: joined(flows.map(framed)) });
  return state;
}

describe('a reply in the stream', () => {
  const reply = flowOf(TALK, START_MS, { isReply: true });

  test('is about its client and its server, as the cells show them', () => {
    expect(streamSubject(showing(reply))).toMatchObject({
      'from-workload': 'payments/checkout-api', 'to-workload': 'payments/ledger-svc', 'from-pod': 'payments/checkout-api-7d4b-x9hk', port: '9090',
    });
  });

  test.each<Action>(['source-pod', 'destination-pod', 'source-workload', 'destination-workload', 'source-namespace', 'destination-namespace', 'port', 'verdict', 'protocol', 'node'])(
    '%s keeps it and the request it answers, at the relay and here', (action) => {
      const state = showing(reply);
      update(state, { type: 'action', action });
      const compiled = compileFilters(flowsRequest(state));
      if (!compiled.ok) throw new Error(compiled.error);
      const request = flowOf(TALK, START_MS - 1);
      for (const flow of [reply, request]) {
        expect(compiled.matches(flowViewOf(flow))).toBe(true);
        const before = state.rows.length;
        update(state, { type: 'flows', bytes: framed(flow) });
        expect(state.rows.length).toBe(before + 1);
      }
    });

  test.each<Action>(['source-pod', 'source-workload', 'destination-pod', 'port'])('%s leaves out the same names the other way round, which the relay lets through', (action) => {
    const state = showing(reply);
    update(state, { type: 'action', action });
    const before = state.rows.length;
    update(state, { type: 'flows', bytes: framed(flowOf({ ...SWAPPED, port: 1234 }, START_MS, { isReply: true, sourcePort: 9090 })) });
    expect(state.rows.length).toBe(before);
  });

  test('not this client takes both directions away and leaves the same pod as a server', () => {
    const state = showing(reply);
    state.stream.column = 1;
    update(state, { type: 'action', action: 'not' });
    const compiled = compileFilters(flowsRequest(state));
    if (!compiled.ok) throw new Error(compiled.error);
    expect([reply, flowOf(TALK, START_MS), flowOf(SWAPPED, START_MS), flowOf(SWAPPED, START_MS, { isReply: true })].map((flow) => compiled.matches(flowViewOf(flow)))).toEqual([false, false, true, true]);
  });
});

test('a chip on a pod is not lost under a later one on its namespace', () => {
  const state = showing(flowOf(TALK, START_MS));
  update(state, { type: 'action', action: 'source-pod' });
  const pod = streamSubjectPod(state);
  update(state, { type: 'chip', field: 'from-namespace', value: 'payments', isNegated: false });
  expect(flowsRequest(state).whitelist?.[0]?.source_pod).toEqual([pod]);
});

function streamSubjectPod(state: State): string {
  return state.chips.find((chip) => chip.field === 'from-pod')?.value ?? '';
}

test('two pivots in a row are about the same row, although the first one cleared the stream', () => {
  const state = showing(flowOf(TALK, START_MS));
  for (const action of ['source-pod', 'port'] as const) {
    update(state, { type: 'action', action });
    update(state, { type: 'flows-requested' });
  }
  expect(state.chips.map((chip) => `${chip.field}=${chip.value}`)).toEqual(['from-pod=payments/checkout-api-7d4b-x9hk', 'port=9090']);
});

describe('packetRows()', () => {
  const lines = (state: State): string[] => packetRows(state, state.rows.next - 1, 99).map((line) => `${line.row.id}+${line.others.map((other) => other.row.id).join('+')}`);

  test('puts the reports of both ends on one line, where the first stood', () => {
    expect(lines(showing(flowOf(TALK, START_MS), flowOf(TALKS[2] as FakeTalk, START_MS), flowOf(TALK, START_MS + 1, { isAtServer: true, node: 'node-02' })))).toEqual(['0+2', '1+']);
  });

  test('a report without its other end stands alone', () => {
    expect(lines(showing(flowOf(TALK, START_MS), flowOf(TALKS[2] as FakeTalk, START_MS, { isAtServer: true })))).toEqual(['0+', '1+']);
  });

  test.each([
    ['the same end again is another packet', flowOf(TALK, START_MS + 1)],
    ['so is the other end a second later', flowOf(TALK, START_MS + 1000, { isAtServer: true })],
    ['and another connection', flowOf(TALK, START_MS, { isAtServer: true, sourcePort: 50_000 })],
    ['and another verdict', { ...flowOf(TALK, START_MS, { isAtServer: true }), verdict: 2 }],
    ['and a reply', flowOf(TALK, START_MS, { isAtServer: true, isReply: true })],
  ])('%s', (_name, second) => {
    expect(lines(showing(flowOf(TALK, START_MS), second))).toEqual(['0+', '1+']);
  });

  test('a refused packet and the policy verdict on it are one line', () => {
    const drop = flowOf(TALKS[8] as FakeTalk, START_MS);
    expect(lines(showing({ ...drop, event_type: { type: 5 } }, drop))).toEqual(['0+1']);
  });

  test('up and down step over what is on another line already', () => {
    const state = showing(...Array.from({ length: 10 }, (_, i) => [flowOf(TALK, START_MS + i * 2, { sourcePort: 40_000 + i }), flowOf(TALK, START_MS + i * 2 + 1, { sourcePort: 40_000 + i, isAtServer: true })]).flat());
    const selected = (action: Action): number => {
      update(state, { type: 'action', action });
      return state.stream.selected;
    };
    expect([selected('up'), selected('up'), selected('up'), selected('down'), selected('page-up'), selected('last')]).toEqual([18, 16, 14, 16, 0, -1]);
  });
});

test('laws of lines on random rows: every row is on one line, and a page is the end of the whole', () => {
  for (const seed of [1, 2, 3, 4, 5]) {
    const next = random(seed);
    const flows = Array.from({ length: 300 }, (_, i) => flowOf(TALKS[Math.floor(next() * 4)] as FakeTalk, START_MS + i * 3, {
      isAtServer: next() < 0.5, isReply: next() < 0.3, sourcePort: 40_000 + Math.floor(next() * 20),
    }));
    const state = showing(...flows);
    const all = packetRows(state, 299, 300);
    expect(all.flatMap((line) => [line.row.id, ...line.others.map((other) => other.row.id)]).sort((one, other) => one - other), `seed ${seed}`).toEqual(flows.map((_, i) => i));
    const ids = all.map((line) => line.row.id);
    // a page starts reading a little above itself: far from the first row it agrees with the whole
    expect(packetRows(state, 299, 10).map((line) => line.row.id), `seed ${seed}`).toEqual(ids.slice(-10));
    let steps = 0;
    update(state, { type: 'action', action: 'first' });
    while (state.stream.selected < (ids.at(-1) ?? 0) && steps < 400) {
      update(state, { type: 'action', action: 'down' });
      steps++;
    }
    expect(steps, `seed ${seed}`).toBe(ids.length - 1);
  }
});
