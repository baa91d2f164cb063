import type { Action } from './messages.ts';

/** Where the cursor stands in a view. */
export interface Cursor {
  /** Panel with the focus; views name theirs. */
  panel: number;
  /** Selected row of each panel, by the identity of the row ('' = first). */
  selected: string[];
  /** Last index the selection had, for when its row goes away. */
  index: number[];
  /** When it was moved last: rows keep their order for a while. */
  movedMs: number;
}

/** The cursor of a view; made when it is first asked for. */
export function cursorOf(state: { cursors: Map<string, Cursor> }, view: string): Cursor {
  const known = state.cursors.get(view);
  if (known !== undefined) return known;
  const cursor: Cursor = { panel: 0, selected: [], index: [], movedMs: 0 };
  state.cursors.set(view, cursor);
  return cursor;
}

/** Index of the selected row of a panel: where its row went, else where it was. */
export function selectedIndex(cursor: Cursor, panel: number, keys: readonly string[]): number {
  const wanted = cursor.selected[panel];
  const found = wanted === undefined ? -1 : keys.indexOf(wanted);
  return found >= 0 ? found : Math.max(0, Math.min(keys.length - 1, cursor.index[panel] ?? 0));
}

const STEPS: Partial<Record<Action, number>> = { up: -1, down: 1, 'page-up': -8, 'page-down': 8, 'half-up': -4, 'half-down': 4, first: -Infinity, last: Infinity };

/** Moves the cursor in the panel with the focus. */
export function moveCursor(cursor: Cursor, action: Action, keys: readonly string[]): void {
  if (keys.length === 0) return;
  const { panel } = cursor;
  select(cursor, panel, keys, selectedIndex(cursor, panel, keys) + (STEPS[action] ?? 0));
}

/** Puts the cursor on a row of a panel. */
export function select(cursor: Cursor, panel: number, keys: readonly string[], at: number): void {
  const index = Math.max(0, Math.min(keys.length - 1, at));
  cursor.index[panel] = index;
  cursor.selected[panel] = keys[index] ?? '';
}
