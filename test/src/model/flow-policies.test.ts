import { expect, test } from 'vitest';
import { update } from '../../../src/control/update.ts';
import { initialState, type State } from '../../../src/model/state.ts';
import type { Policy } from '../../../src/wire/gen/flow.ts';
import { flowOf, framed, reportOf, TALKS, type FakeTalk } from '../app/fake-cluster.ts';

const START_MS = 1_772_366_400_000;
const talk = TALKS[0] as FakeTalk;

function stock(): State {
  const state = initialState({ server: 'relay:4245', nowMs: START_MS, view: 'overview' });
  update(state, { type: 'telemetry-absent' });
  return state;
}

/** A verdict that names a policy: `node-1 base@40` so many seconds after the start. */
function verdict(state: State, atS: number, text: string, isDenied = false): void {
  const [node = '', rest = ''] = text.split(' ');
  const [name = '', revision = '0'] = rest.split('@');
  const policy: Policy = { name, namespace: 'shop', kind: 'CiliumNetworkPolicy', revision: BigInt(revision) };
  const flow = flowOf(talk, START_MS + atS * 1000, { node });
  update(state, { type: 'tick', nowMs: START_MS + atS * 1000 });
  update(state, { type: 'flows', bytes: framed({ ...flow, verdict: isDenied ? 2 : 1, event_type: { type: 5 }, ...(isDenied ? { egress_denied_by: [policy] } : { egress_allowed_by: [policy] }) }) });
}

function changes(state: State): string[] {
  return state.changes.between(0, Infinity).map((entry) => `${(entry.timeMs - START_MS) / 1000} ${entry.kind} ${entry.subject} rev ${entry.revision}${entry.isInferred ? '' : ' REPORTED'}`);
}

test('a policy that comes with a new revision is a change, one that a known revision had is none', () => {
  const state = stock();
  verdict(state, 0, 'n1 base@40');
  verdict(state, 300, 'n1 other@40');
  expect(changes(state)).toEqual([]);
  verdict(state, 400, 'n1 lockdown@41', true);
  expect(changes(state)).toEqual(['400 policy-revision some policy rev 0', '400 policy-seen shop/lockdown rev 41']);
  expect(state.changes.between(0, Infinity).at(-1)?.detail).toBe('n1 saw it first');
  expect(state.policies.find('shop/lockdown')).toMatchObject({ revision: 41, firstSeenMs: START_MS + 400_000 });
});

test('a policy that is named soon after the revision rose came with it, later ones were there before', () => {
  const state = stock();
  verdict(state, 0, 'n1 base@40');
  verdict(state, 100, 'n1 base@41');
  verdict(state, 110, 'n1 lockdown@41');
  verdict(state, 200, 'n1 old@41');
  expect(changes(state)).toEqual(['100 policy-revision some policy rev 0', '110 policy-seen shop/lockdown rev 41']);
});

test('each node counts revisions for itself, and a change that reaches all of them is told once', () => {
  const state = stock();
  for (const [i, node] of ['n1', 'n2', 'n3'].entries()) verdict(state, i, `${node} base@${10 * (i + 1)}`);
  for (const [i, node] of ['n1', 'n2', 'n3'].entries()) verdict(state, 100 + i, `${node} base@${10 * (i + 1) + 1}`);
  expect(changes(state)).toEqual(['100 policy-revision some policy rev 0']);
});

test('an agent that began anew counts from one again', () => {
  const state = stock();
  update(state, { type: 'nodes', nodes: [{ name: 'n1', state: 1, uptime_ns: 3_600_000_000_000n }] });
  verdict(state, 0, 'n1 base@40');
  update(state, { type: 'tick', nowMs: START_MS + 60_000 });
  update(state, { type: 'nodes', nodes: [{ name: 'n1', state: 1, uptime_ns: 1_000_000_000n }] });
  verdict(state, 61, 'n1 base@2');
  verdict(state, 300, 'n1 lockdown@3');
  expect(changes(state).filter((change) => change.includes('policy-'))).toEqual(['300 policy-revision some policy rev 0', '300 policy-seen shop/lockdown rev 3']);
});

test('without revisions a policy is a change when it is first named long after the first', () => {
  const state = stock();
  verdict(state, 0, 'n1 base');
  verdict(state, 30, 'n1 early');
  verdict(state, 100, 'n1 late');
  expect(changes(state)).toEqual(['100 policy-seen shop/late rev 0']);
});

test('where agents report changes nothing is concluded from flows', () => {
  const state = stock();
  update(state, { type: 'telemetry', report: reportOf(0, START_MS) });
  verdict(state, 0, 'n1 base@40');
  verdict(state, 100, 'n1 lockdown@41');
  expect(changes(state)).toEqual([]);
  expect(state.policies.find('shop/lockdown')?.revision).toBe(41);
});

test('a policy of hostile names is scrubbed in the log', () => {
  const state = stock();
  verdict(state, 0, 'n1 base@40');
  verdict(state, 100, 'n1 e\u001b[31m@41');
  expect(changes(state).at(-1)).toBe('100 policy-seen shop/e\\x1b[31m rev 41');
});
