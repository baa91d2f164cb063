import type { TtyOut } from './tty-out.ts';

// modes of other programs that may still be on when we begin, and all of ours when we end: updates, scroll region, mouse
// and focus reports, paste, cursor and number pad in application mode, charset, colours
const USUAL = '\x1b[?2026l\x1b[r\x1b[?1000l\x1b[?1002l\x1b[?1003l\x1b[?1004l\x1b[?1005l\x1b[?1006l\x1b[?1015l\x1b[?2004l\x1b[?1l\x1b>\x1b(B\x1b[m';

/** Modes that a dashboard switches on: alternate screen, no cursor, no wrapping at the last column, bracketed paste. */
export const ENTER = `\x1b[?1049h${USUAL}\x1b[?25l\x1b[?7l\x1b[?2004h\x1b[H\x1b[2J`;

/**
 * Everything back to what a shell expects, whatever was on. Where there is no alternate screen (GNU screen, the Linux
 * console) the last frame stays, and the shell goes on in its last row.
 */
export const RESTORE = `${USUAL}\x1b[?7h\x1b[999H\x1b[K\x1b[?25h\x1b[?1049l`;

/** Longest time without a byte taken that the restore waits for a terminal. */
const STALL_MS = 300;

/** What the guard needs of the input side. */
export interface RawInput {
  isTTY?: boolean;
  setRawMode?(isRaw: boolean): unknown;
}

/** What the guard needs of the process. */
export interface GuardedProcess {
  on(event: 'exit', listener: () => void): unknown;
  removeListener(event: 'exit', listener: () => void): unknown;
}

/** Takes the terminal and gives it back, on every way out of the process that lets code run. */
export class TerminalGuard {
  private isTaken = false;
  private readonly onExit = (): void => this.giveBack();

  /** `settle` runs while the terminal is still in raw mode, to take in answers that a shell would take for typed. */
  constructor(private readonly parts: { out: TtyOut; input: RawInput; owner: GuardedProcess; settle: () => void }) {
    parts.owner.on('exit', this.onExit);
  }

  /** Switches to our screen. The caller draws everything afterwards. */
  take(): void {
    if (this.isTaken) return;
    this.isTaken = true;
    this.parts.out.reopen();
    this.parts.input.setRawMode?.(true);
    this.parts.out.write(ENTER);
  }

  /**
   * Takes the terminal again after a shell had it without our doing, such as after SIGSTOP. In the background the change
   * of mode stops the process until it is in front again, as it should.
   */
  retake(): void {
    if (this.isTaken) this.parts.input.setRawMode?.(false);
    this.isTaken = false;
    this.take();
  }

  /** Gives the shell its terminal back, with a text on its own screen; safe to call any number of times. */
  giveBack(lastWords = ''): void {
    if (!this.isTaken) return;
    this.isTaken = false;
    this.parts.out.finish(RESTORE + lastWords, STALL_MS);
    this.parts.settle();
    try {
      this.parts.input.setRawMode?.(false);
    } catch {
      // the terminal is gone: there is nothing to restore
    }
  }

  /** Gives back for good. */
  close(lastWords = ''): void {
    this.giveBack(lastWords);
    this.parts.owner.removeListener('exit', this.onExit);
  }
}
