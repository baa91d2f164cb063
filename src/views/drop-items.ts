import { explainDrop } from '../detect/explain-drop.ts';
import { chip } from '../detect/chip.ts';
import { dropRowKey, REASONS, WHO } from '../detect/drop-target.ts';
import type { Explanation } from '../detect/explanation.ts';
import type { Chip } from '../model/chips.ts';
import { shownDrops, shownReasons, type ReasonRow } from '../model/drop-table.ts';
import type { DropFigure } from '../model/figures.ts';
import { pairChips, pairSubject, subjectOfChips } from '../model/pair-text.ts';
import type { State } from '../model/state.ts';
import { panelCursor, type Item } from './view.ts';

/** The reason under the cursor. */
export function selectedReason(state: State): ReasonRow | undefined {
  const rows = shownReasons(state);
  return rows[panelCursor(state, 'drops', { panel: REASONS, keys: rows.map((row) => row.key) }).at];
}

/** The pair under the cursor, of the reason under the cursor. */
export function selectedDrop(state: State): DropFigure | undefined {
  const drops = shownDrops(state, selectedReason(state));
  return drops[panelCursor(state, 'drops', { panel: WHO, keys: drops.map(dropRowKey) }).at];
}

/** Conditions that let the flows of a drop through. */
export function dropChips(drop: DropFigure): Chip[] {
  return [...pairChips(drop.pair), chip('verdict', 'DROPPED'), chip('drop-reason', drop.reason)];
}

/** Reasons as rows: Enter leads to all flows of the reason. */
export function reasonRowItems(state: State): Item[] {
  return shownReasons(state).map((row) => {
    const chips = [chip('verdict', 'DROPPED'), chip('drop-reason', row.reason)];
    return { key: row.key, subject: subjectOfChips(chips), target: { view: 'flows', chips }, copy: row.reason };
  });
}

/** Pairs as rows: Enter leads to their flows, y copies what to type next. */
export function whoItems(state: State): Item[] {
  return shownDrops(state, selectedReason(state)).map((drop) => {
    const chips = dropChips(drop);
    return {
      key: dropRowKey(drop), subject: { ...pairSubject(drop.pair), ...subjectOfChips(chips) }, target: { view: 'flows', chips },
      // a thousand rows, one of which is asked
      get copy() {
        return firstStep(explainDrop(state, drop));
      },
    };
  });
}

/** Commands as rows: y copies each. */
export function stepItems(state: State): Item[] {
  const drop = selectedDrop(state);
  if (drop === undefined) return [];
  const target = { view: 'flows', chips: dropChips(drop) };
  return stepsOf(explainDrop(state, drop)).map(({ command }) => ({ key: command, subject: pairSubject(drop.pair), target, copy: command }));
}

/** A command to copy. */
export interface Step {
  label: string;
  command: string;
  note: string;
}

/** Commands of an explanation in the order they are shown. */
export function stepsOf({ next, undo, undoNote, hubble }: Explanation): Step[] {
  return [
    ...next.map((command, i) => ({ label: i === 0 ? 'NEXT' : '', command, note: '' })),
    ...(undo === '' ? [] : [{ label: 'UNDO', command: undo, note: undoNote === '' ? 'if you decide so' : undoNote }]),
    { label: 'SAME IN', command: hubble, note: '' },
  ];
}

function firstStep(explanation: Explanation): string {
  return explanation.next[0] ?? explanation.hubble;
}
