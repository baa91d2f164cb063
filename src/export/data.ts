/** Anything JSON can say. */
export type Data = string | number | boolean | null | readonly Data[] | { readonly [key: string]: Data };

/** Version of everything this room gives out; a field may be added within a version, none is changed or taken away. */
export const SCHEMA = 'hubtop/1';

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
