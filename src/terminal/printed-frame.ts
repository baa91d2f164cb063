import type { Line } from '../screen/line.ts';
import { areBlanksAlike, PLAIN_ATTRIBUTE, selectGraphic } from './attribute.ts';
import { paint, type CellRow } from './painter.ts';
import type { Palette } from './palette.ts';

/** A frame as text with colours, row by row, for the scrollback of a shell: no cursor movement, nothing behind the last character. */
export function printedFrame(lines: readonly Line[], palette: Palette): string {
  const grid = lines.map((line): CellRow => Array.from({ length: line.spans.reduce((sum, span) => sum + span.text.length, 0) }, () => [PLAIN_ATTRIBUTE, ' ']));
  paint(grid, lines, palette);
  const rows = grid.map(printedRow);
  while (rows.at(-1) === '') rows.pop();
  return rows.map((row) => `${row}\r\n`).join('');
}

function printedRow(cells: CellRow): string {
  let end = cells.length;
  while (end > 0 && cells[end - 1]?.[1] === ' ' && areBlanksAlike(cells[end - 1]?.[0] ?? 0, PLAIN_ATTRIBUTE)) end--;
  let out = '';
  let now = PLAIN_ATTRIBUTE;
  for (const [attribute, character] of cells.slice(0, end)) {
    if (character !== ' ' || !areBlanksAlike(attribute, now)) {
      out += selectGraphic(now, attribute);
      now = attribute;
    }
    out += character;
  }
  return out + selectGraphic(now, PLAIN_ATTRIBUTE);
}
