/** Counts by latencyIndex(). */
export type LatencyCounts = ReadonlyMap<number, number>;

/** Latencies in microseconds below which these percentiles (0 to 100) of the counts lie; 0 each where nothing was counted. */
export type Quantiles = (counts: LatencyCounts, percentiles: readonly number[]) => number[];
