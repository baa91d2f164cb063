import { EventEmitter } from 'node:events';
import { closeSync, constants, openSync, write as writeLater, writeSync } from 'node:fs';

/** How output bytes reach the terminal. `tryWrite` never waits: it gives the bytes taken, 0 = would wait. */
export interface ByteSink {
  /** Undefined where only `writeAsync` works. */
  tryWrite?: ((bytes: Uint8Array) => number) | undefined;
  writeAsync?: ((bytes: Uint8Array, done: (error: Error | null, taken: number) => void) => void) | undefined;
  close?(): void;
}

const BEGIN_UPDATE = '\x1b[?2026h';
const END_UPDATE = '\x1b[?2026l';
/** How often a terminal that takes nothing is asked again. */
const RETRY_MS = 15;
/** After this long without taking a byte a terminal counts as slow. */
export const SLOW_MS = 2_000;

/**
 * Output to a terminal that never blocks: one flush is under way at most, and while it is, whoever draws must not draw
 * (`isIdle`): the next frame shows the newest state, so nothing queues up. Looks like a TTY stream to blessed.
 */
export class TtyOut extends EventEmitter {
  readonly isTTY = true;
  readonly writable = true;
  /** Bytes the terminal took. */
  bytesWritten = 0;
  private parts: string[] = [];
  private pending: Uint8Array | undefined;
  private pendingSinceMs = 0;
  private timer: NodeJS.Timeout | undefined;
  private isClosed = false;

  constructor(private readonly sink: ByteSink, private readonly size: () => { columns: number; rows: number }) {
    super();
  }

  get columns(): number {
    return this.size().columns;
  }

  get rows(): number {
    return this.size().rows;
  }

  /** Whether a frame may be drawn now. */
  get isIdle(): boolean {
    return this.pending === undefined;
  }

  /** How long the terminal has not taken what it was given. */
  stalledMs(nowMs: number): number {
    return this.pending === undefined ? 0 : nowMs - this.pendingSinceMs;
  }

  /** Takes text; it goes out with everything else of this turn of the event loop, as one synchronized update. */
  write(text: string): boolean {
    if (this.isClosed) return false;
    if (this.parts.length === 0) queueMicrotask(() => this.flush());
    this.parts.push(text);
    return true;
  }

  /** For blessed, which ends its output when it is destroyed. */
  end(): void {}

  /**
   * The last words: written at once, in place of what waits, giving up at the deadline when the terminal takes nothing.
   * After it nothing is written any more until reopen().
   */
  finish(text: string, deadlineMs: number): void {
    clearTimeout(this.timer);
    this.isClosed = true;
    // a sequence cut in half must not swallow the restore: it starts with ST and cancels
    let rest: Uint8Array = Buffer.from(`\x18${text}`, 'latin1');
    this.pending = undefined;
    this.parts = [];
    const { tryWrite } = this.sink;
    if (tryWrite === undefined) return void this.sink.writeAsync?.(rest, () => {});
    const until = Date.now() + deadlineMs;
    while (rest.length > 0) {
      let taken = 0;
      try {
        taken = tryWrite(rest);
      } catch {
        return;
      }
      rest = rest.subarray(taken);
      if (rest.length > 0 && taken === 0) {
        if (Date.now() >= until) return;
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5);
      }
    }
  }

  /** Goes on after finish(): used when a suspended program comes back. */
  reopen(): void {
    this.isClosed = false;
  }

  private flush(): void {
    if (this.pending !== undefined || this.parts.length === 0 || this.isClosed) return;
    const text = BEGIN_UPDATE + this.parts.join('') + END_UPDATE;
    this.parts = [];
    this.pending = Buffer.from(text, 'utf8');
    this.pendingSinceMs = Date.now();
    this.pump();
  }

  private pump(): void {
    const bytes = this.pending;
    if (bytes === undefined || this.isClosed) return;
    if (this.sink.tryWrite === undefined) return this.pumpAsync(bytes);
    let taken = 0;
    try {
      taken = this.sink.tryWrite(bytes);
    } catch (error) {
      return this.gone(error);
    }
    this.took(taken);
    if (this.pending !== undefined) this.timer = setTimeout(() => this.pump(), RETRY_MS);
  }

  private pumpAsync(bytes: Uint8Array): void {
    this.sink.writeAsync?.(bytes, (error, taken) => {
      if (error !== null) return this.gone(error);
      this.took(taken);
      if (this.pending !== undefined) this.pump();
    });
  }

  private took(count: number): void {
    this.bytesWritten += count;
    if (count > 0) this.pendingSinceMs = Date.now();
    this.pending = this.pending !== undefined && count < this.pending.length ? this.pending.subarray(count) : undefined;
    if (this.pending === undefined) this.flush();
  }

  private gone(error: unknown): void {
    this.isClosed = true;
    this.pending = undefined;
    this.emit('gone', error);
  }
}

/**
 * The terminal behind a file descriptor, opened a second time with O_NONBLOCK: the flag belongs to the open file and is
 * not shared with the shell that started us. Where that cannot be done, writes go through the thread pool.
 */
export function ttySink(fd: number): ByteSink {
  const own = openNonBlocking([`/proc/self/fd/${fd}`, '/dev/tty']);
  if (own === undefined) {
    return { writeAsync: (bytes, done) => writeLater(fd, bytes, 0, bytes.length, null, (error, taken) => done(error, taken ?? 0)) };
  }
  return {
    tryWrite: (bytes) => {
      try {
        return writeSync(own, bytes);
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === 'EAGAIN') return 0;
        throw error;
      }
    },
    close: () => closeSync(own),
  };
}

function openNonBlocking(paths: readonly string[]): number | undefined {
  for (const path of paths) {
    try {
      return openSync(path, constants.O_WRONLY | constants.O_NONBLOCK | constants.O_NOCTTY);
    } catch {
      // the next path, or the thread pool
    }
  }
  return undefined;
}
