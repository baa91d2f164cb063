import { expect, test } from 'vitest';
import { update } from '../../../src/control/update.ts';
import { flowGroups } from '../../../src/model/flow-groups.ts';
import { FlowRows } from '../../../src/model/flow-rows.ts';
import { initialState, type State } from '../../../src/model/state.ts';
import { lineText } from '../../../src/screen/line.ts';
import { frame } from '../../../src/views/frame.ts';
import { flowOf, framed, joined, TALKS } from '../app/fake-cluster.ts';

const startMs = 1_772_366_400_000;
const [talk] = TALKS;
const size = { cols: 120, rows: 40 };

function live(): State {
  const state = initialState({ server: 's', nowMs: startMs, view: 'flows' });
  state.rows = new FlowRows(2_400_000);
  update(state, { type: 'flows-requested' });
  update(state, { type: 'connection', state: 'live' });
  update(state, { type: 'telemetry-absent' });
  update(state, { type: 'flows-state', isOpen: true });
  return state;
}

/** A second with so many flows. */
function second(state: State, number: number, count: number): void {
  if (talk === undefined) throw new Error('there is a talk');
  const timeMs = startMs + number * 1000;
  update(state, { type: 'tick', nowMs: timeMs });
  update(state, { type: 'flows', bytes: joined(Array.from({ length: count }, (_, i) => framed(flowOf(talk, timeMs, { sourcePort: 30_000 + i })))) });
}

const shown = (state: State): string => frame(state, size).map(lineText).join('\n');
const body = (state: State): string => shown(state).split('\n').slice(3, -2).join('\n');

test('the page a reader stopped at stays in a flood, what is passed by is counted, and the stream says so where it goes on', () => {
  const state = live();
  second(state, 1, 50);
  update(state, { type: 'page-rows', rows: 34 });
  update(state, { type: 'action', action: 'pause' });
  const page = body(state);
  second(state, 7, 24_000);
  expect(body(state)).toBe(page);
  expect(state.rows.passed).toBeGreaterThan(10_000);
  expect(shown(state)).toMatch(/▼ [\d ]+ newer, [\d ]+ not kept/);
  expect(state.flows.received).toBe(24_050);
  const { passed } = state.rows;
  update(state, { type: 'action', action: 'pause' });
  second(state, 8, 20);
  expect(shown(state)).toContain(`${passed} flows were counted but not kept`);
});

test('figures made of rows begin behind the hole', () => {
  const state = live();
  second(state, 1, 50);
  update(state, { type: 'action', action: 'pause' });
  second(state, 7, 24_000);
  update(state, { type: 'action', action: 'pause' });
  for (let i = 8; i < 12; i++) second(state, i, 20);
  expect(flowGroups(state, 'node')).toMatchObject({ flows: 60, seconds: 3 });
});

test('a page that is a part of what came says so', () => {
  const state = live();
  second(state, 1, 50);
  update(state, { type: 'page-rows', rows: 34, isSample: true });
  expect(shown(state)).toContain('a sample of every flow');
  update(state, { type: 'action', action: 'pause' });
  expect(shown(state)).not.toContain('a sample');
});
