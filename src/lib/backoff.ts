/** How long to wait between tries: doubles from first to longest, each wait shortened by up to `jitter` of itself. */
export interface BackoffOptions {
  firstMs: number;
  longestMs: number;
  /** 0 to 1; 0.3 means a wait between 70 % and 100 % of the step. */
  jitter: number;
}

/** Waits between tries. Randomness is passed in: a number from 0 up to, not including, 1. */
export class Backoff {
  private stepMs: number;

  constructor(private readonly options: BackoffOptions, private readonly random: () => number) {
    this.stepMs = options.firstMs;
  }

  /** The next wait; each call doubles the one after it. */
  next(): number {
    const waitMs = this.stepMs * (1 - this.options.jitter * this.random());
    this.stepMs = Math.min(this.stepMs * 2, this.options.longestMs);
    return Math.round(waitMs);
  }

  /** Call it when a try succeeded. */
  reset(): void {
    this.stepMs = this.options.firstMs;
  }
}
