/** Places between two powers of two: a value is known to 1 in 128, as in an HdrHistogram of two digits. */
const SUB_COUNT = 128;
const SUB_BITS = 7;
/** Longest latency told apart, in microseconds: a little more than four minutes. */
export const MAX_LATENCY_US = 2 ** 28 - 1;
/** Indices are 0 up to, not including, this. */
export const LATENCY_INDEXES = (28 - SUB_BITS + 1) * SUB_COUNT;

/** The place of a latency among counts that merge: linear below 256 µs, then 128 places for each power of two. */
export function latencyIndex(latencyUs: number): number {
  const value = Math.max(0, Math.min(MAX_LATENCY_US, Math.round(latencyUs)));
  if (value < 2 * SUB_COUNT) return value;
  const shift = 31 - Math.clz32(value) - SUB_BITS;
  return shift * SUB_COUNT + (value >>> shift);
}

/** The latency in microseconds that stands for an index: the middle of its place. */
export function latencyOf(index: number): number {
  if (index < 2 * SUB_COUNT) return index;
  const shift = (index >> SUB_BITS) - 1;
  const start = (SUB_COUNT + (index & (SUB_COUNT - 1))) * 2 ** shift;
  return start + (2 ** shift - 1) / 2;
}

/** The latency in microseconds that this share (0 to 1) of the counts by index does not exceed; 0 where there are none. */
export function latencyAt(counts: ReadonlyMap<number, number>, share: number): number {
  // typed arrays sort as numbers, and faster
  const indices = Uint32Array.from(counts.keys()).sort();
  let total = 0;
  for (const count of counts.values()) total += count;
  let left = Math.max(1, Math.ceil(share * total - 1e-9));
  for (const index of indices) {
    left -= counts.get(index) ?? 0;
    if (left <= 0) return latencyOf(index);
  }
  return 0;
}

/** Smallest index that does not stand for less than a latency. */
export function indexAtLeast(latencyUs: number): number {
  const index = latencyIndex(latencyUs);
  return latencyOf(index) < latencyUs ? index + 1 : index;
}
