import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { attributeOf, paletteOf } from '../../../src/terminal/palette.ts';
import { ROLES, THEMES, themeAt, themeFor, themeNamed, type Role, type Style, type Theme } from '../../../src/theme/theme.ts';
import { contrast, distance, fromHex, fromPalette, labDistance, seenWith, SIGHTS, type Linear } from './colour-maths.ts';

/** Backgrounds of usual terminals: plain ones, VS Code's and One Dark's; plain white and Solarized's. */
const BACKGROUNDS: Record<string, string[]> = { dark: ['#000000', '#1e1e1e', '#282c34'], light: ['#ffffff', '#fdf6e3'], own: [] };
/** A terminal's own text colour, where a role takes it. */
const OWN_TEXT: Record<string, string> = { dark: '#d0d0d0', light: '#303030', own: '#d0d0d0' };
/** Least WCAG contrast: 4.5 for what is read, 3 for what is only noticed, 7 (AAA) on a wall. */
const leastContrast = (theme: Theme, role: Role): number => (theme.background === 'own' ? 7 : role === 'dim' || role === 'gap' ? 3 : 4.5);
/** Least CIEDE2000 between colours that must not be mixed up. */
const LEAST_DISTANCE = 20;

const foreground = (theme: Theme, style: Style): Linear => (style.fg === undefined ? fromHex(OWN_TEXT[theme.background] ?? '') : fromPalette(style.fg));
const backgrounds = (theme: Theme, style: Style): Linear[] => (style.bg === undefined ? (BACKGROUNDS[theme.background] ?? []).map(fromHex) : [fromPalette(style.bg)]);

/** The first 16 colours of xterm, the Linux console and GNOME's terminal: what a 16-colour theme may meet. */
const SIXTEEN = {
  xterm: ['#000000', '#cd0000', '#00cd00', '#cdcd00', '#0000ee', '#cd00cd', '#00cdcd', '#e5e5e5', '#7f7f7f', '#ff0000', '#00ff00', '#ffff00', '#5c5cff', '#ff00ff', '#00ffff', '#ffffff'],
  linux: ['#000000', '#aa0000', '#00aa00', '#aa5500', '#0000aa', '#aa00aa', '#00aaaa', '#aaaaaa', '#555555', '#ff5555', '#55ff55', '#ffff55', '#5555ff', '#ff55ff', '#55ffff', '#ffffff'],
  gnome: ['#2e3436', '#cc0000', '#4e9a06', '#c4a000', '#3465a4', '#75507b', '#06989a', '#d3d7cf', '#555753', '#ef2929', '#8ae234', '#fce94f', '#729fcf', '#ad7fa8', '#34e2e2', '#eeeeec'],
} as const;

/** A style out of blessed's packed attribute. */
function unpacked(attribute: number): Style {
  const [fg, bg] = [(attribute >> 9) & 0x1ff, attribute & 0x1ff];
  return { ...(fg === 0x1ff ? {} : { fg }), ...(bg === 0x1ff ? {} : { bg }) };
}

const named = THEMES.map((theme) => [theme.name, theme] as const);
const safeThemes = named.filter(([, theme]) => theme.isColourBlindSafe === true);

