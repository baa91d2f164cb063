import { expect, test } from 'vitest';
import { update } from '../../../src/control/update.ts';
import { figures } from '../../../src/model/figures.ts';
import { nodeRows } from '../../../src/model/node-rows.ts';
import { initialState, type State } from '../../../src/model/state.ts';
import { GetFlowsResponseCodec } from '../../../src/wire/gen/observer.ts';
import { frameOf } from '../../../src/wire/frame-splitter.ts';

const START_MS = 1_772_366_400_000;

/** A minute on a stock relay whose two nodes decode a hundred flows a second each. */
function minute(each: (state: State, second: number) => void): State {
  const state = initialState({ server: 'relay:4245', nowMs: START_MS, view: 'overview' });
  update(state, { type: 'connection', state: 'live' });
  update(state, { type: 'telemetry-absent' });
  update(state, { type: 'flows-state', isOpen: true });
  for (let second = 0; second <= 70; second++) {
    update(state, { type: 'tick', nowMs: START_MS + second * 1000 });
    if (second % 10 === 0) list(state, second);
    each(state, second);
  }
  return state;
}

function list(state: State, second: number, downNode = ''): void {
  update(state, { type: 'nodes', status: { flows_rate: 200, seen_flows: BigInt(second * 200) }, nodes: ['a', 'b'].map((name) => (name === downNode ? { name, state: 2 } : {
    name, state: 1, uptime_ns: BigInt(3_600 + second) * 1_000_000_000n, seen_flows: BigInt(second * 100), num_flows: 4095n, max_flows: 4095n,
  })) });
}

function lose(state: State, node: string, source: number, count: number): void {
  update(state, { type: 'flows', bytes: frameOf(GetFlowsResponseCodec.encode({ node_name: node, lost_events: { source, num_events_lost: BigInt(count) } })) });
}

test.each([
  ['Hubble\'s ring: what was overwritten was decoded before', 3, 0.75],
  ['the perf ring: what was lost was never decoded', 1, 0.8],
  ['the queue: what was lost was never decoded', 2, 0.8],
])('seen of a node with losses of %s', (_what, source, expected) => {
  const state = minute((one, second) => { if (second > 0) lose(one, 'a', source, 25); });
  const rows = nodeRows(state);
  expect(rows.find(({ node }) => node.name === 'a')?.seen).toBeCloseTo(expected, 1);
  expect(rows.find(({ node }) => node.name === 'b')?.seen).toBe(1);
  expect(figures(state).seen).toBeCloseTo(source === 3 ? 1 - 25 / 200 : 1 - 25 / 225, 1);
});

test('a filter changes nothing of what is seen: losses are not filtered', () => {
  const state = minute((one, second) => {
    if (second === 5) update(one, { type: 'chip', field: 'verdict', value: 'DROPPED', isNegated: false });
    if (second > 5) lose(one, 'a', 3, 20);
  });
  expect(figures(state).seen).toBeCloseTo(0.9, 1);
});

test('a filter shortens no rate of losses and of nodes, now or in the past', () => {
  const state = minute((one, second) => {
    if (second === 65) update(one, { type: 'chip', field: 'verdict', value: 'DROPPED', isNegated: false });
    lose(one, 'a', 3, 20);
  });
  expect(nodeRows(state).find(({ node }) => node.name === 'a')?.lostPerSecond).toBeCloseTo(20, -1);
  update(state, { type: 'action', action: 'pause' });
  expect(nodeRows(state).find(({ node }) => node.name === 'a')?.flowsPerSecond).toBeCloseTo(100, -1);
});

test('a node that is away makes all counts lower bounds', () => {
  expect(figures(minute(() => {})).isLowerBound).toBe(false);
  const state = minute((one, second) => { if (second === 60) list(one, second, 'b'); });
  expect(figures(state)).toMatchObject({ isLowerBound: true, ledger: { isPartial: true } });
});

test('a node that left the cluster bounds nothing', () => {
  const state = minute((one, second) => { if (second === 60) update(one, { type: 'nodes', nodes: [{ name: 'a', state: 1, uptime_ns: 3_660_000_000_000n }] }); });
  expect(figures(state).isLowerBound).toBe(false);
});
