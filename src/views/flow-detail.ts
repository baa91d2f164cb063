import type { RowView } from '../model/flow-rows.ts';
import { countLike, MAX_COUNTED } from '../model/like-flows.ts';
import { flowOfRow } from '../model/row-flow.ts';
import { textOfRow } from '../model/row-text.ts';
import { sameConnection } from '../model/same-connection.ts';
import type { State } from '../model/state.ts';
import { grouped } from '../screen/format.ts';
import { exactly, left, line, type Line, type Size } from '../screen/line.ts';
import { factRows, flowFacts } from './flow-facts.ts';
import { changeLines, changeRows, connectionLines, likeLines, likeRows, nextCommands } from './flow-sections.ts';
import { rule } from './rule.ts';
import { shareRows } from './share-rows.ts';

/** Everything known of one flow: what it says, its connection, what is like it, what changed around it, what to do next. */
export function flowDetail(state: State, row: RowView, size: Size): Line[] {
  const { cols } = size;
  const isWide = cols >= 110;
  const flow = flowOfRow(state, row);
  const like = countLike(state, row);
  const many = `one of ${like >= MAX_COUNTED ? '≥' : ''}${grouped(like)} like it here`;
  const head = rule(cols, 'FLOW', flow === undefined ? '' : many, isWide ? 'Esc back   h l one like this   j k next   J json   E rule' : 'Esc back  h l like this  J json');
  if (flow === undefined) return [head, line(cols, [' ', textOfRow(row)])];
  const { packets, isUnanswered } = sameConnection(state, row, flow);
  const changes = changeRows(state, row, flow);
  const commands = nextCommands(state, row, flow);
  const facts = factRows(state, row, { flow, cols });
  const [factShare = 0, connection = 0, pivots = 0, changed = 0, next = 0] = shareRows(size.rows, [
    { least: Math.min(facts, isWide ? 12 : 9) + 1, wanted: Math.min(facts + 1, Math.max(10, size.rows >> 1)) },
    { least: 1 + Math.min(Math.max(1, packets.length), 2), wanted: 1 + Math.min(Math.max(1, packets.length), isWide ? 6 : 3) },
    { least: 2, wanted: 1 + likeRows(state, cols) },
    { least: changes === 0 ? 0 : 2, wanted: changes === 0 ? 0 : 1 + Math.min(changes, 5) },
    { least: 2, wanted: 1 + commands.length },
  ], 0);
  return exactly([
    head, ...exactly(flowFacts(state, row, { flow, cols, rows: factShare - 1 }), { cols, rows: factShare - 1 }),
    ...section(cols, connection, rule(cols, 'SAME CONNECTION', connectionNote(packets.length, isUnanswered), 'f follow'), connectionLines(state, row, { flow, cols, rows: connection - 1 })),
    ...section(cols, pivots, rule(cols, 'LIKE THIS', isWide ? 'each key adds a chip' : '', 'b undoes'), likeLines(state, cols, pivots - 1)),
    ...section(cols, changed, rule(cols, 'WHAT CHANGED AROUND IT', '', ''), changeLines(state, row, { flow, cols, rows: changed - 1 })),
    ...section(cols, next, rule(cols, 'NEXT', '', 'y copy   c hubble'), commands.map((command, i) => line(cols, [' ', [i === 0 ? '► ' : '  ', 'accent'], [left(command, cols - 4), i === 0 ? 'accent' : 'text']]))),
  ], size);
}

function connectionNote(packets: number, isUnanswered: boolean): string {
  if (packets === 0) return '';
  return `${packets} packet${packets === 1 ? '' : 's'} here${isUnanswered ? ', no answer seen: the client times out' : ''}`;
}

function section(cols: number, rows: number, head: Line, lines: readonly Line[]): Line[] {
  return rows < 2 ? [] : exactly([head, ...lines.slice(0, rows - 1)], { cols, rows });
}