describe('the themes', () => {
  test('are at least six with names of their own: dark, light, one for the wall, one quiet, two that need not all cones', () => {
    const names = THEMES.map((theme) => theme.name);
    expect(new Set(names).size).toBe(names.length);
    for (const name of ['dark', 'light', 'wall', 'quiet', 'deuteranopia', 'tritanopia']) expect(names).toContain(name);
    expect(safeThemes.map(([name]) => name)).toEqual(expect.arrayContaining(['deuteranopia', 'deuteranopia-light', 'tritanopia', 'tritanopia-light']));
  });

  test.each(named)('%s says what it is for, and for which terminal', (name, theme) => {
    expect(Object.keys(BACKGROUNDS)).toContain(theme.background);
    expect(theme.about.length).toBeGreaterThan(20);
    expect(`${name}  ${theme.about}`.length).toBeLessThan(105);
  });

  test.each(named)('%s has every role at every depth, and no other', (_name, theme) => {
    expect(Object.keys(theme.roles).toSorted()).toEqual([...ROLES].toSorted());
    for (const role of ROLES) expect(Object.keys(theme.roles[role]).toSorted()).toEqual(['16', '256', 'mono']);
  });

  test.each(named)('%s keeps to the palette of its depth', (_name, theme) => {
    for (const role of ROLES) {
      const { mono, 16: sixteen, 256: many } = theme.roles[role];
      for (const index of [many.fg, many.bg]) if (index !== undefined) expect(index).toBeGreaterThanOrEqual(16);
      for (const index of [sixteen.fg, sixteen.bg]) if (index !== undefined) expect(index).toBeLessThan(16);
      // bright black is the background of some terminals
      expect(sixteen.fg).not.toBe(8);
      expect(mono).not.toHaveProperty('fg');
      expect(mono).not.toHaveProperty('bg');
    }
  });

  test.each(named)('%s carries trouble without colour: bad bold and reverse, warn underlined, accent bold', (_name, { roles }) => {
    expect(roles.bad.mono).toEqual({ bold: true, reverse: true });
    expect(roles.warn.mono).toEqual({ underline: true });
    expect(roles.accent.mono).toEqual({ bold: true });
    for (const role of ['text', 'dim', 'good', 'gap', 'chart'] as const) expect(roles[role].mono).toEqual({});
    for (const role of ['selected', 'banner'] as const) expect(roles[role].mono.reverse).toBe(true);
  });

  test.each(named)('%s carries trouble in 16 colours: bad, warn and accent differ from text and from each other', (_name, { roles }) => {
    const looks = (['text', 'bad', 'warn', 'accent'] as const).map((role) => attributeOf(roles[role]['16']));
    expect(new Set(looks).size).toBe(4);
    expect(roles.bad['16'].bold).toBe(true);
  });

  const consoles = named.flatMap(([name, theme]) => Object.entries(SIXTEEN).map(([palette, colours]) => ({ name, palette, theme, colours })));
  test.each(consoles)('$name can be read in the 16 colours of $palette', ({ theme, colours }) => {
    const plain = theme.background === 'light' ? '#ffffff' : '#000000';
    for (const role of ROLES) {
      const { fg, bg } = theme.roles[role]['16'];
      if (fg === undefined) continue;
      expect([role, contrast(fromHex(colours[fg] ?? ''), fromHex(bg === undefined ? plain : (colours[bg] ?? ''))) >= 3]).toEqual([role, true]);
    }
  });

  const rolesOf = named.flatMap(([name, theme]) => ROLES.filter((role) => role !== 'selected').map((role) => ({ name, role, theme })));
  test.each(rolesOf)('$name, $role can be read on every background it is made for', ({ theme, role }) => {
    const style = theme.roles[role]['256'];
    const least = Math.min(...backgrounds(theme, style).map((background) => contrast(foreground(theme, style), background)));
    expect(least).toBeGreaterThanOrEqual(leastContrast(theme, role));
  });

  test.each(rolesOf)('$name, $role can be read on the selected row and on a banner', ({ theme, role }) => {
    const palette = paletteOf(theme, '256');
    for (const row of [palette.selected, palette.banner]) {
      const style = unpacked(row[role]);
      expect(style.bg).toBeDefined();
      expect(contrast(foreground(theme, style), fromPalette(style.bg ?? 0))).toBeGreaterThanOrEqual(role === 'dim' || role === 'gap' ? 3 : 4.5);
    }
  });

  test.each(named)('%s: the selected row can be told from the others', (_name, theme) => {
    const { bg } = theme.roles.selected['256'];
    for (const background of backgrounds(theme, theme.roles.text['256'])) expect(distance(fromPalette(bg ?? 0), background)).toBeGreaterThan(3);
  });

  const sights = safeThemes.flatMap(([name, theme]) => (Object.keys(SIGHTS) as (keyof typeof SIGHTS)[]).map((sight) => ({ name, sight, theme })));
  test.each(sights)('$name keeps bad, warn and good apart with $sight', ({ theme, sight }) => {
    expect(leastDistance(theme, ['bad', 'warn', 'good'], sight)).toBeGreaterThanOrEqual(LEAST_DISTANCE);
  });

  test.each(['deuteranopia', 'tritanopia'] as const)('%s keeps bad and warn apart from text for the eyes it is made for', (sight) => {
    for (const [name, theme] of safeThemes.filter(([safe]) => safe.startsWith(sight))) expect([name, leastDistance(theme, ['bad', 'warn', 'text'], sight) >= 15]).toEqual([name, true]);
  });

  test('the measure tells: red and green of the usual themes fall together without green cones', () => {
    expect(leastDistance(themeFor('dark'), ['bad', 'warn', 'good'], 'deuteranopia')).toBeLessThan(LEAST_DISTANCE);
    expect(leastDistance(themeFor('light'), ['bad', 'warn', 'good'], 'deuteranopia')).toBeLessThan(LEAST_DISTANCE);
  });
});

