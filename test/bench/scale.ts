/** Environment variable that makes the long parts shorter, such as 0.01 while one works on them; figures are for 1. */
const SCALE = 'HUBTOP_BENCH_SCALE';

/** A number of rounds or flows, less of them where the environment says so; at least `least`. */
export function scaled(count: number, least = 1): number {
  const scale = Number(process.env[SCALE] ?? 1);
  return Math.max(least, Math.round(count * (scale > 0 && scale < 1 ? scale : 1)));
}

/** The value in the middle. */
export const median = (list: readonly number[]): number => quantile(list, 0.5);

/** The value that so much of the list is at or below; 0 of an empty list. */
export function quantile(list: readonly number[], share: number): number {
  return list.toSorted((one, other) => one - other)[Math.min(list.length - 1, Math.floor(list.length * share))] ?? 0;
}
