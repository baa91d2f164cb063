import { expect, test } from 'vitest';
import { update } from '../../../src/control/update.ts';
import { figures } from '../../../src/model/figures.ts';
import { initialState, type State } from '../../../src/model/state.ts';
import { flowOf, framed, TALKS, type FakeTalk } from '../app/fake-cluster.ts';
import type { Node, ServerStatusResponse } from '../../../src/wire/gen/observer.ts';

const START_MS = 1_772_366_400_000;
const HOUR_MS = 3_600_000;

function stock(): State {
  const state = initialState({ server: 'relay:4245', nowMs: START_MS, view: 'overview' });
  update(state, { type: 'connection', state: 'live' });
  update(state, { type: 'telemetry-absent' });
  update(state, { type: 'flows-state', isOpen: true });
  return state;
}

/** A line of the list: up so long, so many flows seen. */
function line(name: string, uptimeMs: number, seen: number, more: Partial<Node> = {}): Node {
  return { name, state: 1, version: 'cilium v1.19.4+gabc123', address: '10.0.0.7:4244', tls: { enabled: true }, uptime_ns: BigInt(uptimeMs) * 1_000_000n, num_flows: 4095n, max_flows: 4095n, seen_flows: BigInt(seen), ...more };
}

function ask(state: State, atMs: number, nodes: Node[]): void {
  update(state, { type: 'tick', nowMs: START_MS + atMs });
  update(state, { type: 'nodes', nodes });
}

function changes(state: State): string[] {
  return state.changes.between(0, Infinity).map((entry) => `${entry.kind} ${entry.subject} ${entry.detail}${entry.isInferred ? '' : ' REPORTED'}`);
}

test('a list of nodes gives version, address, ring and uptime at once, and a rate from the second list on', () => {
  const state = stock();
  ask(state, 0, [line('a', HOUR_MS, 1_000_000)]);
  expect(state.nodes.get('a')).toMatchObject({ version: '1.19.4+gabc123', uptimeMs: HOUR_MS, historyCapacity: 4095, historySpanMs: 0, listing: { address: '10.0.0.7:4244', isTls: true, flowsPerSecond: undefined } });
  ask(state, 10_000, [line('a', HOUR_MS + 10_000, 1_004_000)]);
  // a full ring of 4,095 at 400 a second goes back ten seconds
  expect(state.nodes.get('a')).toMatchObject({ flowsPerSecond: 400, historySpanMs: 10_237.5 });
});

test('a ring that is not full holds all since the start, however slow it fills', () => {
  const state = stock();
  ask(state, 0, [line('a', 60_000, 10, { num_flows: 10n })]);
  expect(state.nodes.get('a')?.historySpanMs).toBe(60_000);
});

test('a ring that lets go by time before it is full goes back as far as its flows last', () => {
  const state = stock();
  const ring = { num_flows: 24_000n, max_flows: 524_288n };
  ask(state, 0, [line('a', HOUR_MS, 1_000_000, ring)]);
  ask(state, 10_000, [line('a', HOUR_MS + 10_000, 1_004_000, ring)]);
  expect(state.nodes.get('a')).toMatchObject({ flowsPerSecond: 400, historySpanMs: 60_000 });
});

test('the same answer twice changes no rate', () => {
  const state = stock();
  ask(state, 0, [line('a', HOUR_MS, 0)]);
  ask(state, 10_000, [line('a', HOUR_MS + 10_000, 1_000)]);
  ask(state, 20_000, [line('a', HOUR_MS + 10_000, 1_000)]);
  expect(state.nodes.get('a')?.flowsPerSecond).toBe(100);
});

test.each<[string, Node, string[]]>([
  ['an uptime that goes on', line('a', HOUR_MS + 10_000, 10), []],
  ['an uptime that is a little behind', line('a', HOUR_MS - 1_000, 10), []],
  ['an uptime that went down', line('a', 4_000, 10), ['agent-started a its uptime went down']],
  ['an uptime that went down with a new version', line('a', 4_000, 10, { version: 'cilium v1.19.5' }), ['agent-started a its uptime went down, 1.19.4+gabc123 → 1.19.5']],
  ['a node away', { name: 'a', state: 2 }, ['node-away a away']],
])('%s in the list is told as a change that was concluded', (_what, second, expected) => {
  const state = stock();
  ask(state, 0, [line('a', HOUR_MS, 0)]);
  ask(state, 10_000, [second]);
  expect(changes(state)).toEqual(expected);
});

test('a restart is dated by the uptime and counted, and its rate is what the new agent decoded', () => {
  const state = stock();
  ask(state, 0, [line('a', HOUR_MS, 1_000_000)]);
  ask(state, 10_000, [line('a', 4_000, 200)]);
  expect(state.nodes.get('a')).toMatchObject({ restarts: [START_MS + 6_000], flowsPerSecond: 50 });
  expect(state.changes.between(0, Infinity)[0]?.timeMs).toBe(START_MS + 6_000);
});