test('the README has the table of themes', () => {
  const file = join(import.meta.dirname, '../../../README.md');
  const rows = THEMES.map(({ name, about }) => `| \`${name}\` | ${about} |\n`).join('');
  const table = `| theme | is |\n|---|---|\n${rows}`;
  const [before = '', rest = ''] = readFileSync(file, 'utf8').split(/(?<=<!-- themes: .*-->\n)/);
  const wanted = before + table + rest.slice(rest.indexOf('<!-- themes end -->'));
  if (process.env['UPDATE_GOLDEN'] === '1') writeFileSync(file, wanted);
  expect(rest).not.toBe('');
  expect(readFileSync(file, 'utf8')).toBe(wanted);
});

function leastDistance(theme: Theme, roles: readonly Role[], sight: keyof typeof SIGHTS): number {
  const seen = roles.map((role) => seenWith(sight, roleColour(theme, role)));
  return Math.min(...seen.flatMap((one, i) => seen.slice(i + 1).map((other) => distance(one, other))));
}

// what the eye meets of a filled cell is its fill
function roleColour(theme: Theme, role: Role): Linear {
  return foreground(theme, theme.roles[role]['256']);
}

describe('the colour maths', () => {
  test('contrast is WCAG\'s', () => {
    expect(contrast(fromHex('#000000'), fromHex('#ffffff'))).toBeCloseTo(21, 5);
    expect(contrast(fromHex('#777777'), fromHex('#ffffff'))).toBeCloseTo(4.48, 2);
  });
  // pairs of the paper's own test table
  test.each([
    [[50, 2.6772, -79.7751], [50, 0, -82.7485], 2.0425], [[50, -1, 2], [50, 0, 0], 2.3669], [[50, 2.5, 0], [73, 25, -18], 27.1492],
    [[60.2574, -34.0099, 36.2677], [60.4626, -34.1751, 39.4387], 1.2644], [[90.8027, -2.0831, 1.441], [91.1528, -1.6435, 0.0447], 1.4441],
  ] as const)('labDistance(%j, %j) is %d', (one, other, expected) => {
    expect(labDistance(one, other)).toBeCloseTo(expected, 4);
  });
  test('a sight without green cones takes red and green of one lightness for nearly the same', () => {
    const [red, green] = [fromHex('#c07050'), fromHex('#8a8a4a')];
    expect(distance(seenWith('deuteranopia', red), seenWith('deuteranopia', green))).toBeLessThan(distance(red, green) / 3);
  });
});

describe('themeNamed(), themeAt(), themeFor()', () => {
  test('find, step through all and come round', () => {
    expect(themeNamed('wall')?.name).toBe('wall');
    expect(themeNamed('solarized')).toBeUndefined();
    const light = themeFor('light');
    expect(light.name).toBe('light');
    expect(new Set(THEMES.map((_theme, step) => themeAt(step, light).name)).size).toBe(THEMES.length);
    expect(themeAt(THEMES.length, light)).toBe(light);
    expect(themeAt(0)).toBe(themeFor('dark'));
  });
});
