import { figures, secondsPerColumn, series, windowText } from '../model/figures.ts';
import { TREND_STEPS } from '../model/flow-groups.ts';
import type { State } from '../model/state.ts';
import { isFrozen } from '../model/table-order.ts';
import { PairColumn } from '../model/pair-table.ts';
import { tableOf } from '../model/tables.ts';
import type { Talker } from '../model/talkers.ts';
import { columns, highest, type ChartPoint } from '../screen/chart.ts';
import { left, line, middle, right, type Line, type Piece, type Size } from '../screen/line.ts';
import { protocolName } from './names.ts';
import { rule } from './rule.ts';
import { scrollTop } from './scroll.ts';
import { columnTitle, GROUP_WORDS, sortColumn, talkerColumns, talkerVerdict, type TalkerColumn } from './talker-columns.ts';
import type { OrderedTalkers } from './talker-rows.ts';

/** Widths of a table: columns of names, of figures, and the trend. */
interface Shape {
  cols: number;
  source: number;
  destination: number;
  hasVerdict: boolean;
  hasProtocol: boolean;
  shown: readonly TalkerColumn[];
  trend: number;
  seconds: number;
}

const [MARKER, ARROW, PROTOCOL, VERDICT, GAP] = [3, 3, 6, 7, 2];

/** TOP PAIRS: who talks to whom, the column it is sorted by marked. */
export function talkerTable(state: State, ordered: OrderedTalkers, size: Size): Line[] {
  const { cols } = size;
  const { all, rows, at } = ordered;
  const room = Math.max(0, size.rows - 2);
  const top = scrollTop(at, rows.length, room);
  const shape = shapeOf(state, ordered, cols);
  const lines = rows.slice(top, top + room).map((row, i) => rowLine(state, row, shape, top + i === at));
  if (rows.length === 0) lines.push(line(cols, [[emptyWords(state, ordered), 'dim']]));
  return [head(state, ordered, cols, Math.max(0, rows.length - room)), headings(state, ordered, shape), ...lines].slice(0, all.rows.length === 0 ? 3 : size.rows);
}

function emptyWords(state: State, { all }: OrderedTalkers): string {
  if (all.group === 'pod' || all.group === 'node') return state.flows.isOpen ? '   no flow was received in this time' : '   the stream of flows is not open yet';
  return all.seconds > 0 ? '   nobody talks' : '   no traffic known yet';
}

function head(state: State, { all }: OrderedTalkers, cols: number, hidden: number): Line {
  const isWide = cols >= 110;
  const column = sortColumn(state, all);
  const sorted = `s sort ${column === undefined ? '' : columnTitle(state, column)} ${tableOf(state, 'talkers').isReversed ? '▲' : '▼'}`;
  const order = isFrozen(state, 'talkers') ? 'order held' : '';
  const bound = figures(state).isLowerBound ? (isWide ? ', counts are ≥' : ', ≥') : '';
  const more = hidden > 0 ? `${hidden} more` : '';
  const note = `${GROUP_WORDS[all.group]}${isWide ? `, ${windowText(state)}` : ''}${bound}`;
  // what is least missed gives way first
  const ends = [[order, sorted, isWide ? 'r reverse' : '', 'a group', more], [order, sorted, more], [order, more], [more]].map((words) => words.filter((word) => word !== '').join('   '));
  return rule(cols, 'TOP PAIRS', note, ends.find((end) => end.length + note.length <= cols - 24) ?? '');
}

function shapeOf(state: State, { all, rows }: OrderedTalkers, cols: number): Shape {
  const shown = talkerColumns(state, all, cols);
  const hasVerdict = all.group === 'pod';
  const hasProtocol = all.group === 'workload' || (all.group === 'pod' && cols >= 130);
  const fixed = MARKER + shown.reduce((sum, { width }) => sum + width + 1, 0) + (hasVerdict ? VERDICT : 0) + (hasProtocol ? PROTOCOL : 0) + 1;
  const full = { cols, hasVerdict, hasProtocol, shown, seconds: Math.max(0.001, all.seconds) };
  const wanted = (of: (row: Talker) => number): number => rows.reduce((most, row) => Math.max(most, of(row)), 6);
  const source = wanted((row) => row.source.length);
  const destination = wanted((row) => row.destination.length + row.port.length);
  const widest = cols >= 150 ? 24 : cols >= 110 ? 12 : 6;
  if (all.group === 'node') return { ...full, trend: widest, source: Math.min(cols - fixed - widest - GAP, 40), destination: 0 };
  // on a small screen names come before the trend
  const trend = cols >= 110 || source + destination + ARROW + widest + GAP <= cols - fixed ? widest : 0;
  const both = cols - fixed - ARROW - (trend === 0 ? 0 : trend + GAP);
  // who needs less than half gives the rest to the other
  const atSource = Math.min(source, Math.max(both >> 1, both - destination));
  return { ...full, trend, source: atSource, destination: both - atSource };
}

