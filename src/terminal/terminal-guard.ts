import type { TtyOut } from './tty-out.ts';

/** Modes that a dashboard switches on: alternate screen, application keys, no cursor, bracketed paste. */
export const ENTER = '\x1b[?1049h\x1b[?1h\x1b=\x1b[?25l\x1b[?2004h\x1b[2J';

/**
 * Everything back to what a shell expects, whatever was on: updates ended, scroll region, mouse reports, paste, keypad,
 * charset, colours, cursor, screen.
 */
export const RESTORE = '\x1b[?2026l\x1b[r\x1b[?1000l\x1b[?1002l\x1b[?1003l\x1b[?1005l\x1b[?1006l\x1b[?2004l\x1b[?1l\x1b>\x1b(B\x1b[0m\x1b[?25h\x1b[?1049l';

/** Longest time the restore may take when the terminal reads nothing. */
const RESTORE_MS = 300;

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

  constructor(private readonly out: TtyOut, private readonly input: RawInput, private readonly owner: GuardedProcess) {
    owner.on('exit', this.onExit);
  }

  /** Switches to our screen. The caller draws everything afterwards. */
  take(): void {
    if (this.isTaken) return;
    this.isTaken = true;
    this.out.reopen();
    this.input.setRawMode?.(true);
    this.out.write(ENTER);
  }

  /** Gives the shell its terminal back; safe to call any number of times. */
  giveBack(): void {
    if (!this.isTaken) return;
    this.isTaken = false;
    this.out.finish(RESTORE, RESTORE_MS);
    try {
      this.input.setRawMode?.(false);
    } catch {
      // the terminal is gone: there is nothing to restore
    }
  }

  /** Gives back for good. */
  close(): void {
    this.giveBack();
    this.owner.removeListener('exit', this.onExit);
  }
}
