/** A median, and between which values it lies in 95 of 100 repetitions. */
export interface Median {
  median: number;
  low: number;
  high: number;
}

const normalQuantile = 1.96; // two-sided, 95 %

/** The median and its interval by ranks (binomial, as a normal distribution), whatever the values' own distribution; at least ten of them. */
export function medianOf(values: readonly number[]): Median {
  const sorted = values.toSorted((one, other) => one - other);
  const at = (rank: number): number => sorted[Math.max(0, Math.min(sorted.length - 1, rank))] ?? 0;
  const half = (normalQuantile * Math.sqrt(sorted.length)) / 2;
  return { median: at(sorted.length >> 1), low: at(Math.floor(sorted.length / 2 - half) - 1), high: at(Math.ceil(sorted.length / 2 + half)) };
}
