import type { Role } from '../theme/theme.ts';

/** A piece of text with one meaning. Its text takes one cell per UTF-16 unit. */
export interface Span {
  text: string;
  role: Role;
}

/** One row of the screen. `fill` gives the whole row a background. */
export interface Line {
  spans: Span[];
  fill?: 'selected' | 'banner';
}

/** Cells of a screen or a part of one. */
export interface Size {
  cols: number;
  rows: number;
}

/** A piece of a row: text alone is role `text`. */
export type Piece = string | readonly [text: string, role: Role];

/** A row of pieces, cut or filled with spaces to exactly `cols` cells. */
export function line(cols: number, pieces: readonly Piece[], fill?: Line['fill']): Line {
  const spans: Span[] = [];
  let room = cols;
  for (const piece of pieces) {
    const [text, role] = typeof piece === 'string' ? [piece, 'text' as const] : piece;
    if (room <= 0 || text === '') continue;
    const kept = text.length > room ? text.slice(0, room) : text;
    spans.push({ text: kept, role });
    room -= kept.length;
  }
  if (room > 0) spans.push({ text: ' '.repeat(room), role: 'text' });
  return fill === undefined ? { spans } : { spans, fill };
}

/** A row with one part at the left end and one at the right; the left one gives way. */
export function spread(cols: number, atLeft: readonly Piece[], atRight: readonly Piece[]): Line {
  const room = Math.max(0, cols - lengthOf(atRight));
  return { spans: [...line(room, atLeft).spans, ...line(cols - room, atRight).spans] };
}

/** Cells that pieces take. */
export function lengthOf(pieces: readonly Piece[]): number {
  return pieces.reduce((sum, piece) => sum + (typeof piece === 'string' ? piece : piece[0]).length, 0);
}

/** Plain text of a row. */
export function lineText(row: Line): string {
  return row.spans.map((span) => span.text).join('');
}

/** Exactly `rows` rows: cut, or filled with empty ones. */
export function exactly(lines: readonly Line[], size: Size): Line[] {
  const kept = lines.slice(0, size.rows);
  while (kept.length < size.rows) kept.push(line(size.cols, []));
  return kept;
}

/** Shows that text was cut. Never comes from outside: scrub() turns it into an escape. */
export const CUT = '…';

/** Text in exactly `width` cells, left-aligned, cut at the end. */
export function left(text: string, width: number): string {
  if (width <= 0) return '';
  return text.length > width ? text.slice(0, width - 1) + CUT : text.padEnd(width);
}

/** Text in exactly `width` cells, right-aligned, cut at the end. */
export function right(text: string, width: number): string {
  if (width <= 0) return '';
  return text.length > width ? text.slice(0, width - 1) + CUT : text.padStart(width);
}

/** Text in at most `width` cells, cut in the middle, where the hashes of pod names are. */
export function middle(text: string, width: number): string {
  if (text.length <= width) return text;
  if (width < 5) return text.slice(0, Math.max(0, width));
  const tail = Math.min(4, width >> 2);
  return text.slice(0, width - 1 - tail) + CUT + text.slice(text.length - tail);
}
