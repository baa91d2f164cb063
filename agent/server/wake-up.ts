/** Something many streams wait for at once. */
export class WakeUp {
  private waiting = new Set<() => void>();

  constructor(private readonly onInterest: (isInteresting: boolean) => void) {}

  /** Wakes all who wait. */
  ring(): void {
    const woken = this.waiting;
    this.waiting = new Set();
    for (const wake of woken) wake();
  }

  /** Resolves at the next ring(), after `timeoutMs`, or when the signal is aborted. */
  wait(timeoutMs: number, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const wake = (): void => {
        clearTimeout(timer);
        signal.removeEventListener('abort', wake);
        this.waiting.delete(wake);
        resolve();
      };
      const timer = setTimeout(wake, timeoutMs);
      signal.addEventListener('abort', wake);
      this.waiting.add(wake);
    });
  }

  private users = 0;

  /** Says that rings are wanted until the returned function is called. */
  subscribe(): () => void {
    if (this.users++ === 0) this.onInterest(true);
    return () => {
      if (--this.users === 0) this.onInterest(false);
    };
  }
}
