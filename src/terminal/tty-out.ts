import { EventEmitter } from 'node:events';
import { writeWithin, type ByteSink } from './tty-sink.ts';

const BEGIN_UPDATE = '\x1b[?2026h';
const END_UPDATE = '\x1b[?2026l';
/** Shortest output that is marked as one update: what is shorter arrives in one read, and an idle screen stays cheap. */
export const LEAST_UPDATE = 128;
/** How often a terminal that takes nothing is asked again. */
const RETRY_MS = 15;
/** After this long without taking a byte a terminal counts as slow. */
export const SLOW_MS = 2_000;

/**
 * Output to a terminal that never blocks: one flush is under way at most, and while it is, whoever draws must not draw
 * (`isIdle`): the next frame shows the newest state, so nothing queues up. Emits `idle` when all is taken, `gone` once.
 */
export class TtyOut extends EventEmitter {
  /** Bytes the terminal took. */
  bytesWritten = 0;
  private parts: string[] = [];
  private pending: Uint8Array | undefined;
  private pendingSinceMs = 0;
  private timer: NodeJS.Timeout | undefined;
  private isClosed = false;

  /** `marksUpdates`: a terminal that knows synchronized updates shows a flush as a whole; others must ignore the marks. */
  constructor(private readonly sink: ByteSink, private readonly options: { marksUpdates: boolean }) {
    super();
  }

  /** Whether a frame may be drawn now. */
  get isIdle(): boolean {
    return this.pending === undefined;
  }

  /** How long the terminal has not taken what it was given. */
  stalledMs(nowMs: number): number {
    return this.pending === undefined ? 0 : nowMs - this.pendingSinceMs;
  }

  /** Takes text; it goes out with everything else of this turn of the event loop. */
  write(text: string): boolean {
    if (this.isClosed) return false;
    if (this.parts.length === 0) queueMicrotask(() => this.flush());
    this.parts.push(text);
    return true;
  }

  /** Sends what was written so far in this turn. */
  flush(): void {
    if (this.pending !== undefined || this.parts.length === 0 || this.isClosed) return;
    const text = this.parts.join('');
    this.parts = [];
    this.pending = Buffer.from(this.options.marksUpdates && text.length >= LEAST_UPDATE ? BEGIN_UPDATE + text + END_UPDATE : text, 'utf8');
    this.pendingSinceMs = Date.now();
    this.pump();
  }

  /**
   * The last words: written at once, in place of what waits, giving up when the terminal takes nothing for `stallMs`.
   * After it nothing is written any more until reopen().
   */
  finish(text: string, stallMs: number): void {
    clearTimeout(this.timer);
    this.isClosed = true;
    this.pending = undefined;
    this.parts = [];
    // what was cut in half must not swallow the rest: CAN ends any sequence
    writeWithin(this.sink, Buffer.from(`\x18${text}`, 'utf8'), stallMs);
  }

  /** Goes on after finish(): used when a suspended program comes back. */
  reopen(): void {
    this.isClosed = false;
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
    if (this.pending === undefined) this.emit('idle');
  }

  private gone(error: unknown): void {
    this.isClosed = true;
    this.pending = undefined;
    this.emit('gone', error);
  }
}
