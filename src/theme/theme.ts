import dark from '../../themes/dark.json';
import light from '../../themes/light.json';

/** What a piece of text means; a theme gives it a look. */
export const ROLES = ['text', 'dim', 'title', 'good', 'bad', 'warn', 'accent', 'chart', 'gap', 'selected', 'banner'] as const;
export type Role = (typeof ROLES)[number];

/** Colours a terminal can show. */
export type ColourDepth = '256' | '16' | 'mono';

/** How a role looks: palette indices, -1 or absent = the terminal's own colour. */
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
  roles: Record<Role, Record<ColourDepth, Style>>;
}

/** All themes; the first is the default. A new one is a file in themes/ and a line here. */
export const THEMES: readonly Theme[] = [dark, light];

/** The theme `step` presses of the theme key away from the default. */
export function themeAt(step: number): Theme {
  return THEMES[step % THEMES.length] ?? dark;
}
