import { comparePods, routeSubject } from '../detect/route-words.ts';
import { l4Cause } from '../detect/l4-cause.ts';
import { figures } from '../model/figures.ts';
import { latencyText, shareText } from '../model/latency-text.ts';
import { classOfCode, codeText } from '../model/l7-cells.ts';
import { l7Figures, type RouteFigure } from '../model/l7-figures.ts';
import { slotSpan } from '../model/slot-span.ts';
import type { State } from '../model/state.ts';
import { clock, count, grouped } from '../screen/format.ts';
import { left, line, lengthOf, middle, type Line, type Piece, type Size } from '../screen/line.ts';
import { heatmapLines, histogramPieces, overTimeLines, wallOf } from './l7-latency.ts';
import type { L7Row } from './l7-rows.ts';
import { shortServer } from './l7-table.ts';
import { once } from './once.ts';
import { rule } from './rule.ts';

/** Rows of the histogram with the facts beside it. */
const BLOCK_ROWS = 7;
const NARROW_BLOCK_ROWS = 6;

/** One route: what is wrong below it, how long its answers take, how they end, who calls and which pods answer. */
export function routeDetail(state: State, row: L7Row, size: Size & { isHeatmap: boolean }): Line[] {
  const { cols, isHeatmap } = size;
  const { figure, jump } = row;
  const now = l7Figures(state);
  const blockRows = cols >= 110 ? BLOCK_ROWS : NARROW_BLOCK_ROWS;
  const block = isHeatmap ? heatmapBlock(state, figure, { cols, rows: blockRows }) : histogramBlock(figure, { cols, rows: blockRows, seconds: now.seconds });
  const head = [rule(cols, 'SELECTED', middle(figure.route.path === '' ? `${row.name} of ${figure.server}` : routeSubject(figure), cols - 44), `Enter its flows   H ${isHeatmap ? 'histogram' : 'heatmap'}`), ...linkedLines(state, row, cols)];
  if (state.isRevealed && figure.route.rawUrl !== '') head.push(line(cols, [' ', [left('LAST URL', 9), 'title'], middle(figure.route.rawUrl, cols - 11)]));
  const foot = percentileLine(figure, cols);
  const room = size.rows - head.length - block.length - 1;
  const curve = room >= 4 ? [rule(cols, 'OVER TIME', `p99 and p50, ${spanText(state)}`, jump?.latency === undefined ? '' : `▲ p${jump.latency.share * 100} was ${latencyText(jump.latency.baseUs)} before ${clock(jump.latency.sinceMs)}Z`), ...overTime(state, figure, { cols, rows: Math.min(room - 1, 14) })] : [];
  return [...head, ...block, foot, ...curve].slice(0, size.rows);
}

// a curve of an hour reads every slot of it
function overTime(state: State, figure: RouteFigure, size: Size): Line[] {
  const now = l7Figures(state);
  const { ring } = now;
  return once(now, `over ${figure.route.ids.join(' ')} ${size.cols}x${size.rows} ${state.isAscii}`, () => overTimeLines({ ring, span: slotSpan(state, ring, overSeconds(state)) }, figure, { ...size, isAscii: state.isAscii }));
}

/** A curve shows what was before, too. */
const LEAST_OVER_SECONDS = 300;

function overSeconds(state: State): number {
  return Math.max(LEAST_OVER_SECONDS, state.windowSeconds);
}

function spanText(state: State): string {
  return `${Math.round(overSeconds(state) / 60)} min`;
}

// the question after "what is slow": is it the network below
function linkedLines(state: State, { figure, jump }: L7Row, cols: number): Line[] {
  const cause = l4Cause(state, figures(state), figure.server);
  const rise = jump?.errors !== undefined ? `errors rose ${clock(jump.errors.sinceMs)}Z` : jump?.latency !== undefined ? `slower since ${clock(jump.latency.sinceMs)}Z` : '';
  if (cause === undefined) {
    const none = cols >= 110 ? `no drop, reset or failed lookup of ${figure.server} was seen in this window` : `no drop, reset, failed lookup of ${shortServer(figure.server, 24)} seen`;
    return [line(cols, [' ', ['LINKED ', 'dim'], [rise === '' ? none : `${rise}; ${none}`, rise === '' ? 'dim' : 'text']])];
  }
  const end = cause.view === 'drops' ? '   3 explains' : cause.view === 'dns' ? '   6 explains' : '';
  const since = cause.sinceMs > 0 ? `since ${clock(cause.sinceMs)}Z` : '';
  const times = [since, rise === '' ? '' : `here ${rise}`].filter((word) => word !== '').join(', ');
  const label: Piece = ['LINKED ', 'warn'];
  if (8 + cause.brief.length + 1 + times.length + end.length < cols) return [line(cols, [' ', label, `${cause.brief} ${times}`, [end, 'dim']])];
  return [line(cols, [' ', label, middle(cause.brief, cols - 9)]), ...(times === '' ? [] : [line(cols, ['        ', times, [end, 'dim']])])];
}

function histogramBlock(figure: RouteFigure, shape: { cols: number; rows: number; seconds: number }): Line[] {
  const { cols, rows } = shape;
  const isWide = cols >= 110;
  const width = isWide ? Math.floor(cols * 0.5) : Math.floor(cols * 0.52);
  const bars = histogramPieces(figure, { width: width - 1, rows: rows - (isWide ? 1 : 0) });
  const facts = isWide ? wideFacts(figure, { width: cols - width - 1, seconds: shape.seconds }) : narrowFacts(figure, { width: cols - width - 1, seconds: shape.seconds });
  const title: Piece[] = [[left(` LATENCY  n = ${grouped(figure.timed)}`, width), 'dim']];
  const left_: Piece[][] = isWide ? [title, ...bars.map((pieces): Piece[] => [' ', ...pieces])] : bars.map((pieces): Piece[] => [' ', ...pieces]);
  return Array.from({ length: rows }, (_, i) => {
    const pieces = left_[i] ?? [];
    return line(cols, [...pieces, ' '.repeat(Math.max(0, width - lengthOf(pieces))), ...(facts[i] ?? [])]);
  });
}

