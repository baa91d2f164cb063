/** A whole number in so many parts that are whole and add up to it. */
export function wholeShares(whole: number, parts: number): number[] {
  return Array.from({ length: parts }, (_, i) => Math.floor((whole * (i + 1)) / parts) - Math.floor((whole * i) / parts));
}
