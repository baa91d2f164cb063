import type { FlowView } from '../../src/flow/flow-view.ts';
import type { RowView } from '../enrich/row-view.ts';
import type { HistoryReader } from '../history/history.ts';

/** Which part of the history a request wants. */
export interface FlowRange {
  /** 0 = no limit. */
  number: number;
  isFirst: boolean;
  isFollow: boolean;
  sinceNs: bigint | undefined;
  untilNs: bigint | undefined;
}

/** What next() found: a row to send, nothing more for now, or the end of the answer. */
export type CursorStep = 'row' | 'idle' | 'end';

/**
 * Walks a history for one request, by the rules of Hubble's server: where to
 * start, what to count, when to stop. After 'row' the view holds the row.
 */
export class FlowCursor {
  /** Rows overwritten before we came to them, since the owner last took them. */
  overtakenCount = 0;
  private position: number;
  private readonly end: number;
  private sent = 0;
  private isEnded = false;

  constructor(
    private readonly reader: HistoryReader,
    private readonly view: RowView,
    private readonly matches: (view: FlowView) => boolean,
    private readonly range: FlowRange,
  ) {
    const head = reader.head();
    this.end = range.isFollow ? Number.POSITIVE_INFINITY : head;
    this.position = this.findStart(head);
  }

  /** Looks at up to `budget` rows. */
  next(budget: number): CursorStep {
    const { sinceNs, untilNs } = this.range;
    for (let looked = 0; looked < budget; looked++) {
      if (this.isEnded || this.isFull() || this.position >= this.end) return 'end';
      if (this.position >= this.reader.head()) return 'idle';
      if (!this.reader.copy(this.position, this.view.words)) {
        this.skipOvertaken();
        continue;
      }
      this.position++;
      if (!this.matches(this.view.moved())) continue;
      const timeNs = this.view.timeNs;
      if (sinceNs !== undefined && timeNs < sinceNs) continue;
      if (untilNs !== undefined && timeNs > untilNs) {
        this.isEnded = true;
        return 'end';
      }
      this.sent++;
      return 'row';
    }
    return 'idle';
  }

  /** True when next() would have to look at something. */
  get hasMore(): boolean {
    return !this.isEnded && !this.isFull() && this.position < Math.min(this.end, this.reader.head());
  }

  private isFull(): boolean {
    return !this.range.isFollow && this.range.number > 0 && this.sent >= this.range.number;
  }

  private skipOvertaken(): void {
    const oldest = Math.max(this.position + 1, Math.min(this.reader.oldest(), this.end));
    this.overtakenCount += oldest - this.position;
    this.position = oldest;
  }

  private findStart(head: number): number {
    const { number, isFirst, isFollow, sinceNs } = this.range;
    const oldest = Math.max(0, head - this.reader.capacity);
    if (sinceNs !== undefined) return this.walkBack(head, oldest, Number.POSITIVE_INFINITY);
    if (isFirst) return oldest;
    if (number > 0) return this.walkBack(head, oldest, number);
    return isFollow ? head : oldest;
  }

  /** Goes back until `count` rows pass the filters or one of them is older than `since`. */
  private walkBack(head: number, oldest: number, count: number): number {
    const { sinceNs } = this.range;
    let left = count;
    for (let number = head - 1; number >= oldest; number--) {
      if (!this.reader.copy(number, this.view.words)) return number + 1;
      if (!this.matches(this.view.moved())) continue;
      if (sinceNs !== undefined && this.view.timeNs < sinceNs) return number + 1;
      if (--left <= 0) return number;
    }
    return oldest;
  }
}
