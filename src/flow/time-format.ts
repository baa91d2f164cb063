import type { Timestamp } from '../wire/gen/google.ts';

/** Turns a moment into text; the timestamp is valid. */
type Layout = (date: Date, nanos: number) => string;

const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
const weekdays = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'];

/** Years 1 to 9999, as protobuf's Timestamp allows. */
const firstSecond = -62_135_596_800n;
const lastSecond = 253_402_300_799n;

function pad(value: number, width: number, fill = '0'): string {
  return String(value).padStart(width, fill);
}

function clock(date: Date): string {
  return `${pad(date.getUTCHours(), 2)}:${pad(date.getUTCMinutes(), 2)}:${pad(date.getUTCSeconds(), 2)}`;
}

function day(date: Date): string {
  return `${pad(date.getUTCFullYear(), 4)}-${pad(date.getUTCMonth() + 1, 2)}-${pad(date.getUTCDate(), 2)}`;
}

/** RFC 3339 with up to that many digits behind the point, trailing zeros cut. */
function rfc3339(digits: number): Layout {
  return (date, nanos) => {
    const fraction = pad(nanos, 9).slice(0, digits).replace(/0+$/, '');
    return `${day(date)}T${clock(date)}${fraction === '' ? '' : `.${fraction}`}Z`;
  };
}

function stampMilli(date: Date, nanos: number): string {
  return `${months[date.getUTCMonth()]} ${pad(date.getUTCDate(), 2, ' ')} ${clock(date)}.${pad(Math.trunc(nanos / 1e6), 3)}`;
}

const layouts: ReadonlyMap<string, Layout> = new Map<string, Layout>([
  ['stampmilli', stampMilli],
  ['yearmonthday', day],
  ['yearmonthdayhour', (date) => `${day(date)}T${pad(date.getUTCHours(), 2)}Z`],
  ['yearmonthdayhourminute', (date) => `${day(date)}T${clock(date).slice(0, 5)}Z`],
  ['rfc3339', rfc3339(0)],
  ['rfc3339milli', rfc3339(3)],
  ['rfc3339micro', rfc3339(6)],
  ['rfc3339nano', rfc3339(9)],
  ['rfc1123z', (date) => `${weekdays[date.getUTCDay()]}, ${pad(date.getUTCDate(), 2)} ${months[date.getUTCMonth()]} ${pad(date.getUTCFullYear(), 4)} ${clock(date)} +0000`],
]);

/** Text of a timestamp in UTC by the format's name (any case; an unknown one is StampMilli); `N/A` where there is none or an invalid one. */
export function makeTimeFormatter(name: string): (time: Timestamp | undefined) => string {
  const layout = layouts.get(name.toLowerCase()) ?? stampMilli;
  let cachedKey = -1;
  let cached = '';
  return (time) => {
    const seconds = time?.seconds ?? 0n;
    const nanos = time?.nanos ?? 0;
    if (time === undefined || seconds < firstSecond || seconds > lastSecond || nanos < 0 || nanos > 999_999_999) return 'N/A';
    // flows come in bursts of the same second: the date half is the dear one
    if (layout === stampMilli) {
      const key = Number(seconds);
      if (key !== cachedKey) {
        cached = stampMilli(new Date(key * 1000), 0).slice(0, -3);
        cachedKey = key;
      }
      return cached + pad(Math.trunc(nanos / 1e6), 3);
    }
    return layout(new Date(Number(seconds) * 1000), nanos);
  };
}
