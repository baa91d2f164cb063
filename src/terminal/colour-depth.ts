import type { ColourDepth } from '../theme/theme.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/** What --color takes. */
export const COLOUR_CHOICES = ['auto', '256', '16', 'mono'] as const;
export type ColourChoice = (typeof COLOUR_CHOICES)[number];

/** How many colours to use, by what the environment says. A choice wins over NO_COLOR, which wins over the rest (no-color.org). */
export function colourDepth(env: Environment, choice: ColourChoice = 'auto'): ColourDepth {
  if (choice !== 'auto') return choice;
  const term = env['TERM'] ?? '';
  if ((env['NO_COLOR'] ?? '') !== '' || /^(dumb|unknown|vt\d)|-(m|mono)$/.test(term)) return 'mono';
  // COLORTERM comes along through ssh, su and tmux; these have 16 whatever it says
  if (/^(linux|cygwin|ansi|sun|putty$)|-(8|16)color$/.test(term)) return '16';
  if (/truecolor|24bit/.test(env['COLORTERM'] ?? '') || /256|direct|truecolor|kitty|alacritty|ghostty|wezterm|foot|contour|iterm|mintty|^rio$/.test(term)) return '256';
  return '16';
}

/** Whether only ASCII may be drawn: the locale says so, or the terminal is known to have nothing else. */
export function wantsAscii(env: Environment): boolean {
  const term = env['TERM'] ?? '';
  if (/^(linux|vt\d|ansi|sun|cygwin)/.test(term)) return true;
  const locale = env['LC_ALL'] || env['LC_CTYPE'] || env['LANG'] || '';
  // no locale at all is usual in containers, behind terminals that do speak UTF-8
  return locale !== '' && !/utf-?8/i.test(locale);
}

/**
 * Whether the terminal swallows sequences it does not know: synchronized updates, questions, the clipboard. Consoles and
 * old terminals print them. No TERM at all is usual behind `kubectl exec`, with an xterm at the other end.
 */
export function speaksXterm(env: Environment): boolean {
  return !/^(linux|vt\d|ansi|sun|cygwin|dumb|unknown|eterm)/.test(env['TERM'] ?? '');
}

/** Whether the screen is at the other end of a line that others use, too. */
export function isOverSsh(env: Environment): boolean {
  return env['SSH_TTY'] !== undefined || env['SSH_CONNECTION'] !== undefined;
}
