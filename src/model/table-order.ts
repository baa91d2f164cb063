import { cursorOf, type Cursor } from './cursors.ts';

/** How long rows keep their order after the cursor was moved last. */
export const FREEZE_MS = 3_000;

interface Kept {
  version: string;
  places: ReadonlyMap<string, number>;
}

const kept = new WeakMap<Cursor, Map<number, Kept>>();

/** How a table is to be put in order. */
export interface Order<Row> {
  keyOf(row: Row): string;
  compare(one: Row, other: Row): number;
  /** What the order depends on besides the rows: another sort column thaws. */
  version: string;
  panel?: number;
}

/** Rows in order, or in the order they had when the cursor was moved last: a row must not run away from under it. */
export function inOrder<Row>(state: { nowMs: number; cursors: Map<string, Cursor> }, view: string, rows: readonly Row[], order: Order<Row>): Row[] {
  const cursor = cursorOf(state, view);
  const { panel = 0 } = order;
  const before = kept.get(cursor)?.get(panel);
  if (before !== undefined && before.version === order.version && isFrozen(state, view)) {
    const placeOf = (row: Row): number => before.places.get(order.keyOf(row)) ?? Infinity;
    // Infinity minus itself is no number: who came since is in order behind the others
    return rows.toSorted((one, other) => (placeOf(one) === placeOf(other) ? order.compare(one, other) : placeOf(one) - placeOf(other)));
  }
  const sorted = rows.toSorted(order.compare);
  const panels = kept.get(cursor) ?? new Map<number, Kept>();
  panels.set(panel, { version: order.version, places: new Map(sorted.map((row, i) => [order.keyOf(row), i])) });
  kept.set(cursor, panels);
  return sorted;
}

/** Whether rows keep their order now, since the reader moves among them. */
export function isFrozen(state: { nowMs: number; cursors: Map<string, Cursor> }, view: string): boolean {
  const { movedMs } = cursorOf(state, view);
  return movedMs > 0 && state.nowMs - movedMs < FREEZE_MS;
}
