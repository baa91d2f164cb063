// hot path: runs over each changed row of each frame; test/bench/screen.ts has its figures
import { areBlanksAlike, PLAIN_ATTRIBUTE, selectGraphic } from './attribute.ts';
import type { Cell, CellRow } from './painter.ts';

/** Blank cells at a row's end from which erasing is shorter than spaces. */
const LEAST_ERASE = 7;
/** Unchanged cells between two changes that are sent again rather than jumped over: a jump takes four bytes. */
const MOST_RESENT = 4;

/**
 * The bytes that turn the rows a terminal shows into the rows wanted, as few as can be; '' when they look the same.
 * Takes the wanted cells over into `shown` and the dirty marks away. The terminal's graphics are plain before and after,
 * and it must not wrap at the last column.
 */
export function cellChanges(wanted: readonly CellRow[], shown: readonly Cell[][]): string {
  const pen = new Pen();
  for (let y = 0; y < wanted.length; y++) {
    const row = wanted[y];
    const old = shown[y];
    if (row === undefined || old === undefined || row.dirty !== true) continue;
    row.dirty = false;
    changeRow(pen, y, { row, old });
  }
  return pen.finish();
}

interface Rows {
  row: CellRow;
  old: Cell[];
}

function changeRow(pen: Pen, y: number, { row, old }: Rows): void {
  const last = lastChange(row, old);
  const tail = blankTail(row);
  for (let x = 0; x <= last; x++) {
    const cell = row[x];
    const known = old[x];
    if (cell === undefined || known === undefined || looksAlike(cell, known)) continue;
    pen.moveTo(y, x, row);
    if (x >= tail && last - x >= LEAST_ERASE) {
      pen.eraseLine();
      return takeOver(row, old, x);
    }
    pen.put(cell);
    [known[0], known[1]] = cell;
  }
}

function takeOver(row: CellRow, old: Cell[], from: number): void {
  for (let x = from; x < row.length; x++) {
    const cell = row[x];
    const known = old[x];
    if (cell !== undefined && known !== undefined) [known[0], known[1]] = cell;
  }
}

function looksAlike(one: Cell, other: Cell): boolean {
  return one[1] === other[1] && (one[0] === other[0] || (one[1] === ' ' && areBlanksAlike(one[0], other[0])));
}

function lastChange(row: CellRow, old: Cell[]): number {
  for (let x = row.length - 1; x >= 0; x--) {
    const cell = row[x];
    const known = old[x];
    if (cell !== undefined && known !== undefined && !looksAlike(cell, known)) return x;
  }
  return -1;
}

// where the blanks in the terminal's own background begin that end the row
function blankTail(row: CellRow): number {
  let x = row.length;
  while (x > 0 && row[x - 1]?.[1] === ' ' && areBlanksAlike(row[x - 1]?.[0] ?? 0, PLAIN_ATTRIBUTE)) x--;
  return x;
}

/** Where the terminal's cursor stands, how it would write, and what was sent to bring it there. */
class Pen {
  private out = '';
  private x = -1;
  private y = -1;
  private attribute = PLAIN_ATTRIBUTE;

  moveTo(y: number, x: number, row: CellRow): void {
    const gap = x - this.x;
    if (y !== this.y || this.x < 0) this.out += x === 0 ? `\x1b[${y + 1}H` : `\x1b[${y + 1};${x + 1}H`;
    else if (gap > 0 && gap <= MOST_RESENT && this.canResend(row, x)) {
      for (let i = this.x; i < x; i++) this.out += row[i]?.[1] ?? ' ';
    } else if (gap > 0) this.out += gap === 1 ? '\x1b[C' : `\x1b[${gap}C`;
    this.y = y;
    this.x = x;
  }

  put([attribute, character]: Cell): void {
    if (character !== ' ' || !areBlanksAlike(attribute, this.attribute)) this.select(attribute);
    this.out += character;
    this.x++;
  }

  eraseLine(): void {
    if (!areBlanksAlike(this.attribute, PLAIN_ATTRIBUTE)) this.select(PLAIN_ATTRIBUTE);
    this.out += '\x1b[K';
  }

  finish(): string {
    this.select(PLAIN_ATTRIBUTE);
    return this.out;
  }

  private select(attribute: number): void {
    this.out += selectGraphic(this.attribute, attribute);
    this.attribute = attribute;
  }

  private canResend(row: CellRow, until: number): boolean {
    for (let i = this.x; i < until; i++) {
      const cell = row[i];
      if (cell === undefined || (cell[0] !== this.attribute && !(cell[1] === ' ' && areBlanksAlike(cell[0], this.attribute)))) return false;
    }
    return true;
  }
}
