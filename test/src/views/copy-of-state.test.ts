import { expect, test } from 'vitest';
import { update } from '../../../src/control/update.ts';
import type { State } from '../../../src/model/state.ts';
import { lineText } from '../../../src/screen/line.ts';
import { frame } from '../../../src/views/frame.ts';
import { VIEWS } from '../../../src/views/view-list.ts';
import { joined, reportOf } from '../app/fake-cluster.ts';
import { requestsOfSecond } from '../app/fake-requests.ts';
import { copyOfState } from './copy-of-state.ts';
import { emptyScene, secondOfFlows, START_MS } from './scenes.ts';

function tell(state: State, from: number, to: number): State {
  update(state, { type: 'flows-state', isOpen: true });
  for (let second = from; second < to; second++) {
    const timeMs = START_MS + (second + 1) * 1000;
    update(state, { type: 'tick', nowMs: timeMs });
    update(state, { type: 'telemetry', report: reportOf(second, timeMs) });
    for (const bytes of [joined(requestsOfSecond(second, timeMs)), secondOfFlows(second, timeMs)]) update(state, { type: 'flows', bytes });
  }
  return state;
}

const shown = (state: State): string[] => VIEWS.map(({ id }) => frame(Object.assign(state, { view: id }), { cols: 140, rows: 50 }).map(lineText).join('\n'));

test('copyOfState() goes on like a state that was told anew, whatever becomes of what it was copied from', () => {
  const state = tell(emptyScene(), 0, 6);
  const copy = copyOfState(state);
  const other = shown(tell(state, 20, 30));
  const told = shown(tell(tell(emptyScene(), 0, 6), 6, 12));
  expect(shown(tell(copy, 6, 12))).toEqual(told);
  expect(told).not.toEqual(other);
});

test('copyOfState() refuses a function that may hold on to the state', () => {
  const state = emptyScene();
  expect(() => copyOfState(Object.assign(state, { listener: () => state }))).toThrow('cannot have the function listener');
});
