import type { Timestamp } from '../wire/gen/google.ts';

const unitNs: Readonly<Record<string, number>> = { ns: 1, us: 1e3, 'µs': 1e3, 'μs': 1e3, ms: 1e6, s: 1e9, m: 60e9, h: 3600e9 };

/** Nanoseconds of a Go duration such as `1h43m` or `-1.5s`; undefined for anything else. */
export function parseDuration(text: string): bigint | undefined {
  if (/^[-+]?0$/.test(text)) return 0n;
  const whole = /^([-+]?)((?:(?:\d+\.?\d*|\.\d+)(?:ns|us|µs|μs|ms|s|m|h))+)$/.exec(text);
  if (whole?.[2] === undefined) return undefined;
  let total = 0n;
  for (const [, number = '', unit = ''] of whole[2].matchAll(/(\d*\.?\d*)(ns|us|µs|μs|ms|s|m|h)/g)) {
    const [integer = '', fraction = ''] = number.split('.');
    const scale = unitNs[unit] ?? 0;
    total += BigInt(integer === '' ? '0' : integer) * BigInt(scale) + BigInt(Math.trunc(Number(`0.${fraction === '' ? '0' : fraction}`) * scale));
  }
  return whole[1] === '-' ? -total : total;
}

/** Text of a duration as Go prints it: `3h2m1.5s`, `250ms`, `0s`. */
export function formatDuration(durationNs: bigint): string {
  if (durationNs === 0n) return '0s';
  const sign = durationNs < 0n ? '-' : '';
  const ns = durationNs < 0n ? -durationNs : durationNs;
  if (ns < 1_000_000_000n) {
    const [unit, scale] = ns < 1000n ? ['ns', 1n] : ns < 1_000_000n ? ['µs', 1000n] : ['ms', 1_000_000n];
    return `${sign}${fixed(ns, scale)}${unit}`;
  }
  const seconds = `${fixed(ns % 60_000_000_000n, 1_000_000_000n)}s`;
  const minutes = ns / 60_000_000_000n;
  if (minutes === 0n) return sign + seconds;
  const hours = minutes / 60n;
  return sign + (hours === 0n ? '' : `${hours}h`) + `${minutes % 60n}m${seconds}`;
}

function fixed(value: bigint, scale: bigint): string {
  const fraction = String(value % scale).padStart(String(scale).length - 1, '0').replace(/0+$/, '');
  return `${value / scale}${scale === 1n || fraction === '' ? '' : `.${fraction}`}`;
}

const zone = String.raw`(Z|[-+]\d{2}:\d{2})`;
const dateSyntax = new RegExp(String.raw`^(\d{4})-(\d{2})-(\d{2})(?:T(\d{2})(?::(\d{2})(?::(\d{2})(?:\.(\d{1,9}))?)?)?${zone})?$`);
const rfc1123 = /^(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), (\d{2}) (Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) (\d{4}) (\d{2}):(\d{2}):(\d{2}) ([-+])(\d{2})(\d{2})$/;

/** A moment from --since or --until: a duration means so long before `nowNs`, else one of Hubble's layouts; undefined when it is neither. */
export function parseTime(text: string, nowNs: bigint): Timestamp | undefined {
  const agoNs = parseDuration(text);
  if (agoNs !== undefined) return timestampOf(nowNs - agoNs);
  const named = rfc1123.exec(text);
  if (named !== null) {
    const [, dayText = '', month = '', year = '', hour = '', minute = '', second = '', sign = '', zoneHour = '', zoneMinute = ''] = named;
    return moment(`${year}-${monthNumber(month)}-${dayText}T${hour}:${minute}:${second}${sign}${zoneHour}:${zoneMinute}`, '');
  }
  const parts = dateSyntax.exec(text);
  if (parts === null) return undefined;
  const [, year = '', month = '', dayText = '', hour = '00', minute = '00', second = '00', fraction = '', offset = 'Z'] = parts;
  return moment(`${year}-${month}-${dayText}T${hour}:${minute}:${second}${offset}`, fraction);
}

function monthNumber(name: string): string {
  return String(['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'].indexOf(name) + 1).padStart(2, '0');
}

/** Date.parse rolls 30 February over into March: a day that does not come back is no day. */
function moment(iso: string, fraction: string): Timestamp | undefined {
  const epochMs = Date.parse(iso);
  const dayMs = Date.parse(`${iso.slice(0, 10)}T00:00:00Z`);
  if (Number.isNaN(epochMs) || Number.isNaN(dayMs) || new Date(dayMs).toISOString().slice(0, 10) !== iso.slice(0, 10)) return undefined;
  return timestampOf(BigInt(epochMs) * 1_000_000n + BigInt(fraction.padEnd(9, '0')));
}

/** Nanoseconds since 1970 as a Timestamp. */
export function timestampOf(timeNs: bigint): Timestamp {
  const nanos = ((timeNs % 1_000_000_000n) + 1_000_000_000n) % 1_000_000_000n;
  return { seconds: (timeNs - nanos) / 1_000_000_000n, nanos: Number(nanos) };
}
