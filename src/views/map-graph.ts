import type { EdgeMark, MapEdge, ServiceMap } from '../model/service-map.ts';
import { count } from '../screen/format.ts';
import { left, line, middle, right, type Line, type Piece, type Size } from '../screen/line.ts';
import type { Role } from '../theme/theme.ts';
import { protocolName } from './names.ts';

/** Role of a mark; the mark itself says the same without colour. */
export const MARK_ROLES: Readonly<Record<EdgeMark, Role>> = { X: 'bad', '!': 'bad', '~': 'warn', '+': 'good' };

const [UP, DOWN, LEFT, RIGHT] = [1, 2, 4, 8];
const JOINTS: Readonly<Record<number, string>> = {
  [UP | DOWN]: '│', [LEFT | RIGHT]: '─', [DOWN | LEFT]: '┐', [DOWN | RIGHT]: '┌', [UP | LEFT]: '┘', [UP | RIGHT]: '└', [UP | DOWN | LEFT]: '┤', [UP | DOWN | RIGHT]: '├',
  [LEFT | RIGHT | DOWN]: '┬', [LEFT | RIGHT | UP]: '┴', [UP | DOWN | LEFT | RIGHT]: '┼', [LEFT]: '─', [RIGHT]: '─', [UP]: '│', [DOWN]: '│',
};

/** Least rows of the box of the focus. */
const BOX_ROWS = 5;

/** Columns of the drawing: callers, their bus, the box, the bus of the callees, the callees. */
interface Widths {
  callers: number;
  callerBus: number;
  box: number;
  calleeBus: number;
  callees: number;
}

function widthsOf(cols: number): Widths {
  const fixed = cols >= 110 ? { callers: Math.floor(cols * 0.29), callerBus: 4, box: 28, calleeBus: 7 } : { callers: 25, callerBus: 4, box: 6, calleeBus: 6 };
  return { ...fixed, callees: cols - fixed.callers - fixed.callerBus - fixed.box - fixed.calleeBus };
}

/** Where the rows of one side stand. */
interface Placed {
  edges: readonly MapEdge[];
  top: number;
  hidden: number;
}

/** Callers → focus → callees, one edge a row, joined by lines; fits any height from three rows on. */
export function mapGraph(map: ServiceMap, size: Size): Line[] {
  const { cols } = size;
  const isWide = cols >= 110;
  const widths = widthsOf(cols);
  const head = line(cols, [[`   ${left('CALLERS', widths.callers - 3)}${' '.repeat(widths.callerBus)}${left(isWide ? 'FOCUS' : '', widths.box)}${' '.repeat(widths.calleeBus)} CALLEES`, 'dim']]);
  const room = size.rows - 1;
  const wanted = Math.max(map.callers.length, map.callees.length, isWide ? BOX_ROWS : 1);
  const rows = Math.max(1, Math.min(room, wanted));
  const centre = rows >> 1;
  const [callers, callees] = [placed(map.callers, rows, centre), placed(map.callees, rows, centre)];
  const box = isWide && rows >= BOX_ROWS ? wideBox(map, widths.box) : undefined;
  return [head, ...Array.from({ length: rows }, (_, row) => line(cols, [
    ...callerPieces(map, callers, { row, width: widths.callers }), ...callerBus(callers, { row, centre, width: widths.callerBus }),
    ...(box === undefined ? nameBox(row === centre, widths.box) : box[row - centre + (BOX_ROWS >> 1)] ?? [' '.repeat(widths.box)]),
    ...calleeBus(callees, { row, centre, width: widths.calleeBus }), ...calleePieces(map, callees, { row, width: widths.callees }),
  ]))];
}

function placed(edges: readonly MapEdge[], rows: number, centre: number): Placed {
  const shown = edges.length > rows ? rows - 1 : edges.length;
  const length = Math.min(edges.length, rows);
  return { edges: edges.slice(0, shown), top: Math.max(0, Math.min(rows - length, centre - (length >> 1))), hidden: edges.length - shown };
}

function callerPieces({ seconds, focus }: ServiceMap, side: Placed, at: { row: number; width: number }): Piece[] {
  const edge = side.edges[at.row - side.top];
  if (edge === undefined) return [[left(at.row - side.top === side.edges.length && side.hidden > 0 ? `   ${side.hidden} more` : '', at.width), 'dim']];
  const rate = `${count(edge.events / Math.max(0.001, seconds))}/s`;
  const name = at.width - 8 - 1;
  const caller = edge.pair.source.name;
  const short = caller.length > name - 1 ? withoutSpace(caller, focus) : caller;
  return [' ', left(middle(short, name - 1), name - 1), [right(`${rate} `, 8), 'dim'], [edge.mark, MARK_ROLES[edge.mark]]];
}

