import { say } from './changes.ts';
import { chipPassRate } from './chip-passes.ts';
import type { Chip } from './chips.ts';
import { figures, type Figures } from './figures.ts';
import type { RowView } from './flow-rows.ts';
import { pairOfMark } from './row-mark.ts';
import type { State } from './state.ts';

/** Moves the cursor of the stream to the next or previous row of the same pair with the same verdict. */
export function moveLike(state: State, step: 1 | -1): void {
  const row = state.rows.get(state.stream.selected);
  if (row === undefined) return;
  const [id] = state.rows.idsWhere({ from: row.id + step, step, count: 1 }, isLike(row));
  if (id === undefined) return say(state, step > 0 ? 'no later flow like this is here' : 'no earlier flow like this is here');
  state.stream.selected = id;
  if (id > state.stream.bottom) state.stream.bottom = id;
}

function isLike(row: RowView): (mark: number, verdict: number) => boolean {
  const pair = pairOfMark(row.mark);
  return (mark, verdict) => pairOfMark(mark) === pair && verdict === row.verdict;
}

/** Rows of the buffer that are of the same pair with the same verdict; counted up to a bound. */
export function countLike(state: State, row: RowView): number {
  return state.rows.idsWhere({ from: state.rows.next - 1, step: -1, count: MAX_COUNTED }, isLike(row)).length;
}

/** Rows like one that are counted. */
export const MAX_COUNTED = 10_000;

const rates = new WeakMap<Figures, Map<string, number | undefined>>();

/** Flows a second that would pass a chip alone; undefined where nobody counts that. Made once for each moment. */
export function chipRate(state: State, chip: Chip): number | undefined {
  const now = figures(state);
  const known = rates.get(now) ?? new Map<string, number | undefined>();
  rates.set(now, known);
  const id = `${chip.field} ${chip.value}`;
  if (!known.has(id)) known.set(id, chipPassRate(state, chip));
  return known.get(id);
}
