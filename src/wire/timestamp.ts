import type { Timestamp } from './gen/google.ts';

const NS_PER_SECOND = 1_000_000_000n;
/** 0001-01-01 and the last second of 9999: what RFC 3339 and protobuf can say. */
const MIN_SECONDS = -62_135_596_800n;
const MAX_SECONDS = 253_402_300_799n;

/** Nanoseconds since 1970 of a Timestamp; absent is 0. */
export function timestampNs(timestamp: Timestamp | undefined): bigint {
  return (timestamp?.seconds ?? 0n) * NS_PER_SECOND + BigInt(timestamp?.nanos ?? 0);
}

/** The Timestamp of nanoseconds since 1970. */
export function timestampOf(ns: bigint): Timestamp {
  const nanos = ((ns % NS_PER_SECOND) + NS_PER_SECOND) % NS_PER_SECOND;
  return { seconds: (ns - nanos) / NS_PER_SECOND, nanos: Number(nanos) };
}

/** Flows come by the thousand in one second; its text is made once. */
let lastSeconds: bigint | undefined;
let lastText = '';

/** RFC 3339 in UTC with 0, 3, 6 or 9 digits of a fraction, as few as are exact; undefined outside of years 1 to 9999. */
export function timestampText(timestamp: Timestamp): string | undefined {
  const seconds = timestamp.seconds ?? 0n;
  const nanos = timestamp.nanos ?? 0;
  if (seconds < MIN_SECONDS || seconds > MAX_SECONDS || nanos < 0 || nanos > 999_999_999) return undefined;
  if (seconds !== lastSeconds) {
    lastText = secondsText(Number(seconds));
    lastSeconds = seconds;
  }
  return `${lastText}${fractionText(nanos)}Z`;
}

/** Date and time of a second since 1970, without fraction and zone. */
export function secondsText(seconds: number): string {
  return new Date(seconds * 1000).toISOString().slice(0, 19);
}

/** A point and 3, 6 or 9 digits, or nothing. */
export function fractionText(nanos: number): string {
  if (nanos === 0) return '';
  const digits = String(nanos).padStart(9, '0');
  if (nanos % 1_000_000 === 0) return `.${digits.slice(0, 3)}`;
  return nanos % 1000 === 0 ? `.${digits.slice(0, 6)}` : `.${digits}`;
}

/** Reads RFC 3339 with any offset and up to nine digits of a fraction. */
export function parseTimestamp(text: string): Timestamp | undefined {
  const match = /^(\d{4}-\d\d-\d\d)T(\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(?:Z|([+-])(\d\d):(\d\d))$/.exec(text);
  if (match === null) return undefined;
  const [, day = '', time = '', fraction = '', sign, hours = '0', minutes = '0'] = match;
  const ms = Date.parse(`${day}T${time}Z`);
  // Date.parse takes 30 February for 1 March
  if (Number.isNaN(ms) || new Date(ms).toISOString().slice(0, 10) !== day) return undefined;
  const offset = (Number(hours) * 3600 + Number(minutes) * 60) * (sign === '-' ? -1 : 1);
  const seconds = BigInt(ms / 1000 - offset);
  if (seconds < MIN_SECONDS || seconds > MAX_SECONDS) return undefined;
  return { seconds, nanos: Number(fraction.padEnd(9, '0')) };
}
