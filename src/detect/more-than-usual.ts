/** Some of many: bad answers, slow ones. */
export interface Part {
  found: number;
  of: number;
}

/** Minutes that count as usual: the quieter three quarters, so that an incident which goes on does not become what is usual. */
const QUIET_SHARE = 0.75;
const LEAST_MINUTES = 2;

/** What is usual, from minutes before. Undefined where too few were observed. */
export function usualPart(minutes: readonly Part[]): Part | undefined {
  if (minutes.length < LEAST_MINUTES) return undefined;
  const quiet = minutes.toSorted((one, other) => one.found / one.of - other.found / other.of).slice(0, Math.max(LEAST_MINUTES, Math.ceil(minutes.length * QUIET_SHARE)));
  return { found: quiet.reduce((sum, minute) => sum + minute.found, 0), of: quiet.reduce((sum, minute) => sum + minute.of, 0) };
}

/**
 * Whether there are more than chance makes of what is usual: five standard deviations of a Poisson count and a few for small ones,
 * over the most that what is usual may be, since it was counted too.
 */
export function isMoreThanUsual(now: Part, usual: Part): boolean {
  const most = (usual.found + 2 * Math.sqrt(usual.found) + 3) / usual.of;
  const expected = now.of * most;
  return now.found >= expected + 5 * Math.sqrt(expected) + 5;
}
