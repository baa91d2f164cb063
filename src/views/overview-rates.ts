import type { Bucket } from '../model/bucket.ts';
import { figures, knownSeconds, rate, secondsPerColumn, series } from '../model/figures.ts';
import { countsFlows, type State } from '../model/state.ts';
import type { Role } from '../theme/theme.ts';
import { columns, highest, HOLE } from '../screen/chart.ts';
import { spanText } from '../model/time.ts';
import { count } from '../screen/format.ts';
import { left, line, right, type Line, type Piece, type Size } from '../screen/line.ts';
import { rule } from './rule.ts';

const FORWARDED = 1;
const DROPPED = 2;
const ERROR = 3;
const AUDIT = 4;

interface Series {
  label: string;
  short: string;
  role: Role;
  value(bucket: Bucket): number;
}

/** Series by importance: the first gets the room when there is little. Verdicts add up to all flows. */
const SERIES: readonly Series[] = [
  { label: 'forwarded', short: 'fwd', role: 'chart', value: (bucket) => bucket.verdicts[FORWARDED] ?? 0 },
  { label: 'dropped', short: 'drop', role: 'bad', value: (bucket) => bucket.verdicts[DROPPED] ?? 0 },
  { label: 'resets', short: 'reset', role: 'warn', value: (bucket) => bucket.resets },
  { label: 'audit, err', short: 'aud/err', role: 'warn', value: (bucket) => (bucket.verdicts[AUDIT] ?? 0) + (bucket.verdicts[ERROR] ?? 0) },
  { label: 'other', short: 'other', role: 'dim', value: (bucket) => bucket.verdicts.reduce((sum, flows, verdict) => (verdict >= FORWARDED && verdict <= AUDIT ? sum : sum + flows), 0) },
];

/** FLOWS/s: one chart for each verdict, one column a step of time, holes drawn as holes. */
export function ratesSection(state: State, size: Size): Line[] {
  const { cols } = size;
  const labelWidth = cols >= 110 ? 20 : 16;
  const tailWidth = cols >= 110 ? 22 : 10;
  const width = cols - labelWidth - tailWidth;
  const step = secondsPerColumn(state, width);
  const zoom = zoomOf(state, width, step);
  const heights = chartHeights(size.rows - 1);
  const total = figures(state);
  const lines = heights.flatMap((height, i) => {
    const one = SERIES[i];
    return one === undefined ? [] : chartLines(state, one, { height, width, step, zoom, labelWidth, cols });
  });
  const source = countsFlows(state) ? 'counted from the flows received' : 'counted by the kernels';
  const length = Math.floor((width * step) / zoom);
  const note = cols >= 100 ? `${spanText(length)}, ${source}` : spanText(length);
  return [rule(cols, 'FLOWS/s', note, `now ${count(rate(total.now.flows, total.now))}/s   ${HOLE} = not fully observed`), ...lines];
}

// the first seconds fill the chart too: columns are four and two wide until there is enough to show
function zoomOf(state: State, width: number, step: number): number {
  if (step > 1) return 1;
  return [4, 2].find((zoom) => knownSeconds(state) * zoom <= width) ?? 1;
}

function chartHeights(rows: number): number[] {
  const shapes = [[1, 1], [1, 1, 1], [2, 1, 1], [2, 2, 1], [2, 2, 1, 1], [3, 2, 1, 1], [3, 3, 1, 1], [3, 3, 1, 1, 1], [4, 3, 1, 1, 1], [4, 4, 1, 1, 1]];
  return shapes[Math.max(0, Math.min(shapes.length - 1, rows - 2))] ?? [1];
}

function chartLines(state: State, one: Series, shape: { height: number; width: number; step: number; zoom: number; labelWidth: number; cols: number }): Line[] {
  const seconds = series(state, { columns: Math.ceil(shape.width / shape.zoom), secondsPerColumn: shape.step }, one.value);
  const points = seconds.flatMap((point) => Array.from({ length: shape.zoom }, () => point)).slice(-shape.width);
  const max = highest(points);
  const { now } = figures(state);
  const value = rate(one.value(now), now);
  const role: Role = value > 0 || one.role === 'chart' ? one.role : 'dim';
  return columns(points, shape.height, max).map((blocks, row) => {
    const isLast = row === shape.height - 1;
    const label: Piece[] = isLast
      ? [' ', [left(shape.cols >= 110 ? one.label : one.short, shape.labelWidth - 9), role === 'dim' ? 'dim' : 'text'], [right(`${count(value)}/s`, 7), role === 'chart' ? 'text' : role], ' ']
      : [' '.repeat(shape.labelWidth)];
    const tail = row === 0 && max > 0 ? ` max ${count(max)}/s` : '';
    return line(shape.cols, [...label, ...withHoles(blocks, role), [tail, 'dim']]);
  });
}

function withHoles(blocks: string, role: Role): Piece[] {
  return blocks.split(/(░+)/).filter((part) => part !== '').map((part): Piece => [part, part.startsWith(HOLE) ? 'gap' : role]);
}
