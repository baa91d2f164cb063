// hot path: asked for each counted flow (bench: screen, flows folded)
import { MAX_PAIRS } from './directory.ts';

/** Everything is new to somebody who just came: what is met within this time is the baseline. */
export const BASELINE_MS = 120_000;
/** A cluster whose edges go on being found is learnt for longer, up to this. */
const MOST_BASELINE_S = 900;
/** The baseline is learnt when a minute brought no more than one new edge, or this part of all. */
const SETTLE_S = 60;
const SETTLED_SHARE = 0.02;

/** After a stretch nobody saw, and when a node joins, what is met at once began before. */
const BLINK_MS = 30_000;

/** When one pair was first and last seen, and in how many different seconds. Seconds since 1970. */
export interface Edge {
  firstSecond: number;
  lastSecond: number;
  activeSeconds: number;
}

/**
 * Who was ever seen to talk to whom, by pair id: it outlives the buckets, and is as large as the directory of pairs is.
 * Fed by one source of figures that sees all traffic; a filtered stream tells it nothing.
 */
export class EdgeBook {
  /** Up to this second everything that is met counts as known before; 0 while nothing was seen. */
  baselineEnds = 0;
  /** Second of the first sighting of all; what an edge is new against began here. */
  beganSecond = 0;
  /** Pairs in the order they were first met after the baseline; bounded by forgetting the oldest half. */
  readonly late: number[] = [];
  /** Heaviest pair that reports left out, in bytes an interval: lighter ones may have been there unseen. */
  floorBytes = 0;
  /** Edges that are known, and when the last of them were met while the baseline was learnt. */
  private known = 0;
  private met: number[] = [];
  private readonly first = new Float64Array(MAX_PAIRS);
  private readonly last = new Float64Array(MAX_PAIRS);
  private readonly active = new Uint32Array(MAX_PAIRS);

  /** Notes that a pair was seen. */
  see(pair: number, second: number): void {
    if (this.last[pair] !== second) this.note(pair, second);
  }

  /** Second a pair was first seen in; 0 if it never was. */
  firstSecond(pair: number): number {
    return this.first[pair] ?? 0;
  }

  /** What is known of a pair; undefined if it was never seen. */
  edge(pair: number): Edge | undefined {
    const firstSecond = this.first[pair] ?? 0;
    return firstSecond === 0 ? undefined : { firstSecond, lastSecond: this.last[pair] ?? 0, activeSeconds: this.active[pair] ?? 0 };
  }

  /** Somebody begins to look, at everything or at other things than before: what is met now is no news. */
  beginAnew(nowMs: number): void {
    if (this.beganSecond === 0) return;
    this.baselineEnds = Math.max(this.baselineEnds, Math.floor((nowMs + BASELINE_MS) / 1000));
  }

  /** For a moment nobody looked, or not everywhere. */
  blink(nowMs: number): void {
    if (this.beganSecond === 0) return;
    this.baselineEnds = Math.max(this.baselineEnds, Math.floor((nowMs + BLINK_MS) / 1000));
  }

  /** Their ids will mean other pairs. */
  forget(pairs: ReadonlySet<number>): void {
    for (const pair of pairs) {
      if (this.first[pair] !== 0) this.known--;
      this.first[pair] = this.last[pair] = this.active[pair] = 0;
    }
    for (let i = this.late.length - 1; i >= 0; i--) if (pairs.has(this.late[i] ?? 0)) this.late.splice(i, 1);
  }

  private note(pair: number, second: number): void {
    if (this.beganSecond === 0) {
      this.beganSecond = second;
      this.baselineEnds = second + BASELINE_MS / 1000;
    }
    if (this.first[pair] === 0) this.meet(pair, second);
    // flows of several nodes come in no strict order of time
    if (second < (this.last[pair] ?? 0)) return;
    this.last[pair] = second;
    this.active[pair] = (this.active[pair] ?? 0) + 1;
  }

  private meet(pair: number, second: number): void {
    this.first[pair] = second;
    this.known++;
    if (second < this.baselineEnds) return this.learn(second);
    this.late.push(pair);
    if (this.late.length > MAX_LATE) this.late.splice(0, MAX_LATE / 2);
  }

  // there is more to come where edges are still found: two minutes say nothing of what happens every three
  private learn(second: number): void {
    this.met = this.met.filter((time) => second - time < SETTLE_S);
    this.met.push(second);
    if (this.met.length <= Math.max(1, this.known * SETTLED_SHARE)) return;
    this.baselineEnds = Math.max(this.baselineEnds, Math.min(this.beganSecond + MOST_BASELINE_S, second + SETTLE_S));
  }
}

/** Late edges listed at most. */
const MAX_LATE = 2_048;
