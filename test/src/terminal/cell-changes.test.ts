import { describe, expect, test } from 'vitest';
import type { Line } from '../../../src/screen/line.ts';
import { areBlanksAlike, PLAIN_ATTRIBUTE, selectGraphic } from '../../../src/terminal/attribute.ts';
import { cellChanges } from '../../../src/terminal/cell-changes.ts';
import { findScroll, type Cell, type CellRow } from '../../../src/terminal/painter.ts';
import { attributeOf } from '../../../src/terminal/palette.ts';
import { ROLES, THEMES, themeAt, type Style } from '../../../src/theme/theme.ts';
import { seededRandom } from '../seeded-random.ts';
import { Screen, virtual } from './virtual-terminal.ts';

const STYLES: Style[] = [
  {}, { fg: 203, bold: true }, { fg: 246 }, { bg: 17, fg: 252 }, { reverse: true }, { bold: true, reverse: true }, { underline: true }, { fg: 9, bg: 3 }, { fg: 15, bg: 16, underline: true, bold: true }, { bg: 195 }, { bold: true },
];

describe('selectGraphic()', () => {
  const pairs = STYLES.flatMap((from) => STYLES.map((to) => [from, to] as const));
  test.each(pairs)('from %j to %j makes the terminal write so', async (from, to) => {
    const [one, other] = [new Screen({ columns: 4, rows: 1 }), new Screen({ columns: 4, rows: 1 })];
    await one.write(`${selectGraphic(PLAIN_ATTRIBUTE, attributeOf(from))}${selectGraphic(attributeOf(from), attributeOf(to))}x`);
    await other.write(`${selectGraphic(PLAIN_ATTRIBUTE, attributeOf(to))}x`);
    expect(one.looks()[0]?.[0]).toBe(other.looks()[0]?.[0]);
    // what old terminals do not know: turning one attribute off
    expect(selectGraphic(attributeOf(from), attributeOf(to))).not.toMatch(/[[;]2[2-9][;m]/);
  });
  test('sends nothing for nothing, and three bytes back to plain', () => {
    expect(selectGraphic(attributeOf({ fg: 203 }), attributeOf({ fg: 203 }))).toBe('');
    expect(selectGraphic(attributeOf({ fg: 203, bold: true }), PLAIN_ATTRIBUTE)).toBe('\x1b[m');
    expect(selectGraphic(attributeOf({ fg: 203 }), attributeOf({ fg: 9 }))).toBe('\x1b[91m');
    expect(selectGraphic(PLAIN_ATTRIBUTE, attributeOf({ fg: 9, bg: 12 }))).toBe('\x1b[91;104m');
  });
  test('areBlanksAlike() looks at what a space shows', () => {
    expect(areBlanksAlike(attributeOf({ fg: 203, bold: true }), PLAIN_ATTRIBUTE)).toBe(true);
    for (const style of [{ bg: 17 }, { reverse: true }, { underline: true }]) expect(areBlanksAlike(attributeOf(style), PLAIN_ATTRIBUTE)).toBe(false);
  });
});

describe('cellChanges()', () => {
  const [cols, rows] = [30, 8];
  const blank = (): Cell[][] => Array.from({ length: rows }, () => Array.from({ length: cols }, (): Cell => [PLAIN_ATTRIBUTE, ' ']));

  // rows as screens have them: words, blanks, fills; often the same as before
  const randomRow = (next: () => number): CellRow => {
    const row: CellRow = [];
    while (row.length < cols) {
      const attribute = attributeOf(STYLES[Math.floor(next() * STYLES.length)] ?? {});
      const text = next() < 0.4 ? ' '.repeat(1 + Math.floor(next() * 20)) : ['fwd', 'X DROP', 'a', '→', 'payments'][Math.floor(next() * 5)] ?? '';
      for (const character of text) if (row.length < cols) row.push([attribute, character]);
    }
    return row;
  };

  test.each([[1], [2], [3], [4]])('leaves exactly the wanted cells on the screen, seed %i', async (seed) => {
    const next = seededRandom(seed);
    const [screen, whole] = [new Screen({ columns: cols, rows }), new Screen({ columns: cols, rows })];
    await screen.write('\x1b[?7l');
    const shown = blank();
    let wanted: CellRow[] = blank();
    for (let step = 0; step < 60; step++) {
      wanted = wanted.map((row): CellRow => {
        const choice = next();
        if (choice < 0.4) return row;
        if (choice < 0.6) return Object.assign(randomRow(next), { dirty: true });
        const at = Math.floor(next() * cols);
        return Object.assign(row.map((cell, x): Cell => (Math.abs(x - at) < 3 ? [attributeOf(STYLES[step % STYLES.length] ?? {}), choice < 0.8 ? ' ' : 'z'] : [cell[0], cell[1]])), { dirty: true });
      });
      await screen.write(cellChanges(wanted, shown));
      await whole.write(`\x1b[m\x1b[H\x1b[2J\x1b[?7l${cellChanges(wanted.map((row) => Object.assign([...row], { dirty: true })), blank())}`);
      expect(screen.rows(), `seed ${seed}, step ${step}`).toEqual(wanted.map((row) => row.map(([, character]) => character).join('')));
      expect(screen.looks(), `seed ${seed}, step ${step}`).toEqual(whole.looks());
    }
  });

  const sent = (before: string, after: string, style: Style = {}): string => {
    const cells = (text: string): CellRow => Object.assign([...text.padEnd(cols)].map((character): Cell => [attributeOf(style), character]), { dirty: true });
    return cellChanges([cells(after)], [cells(before)]);
  };
  test.each<[string, string, string, Style, string]>([
    ['nothing for what looks the same', 'same', 'same', {}, ''],
    ['one cell', '12:00:01Z', '12:00:02Z', {}, '\x1b[1;8H2'],
    ['cells between two changes when they are few', 'a1bc2', 'x1bcy', {}, '\x1b[1Hx1bcy'],
    ['a jump when they are many', 'a12345678b', 'x12345678y', {}, '\x1b[1Hx\x1b[8Cy'],
    ['an erase where the rest goes blank', 'a long row of words', 'a', {}, '\x1b[1;3H\x1b[K'],
    ['spaces where little goes blank', 'abc', 'a', {}, '\x1b[1;2H  '],
    ['spaces where the blanks have a fill', 'a long row', 'a', { bg: 17 }, '\x1b[1;3H\x1b[48;5;17m        \x1b[m'],
  ])('sends %s', (_what, before, after, style, expected) => {
    expect(sent(before, after, style)).toBe(expected);
  });
  test('takes over a blank of another colour without a byte', () => {
    const row = (style: Style): CellRow => Object.assign([[attributeOf(style), ' '] as Cell], { dirty: true });
    expect(cellChanges([row({ fg: 203 })], [row({})])).toBe('');
    expect(cellChanges([row({ bg: 203 })], [row({})])).toBe('\x1b[1H\x1b[48;5;203m \x1b[m');
  });
});

describe('findScroll()', () => {
  const rows = (from: number): string[] => ['head', ...Array.from({ length: 10 }, (_, i) => `row ${from + i}`), 'foot'];
  test.each([[1], [2], [4]])('finds a block that moved by %i, up and down', (by) => {
    expect(findScroll(rows(0), rows(by))).toEqual({ top: 1, bottom: 10, by });
    expect(findScroll(rows(by), rows(0))).toEqual({ top: 1, bottom: 10, by: -by });
  });
  test('finds nothing where nothing moved, or the size changed', () => {
    expect(findScroll(rows(0), rows(0))).toBeUndefined();
    expect(findScroll(rows(0), rows(50))).toBeUndefined();
    expect(findScroll(rows(0), rows(1).slice(1))).toBeUndefined();
    expect(findScroll([], rows(1))).toBeUndefined();
  });

  test.each([[11], [12], [13]])('random screens that scroll either way stay exact in every theme, seed %i', async (seed) => {
    const next = seededRandom(seed);
    const { terminal, settle, screen } = virtual(40, 16);
    const fresh = virtual(40, 16);
    let from = 500;
    for (let step = 0; step < 40; step++) {
      from += Math.floor(next() * 9) - 4;
      const selected = Math.floor(next() * 14);
      const lines = Array.from({ length: 16 }, (_, y): Line => {
        if (y === 0 || y === 15) return { spans: [{ text: `edge ${step}`.padEnd(40), role: 'title' }] };
        const role = ROLES[(from + y) % ROLES.length] ?? 'text';
        const spans = [{ text: `row ${from + y} `, role: 'dim' as const }, { text: 'X DROP'.padEnd((from + y) % 20), role }];
        const width = spans.reduce((sum, { text }) => sum + text.length, 0);
        return { spans: [...spans, { text: ' '.repeat(40 - width), role: 'text' }], ...(y === selected ? { fill: 'selected' as const } : {}) };
      });
      const theme = themeAt(Math.floor(step / 5) % THEMES.length);
      terminal.draw(lines, theme);
      fresh.terminal.redraw();
      fresh.terminal.draw(lines, theme);
      await settle();
      await fresh.settle();
      expect(screen.looks(), `seed ${seed}, step ${step}`).toEqual(fresh.screen.looks());
    }
    terminal.close();
    fresh.terminal.close();
  });
});