function headings(state: State, { all }: OrderedTalkers, shape: Shape): Line {
  const sorted = sortColumn(state, all);
  const mark = tableOf(state, 'talkers').isReversed ? '▲' : '▼';
  const pieces: Piece[] = [[' '.repeat(MARKER) + left(all.group === 'node' ? 'NODE' : 'SOURCE', shape.source), 'dim']];
  if (shape.destination > 0) pieces.push([' '.repeat(ARROW) + left(all.group === 'namespace' ? 'DESTINATION' : shape.destination < 16 ? 'DEST:PORT' : 'DESTINATION:PORT', shape.destination), 'dim']);
  if (shape.hasProtocol) pieces.push([left(' PROTO', PROTOCOL), 'dim']);
  if (shape.hasVerdict) pieces.push([left(' VERD', VERDICT), 'dim']);
  pieces.push(' ');
  for (const column of shape.shown) pieces.push([right(column === sorted ? `${columnTitle(state, column)}${mark}` : columnTitle(state, column), column.width + 1), column === sorted ? 'accent' : 'dim']);
  return line(shape.cols, [...pieces, [shape.trend === 0 ? '' : '  TREND', 'dim']]);
}

function rowLine(state: State, row: Talker, shape: Shape, isSelected: boolean): Line {
  const verdict = talkerVerdict(row);
  const pieces: Piece[] = [isSelected ? [' ► ', 'accent'] : '   ', left(middle(row.source, shape.source), shape.source)];
  if (shape.destination > 0) pieces.push([' → ', 'dim'], left(destinationText(row, shape.destination), shape.destination));
  if (shape.hasProtocol) pieces.push([left(` ${row.protocol === 0 ? '' : protocolName(row.protocol)}`, PROTOCOL), 'dim']);
  if (shape.hasVerdict) pieces.push([left(` ${verdict?.word ?? ''}`, VERDICT), verdict?.role ?? 'dim']);
  pieces.push(' ', ...shape.shown.map((column): Piece => [right(column.cell(row, shape.seconds, state.isInBits), column.width + 1), column.role?.(row) ?? 'text']));
  if (shape.trend === 0) return line(shape.cols, pieces, isSelected ? 'selected' : undefined);
  const trend = trendOf(state, row, shape.trend);
  pieces.push('  ', [columns(trend, 1, highest(trend))[0] ?? '', 'chart']);
  return line(shape.cols, pieces, isSelected ? 'selected' : undefined);
}

// what does not fit loses first the namespace that the source has said, then the middle of the name; never the port
function destinationText({ source, destination, port }: Talker, width: number): string {
  const slash = source.indexOf('/') + 1;
  const isLong = destination.length + port.length > width;
  const name = isLong && slash > 0 && destination.startsWith(source.slice(0, slash)) ? destination.slice(slash) : destination;
  return `${middle(name, Math.max(4, width - port.length))}${port}`;
}

/** How busy a row was over the window: events of it, or drops where those are all that is told, step by step. */
export function trendOf(state: State, row: Talker, width: number): ChartPoint[] {
  if (row.flowGroup !== undefined) return fromSteps(row.flowGroup.trend, width);
  return series(state, { columns: width, secondsPerColumn: secondsPerColumn(state, width) }, (bucket) => {
    let sum = 0;
    for (const id of row.pairs) sum += Math.max(bucket.pairs.value(id, PairColumn.flows), bucket.pairs.value(id, PairColumn.dropped));
    return sum;
  });
}

function fromSteps(steps: Float64Array, width: number): ChartPoint[] {
  const shown = Math.min(width, TREND_STEPS);
  const each = TREND_STEPS / shown;
  // a wide chart has columns of several cells
  const cells = Math.max(1, Math.floor(width / TREND_STEPS));
  return Array.from({ length: shown }, (_, column) => {
    let sum = 0;
    for (let step = Math.floor(column * each); step < Math.floor((column + 1) * each); step++) sum += steps[step] ?? 0;
    return { value: sum, isHole: false };
  }).flatMap((point) => Array.from({ length: cells }, () => point));
}
