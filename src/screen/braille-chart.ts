import Context from 'drawille-canvas-blessed-contrib';
import type { Role } from '../theme/theme.ts';
import { columns, HOLE, type ChartPoint } from './chart.ts';
import type { Piece } from './line.ts';

/** First of the 256 characters of Braille; the low eight bits are the dots. */
const BRAILLE = 0x2800;
const [DOTS_ACROSS, DOTS_DOWN] = [2, 4];

/** A line of a chart, its points evenly spaced over the width, oldest first. */
export interface ChartLine {
  points: readonly ChartPoint[];
  role: Role;
}

/** How a chart of lines is drawn. */
export interface ChartShape {
  cols: number;
  rows: number;
  /** Values at the lower and the upper edge. */
  min: number;
  max: number;
  /** Powers have equal distances: for latencies; min must be above 0. */
  isLog: boolean;
  /** Blocks of the first line instead of dots, where a terminal may have no Braille. */
  isAscii: boolean;
}

/**
 * Lines as rows of Braille, drawn by contrib's canvas: eight dots a cell show two curves on five rows, where a block shows one value.
 * Where lines meet the first one gives the role. Times nobody observed are columns of ░; a point without neighbours is a dot.
 */
export function brailleChart(lines: readonly ChartLine[], shape: ChartShape): Piece[][] {
  const { cols, rows, isAscii } = shape;
  const [first] = lines;
  if (isAscii || first === undefined) return blocks(first, shape);
  const canvases = lines.map(({ points }) => dots(points, shape));
  const holes = holesOf(first.points, cols);
  return Array.from({ length: rows }, (_, y) => joined(Array.from({ length: cols }, (__, x): readonly [string, Role] => {
    if (holes[x] === true) return [HOLE, 'gap'];
    const at = y * cols + x;
    const masks = canvases.map((content) => content[at] ?? 0);
    const mask = masks.reduce((all, one) => all | one, 0);
    return [mask === 0 ? ' ' : String.fromCharCode(BRAILLE + mask), lines[masks.findIndex((one) => one !== 0)]?.role ?? 'chart'];
  })));
}

function dots(points: readonly ChartPoint[], shape: ChartShape): Uint8Array {
  const [width, height] = [shape.cols * DOTS_ACROSS, shape.rows * DOTS_DOWN];
  const canvas = new Context(width, height);
  canvas.beginPath();
  let isDrawing = false;
  points.forEach((point, i) => {
    if (point === undefined || point.isHole) {
      isDrawing = false;
      return;
    }
    const x = points.length < 2 ? width - 1 : Math.round((i * (width - 1)) / (points.length - 1));
    const y = Math.round((1 - heightOf(point.value, shape)) * (height - 1));
    // a stroke to its own place is a dot
    if (!isDrawing) canvas.moveTo(x, y);
    canvas.lineTo(x, y);
    isDrawing = true;
  });
  canvas.stroke();
  return canvas.canvas.content;
}

/** Where a value stands between the edges, 0 to 1. */
function heightOf(value: number, { min, max, isLog }: ChartShape): number {
  const at = isLog ? Math.log(Math.max(value, min) / min) / Math.log(max / min) : (value - min) / (max - min);
  return Number.isFinite(at) ? Math.max(0, Math.min(1, at)) : 0;
}

function holesOf(points: readonly ChartPoint[], cols: number): boolean[] {
  return Array.from({ length: cols }, (_, x) => points[Math.round((x * (points.length - 1)) / Math.max(1, cols - 1))]?.isHole === true);
}

function blocks(line: ChartLine | undefined, shape: ChartShape): Piece[][] {
  const spread = Array.from({ length: shape.cols }, (_, x): ChartPoint => {
    const point = line?.points[Math.round((x * (line.points.length - 1)) / Math.max(1, shape.cols - 1))];
    return point === undefined || point.isHole ? point : { value: heightOf(point.value, shape), isHole: false };
  });
  return columns(spread, shape.rows, 1).map((text) => [[text, line?.role ?? 'chart']]);
}

function joined(cells: readonly (readonly [string, Role])[]): Piece[] {
  const pieces: [string, Role][] = [];
  for (const [text, role] of cells) {
    const last = pieces.at(-1);
    if (last?.[1] === role || (last !== undefined && text === ' ')) last[0] += text;
    else pieces.push([text, role]);
  }
  return pieces;
}
