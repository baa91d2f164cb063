import { say } from '../model/changes.ts';
import type { State } from '../model/state.ts';
import { copyText } from '../model/take-away.ts';
import { itemOf } from '../views/view.ts';
import { viewOf } from '../views/view-list.ts';

/** Copies what the selected row offers: a command, a name. */
export function copyRow(state: State): void {
  const text = itemOf(viewOf(state.view), state)?.copy;
  if (text === undefined || text === '') return say(state, 'this row has nothing to copy');
  copyText(state, text);
}
