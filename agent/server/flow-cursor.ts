import type { FlowView } from '../../src/flow/flow-view.ts';

/** Flows that are numbered as they came, and go when newer ones need their place. */
export interface CursorSource {
  /** Number of the next one to come. */
  head(): number;
  /** Number of the oldest that is still there. */
  oldest(): number;
  /** What filters ask of a flow; undefined when it is gone. Borrowed until the next call. */
  look(number: number): FlowView | undefined;
}

/** Which part of the history a request wants. */
export interface FlowRange {
  /** 0 = no limit. */
  number: number;
  isFirst: boolean;
  isFollow: boolean;
  sinceNs: bigint | undefined;
  untilNs: bigint | undefined;
}

/** Rows looked at between two questions whether the turn is over. */
const LOOKS_PER_QUESTION = 4;

/**
 * A row may stand this much behind its time: a producer that was preempted between taking the time and its place in
 * the ring. Hubble's server stops at the first row beyond `since` and `until`; ours looks this far past it.
 */
const LATE_NS = 100_000_000n;

/** What next() found: a row to send, nothing more for now, or the end of the answer. */
export type CursorStep = 'row' | 'idle' | 'end';

/**
 * Walks a history for one request, by the rules of Hubble's server: where to
 * start, what to count, when to stop. After 'row' the source has looked at the row.
 */
export class FlowCursor {
  /** Rows overwritten before we came to them, since the owner last took them. */
  overtakenCount = 0;
  /** Flows that passed the filters while the start was looked for; all that there will be of the past, unless they are overwritten. */
  foundCount = 0;
  /** Number and time of what next() found last. */
  found = 0;
  foundNs = 0n;
  private position: number;
  private readonly end: number;
  /** Where the search for the start goes on, backwards; undefined when the start is found. */
  private walk: { number: number; oldest: number; left: number } | undefined;
  private looks = 0;
  private sent = 0;
  private isEnded = false;

  constructor(
    private readonly source: CursorSource,
    private readonly matches: (view: FlowView) => boolean,
    private readonly range: FlowRange,
  ) {
    const head = source.head();
    this.end = range.isFollow ? Number.POSITIVE_INFINITY : head;
    this.position = this.findStart(head);
  }

  /** Looks at up to `budget` rows, or until `isSpent` says so: a client's filters may take any time for a row. */
  next(budget: number, isSpent: () => boolean = () => false): CursorStep {
    const { sinceNs, untilNs } = this.range;
    for (let looked = 0; looked < budget; looked++) {
      if (++this.looks % LOOKS_PER_QUESTION === 0 && isSpent()) return 'idle';
      if (this.walk !== undefined) {
        this.walkBack(this.walk);
        continue;
      }
      if (this.isEnded || this.isFull() || this.position >= this.end) return 'end';
      if (this.position >= this.source.head()) return 'idle';
      const view = this.source.look(this.position);
      if (view === undefined) {
        this.skipOvertaken();
        continue;
      }
      this.position++;
      if (!this.matches(view)) continue;
      const timeNs = view.timeNs;
      if (sinceNs !== undefined && timeNs < sinceNs) continue;
      if (untilNs !== undefined && timeNs > untilNs) {
        if (timeNs <= untilNs + LATE_NS) continue;
        this.isEnded = true;
        return 'end';
      }
      this.sent++;
      this.found = this.position - 1;
      this.foundNs = timeNs;
      return 'row';
    }
    return 'idle';
  }

  /** The start is found. */
  get isPlaced(): boolean {
    return this.walk === undefined;
  }

  /** True when next() would have to look at something. */
  get hasMore(): boolean {
    if (this.walk !== undefined) return true;
    return !this.isEnded && !this.isFull() && this.position < Math.min(this.end, this.source.head());
  }

  private isFull(): boolean {
    return !this.range.isFollow && this.range.number > 0 && this.sent >= this.range.number;
  }

  private skipOvertaken(): void {
    const oldest = Math.max(this.position + 1, Math.min(this.source.oldest(), this.end));
    this.overtakenCount += oldest - this.position;
    this.position = oldest;
  }

  private findStart(head: number): number {
    const { number, isFirst, isFollow, sinceNs } = this.range;
    const oldest = Math.min(head, this.source.oldest());
    if (sinceNs !== undefined) this.walk = { number: head - 1, oldest, left: Number.POSITIVE_INFINITY };
    else if (!isFirst && number > 0) this.walk = { number: head - 1, oldest, left: number };
    return isFirst || !isFollow ? oldest : head;
  }

  /** One step back, until `left` rows pass the filters or one of them is clearly older than `since`. */
  private walkBack(walk: { number: number; oldest: number; left: number }): void {
    const { sinceNs } = this.range;
    const { number, oldest } = walk;
    const view = number < oldest ? undefined : this.source.look(number);
    if (view === undefined) this.startAt(number + 1);
    else if (this.matches(view)) {
      if (sinceNs !== undefined && view.timeNs < sinceNs - LATE_NS) this.startAt(number + 1);
      else {
        this.foundCount++;
        if (--walk.left <= 0) this.startAt(number);
      }
    }
    walk.number--;
  }

  private startAt(position: number): void {
    this.position = position;
    this.walk = undefined;
  }
}
