import type { DrainCounts } from '../history/node-drain.ts';

/** Longest report interval that a full ring can bring about; Retina's, and what Cilium's tuning guide ends at. */
const MAX_SECONDS = 30;
/** Shares of the bulk ring between which the interval grows: programs begin to fold at a half. */
const EASY = 0.25;
const CROWDED = 0.5;
/** It shrinks by this a second: the burst may not be over. */
const RELAX = 0.8;
const BULK = 1;

/** How often open connections may be reported, by how full the bulk ring was. New, closed and dropped ones are reported all the same. */
export class ReportPace {
  private seconds = 0;

  /** The shortest interval for the next second; 0 while there is room. */
  next(rings: DrainCounts['rings']): number {
    const bulk = rings.find((ring) => ring.lane === BULK);
    const fill = bulk === undefined ? 0 : bulk.peakBytes / bulk.sizeBytes;
    const wanted = Math.max(0, Math.min(1, (fill - EASY) / (CROWDED - EASY))) * MAX_SECONDS;
    const relaxed = this.seconds * RELAX;
    this.seconds = Math.max(wanted, relaxed < 1 ? 0 : relaxed);
    return Math.round(this.seconds);
  }
}
