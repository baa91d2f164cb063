/** A number in at most five cells: `0`, `0.4`, `42`, `1.2k`, `431k`, `9.9M`. */
export function count(value: number): string {
  if (!Number.isFinite(value) || value < 0) return '-';
  if (value === 0) return '0';
  if (value < 0.05) return '<0.1';
  if (value < 9.95) return trimZero(value.toFixed(1));
  if (value < 999.5) return String(Math.round(value));
  return scaled(value, 1000, ['k', 'M', 'G', 'T', 'P']);
}

/** Bytes in at most six cells with the unit: `0 B`, `1.2 kB`, `431 MB` (powers of 1000). */
export function bytes(value: number): string {
  if (!Number.isFinite(value) || value < 0) return '-';
  if (value < 999.5) return `${Math.round(value)} B`;
  return scaled(value, 1000, [' kB', ' MB', ' GB', ' TB', ' PB']);
}

/** The same volume in bits, as links are sold: `9.9 Mb`. */
export function bits(value: number): string {
  if (!Number.isFinite(value) || value < 0) return '-';
  if (value * 8 < 999.5) return `${Math.round(value * 8)} b`;
  return scaled(value * 8, 1000, [' kb', ' Mb', ' Gb', ' Tb', ' Pb']);
}

/** Memory in at most five cells: `88M`. */
export function memory(value: number): string {
  return value < 1e6 ? `${Math.round(value / 1e3)}k` : scaled(value, 1000, ['k', 'M', 'G', 'T']);
}

function scaled(value: number, step: number, units: readonly string[]): string {
  let index = -1;
  let rest = value;
  while (rest >= step * 0.9995 && index < units.length - 1) {
    rest /= step;
    index++;
  }
  return `${rest < 9.95 ? trimZero(rest.toFixed(1)) : String(Math.round(rest))}${units[index] ?? ''}`;
}

function trimZero(text: string): string {
  return text.endsWith('.0') ? text.slice(0, -2) : text;
}

/** A share (0 to 1) as `0%` to `100%`; never rounds a loss away. */
export function percent(share: number): string {
  if (!Number.isFinite(share)) return '-';
  const value = share * 100;
  if (value > 99.9 && value < 100) return '>99.9%';
  if (value > 99 && value < 100) return `${(Math.floor(value * 10) / 10).toFixed(1)}%`;
  if (value > 0 && value < 0.95) return value < 0.05 ? '<0.1%' : `${value.toFixed(1)}%`;
  return `${Math.round(value)}%`;
}

/** An age: `0.8s`, `42s`, `3m12s`, `2h05m`, `3d`. */
export function age(ms: number): string {
  const seconds = Math.max(0, ms) / 1000;
  if (seconds < 9.95) return `${seconds.toFixed(1)}s`;
  if (seconds < 99.5) return `${Math.round(seconds)}s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)}m${pad(Math.floor(seconds % 60))}s`;
  if (seconds < 86_400) return `${Math.floor(seconds / 3600)}h${pad(Math.floor((seconds % 3600) / 60))}m`;
  return `${Math.floor(seconds / 86_400)}d`;
}

/** UTC time of day of milliseconds since 1970: `12:07:41`, with `.120` if asked. */
export function clock(ms: number, withMs = false): string {
  const day = ((Math.floor(ms) % 86_400_000) + 86_400_000) % 86_400_000;
  const seconds = Math.floor(day / 1000);
  const text = `${pad(Math.floor(seconds / 3600))}:${pad(Math.floor((seconds % 3600) / 60))}:${pad(seconds % 60)}`;
  return withMs ? `${text}.${String(day % 1000).padStart(3, '0')}` : text;
}

/** A whole number with thin groups: `24 794`. */
export function grouped(value: number): string {
  return String(Math.round(value)).replaceAll(/\B(?=(\d{3})+(?!\d))/g, ' ');
}

function pad(value: number): string {
  return String(value).padStart(2, '0');
}
