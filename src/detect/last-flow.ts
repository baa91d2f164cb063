import type { Flow } from '../wire/gen/flow.ts';
import { ROW_FLOW } from '../model/flow-rows.ts';
import { flowOfRow } from '../model/row-flow.ts';
import { pairOfMark } from '../model/row-mark.ts';
import type { State } from '../model/state.ts';

/** Rows looked through at most, from the newest back. */
const MAX_ROWS = 50_000;

/** The newest buffered flow of a pair up to a moment; undefined where none came, as when only what matters is asked for. */
export function lastFlow(state: State, pair: number, toMs: number): Flow | undefined {
  const { rows } = state;
  let found = -1;
  rows.forEach(Math.max(rows.first, rows.next - MAX_ROWS), (row, id) => {
    if (row.kind === ROW_FLOW && row.timeMs < toMs && pairOfMark(row.mark) === pair) found = id;
  });
  const row = found < 0 ? undefined : rows.get(found);
  return row === undefined ? undefined : flowOfRow(state, row);
}