function heatmapBlock(state: State, figure: RouteFigure, size: Size): Line[] {
  const now = l7Figures(state);
  const lines = once(now, `heat ${figure.route.ids.join(' ')} ${size.cols}x${size.rows}`, () => heatmapLines(now, figure, size));
  return Array.from({ length: size.rows }, (_, i) => lines[i] ?? line(size.cols, []));
}

const STATUS_WIDTH = 24;

function wideFacts(figure: RouteFigure, { width, seconds }: { width: number; seconds: number }): Piece[][] {
  const rest = width - STATUS_WIDTH;
  const status = statusPieces(figure);
  const callers = figure.callers.slice(0, 3).map((caller): Piece[] => [left(middle(caller.name, rest - 14), rest - 13), [callerText(caller, seconds), caller.bad > 0 ? 'warn' : 'dim']]);
  const others: Piece[][] = [[['CALLERS', 'dim']], ...callers, ...podPieces(figure, rest)];
  const list: Piece[][] = [[['STATUS', 'dim']], ...status];
  return Array.from({ length: BLOCK_ROWS }, (_, i) => {
    const first = list[i] ?? [];
    return [...first, ' '.repeat(Math.max(0, STATUS_WIDTH - lengthOf(first))), ...(others[i] ?? [])];
  });
}

function narrowFacts(figure: RouteFigure, { width, seconds }: { width: number; seconds: number }): Piece[][] {
  const status = statusPieces(figure).slice(0, 2).map((pieces) => pieces);
  const [caller] = figure.callers;
  return [...status, ...(caller === undefined ? [] : [[[left(`from ${middle(caller.name, width - 17)} ${callerText(caller, seconds)}`, width), 'dim'] as const]]), ...podPieces(figure, width)];
}

function callerText({ count: calls, bad }: { count: number; bad: number }, seconds: number): string {
  return `${count(calls / Math.max(1, seconds))}/s${bad > 0 ? ` ${shareText(bad / calls)} bad` : ''}`;
}

function statusPieces(figure: RouteFigure): Piece[][] {
  const open = figure.requests - figure.answers;
  const rows = figure.codes.slice(0, 5).map(([code, found]): Piece[] => {
    const kind = classOfCode(code);
    return [[left(codeText(code), 13), kind === 'server' ? 'bad' : kind === 'caller' ? 'warn' : 'text'], [shareText(found / figure.answers), 'text']];
  });
  // more than what is just on its way
  if (open > 5 && open > 0.02 * figure.requests) rows.push([[left('no answer', 13), 'warn'], [shareText(open / figure.requests), 'text']]);
  return rows;
}

function podPieces(figure: RouteFigure, width: number): Piece[][] {
  const { compared, odd, lowest, highest } = comparePods(figure);
  const known = figure.pods.filter(({ name }) => name !== '(other)').length;
  if (compared < 2) return [[[left(known <= 1 ? `PODS one answered: ${middle(figure.pods[0]?.name ?? '-', Math.max(4, width - 19))}` : `PODS ${known} answered, too few answers to compare`, width), 'dim']]];
  if (odd.length > 0) {
    const [worst] = odd;
    const errors = worst !== undefined && worst.bad > 0 ? `${shareText(worst.bad / worst.count)} bad` : 'slower';
    return [[['PODS ', 'dim'], [`${odd.length} of ${compared} stand${odd.length === 1 ? 's' : ''} out`, 'bad']], [[left(`${middle(worst?.name ?? '', Math.max(4, width - errors.length - 2))} ${errors}`, width), 'bad']]];
  }
  const range = shareText(lowest) === shareText(highest) ? shareText(lowest) : `${shareText(lowest)} to ${shareText(highest)}`;
  return [
    [['PODS ', 'dim'], [`${compared} of ${compared} alike`, 'text'], [highest > 0 ? `, ${range} bad` : '', 'dim']],
    ...(figure.bad / Math.max(1, figure.answers) >= 0.05 ? [[['LIKELY ', 'warn'] as const, [left('behind it: no pod stands out', width - 7), 'text'] as const]] : []),
  ];
}

function percentileLine(figure: RouteFigure, cols: number): Line {
  const { quantiles } = figure;
  if (quantiles === undefined) return line(cols, [['   ', 'dim'], [figure.timed > 0 ? 'the library for latencies is being loaded' : 'answers of this route carry no latency', 'dim']]);
  const { p50, p90, p99, p999, max } = quantiles;
  const wall = wallOf(figure);
  const words: Piece[] = [['p50 ', p50], ['p90 ', p90], ['p99 ', p99], ['p99.9 ', p999], ['max ', max]].flatMap(([name, us], i): Piece[] => [[`${i === 0 ? ' ' : cols >= 110 ? '   ' : '  '}${String(name)}`, 'dim'], latencyText(Number(us))]);
  return line(cols, [...words, ...(wall === undefined ? [] : [[cols >= 110 ? '   LIKELY ' : '  LIKELY ', 'warn'] as const, `a timeout: answers pile up at ${latencyText(wall)}`])]);
}
