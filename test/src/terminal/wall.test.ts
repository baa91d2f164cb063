import { describe, expect, test } from 'vitest';
import type { State } from '../../../src/model/state.ts';
import { adoptCells, type Cell, type CellRow } from '../../../src/terminal/painter.ts';
import { attributeOf } from '../../../src/terminal/palette.ts';
import { contribColours } from '../../../src/terminal/wall-grid.ts';
import { ROLES, themeNamed, THEMES } from '../../../src/theme/theme.ts';
import { wallAround } from '../../../src/views/wall.ts';
import { wallPage } from '../../../src/views/wall-page.ts';
import { busyScene, EVIL, hostileScene } from '../views/scenes.ts';
import { turn, virtual } from './virtual-terminal.ts';

const wall = themeNamed('wall') ?? THEMES[0];

/** Draws wall pages until the widgets are loaded, and gives the screen. */
async function shown(state: State, options: { theme?: (typeof THEMES)[number]; colour?: '256' | '16' | 'mono' } = {}) {
  const world = virtual(140, 44, options.colour === undefined ? {} : { colour: options.colour });
  state.view = 'wall';
  const page = wallPage(state);
  const theme = options.theme ?? wall;
  if (theme === undefined) throw new Error('no theme');
  while (!world.terminal.drawWall(page, wallAround(state, page, 140), theme)) await turn();
  const rows = await world.settle();
  return { ...world, page, theme, rows };
}

describe('Terminal.drawWall()', () => {
  test('shows widgets between the rows of text, on the wall theme\'s own black everywhere', async () => {
    const { rows, screen, terminal } = await shown(busyScene());
    expect(rows.join('\n')).toMatch(/[\u2801-\u28ff]/);
    const behind = screen.looks().flat().map((look) => look.split(' ').at(-1)?.replace(/[biu]+$/, ''));
    expect(behind.filter((background) => background === 'own')).toEqual([]);
    terminal.close();
  });

  test.each(THEMES.flatMap((theme) => (['256', '16', 'mono'] as const).map((colour) => ({ name: theme.name, theme, colour }))))('$name at $colour: no widget is black on its own black', ({ theme, colour }) => {
    const colours = contribColours(theme, colour);
    const behind = theme.roles.text[colour].bg;
    if (behind !== undefined) for (const role of ROLES) if (role !== 'selected') expect([role, colours(role)]).not.toEqual([role, behind]);
    if (colour === 'mono') for (const role of ROLES) expect(colours(role)).toBe('normal');
  });

  test('a line begins where somebody began to look', async () => {
    const { rows, terminal } = await shown(busyScene());
    // a minute and a half of the thirty
    expect(rows.join('\n')).toMatch(/flows\/s, 2 min /);
    expect(rows.join('\n')).not.toMatch(/30 min|-30m/);
    terminal.close();
  });

  test('hostile names execute nothing and restyle nothing', async () => {
    const { screen, tty, terminal } = await shown(hostileScene());
    expect(screen.foreign).toEqual([]);
    expect([...tty.all.replaceAll(/\x1b(\[[\d;?]*[A-Za-z]|\(B|>)/g, '')].filter((character) => character < ' ' || (character >= '\x7f' && character <= '\x9f'))).toEqual([]);
    terminal.close();
  });

  test('the next view finds nothing of it', async () => {
    const { terminal, settle, theme } = await shown(busyScene());
    const lines = Array.from({ length: 44 }, (_, y) => ({ spans: [{ text: `row ${y}`.padEnd(140), role: 'text' as const }] }));
    terminal.draw(lines, theme);
    expect((await settle()).map((row) => row.trimEnd())).toEqual(lines.map((_, y) => `row ${y}`));
    terminal.close();
  });
});

describe('adoptCells()', () => {
  test('lets glyphs of canvases through and nothing that a terminal could act on', () => {
    const text = attributeOf({ fg: 231, bg: 16 });
    const characters = [...'a⣿█│é', ...EVIL.join(''), '\ud83c'];
    const row: CellRow = characters.map((character): Cell => [attributeOf({}), character]);
    adoptCells([row], text);
    expect(row.map(([, character]) => character).join('')).toMatch(/^a⣿█│é[\x20-\x7e\xa1-\xff]*$/);
    expect(row.every(([attribute]) => attribute === text)).toBe(true);
    expect(row.dirty).toBe(true);
  });
  test('keeps colours, and adds a background only where the theme has one', () => {
    const row: CellRow = [[attributeOf({ fg: 203 }), 'x'], [attributeOf({ bg: 20 }), ' ']];
    adoptCells([row], attributeOf({ fg: 231, bg: 16 }));
    expect(row.map(([attribute]) => attribute)).toEqual([attributeOf({ fg: 203, bg: 16 }), attributeOf({ bg: 20 })]);
    const other: CellRow = [[attributeOf({ fg: 203 }), 'x']];
    adoptCells([other], attributeOf({}));
    expect(other[0]).toEqual([attributeOf({ fg: 203 }), 'x']);
    expect(other.dirty).toBeUndefined();
  });
});
