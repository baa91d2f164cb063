/** UTC time of day of milliseconds since 1970, with its zone: `12:07:41Z`. */
export function clockText(ms: number): string {
  return `${new Date(ms).toISOString().slice(11, 19)}Z`;
}

/** How long ago, in the two words a sentence wants: `8 s`, `4 min`, `3 h`, `44 days`. */
export function spanWords(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000));
  if (seconds < 120) return `${seconds} s`;
  if (seconds < 7_200) return `${Math.round(seconds / 60)} min`;
  return seconds < 172_800 ? `${Math.round(seconds / 3600)} h` : `${Math.round(seconds / 86_400)} days`;
}

/** A rate in at most four cells: `0.4`, `42`, `1.2k`, `431k`, `3M`. */
export function rateWords(perSecond: number): string {
  const [value, unit] = perSecond >= 999_500 ? [perSecond / 1e6, 'M'] : perSecond >= 999.5 ? [perSecond / 1000, 'k'] : [perSecond, ''];
  return `${value < 9.95 ? value.toFixed(1).replace(/\.0$/, '') : String(Math.round(value))}${unit}`;
}
