/** Resets of one pair that are remembered, and pairs that are. */
const MAX_TIMES = 16;
const MAX_TRACKED = 512;
/** The same RST is seen on both sides of a connection; closer than this it counts once. */
const SAME_RESET_MS = 300;
/** A series is regular if no step differs from the middle one by more than this share. */
const REGULAR_SHARE = 0.15;
const MIN_STEPS = 2;

/** Remembers when connections of a pair were reset, to tell a rhythm from noise. */
export class ResetTracker {
  private readonly times = new Map<number, number[]>();

  add(pair: number, timeMs: number): void {
    const times = this.times.get(pair);
    if (times === undefined) {
      if (this.times.size < MAX_TRACKED) this.times.set(pair, [timeMs]);
      return;
    }
    if (times.some((known) => Math.abs(known - timeMs) < SAME_RESET_MS)) return;
    times.push(timeMs);
    times.sort((one, other) => one - other);
    if (times.length > MAX_TIMES) times.shift();
  }

  /** The step between resets in ms if they come like a clock; undefined if not, or if there are too few. */
  periodMs(pair: number): number | undefined {
    return regularStep(this.times.get(pair) ?? []);
  }

  /** Pairs with resets since a time, how many, and when the first and the last of those known was. */
  since(fromMs: number): { pair: number; count: number; firstMs: number; lastMs: number }[] {
    const found = [];
    for (const [pair, times] of this.times) {
      const recent = times.filter((time) => time >= fromMs);
      const lastMs = recent[recent.length - 1];
      if (lastMs !== undefined) found.push({ pair, count: recent.length, firstMs: times[0] ?? lastMs, lastMs });
    }
    return found;
  }

  clear(): void {
    this.times.clear();
  }
}

// a reset that nobody saw leaves a double step
function isMultiple(step: number, base: number): boolean {
  const times = Math.max(1, Math.round(step / base));
  return Math.abs(step - times * base) <= base * REGULAR_SHARE;
}

/** The middle step of a series of times if all steps are about equal, or about a multiple of it. */
export function regularStep(times: readonly number[]): number | undefined {
  const steps = times.slice(1).map((time, i) => time - (times[i] ?? 0));
  if (steps.length < MIN_STEPS) return undefined;
  const middle = [...steps].sort((one, other) => one - other)[steps.length >> 1] ?? 0;
  return middle > 0 && steps.every((step) => isMultiple(step, middle)) ? middle : undefined;
}
