/** A count in at most four cells: `9999`, `12k`, `3M`. */
export function shortCount(value: number): string {
  return value < 9_999.5 ? String(Math.round(value)) : value < 999_500 ? `${Math.round(value / 1000)}k` : `${Math.round(value / 1e6)}M`;
}
