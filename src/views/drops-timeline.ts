import { explainDrop } from '../detect/explain-drop.ts';
import type { Bucket } from '../model/bucket.ts';
import { knownSeconds, momentSecond, rate, secondsPerColumn, series, figures, type DropFigure } from '../model/figures.ts';
import { answers } from '../model/pair-history.ts';
import type { State } from '../model/state.ts';
import { columns, highest, HOLE } from '../screen/chart.ts';
import { clock, count } from '../screen/format.ts';
import { left, line, type Line, type Piece, type Size } from '../screen/line.ts';
import type { Role } from '../theme/theme.ts';
import { selectedDrop } from './drop-items.ts';
import { rule } from './rule.ts';

const LABEL_CELLS = 9;
const TAIL_CELLS = 10;
/** Rows of a chart at most. */
const MOST_ROWS = 4;

/** TIMELINE: drops of the selected pair and answers of its server, with what changed marked under them. */
export function timelineSection(state: State, size: Size): Line[] {
  const { cols } = size;
  const drop = selectedDrop(state);
  const width = cols - LABEL_CELLS - TAIL_CELLS;
  const step = secondsPerColumn(state, width);
  const zoom = step > 1 ? 1 : Math.max(1, Math.floor(width / Math.max(1, Math.min(state.windowSeconds, knownSeconds(state)))));
  const head = rule(cols, 'TIMELINE', `${Math.floor((width * step) / zoom)}s`, cols >= 110 ? `[ ] move   t window   ${HOLE} = not fully observed` : '[ ] move');
  if (drop === undefined) return [head];
  const rows = size.rows - 1;
  // a chart each, then the marks; what is left makes them higher, as far as that helps
  const marks = rows >= 3 ? 1 : 0;
  const high = Math.max(1, Math.min(MOST_ROWS, Math.ceil((rows - marks) / 2)));
  const low = Math.max(1, Math.min(MOST_ROWS - 1, rows - marks - high));
  const shape = { cols, width, step, zoom };
  return [
    head,
    ...chart(state, { ...shape, height: high, label: 'drops', role: 'bad' }, (bucket) => bucket.drops.get(drop.key)),
    ...chart(state, { ...shape, height: low, label: 'answers', role: 'chart' }, (bucket) => answers(bucket, drop.pairId)),
    ...(marks > 0 ? [markLine(state, drop, shape)] : []),
  ].slice(0, size.rows);
}

interface Shape {
  cols: number;
  width: number;
  step: number;
  zoom: number;
}

function chart(state: State, shape: Shape & { height: number; label: string; role: Role }, value: (bucket: Bucket) => number): Line[] {
  const points = series(state, { columns: Math.ceil(shape.width / shape.zoom), secondsPerColumn: shape.step }, value).flatMap((point) => Array.from({ length: shape.zoom }, () => point)).slice(-shape.width);
  const { now } = figures(state);
  return columns(points, shape.height, highest(points)).map((blocks, row) => {
    const isLast = row === shape.height - 1;
    const tail = isLast ? ` ${count(rate(value(now), now))}/s` : row === 0 && highest(points) > 0 ? ` max ${count(highest(points))}` : '';
    return line(shape.cols, [[` ${left(isLast ? shape.label : '', LABEL_CELLS - 1)}`, 'dim'], ...withHoles(blocks, shape.role), [tail, isLast ? 'text' : 'dim']]);
  });
}

function withHoles(blocks: string, role: Role): Piece[] {
  return blocks.split(/(░+)/).filter((part) => part !== '').map((part): Piece => [part, part.startsWith(HOLE) ? 'gap' : role]);
}

// what is marked: the causes that have a time, and the first drop
function markLine(state: State, drop: DropFigure, shape: Shape): Line {
  const told = explainDrop(state, drop);
  const marks = told.causes.filter(({ timeMs }) => timeMs > 0).map(({ timeMs, policy, identity }) => ({ timeMs, words: policy === undefined ? (identity === undefined ? '' : `identity ${identity}`) : policy.revision > 0 ? `rev ${policy.revision}` : 'policy' }));
  const cells = Array.from({ length: shape.width }, () => ' ');
  for (const { timeMs, words } of marks) {
    const at = columnOf(state, timeMs, shape);
    if (at === undefined) continue;
    const text = `▲ ${words === '' ? '' : `${words} `}${clock(timeMs)}Z`;
    const from = at + text.length <= shape.width ? at : at - text.length + 1;
    const turned = from === at ? text : `${text.slice(2)} ▲`;
    if (from >= 0) cells.splice(from, turned.length, ...turned);
  }
  return line(shape.cols, [' '.repeat(LABEL_CELLS), [cells.join(''), 'warn']]);
}

function columnOf(state: State, timeMs: number, { width, step, zoom }: Shape): number | undefined {
  const column = width - Math.ceil(((momentSecond(state) * 1000 - timeMs) / 1000 / step) * zoom);
  return column >= 0 && column < width ? column : undefined;
}
