import { replaceChips, say, setChips } from '../model/changes.ts';
import { chipText, nextInCycle, otherEnd, PROTOCOL_CHIPS, VERDICT_CHIPS, withChip, type Chip, type ChipField } from '../model/chips.ts';
import type { Action } from '../model/messages.ts';
import type { State } from '../model/state.ts';
import { subjectOf } from '../views/view.ts';
import { viewOf } from '../views/view-list.ts';

const PIVOTS: Partial<Record<Action, ChipField>> = {
  'source-pod': 'from-pod', 'destination-pod': 'to-pod', 'source-workload': 'from-workload', 'destination-workload': 'to-workload',
  'source-namespace': 'from-namespace', 'destination-namespace': 'to-namespace', 'drop-reason': 'drop-reason', port: 'port', node: 'node',
};

/** What a pivot key is about; undefined for other keys. */
export function pivotOf(action: Action): ChipField | undefined {
  return PIVOTS[action];
}

/** Filters to a value of the selected row; where only its other end has such a value, says which. */
export function addPivot(state: State, field: ChipField): void {
  const subject = subjectOf(viewOf(state.view), state);
  const value = subject[field];
  if (value === undefined || value === '') {
    const other = otherEnd(field);
    const there = other === undefined ? undefined : subject[other];
    return say(state, `this row has no ${field.replace('-', ' ')}${there === undefined ? '' : `: its ${other?.replace('-', ' ')} is ${there}`}`);
  }
  addChip(state, { field, value, isNegated: false });
}

// a condition that gives way says so: the line may be too full to notice
function addChip(state: State, added: Chip): void {
  const before = state.chips.find((chip) => !chip.isNegated && !added.isNegated && chip.field === added.field && chip.value !== added.value);
  setChips(state, withChip(state.chips, added));
  if (before !== undefined) say(state, `instead of ${chipText(before)}: b takes it back`);
}

/** Filters to, or away from, the value in the column under the cursor. */
export function addColumn(state: State, isNegated: boolean): void {
  const view = viewOf(state.view);
  if (view.columnField === undefined) return say(state, '+ and - work where columns can be chosen: the flows view (2)');
  const subject = subjectOf(view, state);
  const field = view.columnField(state, subject);
  const value = field === undefined ? undefined : subject[field];
  if (field === undefined || value === undefined) return say(state, 'this column is empty here: h and l move it');
  addChip(state, { field, value, isNegated });
}

const CYCLES: Partial<Record<ChipField, readonly string[]>> = { verdict: VERDICT_CHIPS.map((verdict) => verdict.name), protocol: PROTOCOL_CHIPS };

/** Steps a condition through its values; after the last all pass again. */
export function cycleChip(state: State, field: ChipField): void {
  const values = CYCLES[field] ?? [];
  const current = state.chips.find((chip) => chip.field === field && !chip.isNegated)?.value;
  // the first press takes what the row has, as any other pivot does
  const next = current === undefined ? (subjectOf(viewOf(state.view), state)[field] ?? values[0]) : nextInCycle(values, current);
  const others = state.chips.filter((chip) => chip.field !== field || chip.isNegated);
  setChips(state, next === undefined ? others : withChip(others, { field, value: next, isNegated: false }));
}

/** Takes the last change of the filter back. */
export function undo(state: State): void {
  const before = state.undo.pop();
  if (before === undefined) return say(state, 'nothing to take back');
  replaceChips(state, before);
}

/** Shows everything again. */
export function clearChips(state: State): void {
  if (state.chips.length === 0) return say(state, 'there is no filter');
  setChips(state, []);
}
