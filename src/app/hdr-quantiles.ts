// the plain implementation alone: the package's own entry brings a WASM build and a compressor, which nobody here asks for
import Float64Histogram from 'hdr-histogram-js/dist/Float64Histogram.js';
import { latencyOf, MAX_LATENCY_US } from '../tally/latency-index.ts';
import type { LatencyCounts } from '../model/quantiles.ts';

/** Digits that counts by latencyIndex() have. */
const DIGITS = 2;

/** Quantiles by HdrHistogram. One histogram serves all calls: its counts are forgotten at each. */
export function hdrQuantiles(): (counts: LatencyCounts, percentiles: readonly number[]) => number[] {
  const histogram = new Float64Histogram(1, MAX_LATENCY_US + 1, DIGITS);
  return (counts, percentiles) => {
    histogram.reset();
    for (const [index, count] of counts) histogram.recordValueWithCount(Math.round(latencyOf(index)), count);
    if (histogram.totalCount === 0) return percentiles.map(() => 0);
    return percentiles.map((percentile) => middleOf(histogram, histogram.getValueAtPercentile(percentile)));
  };
}

// the library gives the upper end of a place; the middle is wrong by half as much
function middleOf(histogram: Float64Histogram, value: number): number {
  return (histogram.lowestEquivalentValue(value) + histogram.highestEquivalentValue(value)) / 2;
}
