/** How soon a stop that did not stop us counts as ignored: where no shell could continue a job, the kernel ignores it. */
const IGNORED_MS = 100;

/** Who has a terminal to give back and take again. */
export interface JobListener {
  /** The process is about to stop. */
  onStop(): void;
  /** It goes on, in front; also after a stop that could not be told before (SIGSTOP). */
  onContinue(): void;
}

/** Stops and continues the way a shell's jobs do. */
export class JobControl {
  /** Whether the process is stopped or about to be. */
  isStopped = false;
  private timer: NodeJS.Timeout | undefined;
  private continuedAtMs = 0;

  constructor(private readonly listener: JobListener) {
    process.on('SIGTSTP', this.onStopSignal);
    process.on('SIGCONT', this.onContinueSignal);
    process.on('SIGQUIT', this.onQuitSignal);
  }

  /** ^z: stops the whole job, as the terminal itself would: npm and the shell's wait for it stop too. */
  stop(): void {
    this.halt(0);
  }

  close(): void {
    clearTimeout(this.timer);
    process.removeListener('SIGTSTP', this.onStopSignal);
    process.removeListener('SIGCONT', this.onContinueSignal);
    process.removeListener('SIGQUIT', this.onQuitSignal);
  }

  // its own meaning, an end on the spot, but not in a terminal that is still ours
  private readonly onQuitSignal = (): void => {
    this.listener.onStop();
    process.removeListener('SIGQUIT', this.onQuitSignal);
    process.kill(process.pid, 'SIGQUIT');
  };

  private readonly onStopSignal = (): void => this.halt(process.pid);

  // SIGTSTP with its own meaning and never SIGSTOP: nobody could continue the leader of an SSH session
  private halt(target: number): void {
    if (this.isStopped) return;
    this.isStopped = true;
    this.listener.onStop();
    process.removeListener('SIGTSTP', this.onStopSignal);
    process.kill(target, 'SIGTSTP');
    this.timer = setTimeout(() => this.goOn(), IGNORED_MS);
  }

  private readonly onContinueSignal = (): void => {
    // the timer may have been first
    if (this.isStopped || Date.now() - this.continuedAtMs > IGNORED_MS) this.goOn();
  };

  private goOn(): void {
    clearTimeout(this.timer);
    if (this.isStopped) process.on('SIGTSTP', this.onStopSignal);
    this.isStopped = false;
    this.continuedAtMs = Date.now();
    this.listener.onContinue();
  }
}
