import { parseTime } from './time-parse.ts';

const DAY_MS = 86_400_000;

/**
 * Reads a moment of a recording that begins at `startMs`: RFC 3339, `HH:MM:SS` in UTC (the first one not before the
 * beginning), or `+SECONDS` from the beginning. Gives ms since 1970; undefined for anything else.
 */
export function parseMoment(text: string, startMs: number): number | undefined {
  const after = /^\+(\d{1,9}(?:\.\d+)?)s?$/.exec(text);
  if (after?.[1] !== undefined) return startMs + Number(after[1]) * 1000;
  const ofDay = /^(\d\d):(\d\d)(?::(\d\d(?:\.\d{1,9})?))?Z?$/.exec(text);
  if (ofDay === null) return /^\d{4}-/.test(text) ? absolute(text) : undefined;
  const [hours, minutes, seconds] = [Number(ofDay[1]), Number(ofDay[2]), Number(ofDay[3] ?? '0')];
  if (hours > 23 || minutes > 59 || seconds >= 60) return undefined;
  const moment = Math.floor(startMs / DAY_MS) * DAY_MS + ((hours * 60 + minutes) * 60 + seconds) * 1000;
  // the beginning's own second is not before it
  return moment < Math.floor(startMs / 1000) * 1000 ? moment + DAY_MS : moment;
}

function absolute(text: string): number | undefined {
  const time = parseTime(text, 0n);
  return time === undefined ? undefined : Number(time.seconds ?? 0n) * 1000 + (time.nanos ?? 0) / 1e6;
}
