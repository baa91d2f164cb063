const WINDOW_SECONDS = 60;

/** Flows a second over the last minute, or over the time since the start if that is shorter. */
export class FlowRate {
  /** Rows so far, at the end of each of the last seconds. */
  private seconds: number[] = [0];

  /** Call once a second with the rows since the start. */
  second(rows: number): void {
    this.seconds.push(rows);
    if (this.seconds.length > WINDOW_SECONDS + 1) this.seconds.shift();
  }

  perSecond(): number {
    const span = this.seconds.length - 1;
    if (span === 0) return 0;
    return ((this.seconds.at(-1) ?? 0) - (this.seconds[0] ?? 0)) / span;
  }
}
