import { isPlain } from '../lib/scrub.ts';
import { GLYPHS } from '../screen/ascii.ts';
import type { Line } from '../screen/line.ts';
import { backgroundOf, DEFAULT_COLOUR, foregroundOf } from './attribute.ts';
import type { Palette } from './palette.ts';

/** A cell of blessed's grid: packed attribute, character. */
export type Cell = [attribute: number, character: string];
/** A row of blessed's grid. */
export type CellRow = Cell[] & { dirty?: boolean };

/**
 * Paints rows into the grid and marks rows that changed. The second fence against hostile text: a character that is
 * neither plain nor one of our glyphs becomes `?`, whoever let it through.
 */
export function paint(grid: readonly CellRow[], lines: readonly Line[], palette: Palette): void {
  for (let y = 0; y < grid.length; y++) {
    const cells = grid[y];
    const line = lines[y];
    if (cells !== undefined && line !== undefined) paintRow(cells, line, palette);
  }
}

function paintRow(cells: CellRow, line: Line, palette: Palette): void {
  const attributes = line.fill === undefined ? palette.plain : palette[line.fill];
  let x = 0;
  for (const span of line.spans) {
    const attribute = attributes[span.role];
    for (let i = 0; i < span.text.length && x < cells.length; i++, x++) {
      const character = span.text[i] ?? ' ';
      const code = character.charCodeAt(0);
      const safe = (code >= 0x20 && code < 0x7f) || GLYPHS.has(character) || isPlain(character) ? character : '?';
      set(cells, x, [attribute, safe]);
    }
  }
  for (; x < cells.length; x++) set(cells, x, [attributes.text, ' ']);
}

/**
 * Makes cells that widgets drew fit to be sent: the same fence, with the braille and box glyphs that canvases draw with,
 * and the theme's own background where it has one. `text` is the attribute of plain text.
 */
export function adoptCells(rows: readonly CellRow[], text: number): void {
  const background = backgroundOf(text);
  for (const cells of rows) {
    for (let x = 0; x < cells.length; x++) {
      const [attribute = text, character = ' '] = cells[x] ?? [];
      const isBare = background !== DEFAULT_COLOUR && backgroundOf(attribute) === DEFAULT_COLOUR;
      const shown = isBare ? (attribute & ~0x1ff) | background : attribute;
      // text in the terminal's own colour could be black on our black
      const readable = isBare && foregroundOf(attribute) === DEFAULT_COLOUR ? (shown & ~(0x1ff << 9)) | (foregroundOf(text) << 9) : shown;
      set(cells, x, [readable, isDrawable(character) ? character : '?']);
    }
  }
}

function isDrawable(character: string): boolean {
  const code = character.length === 1 ? character.charCodeAt(0) : 0;
  return (code >= 0x2500 && code <= 0x259f) || (code >= 0x2800 && code <= 0x28ff) || GLYPHS.has(character) || isPlain(character);
}

function set(cells: CellRow, x: number, [attribute, character]: Cell): void {
  const cell = cells[x];
  if (cell === undefined || (cell[0] === attribute && cell[1] === character)) return;
  cell[0] = attribute;
  cell[1] = character;
  cells.dirty = true;
}

/** A block of rows that moved: rows top..bottom of the screen, `by` rows up; down when negative. */
export interface Scroll {
  top: number;
  bottom: number;
  by: number;
}

/** Least height of a moved block that is worth a scroll region. */
const LEAST_SCROLL = 6;

/**
 * Finds the block of full-width rows that moved up or down between two screens, so that the terminal can scroll it
 * instead of being sent every row again (25 times fewer bytes for one new row at 120x40). Rows are compared as text keys.
 */
export function findScroll(old: readonly string[], next: readonly string[]): Scroll | undefined {
  if (old.length !== next.length) return undefined;
  const up = blockMovedUp(old, next);
  const down = blockMovedUp(next, old);
  if (down === undefined || (up !== undefined && keptRows(up) >= keptRows(down))) return up;
  return { ...down, by: -down.by };
}

function keptRows({ top, bottom, by }: Scroll): number {
  return bottom - top + 1 - by;
}

function blockMovedUp(old: readonly string[], next: readonly string[]): Scroll | undefined {
  let best: Scroll | undefined;
  for (let by = 1; by <= old.length - LEAST_SCROLL; by++) {
    let run = 0;
    for (let y = 0; y + by <= old.length; y++) {
      const isMoved = y + by < old.length && old[y + by] === next[y] && old[y] !== next[y];
      if (isMoved) run++;
      if (!isMoved || y + by === old.length - 1) {
        const end = isMoved ? y : y - 1;
        if (run >= LEAST_SCROLL && run > (best === undefined ? 0 : keptRows(best))) best = { top: end - run + 1, bottom: end + by, by };
        run = 0;
      }
    }
  }
  return best;
}
