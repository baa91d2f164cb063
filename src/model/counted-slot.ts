import { CellCounts } from '../tally/cell-counts.ts';
import { SLOT_SECONDS, SlotRing, slotOf } from './slot-ring.ts';

/** What was counted in one slot. */
export interface CountedSlot {
  cells: CellCounts;
  /** Time in which the stream of flows was open, in ms. */
  coveredMs: number;
  /** Something of this slot is known to be missing. */
  hasGap: boolean;
}

/** The last hour of counts by key, in slots. */
export class CountedRing extends SlotRing<CountedSlot> {
  /** Moves when a slot changes that had settled: sums kept of settled slots are not to be trusted any more. */
  lateCount = 0;
  /** Times everything was forgotten. */
  clearCount = 0;

  constructor() {
    super({ make: () => ({ cells: new CellCounts(), coveredMs: 0, hasGap: false }), settle: ({ cells }) => cells.pack() });
  }

  override at(timeMs: number): CountedSlot | undefined {
    if (slotOf(timeMs) < this.last - 1) this.lateCount++;
    return super.at(timeMs);
  }

  override clear(): void {
    super.clear();
    this.lateCount++;
    this.clearCount++;
  }

  /** Says that a stretch of time was observed, whether or not something happened in it. */
  cover(fromMs: number, toMs: number): void {
    const step = SLOT_SECONDS * 1000;
    // a clock that jumped: what lies before was not observed by anybody
    for (let at = Math.max(fromMs, toMs - 12 * step); at < toMs;) {
      const end = Math.min(toMs, (slotOf(at) + 1) * step);
      const slot = this.at(at);
      if (slot !== undefined) slot.coveredMs += end - at;
      at = end;
    }
  }

  /** Says that not everything came at this moment. */
  markGap(atMs: number): void {
    const slot = this.at(atMs);
    if (slot !== undefined) slot.hasGap = true;
  }
}

/** A stretch of slots: from the first one up to, not including, the last. */
export interface SlotSpan {
  from: number;
  to: number;
}

/** The sum of a stretch of a ring that moves on with time: slots that enter and leave are added and taken away. */
export class RollingSum {
  private ring: CountedRing | undefined;
  private lateCount = 0;
  private span: SlotSpan = { from: 0, to: 0 };
  private readonly sum = new Map<number, number>();
  /** What the unsettled slots added last time. */
  private readonly freshKeys: number[] = [];
  private readonly freshCounts: number[] = [];

  /** Counts by key, borrowed until the next call. */
  of(ring: CountedRing, span: SlotSpan): ReadonlyMap<number, number> {
    this.freshKeys.forEach((key, i) => this.add(key, -(this.freshCounts[i] ?? 0)));
    this.freshKeys.length = this.freshCounts.length = 0;
    const settled = { from: span.from, to: Math.max(span.from, Math.min(span.to, ring.last - 1)) };
    if (!this.canMove(ring, settled)) this.restart(ring, settled);
    for (let index = this.span.to; index < settled.to; index++) this.take(index, 1);
    for (let index = this.span.from; index < settled.from; index++) this.take(index, -1);
    this.span = settled;
    for (let index = settled.to; index < span.to; index++) {
      ring.peek(index)?.cells.forEach((key, count) => {
        this.freshKeys.push(key);
        this.freshCounts.push(count);
        this.add(key, count);
      });
    }
    return this.sum;
  }

  private canMove(ring: CountedRing, { from, to }: SlotSpan): boolean {
    return this.ring === ring && this.lateCount === ring.lateCount && from >= this.span.from && to >= this.span.to && from <= this.span.to && this.span.from >= ring.first;
  }

  private restart(ring: CountedRing, { from }: SlotSpan): void {
    this.ring = ring;
    this.lateCount = ring.lateCount;
    this.sum.clear();
    const start = Math.max(from, Math.min(ring.first, ring.last + 1));
    this.span = { from: start, to: start };
  }

  private take(index: number, sign: 1 | -1): void {
    this.ring?.peek(index)?.cells.forEach((key, count) => this.add(key, sign * count));
  }

  private add(key: number, count: number): void {
    const sum = (this.sum.get(key) ?? 0) + count;
    if (sum === 0) this.sum.delete(key);
    else this.sum.set(key, sum);
  }
}

/** Observed seconds of a stretch, and whether something of it is missing. */
export function coverage(ring: CountedRing, { from, to }: SlotSpan): { seconds: number; hasGap: boolean } {
  let coveredMs = 0;
  let hasGap = false;
  for (let index = Math.max(from, ring.first); index < to; index++) {
    const slot = ring.peek(index);
    coveredMs += slot?.coveredMs ?? 0;
    hasGap ||= slot?.hasGap === true;
  }
  return { seconds: coveredMs / 1000, hasGap };
}