test('nodes that come, go away, come back and leave the list are told; those of the first list are not', () => {
  const state = stock();
  ask(state, 0, [line('a', HOUR_MS, 0), { name: 'b', state: 2 }]);
  expect(changes(state)).toEqual([]);
  ask(state, 10_000, [line('a', HOUR_MS + 10_000, 0), { name: 'b', state: 2 }, line('c', HOUR_MS, 0)]);
  update(state, { type: 'node-status', node: 'a', state: 'NODE_ERROR', message: 'error reading from server: EOF' });
  ask(state, 20_000, [{ name: 'a', state: 4 }, { name: 'b', state: 2 }, line('c', HOUR_MS + 10_000, 0)]);
  // the list has no reason: the one of the stream stays
  expect(state.nodes.get('a')).toMatchObject({ trouble: 'NODE_ERROR', message: 'error reading from server: EOF', troubleSinceMs: START_MS + 10_000 });
  ask(state, 30_000, [line('a', HOUR_MS + 30_000, 0), { name: 'b', state: 2 }]);
  expect(changes(state)).toEqual([
    'node-added c the relay lists it', 'node-away a error reading from server: EOF', 'node-back a away for 20 s', 'node-gone c the relay does not list it any more',
  ]);
  expect(state.nodes.get('c')?.trouble).toBe('NODE_GONE');
  ask(state, 1_000_000, [line('a', HOUR_MS + 1_000_000, 0)]);
  expect([...state.nodes.keys()]).toEqual(['a', 'b']);
});

test('an answer that does not come leaves the nodes as they were and says why', () => {
  const state = stock();
  ask(state, 0, [line('a', HOUR_MS, 0)]);
  update(state, { type: 'nodes', error: 'rpc error: code = DeadlineExceeded desc = no answer within 8000 ms' });
  expect(state.hubble.error).toContain('DeadlineExceeded');
  expect(state.nodes.get('a')?.trouble).toBe('');
  update(state, { type: 'nodes', nodes: [line('a', HOUR_MS, 0)], status: { version: 'hubble-relay v1.19.4', flows_rate: 12.5, seen_flows: 7n, uptime_ns: 5_000_000n } });
  expect(state.hubble).toMatchObject({ error: '', version: 'hubble-relay v1.19.4', flowsPerSecond: 12.5, seenFlows: 7, uptimeMs: 5, hasList: true });
});

test.each<[string, ServerStatusResponse[], number | undefined]>([
  ['its own rate', [{ flows_rate: 12.5, seen_flows: 7n }], 12.5],
  ['nothing after one answer without a rate', [{ seen_flows: 7n }], undefined],
  ['what it counted between two answers without a rate', [{ seen_flows: 100n }, { seen_flows: 600n }], 50],
  ['nothing after its count went down', [{ seen_flows: 100n }, { seen_flows: 6n }], undefined],
])('the rate of an agent alone is %s', (_what, answers, expected) => {
  const state = stock();
  for (const [i, status] of answers.entries()) {
    update(state, { type: 'tick', nowMs: START_MS + i * 10_000 });
    update(state, { type: 'nodes', status });
  }
  expect(state.hubble.flowsPerSecond).toBe(expected);
});

test('an agent alone is the node that its flows name, once they name one', () => {
  const state = stock();
  const status: ServerStatusResponse = { version: 'cilium v1.19.4', uptime_ns: 60_000_000_000n, num_flows: 10n, max_flows: 4095n, seen_flows: 10n, flows_rate: 2 };
  update(state, { type: 'nodes', status });
  expect(state.nodes.size).toBe(0);
  update(state, { type: 'flows', bytes: framed(flowOf(TALKS[0] as FakeTalk, START_MS, { node: 'node-a' })) });
  update(state, { type: 'nodes', status });
  expect(state.nodes.get('node-a')).toMatchObject({ trouble: '', version: '1.19.4', uptimeMs: 60_000, historyCapacity: 4095, listing: { address: '' } });
  expect(changes(state)).toEqual([]);
});

test('the sum of a relay is no rate: a node that comes back brings all it ever saw', () => {
  const state = stock();
  for (const [i, seen] of [100n, 5_000_100n].entries()) {
    update(state, { type: 'tick', nowMs: START_MS + i * 10_000 });
    update(state, { type: 'nodes', nodes: [], status: { seen_flows: seen } });
  }
  expect(state.hubble.flowsPerSecond).toBeUndefined();
});

test('texts of a list are scrubbed, and its length is bounded', () => {
  const state = stock();
  ask(state, 0, [line('a\u001b[31m', HOUR_MS, 0, { version: 'cilium v\u009d0', address: '\u202e' }), ...Array.from({ length: 5_100 }, (_, i) => line(`n${i}`, HOUR_MS, 0))]);
  expect(state.nodes.size).toBe(5_000);
  expect([...state.nodes.keys()][0]).toBe('a\\x1b[31m');
  expect(state.nodes.get('a\\x1b[31m')).toMatchObject({ version: '\\x9d0', listing: { address: '\\u{202e}' } });
});

test('what agents decoded is what happened: seen is what was not told as lost of it', () => {
  const state = stock();
  for (let second = 0; second <= 60; second++) {
    update(state, { type: 'tick', nowMs: START_MS + second * 1000 });
    if (second % 10 === 0) update(state, { type: 'nodes', nodes: [line('a', HOUR_MS + second * 1000, second * 100)], status: { flows_rate: 100 } });
  }
  expect(figures(state).seen).toBe(1);
  expect(figures(state).ledger.happened).toBeCloseTo(6_000, -3);
});
