// Hot path: bench row "agent ring to history" (test/bench/agent.ts).
import { EVENT_BYTES, EVENT_WORDS, WORD } from '../decode/event.ts';

/** Largest capacity, as Hubble's `--hubble-event-buffer-capacity`. */
export const MAX_HISTORY_CAPACITY = 65_535;
/** Hubble's default. */
export const DEFAULT_HISTORY_CAPACITY = 4_095;

/** Words in front of the rows: head low, head >> 31, the watermark in two, and spare ones that keep the rows on an own cache line. */
const HEAD_WORDS = 32;
const HEAD_LOW = 0;
const HEAD_HIGH = 1;
/** In 64-bit words. */
const WATERMARK = 1;
const HEAD_HIGH_UNIT = 0x8000_0000;

/** Refuses what is not one less than a power of two in 1..65535, in Hubble's words. */
export function checkHistoryCapacity(capacity: number): string | undefined {
  if (capacity > MAX_HISTORY_CAPACITY) return `invalid capacity: too large: ${capacity}`;
  const isValid = Number.isInteger(capacity) && capacity > 0 && (capacity & (capacity + 1)) === 0;
  return isValid ? undefined : `invalid capacity: must be one less than an integer power of two: ${capacity}`;
}

/** Memory for a history of `capacity` rows, to be shared between the drain and its readers. */
export function allocateHistory(capacity: number): SharedArrayBuffer {
  const problem = checkHistoryCapacity(capacity);
  if (problem !== undefined) throw new RangeError(problem);
  return new SharedArrayBuffer(HEAD_WORDS * 4 + (capacity + 1) * EVENT_BYTES);
}

/** The one writer of a history. Row number n stands in slot n modulo the slots; the row is written, then the head is stored. */
export class HistoryWriter {
  /** Rows written since the start. */
  head = 0;
  private readonly control: Int32Array;
  private readonly watermark: BigInt64Array;
  private readonly rows: Uint32Array;
  private readonly mask: number;
  private slot = 0;

  constructor(memory: SharedArrayBuffer) {
    this.control = new Int32Array(memory, 0, HEAD_WORDS);
    this.watermark = new BigInt64Array(memory, 0, 2);
    this.rows = new Uint32Array(memory, HEAD_WORDS * 4);
    this.mask = this.rows.length / EVENT_WORDS - 1;
  }

  /** Copies one record that begins at `words[at]`; its time becomes time + offset (two halves of a 64-bit number). */
  push(words: Uint32Array, at: number, offsetLow: number, offsetHigh: number): void {
    const rows = this.rows;
    const to = this.slot * EVENT_WORDS;
    for (let i = 0; i < EVENT_WORDS; i += 2) {
      rows[to + i] = words[at + i] ?? 0;
      rows[to + i + 1] = words[at + i + 1] ?? 0;
    }
    const low = (words[at + 2] ?? 0) + offsetLow;
    rows[to + 2] = low;
    rows[to + 3] = (words[at + 3] ?? 0) + offsetHigh + (low >= WORD ? 1 : 0);
    this.slot = (this.slot + 1) & this.mask;
    this.head++;
    // Both words hold bit 31 of the head, so a reader sees when it caught one of two.
    if ((this.head & 0x7fff_ffff) === 0) Atomics.store(this.control, HEAD_HIGH, Math.floor(this.head / HEAD_HIGH_UNIT));
    Atomics.store(this.control, HEAD_LOW, this.head | 0);
  }

  /** No row older than this (wall clock) will follow, but for late ones; never goes back. */
  setWatermark(wallNs: bigint): void {
    if (wallNs > Atomics.load(this.watermark, WATERMARK)) Atomics.store(this.watermark, WATERMARK, wallNs);
  }
}

/**
 * A look at a history from any thread. Copying never blocks the writer: after
 * the copy the head is read again, and a row the writer may have touched is
 * refused. (Relies on loads staying in order around Atomics.load: x86.)
 */
export class HistoryReader {
  /** Rows that can be read at most; one slot belongs to the writer. */
  readonly capacity: number;
  private readonly control: Int32Array;
  private readonly watermark: BigInt64Array;
  private readonly rows: Uint32Array;
  private readonly mask: number;

  constructor(memory: SharedArrayBuffer) {
    this.control = new Int32Array(memory, 0, HEAD_WORDS);
    this.watermark = new BigInt64Array(memory, 0, 2);
    this.rows = new Uint32Array(memory, HEAD_WORDS * 4);
    this.capacity = this.rows.length / EVENT_WORDS - 1;
    this.mask = this.capacity;
  }

  /** Number of the next row to be written. */
  head(): number {
    for (;;) {
      const low = Atomics.load(this.control, HEAD_LOW) >>> 0;
      const high = Atomics.load(this.control, HEAD_HIGH);
      if (low >>> 31 === (high & 1)) return high * HEAD_HIGH_UNIT + (low & 0x7fff_ffff);
    }
  }

  /** Number of the oldest row that can still be read. */
  oldest(): number {
    return Math.max(0, this.head() - this.capacity);
  }

  /** Wall-clock time up to which the history is complete; 0 before the first drain. Read it before the head. */
  watermarkNs(): bigint {
    return Atomics.load(this.watermark, WATERMARK);
  }

  /** Copies row `number` to the front of `into`; false if it was overtaken meanwhile or is not written yet. */
  copy(number: number, into: Uint32Array): boolean {
    const from = (number & this.mask) * EVENT_WORDS;
    const rows = this.rows;
    for (let i = 0; i < EVENT_WORDS; i++) into[i] = rows[from + i] ?? 0;
    const head = this.head();
    return number < head && number >= head - this.capacity;
  }
}
