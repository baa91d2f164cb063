import { latencyText } from '../model/latency-text.ts';
import type { L7Figures, RouteFigure } from '../model/l7-figures.ts';
import { holeOf, momentLatency, routeMoment, type RouteMoment, type SlotPoint } from '../model/l7-slots.ts';
import { columnSpans } from '../model/slot-span.ts';
import { bar, HOLE } from '../screen/chart.ts';
import { brailleChart } from '../screen/braille-chart.ts';
import { left, line, right, type Line, type Piece } from '../screen/line.ts';
import { latencyOf } from '../tally/latency-index.ts';

/** Steps of a histogram by what a step multiplies by, the widest first. */
const STEPS = [4, 2] as const;
const LABEL = 7;

interface Bin {
  fromUs: number;
  count: number;
}

/** Counts in bins whose borders are powers, as many as there are rows, the fastest first. */
export function bins(latency: ReadonlyMap<number, number>, rows: number): Bin[] {
  if (latency.size === 0 || rows <= 0) return [];
  const places = [...latency.keys()].map(latencyOf);
  const [low, high] = [Math.max(1, Math.min(...places)), Math.max(1, ...places)];
  // the finest step whose bins still fit
  const step = STEPS.findLast((candidate) => exponent(high, candidate) - exponent(low, candidate) < rows) ?? STEPS[0];
  const last = exponent(high, step);
  const first = Math.max(exponent(low, step), last - rows + 1);
  const list: Bin[] = Array.from({ length: last - first + 1 }, (_, i) => ({ fromUs: step ** (first + i), count: 0 }));
  for (const [index, count] of latency) {
    const bin = list[Math.max(0, exponent(Math.max(1, latencyOf(index)), step) - first)];
    if (bin !== undefined) bin.count += count;
  }
  return list;
}

function exponent(us: number, step: number): number {
  return Math.floor(Math.log2(us) / Math.log2(step) + 1e-9);
}

/** Bars of how many answers took how long, in exactly `width` cells each. */
export function histogramPieces(figure: RouteFigure, shape: { width: number; rows: number }): Piece[][] {
  const list = bins(figure.latency, shape.rows);
  const room = shape.width - LABEL - 7;
  const most = Math.max(1, ...list.map((bin) => bin.count));
  return list.map(({ fromUs, count }) => {
    const share = figure.timed === 0 ? 0 : count / figure.timed;
    return [[right(latencyText(fromUs), LABEL), 'dim'], ' ', [left(bar(count / most, room - 1), room), 'chart'], [right(count === 0 ? '' : `${share < 0.01 ? '<1' : Math.round(share * 100)}%`, 5), 'text'], ' '];
  });
}

const SHADES = [' ', '·', '░', '▒', '▓', '█'] as const;

/** The same over time: a column a slot or a few, the slowest row on top, darker where more answers took so long. */
export function heatmapLines(now: L7Figures, figure: RouteFigure, size: { cols: number; rows: number }): Line[] {
  const list = bins(figure.latency, size.rows);
  const room = size.cols - LABEL - 3;
  const spans = columnSpans(now.span, room);
  const width = Math.max(1, Math.floor(room / spans.length));
  const slices = spans.map((span) => ({ hole: holeOf(now.ring, span), counts: countsOf(routeMoment(now.ring, figure.route, span).latency, list) }));
  const most = Math.max(1, ...slices.flatMap(({ counts }) => counts));
  return list.map(({ fromUs }, i) => {
    const cells = slices.map(({ hole, counts }): Piece => (hole?.isHole === true ? [HOLE.repeat(width), 'gap'] : [shadeOf((counts[i] ?? 0) / most).repeat(width), 'chart']));
    return line(size.cols, [' ', [right(latencyText(fromUs), LABEL), 'dim'], ' ', ...cells]);
  }).toReversed();
}

// anything above zero shows; half of the most is dark already
function shadeOf(share: number): string {
  return share <= 0 ? SHADES[0] : (SHADES[Math.min(SHADES.length - 1, 1 + Math.ceil(Math.sqrt(share) * (SHADES.length - 2)))] ?? '█');
}

function countsOf(latency: ReadonlyMap<number, number>, list: readonly Bin[]): number[] {
  const counts = list.map(() => 0);
  for (const [index, count] of latency) {
    const at = Math.max(0, list.findLastIndex(({ fromUs }) => fromUs <= Math.max(1, latencyOf(index))));
    counts[at] = (counts[at] ?? 0) + count;
  }
  return counts;
}

/** Curves of p99 and p50 over a span. */
export function overTimeLines(now: Pick<L7Figures, 'ring' | 'span'>, figure: RouteFigure, shape: { cols: number; rows: number; isAscii: boolean }): Line[] {
  const { cols, rows, isAscii } = shape;
  if (rows <= 0) return [];
  const moments: (RouteMoment | SlotPoint)[] = columnSpans(now.span, 2 * (cols - LABEL - 3)).map((span) => {
    const moment = routeMoment(now.ring, figure.route, span);
    return moment.latency.size === 0 ? holeOf(now.ring, span) : moment;
  });
  const points = (share: number): SlotPoint[] => moments.map((moment) => (moment !== undefined && 'latency' in moment ? { value: momentLatency(moment, share) ?? 0, isHole: false } : moment));
  const [p99, p50] = [points(0.99), points(0.5)];
  const values = [...p99, ...p50].flatMap((point) => (point === undefined || point.isHole ? [] : [point.value]));
  if (values.length === 0) return [line(cols, [['   no answer was timed in this time', 'dim']])];
  const [min, max] = edges(Math.min(...values), Math.max(...values));
  const chart = brailleChart([{ points: p99, role: 'warn' }, { points: p50, role: 'chart' }], { cols: cols - LABEL - 3, rows, min, max, isLog: true, isAscii });
  return chart.map((pieces, y) => line(cols, [' ', [right(y === 0 ? latencyText(max) : y === rows - 1 ? latencyText(min) : '', LABEL), 'dim'], ' ', ...pieces]));
}

// a flat curve is flat: less than a doubling is not blown up to the whole height
function edges(low: number, high: number): [number, number] {
  const floor = Math.max(1, low);
  return high >= 2 * floor ? [floor, high] : [floor / 1.5, floor * 1.5 > high ? floor * 1.5 : high];
}

/** Latency at which answers pile up before they end, such as a timeout somewhere; undefined where there is no wall. */
export function wallOf({ latency, timed }: RouteFigure): number | undefined {
  const max = Math.max(0, ...[...latency.keys()].map(latencyOf));
  let [near, before] = [0, 0];
  for (const [index, count] of latency) {
    const us = latencyOf(index);
    if (us >= 0.96 * max) near += count;
    else if (us >= 0.85 * max) before += count;
  }
  return max >= LEAST_WALL_US && near >= 10 && near >= 0.02 * timed && near >= 4 * before ? max : undefined;
}

/** Timeouts are seldom shorter. */
const LEAST_WALL_US = 500_000;
