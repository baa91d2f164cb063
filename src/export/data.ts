/** Anything JSON can say. */
export type Data = string | number | boolean | null | readonly Data[] | { readonly [key: string]: Data };

/** Version of everything this room gives out; a field may be added within a version, none is changed or taken away. */
export const SCHEMA = 'hubtop/1';

// C1 controls, bidi marks, zero-width characters: valid JSON, and commands to a terminal that somebody prints it on
const UNSAFE = /[\u007f-\u009f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]/g;

/** Data as JSON text that is safe on a terminal; parsed, it is the same data, every name as it was. */
export function jsonText(data: unknown, indent?: number): string {
  return JSON.stringify(data, undefined, indent).replaceAll(UNSAFE, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

/** A time of milliseconds since 1970 as RFC 3339 in UTC; null for none. */
export function timeData(ms: number | undefined): string | null {
  // the range of Date
  return ms === undefined || !(ms > 0 && ms < 8.64e15) ? null : new Date(ms).toISOString();
}

/** A figure without the noise of sums of parts: at most three decimals; null for what nobody tells. */
export function figureData(value: number | undefined): number | null {
  return value === undefined || !Number.isFinite(value) ? null : Math.round(value * 1000) / 1000;
}

/** A share of 0 to 1 as percent with two decimals, never rounded up to all of it; null for what nobody tells. */
export function percentData(share: number | undefined): number | null {
  return share === undefined || !Number.isFinite(share) ? null : Math.floor(share * 10_000 + 1e-6) / 100;
}
