import { STEPS } from '../detect/drop-target.ts';
import { explainDrop } from '../detect/explain-drop.ts';
import type { Explanation } from '../detect/explanation.ts';
import type { State } from '../model/state.ts';
import { left, line, middle, type Line, type Piece, type Size } from '../screen/line.ts';
import type { Role } from '../theme/theme.ts';
import { selectedDrop, stepItems, stepsOf } from './drop-items.ts';
import { rule } from './rule.ts';
import { panelCursor } from './view.ts';
import { wrap } from './wrap.ts';

/** From here on labels and notes have more room. */
const WIDE = 110;

/** One row before it is known whether there is room for its block; the smaller the rank, the sooner. */
interface Row {
  rank: number;
  /** Rows that are shown together or not at all. */
  block: number;
  label: string;
  text: string;
  role: Role;
  /** Of a command: its key. */
  key?: string;
}

/** WHY AND WHAT TO DO: the explanation of the selected pair; what matters less gives way where there is little room. */
export function whySection(state: State, size: Size): Line[] {
  const { cols } = size;
  const drop = selectedDrop(state);
  const explanation = drop === undefined ? undefined : explainDrop(state, drop);
  const hints = cols >= WIDE ? 'Tab here   y copy   E rule' : 'y copy  E rule';
  const head = rule(cols, 'WHY AND WHAT TO DO', cols >= WIDE ? (explanation?.title ?? '') : '', hints);
  if (explanation === undefined) return [head];
  const items = stepItems(state);
  const { at, isFocused } = panelCursor(state, 'drops', { panel: STEPS, keys: items.map((item) => item.key) });
  const selected = isFocused ? items[at]?.key : undefined;
  const rows = whyRows(explanation, cols);
  return [head, ...fitting(rows, size.rows - 1, selected).map((row) => rowLine(row, { cols, isSelected: row.key !== undefined && row.key === selected }))];
}

/** Rows the explanation would fill. */
export function whyHeight(state: State, cols: number): number {
  const drop = selectedDrop(state);
  return drop === undefined ? 1 : whyRows(explainDrop(state, drop), cols).length + 1;
}

function labelWidth(cols: number): number {
  return cols >= WIDE ? 11 : 8;
}

interface Block {
  rank: number;
  label: string;
  text: string;
  role?: Role;
  key?: string;
}

function whyRows(told: Explanation, cols: number): Row[] {
  const width = cols - labelWidth(cols) - 3;
  return whyBlocks(told, cols).filter(({ text }) => text !== '').flatMap(({ rank, label, text, role = 'text', key }, block) => (
    // a command stays one row: what is cut of it is copied all the same
    (key === undefined ? wrap(text, width) : [text]).map((part, i): Row => ({ rank, block, label: i === 0 ? label : '', text: part, role, ...(key === undefined ? {} : { key }) }))
  ));
}

function whyBlocks(told: Explanation, cols: number): Block[] {
  const isWide = cols >= WIDE;
  const named = (label: string) => (rank: number, role?: Role) => (text: string, i: number): Block => ({ rank: rank + (i === 0 ? 0 : 1), label: i === 0 ? label : '', text, ...(role === undefined ? {} : { role }) });
  const words = isWide ? [`${told.what}: ${told.words[0] ?? ''}.`, ...told.words.slice(1).map((sentence) => `${sentence}.`)] : told.words.map((sentence) => `${sentence}.`);
  return [
    ...words.map(named('IN WORDS')(1)),
    ...told.says.map(named('WHO SAYS')(6, 'dim')),
    ...told.policies.map(({ resource, name, role, change }) => `${resource === '' ? '' : `${resource} `}${name} ${role}; ${change}`).map(named('POLICY')(5)),
    ...(isWide ? [{ rank: 3, label: 'BEFORE', text: [told.before, told.after === '' ? '' : `AFTER  ${told.after}`].filter((part) => part !== '').join('   ') }]
      : [{ rank: 3, label: 'BEFORE', text: told.before }, { rank: 7, label: 'AFTER', text: told.after }]),
    ...told.causes.map((cause, i): Block => ({ rank: i === 0 ? 0 : 4, label: cause.isCertain ? 'CAUSE' : 'LIKELY', text: `${cause.text} (${cause.reason})`, role: 'warn' })),
    ...told.unknown.map(named(isWide ? 'NOT KNOWN' : 'UNKNOWN')(4, 'dim')),
    ...stepsOf(told).map((step, i): Block => ({
      rank: i === 0 ? 0 : step.label === 'UNDO' ? 3 : step.label === 'SAME IN' ? 9 : 7, label: step.label, key: step.command, role: step.label === 'UNDO' ? 'text' : 'accent',
      text: step.note === '' ? step.command : `${step.note}: ${step.command}`,
    })),
  ];
}

// whole blocks, the ones that matter most first; the one under the cursor has its place whatever gives way
function fitting(rows: readonly Row[], room: number, selected: string | undefined): Row[] {
  const blocks = new Map<number, Row[]>();
  for (const row of rows) blocks.set(row.block, [...(blocks.get(row.block) ?? []), row]);
  const rank = (block: readonly Row[]): number => (block[0]?.key !== undefined && block[0].key === selected ? -1 : (block[0]?.rank ?? 0));
  let remaining = room;
  const kept = new Set<number>();
  for (const [id, block] of [...blocks].toSorted(([, one], [, other]) => rank(one) - rank(other))) {
    if (block.length > remaining) continue;
    remaining -= block.length;
    kept.add(id);
  }
  return rows.filter((row) => kept.has(row.block));
}

function rowLine(row: Row, look: { cols: number; isSelected: boolean }): Line {
  const { cols, isSelected } = look;
  const width = labelWidth(cols);
  const room = cols - width - 3;
  const mark: Piece = row.key === undefined ? ' ' : [isSelected ? '►' : ' ', 'accent'];
  // a command that is cut ends in a mark; y copies all of it
  const text = row.key === undefined ? row.text : row.text.length > room ? left(row.text, room) : row.text;
  return line(cols, [' ', [left(row.label, width), row.label === 'LIKELY' || row.label === 'CAUSE' ? 'title' : 'dim'], mark, ' ', [row.key === undefined ? middle(text, room) : text, row.role]], isSelected ? 'selected' : undefined);
}
