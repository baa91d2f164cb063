/** A latency of microseconds in at most six cells: `80us`, `0.4ms`, `18.3ms`, `412ms`, `4.9s`, `72s`. */
export function latencyText(us: number): string {
  if (!Number.isFinite(us) || us < 0) return '-';
  if (us < 100) return `${Math.round(us)}us`;
  const ms = us / 1000;
  if (ms < 99.95) return `${ms.toFixed(1)}ms`;
  if (ms < 999.5) return `${Math.round(ms)}ms`;
  return ms < 99_500 ? `${(ms / 1000).toFixed(ms < 9_950 ? 1 : 0)}s` : `${Math.round(ms / 60_000)}min`;
}

/** A share of 0 to 1 in percent: `27%`, `0.4%`; a share above zero is never `0%`, one below all never `100%`. */
export function shareText(share: number): string {
  const value = share * 100;
  if (value === 0) return '0%';
  if (value < 0.1) return '<0.1%';
  if (value > 99 && value < 100) return value > 99.9 ? '>99.9%' : `${(Math.floor(value * 10) / 10).toFixed(1)}%`;
  return `${value < 9.95 ? Number(value.toFixed(1)) : Math.round(value)}%`;
}
