import { describe, expect, test } from 'vitest';
import { update } from '../../../src/control/update.ts';
import { flowGroups, TREND_STEPS } from '../../../src/model/flow-groups.ts';
import { FlowRows } from '../../../src/model/flow-rows.ts';
import { initialState, type State } from '../../../src/model/state.ts';
import type { Flow } from '../../../src/wire/gen/flow.ts';
import { endpoint, flowOf, framed, joined, type FakeTalk } from '../app/fake-cluster.ts';

const START_MS = 1_772_366_400_000;
const web: FakeTalk = { from: 'shop/web', to: 'shop/api', port: 8080, protocol: 6, perSecond: 1, bytes: 1 };

function flow(second: number, more: Partial<Flow> = {}, options: Parameters<typeof flowOf>[2] = {}): Uint8Array {
  return framed({ ...flowOf(web, START_MS + second * 1000 + 500, options), ...more });
}

function after(seconds: number, flows: readonly Uint8Array[]): State {
  const state = initialState({ server: 's', nowMs: START_MS, view: 'talkers' });
  update(state, { type: 'telemetry-absent' });
  update(state, { type: 'connection', state: 'live' });
  update(state, { type: 'flows-state', isOpen: true });
  update(state, { type: 'tick', nowMs: START_MS + seconds * 1000 });
  update(state, { type: 'flows', bytes: joined(flows) });
  return state;
}

describe('flowGroups()', () => {
  test('puts both directions of two pods together, verdicts apart', () => {
    const state = after(10, [flow(1), flow(2, {}, { isReply: true }), flow(3, { verdict: 2, drop_reason_desc: 133 }), flow(4, { source: endpoint('shop/web', 'other') })]);
    const told = flowGroups(state, 'pod').groups.map(({ client, server, verdict, flows, dropped }) => [client.name, server.name, verdict, flows, dropped]);
    expect(told).toEqual([['web-7d4b-x9hk', 'api-5c8d-l0pqz', 1, 2, 0], ['web-7d4b-x9hk', 'api-5c8d-l0pqz', 2, 1, 1], ['web-other', 'api-5c8d-l0pqz', 1, 1, 0]]);
  });

  test('knows a pod again whose labels changed', () => {
    const relabelled = { ...endpoint('shop/web'), identity: 99, labels: ['k8s:app=web', 'k8s:tier=gold'] };
    expect(flowGroups(after(10, [flow(1), flow(2, { source: relabelled })]), 'pod').groups).toHaveLength(1);
  });

  test('names who is no pod by what he is', () => {
    const [group] = flowGroups(after(10, [flow(1, { source: { identity: 2, labels: ['reserved:world'] } })]), 'pod').groups;
    expect(group?.client).toEqual({ namespace: '', name: 'world', isPod: false });
  });

  test('counts by the node that told', () => {
    const groups = flowGroups(after(10, [flow(1, {}, { node: 'node-07' }), flow(2, {}, { node: 'node-07', sourcePort: 4 }), flow(3, {}, { node: 'node-02', sourcePort: 5 })]), 'node').groups;
    expect(groups.map(({ node, flows, opened }) => [node, flows, opened])).toEqual([['node-07', 2, 2], ['node-02', 1, 1]]);
  });

  test('holds the window and nothing else, and where in it flows were', () => {
    const state = after(100, [flow(10), flow(45), flow(45), flow(99)]);
    const { groups, flows, seconds } = flowGroups(state, 'pod');
    expect([flows, seconds]).toEqual([3, 60]);
    expect([...(groups[0]?.trend ?? [])].flatMap((count, step) => (count > 0 ? [[step, count]] : []))).toEqual([[Math.floor((5.5 / 60) * TREND_STEPS), 2], [TREND_STEPS - 1, 1]]);
  });

  test('says how much of the window it covers: no more than the stream is old', () => {
    expect(flowGroups(after(7, [flow(1)]), 'pod').seconds).toBe(7);
    const state = after(100, Array.from({ length: 100 }, (_, second) => flow(second)));
    // as if the buffer had been too small for all of it
    const small = new FlowRows(1);
    state.rows.forEach(state.rows.first, (row) => { small.push({ ...row }, new Uint8Array(700_000), { from: 0, cut: 0, cutEnd: 0, secondCut: 0, secondCutEnd: 0, to: 700_000 }); });
    state.rows = small;
    expect(flowGroups(state, 'pod').seconds).toBeCloseTo(0.5);
  });
});

describe('FlowRows', () => {
  test('firstSince() finds the first row of a time over several segments', () => {
    const rows = new FlowRows();
    for (let i = 0; i < 10_000; i++) rows.push({ kind: 1, timeMs: i * 10, verdict: 1, count: 1, source: 0, destination: 0, node: 0, mark: 0 }, new Uint8Array(1), { from: 0, cut: 0, cutEnd: 0, secondCut: 0, secondCutEnd: 0, to: 1 });
    expect([0, 5, 70_000, 99_990, 99_991].map((timeMs) => rows.firstSince(timeMs))).toEqual([0, 1, 7_000, 9_999, 10_000]);
    const seen: number[] = [];
    rows.forEach(9_997, (row, id) => seen.push(id, row.timeMs));
    expect(seen).toEqual([9_997, 99_970, 9_998, 99_980, 9_999, 99_990]);
  });
});
