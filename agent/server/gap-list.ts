import type { ProvenGap } from '../history/node-drain.ts';

/** Gaps kept for readers of the history: a minute of the most that a drain tells each second (MAX_PENDING_GAPS). */
const MAX_GAPS = 4_096;

/** Proven gaps, numbered as they came; the oldest go first. */
export class GapList {
  private gaps: ProvenGap[] = [];
  private first = 0;

  add(gaps: readonly ProvenGap[]): void {
    this.gaps.push(...gaps);
    const excess = this.gaps.length - MAX_GAPS;
    if (excess > 0) {
      this.gaps = this.gaps.slice(excess);
      this.first += excess;
    }
  }

  /** Number of the next gap to come. */
  get end(): number {
    return this.first + this.gaps.length;
  }

  /** Number of the first gap that ended at `timeNs` or later. */
  since(timeNs: bigint): number {
    const index = this.gaps.findIndex((gap) => gap.lastNs >= timeNs);
    return index < 0 ? this.end : this.first + index;
  }

  get(number: number): ProvenGap | undefined {
    return this.gaps[number - this.first];
  }
}
