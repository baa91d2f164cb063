import { say } from '../model/changes.ts';
import { MAX_EFFECTS, type Effect } from '../model/effects.ts';
import type { State } from '../model/state.ts';
import { itemOf } from '../views/view.ts';
import { viewOf } from '../views/view-list.ts';

/** Asks the world for something; what comes too fast is dropped with a word. */
export function askFor(state: State, effect: Effect): void {
  if (state.effects.length >= MAX_EFFECTS) return say(state, 'too much at once: press again');
  state.effects.push(effect);
}

/** Copies what the selected row offers: a command, a name. */
export function copyRow(state: State): void {
  const text = itemOf(viewOf(state.view), state)?.copy;
  if (text === undefined || text === '') return say(state, 'this row has nothing to copy');
  askFor(state, { type: 'copy', text, what: text.length <= 60 ? text : `${text.split('\n').length} lines` });
}
