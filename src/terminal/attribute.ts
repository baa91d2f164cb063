/** Blessed's packed attribute of a cell: flags << 18 | foreground << 9 | background. */
export const DEFAULT_COLOUR = 0x1ff;
export const BOLD = 1;
export const UNDERLINE = 2;
export const REVERSE = 8;

/** A cell in the terminal's own colours. */
export const PLAIN_ATTRIBUTE = (DEFAULT_COLOUR << 9) | DEFAULT_COLOUR;

/** Palette index of the text; DEFAULT_COLOUR = the terminal's own. */
export function foregroundOf(attribute: number): number {
  return (attribute >> 9) & 0x1ff;
}

/** Palette index behind the text; DEFAULT_COLOUR = the terminal's own. */
export function backgroundOf(attribute: number): number {
  return attribute & 0x1ff;
}

/** Whether a space looks the same in both: only the background shows, unless it is underlined or reversed. */
export function areBlanksAlike(one: number, other: number): boolean {
  return backgroundOf(one) === backgroundOf(other) && (((one | other) >> 18) & (UNDERLINE | REVERSE)) === 0;
}

function colourCodes(index: number, base: number): string[] {
  if (index === DEFAULT_COLOUR) return [String(base + 9)];
  if (index < 8) return [String(base + index)];
  return index < 16 ? [String(base + 60 + index - 8)] : [String(base + 8), '5', String(index)];
}

/** The shortest sequence that turns the terminal's look from one attribute into another; '' when nothing changes. */
export function selectGraphic(from: number, to: number): string {
  if (from === to) return '';
  if (to === PLAIN_ATTRIBUTE) return '\x1b[m';
  const flags = to >> 18;
  const on = (wanted: number): string[] => [[BOLD, '1'], [UNDERLINE, '4'], [REVERSE, '7']].filter(([flag]) => (wanted & Number(flag)) !== 0).map(([, code]) => String(code));
  const colours = (before: number): string[] => [
    ...(foregroundOf(before) === foregroundOf(to) ? [] : colourCodes(foregroundOf(to), 30)),
    ...(backgroundOf(before) === backgroundOf(to) ? [] : colourCodes(backgroundOf(to), 40)),
  ];
  const whole = `\x1b[${['0', ...on(flags), ...colours(PLAIN_ATTRIBUTE)].join(';')}m`;
  // the codes that take a flag back (22, 24, 27) are not known to every terminal: a reset is
  if (((from >> 18) & ~flags) !== 0) return whole;
  const step = `\x1b[${[...on(flags & ~(from >> 18)), ...colours(from)].join(';')}m`;
  return step.length < whole.length ? step : whole;
}
