/**
 * Lets one stream at a time work on this thread, one a round of the event loop: however many clients there are, sockets and
 * the once-a-second work come between any two of their turns.
 */
export class Turns {
  private readonly waiting: (() => void)[] = [];
  private isTaken = false;

  /** Undefined when the turn is yours at once, else a promise of it. A turn lasts until you wait for something. */
  take(): Promise<void> | undefined {
    if (this.isTaken) return new Promise((resolve) => { this.waiting.push(resolve); });
    this.isTaken = true;
    setImmediate(this.pass);
    return undefined;
  }

  private readonly pass = (): void => {
    const next = this.waiting.shift();
    this.isTaken = next !== undefined;
    if (next === undefined) return;
    setImmediate(this.pass);
    next();
  };
}

/** The turns of this thread: all agents of a process share it. */
export const threadTurns = new Turns();
