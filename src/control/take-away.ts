import { exportIncident } from '../export/incident.ts';
import { say } from '../model/changes.ts';
import type { State } from '../model/state.ts';
import { askFor, copyText } from '../model/take-away.ts';
import { itemOf } from '../views/view.ts';
import { viewOf } from '../views/view-list.ts';

/** Copies what the selected row offers: a command, a name. */
export function copyRow(state: State): void {
  const text = itemOf(viewOf(state.view), state)?.copy;
  if (text === undefined || text === '') return say(state, 'this row has nothing to copy');
  copyText(state, text);
}

/** Writes what is known of the moment shown to a file that can be sent on. */
export function exportFile(state: State): void {
  askFor(state, { type: 'write', ...exportIncident(state, 'md'), what: 'the incident' });
}
