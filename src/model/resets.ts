/** Resets of one pair that are remembered, so that a moment of the past has its rhythm too, and pairs that are. */
const MAX_TIMES = 256;
/** The last of them tell the rhythm. */
const RHYTHM_TIMES = 16;
const MAX_TRACKED = 512;
/** The same RST is seen on both sides of a connection; closer than this it counts once. */
const SAME_RESET_MS = 300;
/** A series is regular if no step differs from the middle one by more than this share. */
const REGULAR_SHARE = 0.15;
/** Three steps of chance are about equal once in ten times. */
const MIN_STEPS = 4;

/** The resets of a pair up to a moment. */
export interface ResetSeries {
  pair: number;
  /** All of them, the forgotten ones too. */
  count: number;
  firstMs: number;
  lastMs: number;
  /** The step between resets in ms if they come like a clock; undefined if not, or if there are too few. */
  periodMs: number | undefined;
}

interface Tracked {
  times: number[];
  /** Resets whose times are forgotten. */
  older: number;
  firstMs: number;
}

/** Remembers when connections of a pair were reset, to tell a rhythm from noise. */
export class ResetTracker {
  private readonly tracked = new Map<number, Tracked>();

  add(pair: number, timeMs: number): void {
    const known = this.tracked.get(pair);
    if (known === undefined) {
      if (this.tracked.size >= MAX_TRACKED) this.forgetQuietest();
      this.tracked.set(pair, { times: [timeMs], older: 0, firstMs: timeMs });
      return;
    }
    const { times } = known;
    // they come nearly in order
    let at = times.length;
    while (at > 0 && (times[at - 1] ?? 0) > timeMs) at--;
    if (Math.min(timeMs - (times[at - 1] ?? -Infinity), (times[at] ?? Infinity) - timeMs) < SAME_RESET_MS) return;
    times.splice(at, 0, timeMs);
    known.firstMs = Math.min(known.firstMs, timeMs);
    if (times.length <= MAX_TIMES) return;
    times.shift();
    known.older++;
  }

  /** Series that had a reset between two times, as they stood at the later one. */
  between(fromMs: number, toMs: number): ResetSeries[] {
    const found: ResetSeries[] = [];
    for (const [pair, { times, older, firstMs }] of this.tracked) {
      const until = times.filter((time) => time <= toMs);
      const lastMs = until[until.length - 1];
      if (lastMs === undefined || lastMs < fromMs) continue;
      found.push({ pair, count: older + until.length, firstMs, lastMs, periodMs: regularStep(until.slice(-RHYTHM_TIMES)) });
    }
    return found;
  }

  /** Their ids will mean other pairs. */
  forget(pairs: ReadonlySet<number>): void {
    for (const pair of pairs) this.tracked.delete(pair);
  }

  clear(): void {
    this.tracked.clear();
  }

  private forgetQuietest(): void {
    let quietest: number | undefined;
    let lastMs = Infinity;
    for (const [pair, { times }] of this.tracked) {
      const last = times.at(-1) ?? 0;
      if (last >= lastMs) continue;
      quietest = pair;
      lastMs = last;
    }
    if (quietest !== undefined) this.tracked.delete(quietest);
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
