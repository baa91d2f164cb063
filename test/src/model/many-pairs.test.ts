import { expect, test } from 'vitest';
import { update } from '../../../src/control/update.ts';
import { figures } from '../../../src/model/figures.ts';
import { initialState, type State } from '../../../src/model/state.ts';
import { flowOf, framed, joined } from '../app/fake-cluster.ts';

const START_MS = 1_772_366_400_000;

function tell(state: State, pairs: number, atMs: number): void {
  update(state, { type: 'flows', bytes: joined(Array.from({ length: pairs }, (_, i) => framed(flowOf({ from: `a/app-${i}`, to: 'b/svc', port: 80, protocol: 6, perSecond: 1, bytes: 1 }, START_MS + atMs, { sourcePort: 40_000 + i })))) });
}

function stock(): State {
  const state = initialState({ server: 's', nowMs: START_MS, view: 'talkers' });
  for (const message of [{ type: 'telemetry-absent' }, { type: 'connection', state: 'live' }, { type: 'flows-state', isOpen: true }] as const) update(state, message);
  return state;
}

const flowsNow = (state: State): number => figures(state).window.flows;

test.each([[20, [20, 40, 40]], [400, [400, 400, 800]]])('figures() of %i pairs add what comes late for a second that is over: at once, or twice a second where they are many', (pairs, expected) => {
  const state = stock();
  tell(state, pairs, 300);
  update(state, { type: 'tick', nowMs: START_MS + 1_100 });
  const told = [flowsNow(state)];
  tell(state, pairs, 900);
  update(state, { type: 'tick', nowMs: START_MS + 1_200 });
  told.push(flowsNow(state));
  update(state, { type: 'tick', nowMs: START_MS + 1_650 });
  told.push(flowsNow(state));
  expect(told).toEqual(expected);
});

test('figures() of many pairs follow another window, moment and filter at once', () => {
  const state = stock();
  tell(state, 400, 300);
  update(state, { type: 'tick', nowMs: START_MS + 1_100 });
  expect(flowsNow(state)).toBe(400);
  state.pausedAtMs = START_MS;
  expect(flowsNow(state)).toBe(0);
  state.pausedAtMs = 0;
  update(state, { type: 'chip', field: 'port', value: '81', isNegated: false });
  expect(flowsNow(state)).toBe(0);
});
