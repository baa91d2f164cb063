// Hot path: bench row "agent flows streamed" (test/bench/agent.ts).
import type { HistoryReader } from '../history/history.ts';
import type { WholeFlows } from '../history/whole-flows.ts';
import type { FlowCursor, FlowRange } from './flow-cursor.ts';

/** Who gives whole flows and has not said for so long that all have come is not waited for: its flows come late then. */
const PATIENCE_NS = 250_000_000n;

/** What next() found: a row, a whole flow, nothing more for now, or the end of the answer. */
export type MergedStep = 'row' | 'whole' | 'idle' | 'end';

export interface MergedParts {
  /** Rows and whole flows that fit the same request. */
  rows: FlowCursor;
  whole: FlowCursor;
  reader: HistoryReader;
  door: WholeFlows;
  range: FlowRange;
  wallNs(): bigint;
}

/**
 * Rows and whole flows of one request as one sequence in the order of time. A side that may still get something older is
 * waited for. While nobody gives whole flows it is the row cursor alone.
 */
export class MergedCursor {
  /** Time of what next() found last. */
  timeNs = 0n;
  /** Numbers may have a limit that both sides share: what is to be left out at the start, once it is known. */
  private skip: number | undefined;
  private left: number;
  private hasRow = false;
  private hasWhole = false;

  constructor(private readonly parts: MergedParts) {
    const { number, isFollow } = parts.range;
    this.left = isFollow || number === 0 ? Number.POSITIVE_INFINITY : number;
  }

  /** Looks at up to `budget` of each, or until `isSpent` says so. */
  next(budget: number, isSpent: () => boolean): MergedStep {
    const { rows, door } = this.parts;
    if (door.isOpen) return this.merge(budget, isSpent);
    const step = rows.next(budget, isSpent);
    this.timeNs = rows.foundNs;
    return step;
  }

  /** Number of the whole flow found last. */
  get wholeNumber(): number {
    return this.parts.whole.found;
  }

  /** True when next() would have to look at something, and not only to wait. */
  get hasMore(): boolean {
    const { rows, whole, door } = this.parts;
    return (!this.hasRow && rows.hasMore) || (door.isOpen && !this.hasWhole && whole.hasMore);
  }

  /** What was overwritten before we came to it, since the last takeOvertaken(). */
  get overtakenCount(): number {
    return this.parts.rows.overtakenCount + this.parts.whole.overtakenCount;
  }

  takeOvertaken(): number {
    const { rows, whole } = this.parts;
    const count = this.overtakenCount;
    rows.overtakenCount = 0;
    whole.overtakenCount = 0;
    return count;
  }

  /** A whole flow was overwritten after it was found. */
  loseWhole(): void {
    this.parts.whole.overtakenCount++;
  }

  /** Up to this time nothing will follow that is older; read it before next(). */
  completeNs(): bigint {
    const { reader, door } = this.parts;
    const rowsNs = reader.watermarkNs();
    if (!door.isOpen) return rowsNs;
    const wholeNs = this.wholeCompleteNs();
    return wholeNs < rowsNs ? wholeNs : rowsNs;
  }

  private wholeCompleteNs(): bigint {
    const patientNs = this.parts.wallNs() - PATIENCE_NS;
    const { completeNs } = this.parts.door;
    return completeNs > patientNs ? completeNs : patientNs;
  }

  private merge(budget: number, isSpent: () => boolean): MergedStep {
    const { rows, whole, reader, range, door } = this.parts;
    for (;;) {
      if (this.left <= 0) return 'end';
      // what a side says of its future must be older than the look at it
      const rowsNs = this.hasWhole && !this.hasRow && range.isFollow ? reader.watermarkNs() : 0n;
      const doorNs = door.completeNs;
      const rowStep = this.hasRow ? 'row' : rows.next(budget, isSpent);
      const wholeStep = this.hasWhole ? 'row' : whole.next(budget, isSpent);
      const isNewWhole = !this.hasWhole && wholeStep === 'row';
      this.hasRow = rowStep === 'row';
      this.hasWhole = wholeStep === 'row';
      if (!this.hasRow && !this.hasWhole) return rowStep === 'end' && wholeStep === 'end' ? 'end' : 'idle';
      // a turn was over before the end of what there is; or a start is still looked for
      if ((rowStep === 'idle' && rows.hasMore) || (wholeStep === 'idle' && whole.hasMore)) return 'idle';
      const isRow = this.hasRow && (!this.hasWhole || rows.foundNs <= whole.foundNs);
      this.timeNs = isRow ? rows.foundNs : whole.foundNs;
      if (isRow) {
        if (wholeStep === 'idle' && this.timeNs > doorNs && this.timeNs > this.wholeCompleteNs()) return 'idle';
        this.hasRow = false;
      } else {
        if (rowStep === 'idle' && isNewWhole) continue;
        if (rowStep === 'idle' && this.timeNs > rowsNs) return 'idle';
        this.hasWhole = false;
      }
      if (!this.isSkipped()) return isRow ? 'row' : 'whole';
    }
  }

  /** Counts what is given on, and leaves out what is one too many of the last so many. */
  private isSkipped(): boolean {
    const { rows, whole, range } = this.parts;
    this.skip ??= range.isFirst || range.sinceNs !== undefined || range.number === 0 ? 0 : Math.max(0, rows.foundCount + whole.foundCount - range.number);
    if (this.skip > 0) {
      this.skip--;
      return true;
    }
    this.left--;
    return false;
  }
}
