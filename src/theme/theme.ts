import dark from '../../themes/dark.json';
import deuteranopiaLight from '../../themes/deuteranopia-light.json';
import deuteranopia from '../../themes/deuteranopia.json';
import light from '../../themes/light.json';
import quietLight from '../../themes/quiet-light.json';
import quiet from '../../themes/quiet.json';
import tritanopiaLight from '../../themes/tritanopia-light.json';
import tritanopia from '../../themes/tritanopia.json';
import wall from '../../themes/wall.json';

/** What a piece of text means; a theme gives it a look. */
export const ROLES = ['text', 'dim', 'title', 'good', 'bad', 'warn', 'accent', 'chart', 'gap', 'selected', 'banner'] as const;
export type Role = (typeof ROLES)[number];

/** Colours a terminal can show. */
export type ColourDepth = '256' | '16' | 'mono';

/** How a role looks: palette indices, absent = the terminal's own colour. */
export interface Style {
  fg?: number;
  bg?: number;
  bold?: boolean;
  underline?: boolean;
  reverse?: boolean;
}

/** A theme file: each role at each depth. */
export interface Theme {
  name: string;
  /** What it is for, in a few words. */
  about: string;
  /** The terminal it is made for: `dark` or `light`; `own` = it paints a background of its own. */
  background: string;
  /** bad, warn and good stay apart for eyes without red, green or blue cones; a test computes it. */
  isColourBlindSafe?: boolean;
  roles: Record<Role, Record<ColourDepth, Style>>;
}

/** All themes, in the order of the theme key; the first is the default. A new one is a file in themes/ and a line here. */
export const THEMES: readonly Theme[] = [dark, light, deuteranopia, deuteranopiaLight, tritanopia, tritanopiaLight, quiet, quietLight, wall];

/** The theme of a name; undefined = there is none. */
export function themeNamed(name: string): Theme | undefined {
  return THEMES.find((theme) => theme.name === name);
}

/** What a terminal with this background gets when nobody asked for a theme. */
export function themeFor(background: 'dark' | 'light'): Theme {
  return THEMES.find((theme) => theme.background === background) ?? dark;
}

/** The theme `step` presses of the theme key away from the first one. */
export function themeAt(step: number, first: Theme = dark): Theme {
  return THEMES[(Math.max(0, THEMES.indexOf(first)) + step) % THEMES.length] ?? dark;
}
