import type { ColourDepth } from '../theme/theme.ts';

/** How many colours to use, by what the environment says. NO_COLOR wins over all. */
export function colourDepth(env: Readonly<Record<string, string | undefined>>): ColourDepth {
  const term = env['TERM'] ?? '';
  if ((env['NO_COLOR'] ?? '') !== '' || term === 'dumb' || term.startsWith('vt')) return 'mono';
  if (/truecolor|24bit/.test(env['COLORTERM'] ?? '') || /256|kitty|alacritty|ghostty|wezterm|direct/.test(term)) return '256';
  return '16';
}

/** Whether only ASCII may be drawn: the locale says so, or the terminal is known to have nothing else. */
export function wantsAscii(env: Readonly<Record<string, string | undefined>>): boolean {
  const term = env['TERM'] ?? '';
  if (term === 'linux' || term.startsWith('vt')) return true;
  const locale = env['LC_ALL'] || env['LC_CTYPE'] || env['LANG'] || '';
  // no locale at all is usual in containers, behind terminals that do speak UTF-8
  return locale !== '' && !/utf-?8/i.test(locale);
}
