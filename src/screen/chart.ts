/** A point of a chart; undefined = nothing is known of that time yet. */
export type ChartPoint = { value: number; isHole: boolean } | undefined;

const EIGHTHS = [' ', '▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
const PARTS = ['', '▏', '▎', '▍', '▌', '▋', '▊', '▉'];
/** A stretch nobody observed, or not fully. */
export const HOLE = '░';

/**
 * Columns of block characters, `height` rows from top to bottom, one column a point. Holes are full columns of ░. A value
 * above zero is never drawn as nothing: a single drop must show.
 */
export function columns(points: readonly ChartPoint[], height: number, max: number): string[] {
  const rows: string[] = Array.from({ length: height }, () => '');
  for (const point of points) {
    const eighths = point === undefined || point.isHole || max <= 0 || point.value <= 0
      ? 0
      : Math.max(1, Math.min(height * 8, Math.round((point.value / max) * height * 8)));
    for (let row = 0; row < height; row++) {
      const filled = Math.max(0, Math.min(8, eighths - (height - 1 - row) * 8));
      rows[row] += point?.isHole === true ? HOLE : (EIGHTHS[filled] ?? ' ');
    }
  }
  return rows;
}

/** A bar of `width` cells at most for a share of 0 to 1, in steps of an eighth of a cell; anything above zero shows. */
export function bar(share: number, width: number): string {
  const eighths = share <= 0 ? 0 : Math.max(1, Math.round(Math.min(1, share) * width * 8));
  return '█'.repeat(eighths >> 3) + (PARTS[eighths & 7] ?? '');
}

/** A gauge of exactly `width` cells: the filled part, then dots. */
export function gauge(share: number, width: number): { filled: string; rest: string } {
  const filled = bar(share, width);
  return { filled, rest: '·'.repeat(Math.max(0, width - filled.length)) };
}

/** The largest value among points; 0 if there is none. */
export function highest(points: readonly ChartPoint[]): number {
  return points.reduce((max, point) => (point === undefined || point.isHole ? max : Math.max(max, point.value)), 0);
}
