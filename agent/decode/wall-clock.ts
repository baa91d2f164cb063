/** A step of the system's clock larger than this is followed at once, a smaller one is slewed. */
const STEP_NS = 1_000_000_000n;
/** Largest correction a second below that: 500 parts per million, as adjtime does. */
const SLEW_NS = 500_000n;

/**
 * The offset from the clock that stamps events (CLOCK_BOOTTIME) to the wall
 * clock. It is applied once, when a record is drained; a row's time never
 * changes afterwards.
 */
export class WallClock {
  offsetNs: bigint;

  constructor(wallNs: bigint, bootNs: bigint) {
    this.offsetNs = wallNs - bootNs;
  }

  /** Call about once a second with both clocks read at the same moment. */
  observe(wallNs: bigint, bootNs: bigint): void {
    const error = wallNs - bootNs - this.offsetNs;
    if (error > STEP_NS || error < -STEP_NS) this.offsetNs += error;
    else if (error > SLEW_NS) this.offsetNs += SLEW_NS;
    else if (error < -SLEW_NS) this.offsetNs -= SLEW_NS;
    else this.offsetNs += error;
  }
}