function calleePieces({ seconds, focus }: ServiceMap, side: Placed, at: { row: number; width: number }): Piece[] {
  const edge = side.edges[at.row - side.top];
  if (edge === undefined) return [[side.hidden > 0 && at.row - side.top === side.edges.length ? ` ${side.hidden} more` : '', 'dim']];
  const { pair, port, trouble, dropped } = edge;
  const per = (value: number): string => `${count(value / Math.max(0.001, seconds))}/s`;
  const isWide = at.width >= 40;
  const words = dropped > 0.5 ? (isWide ? `DROPPED ${per(dropped)}` : 'DROPPED') : trouble;
  // names get what the longest trouble leaves
  const longest = side.edges.reduce((most, other) => Math.max(most, other.dropped > 0.5 ? 14 : other.trouble.length), 0);
  const name = at.width - 8 - (isWide ? 6 + Math.min(21, longest) : 9);
  const long = pair.destination.name;
  const short = long.length + port.length > name - 1 ? withoutSpace(long, focus) : long;
  return [
    ' ', left(`${middle(short, Math.max(4, name - 1 - port.length))}${port}`, name - 1), [isWide ? left(` ${protocolName(pair.protocol)}`, 6) : '', 'dim'], [right(per(edge.events), 7), 'dim'], ' ',
    [words, MARK_ROLES[edge.mark] === 'good' ? 'dim' : MARK_ROLES[edge.mark]],
  ];
}

// where room is short the namespace of the focus need not be said again
function withoutSpace(name: string, focus: string): string {
  const space = focus.slice(0, focus.indexOf('/') + 1);
  return space !== '' && name.startsWith(space) ? name.slice(space.length) : name;
}

/** A place on the line that gathers one side. */
interface BusPlace {
  row: number;
  /** Row of the focus. */
  centre: number;
  width: number;
}

function callerBus(side: Placed, at: BusPlace): Piece[] {
  const bits = jointAt(side, at);
  if (bits === undefined) return [' '.repeat(at.width)];
  const isRow = side.edges[at.row - side.top] !== undefined;
  const isFocus = at.row === at.centre;
  const joint = JOINTS[bits | (isRow ? LEFT : 0) | (isFocus ? RIGHT : 0)] ?? ' ';
  return [[`${isRow ? '─' : ' '}${joint}${isFocus ? '─►' : '  '}`.padEnd(at.width), 'dim']];
}

function calleeBus(side: Placed, at: BusPlace): Piece[] {
  const bits = jointAt(side, at);
  if (bits === undefined) return [' '.repeat(at.width)];
  const edge = side.edges[at.row - side.top];
  const isFocus = at.row === at.centre;
  const joint = JOINTS[bits | (isFocus ? LEFT : 0) | (edge === undefined ? 0 : RIGHT)] ?? ' ';
  const start = `${isFocus ? '─' : ' '}${joint}`;
  if (edge === undefined) return [[start.padEnd(at.width), 'dim']];
  return [[`${start}─`, 'dim'], [edge.mark, MARK_ROLES[edge.mark]], ['─►'.padEnd(at.width - 4), 'dim']];
}

// the line reaches from the first row of its side to the last, and to the row of the focus
function jointAt({ edges, top }: Placed, { row, centre }: BusPlace): number | undefined {
  const [from, to] = [Math.min(top, centre), Math.max(top + edges.length - 1, centre)];
  if (edges.length === 0 || row < from || row > to) return undefined;
  return (row > from ? UP : 0) | (row < to ? DOWN : 0);
}

// the title has the name: there is no room for it here
function nameBox(isCentre: boolean, width: number): Piece[] {
  return [isCentre ? [left(' FOCUS', width), 'title'] : ' '.repeat(width)];
}

function wideBox({ focus, callers, callees, seconds }: ServiceMap, width: number): Piece[][] {
  const sum = (edges: readonly MapEdge[], of: (edge: MapEdge) => number): number => edges.reduce((total, edge) => total + of(edge), 0);
  const per = (value: number): string => `${count(value / Math.max(0.001, seconds))}/s`;
  const [out, into] = [sum(callees, (edge) => edge.dropped), sum(callers, (edge) => edge.dropped)];
  const drops = [out > 0.5 ? `out ${per(out)}` : '', into > 0.5 ? `in ${per(into)}` : ''].filter((word) => word !== '').join('  ');
  const inner = width - 4;
  const row = (piece: Piece): Piece[] => [['│ ', 'dim'], piece, [' │', 'dim']];
  return [
    [[`┌${'─'.repeat(width - 2)}┐`, 'dim']],
    row([left(middle(focus, inner), inner), 'title']),
    row([left(`in ${per(sum(callers, (edge) => edge.events))}  out ${per(sum(callees, (edge) => edge.events))}`, inner), 'text']),
    row(drops === '' ? [left('no drops', inner), 'dim'] : [left(`DROPS ${drops}`, inner), 'bad']),
    [[`└${'─'.repeat(width - 2)}┘`, 'dim']],
  ];
}
