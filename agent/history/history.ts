// Hot path: bench row "agent ring to history" (test/bench/agent.ts).
import { EVENT_BYTES, EVENT_WORDS, WORD } from '../decode/event.ts';

const NS_PER_S = 1e9;

/** Largest capacity, as Hubble's `--hubble-event-buffer-capacity`. */
export const MAX_HISTORY_CAPACITY = 65_535;
/** Hubble's default. */
export const DEFAULT_HISTORY_CAPACITY = 4_095;

/** Rows that one keeps by time, at most: 75 MB, of which only what was needed at once is ever touched. */
export const MAX_TIMED_ROWS = 524_288;
/** Rows that are let go at once. */
const SEGMENT_ROWS = 1_024;

/** Words in front of the rows: head low, head >> 31, the watermark in two, the shape, the oldest segment, and spare ones that keep the rows on an own cache line. */
const HEAD_WORDS = 32;
const HEAD_LOW = 0;
const HEAD_HIGH = 1;
/** In 64-bit words. */
const WATERMARK = 1;
const CAPACITY = 4;
const SEGMENTS = 5;
const KEPT_SECONDS = 6;
const OLDEST_SEGMENT = 7;
const HEAD_HIGH_UNIT = 0x8000_0000;

/** What one keeps: the newest `rows`, and those of the last `seconds` besides. */
export interface HistorySize {
  rows: number;
  /** 0 or absent: by count alone. */
  seconds?: number;
}

/** Where everything stands in a history's memory. Rows lie in segments, a table says where the segment of a number is now. */
class HistoryShape {
  readonly control: Int32Array;
  readonly watermark: BigInt64Array;
  readonly table: Int32Array;
  readonly rows: Uint32Array;
  /** The newest so many rows can be read whatever their age. */
  readonly capacity: number;
  readonly segments: number;
  readonly segmentRows: number;
  readonly keptSeconds: number;

  constructor(memory: SharedArrayBuffer) {
    this.control = new Int32Array(memory, 0, HEAD_WORDS);
    this.watermark = new BigInt64Array(memory, 0, 2);
    this.capacity = this.control[CAPACITY] ?? 0;
    this.segments = this.control[SEGMENTS] ?? 0;
    this.keptSeconds = this.control[KEPT_SECONDS] ?? 0;
    this.segmentRows = segmentRowsOf(this.capacity);
    this.table = new Int32Array(memory, HEAD_WORDS * 4, tableWords(this.segments));
    this.rows = new Uint32Array(memory, (HEAD_WORDS + this.table.length) * 4);
  }
}

function segmentRowsOf(capacity: number): number {
  return Math.min(SEGMENT_ROWS, capacity + 1);
}

/** A power of two, and more than segments there can be at once. */
function tableWords(segments: number): number {
  return 2 ** Math.ceil(Math.log2(segments + 1) + 1);
}

/** Refuses what is not one less than a power of two in 1..65535, in Hubble's words. */
export function checkHistoryCapacity(capacity: number): string | undefined {
  if (capacity > MAX_HISTORY_CAPACITY) return `invalid capacity: too large: ${capacity}`;
  const isValid = Number.isInteger(capacity) && capacity > 0 && (capacity & (capacity + 1)) === 0;
  return isValid ? undefined : `invalid capacity: must be one less than an integer power of two: ${capacity}`;
}

/** Memory for a history, to be shared between the drain and its readers. */
export function allocateHistory({ rows: capacity, seconds = 0 }: HistorySize): SharedArrayBuffer {
  const problem = checkHistoryCapacity(capacity);
  if (problem !== undefined) throw new RangeError(problem);
  const segmentRows = segmentRowsOf(capacity);
  // and the one that is being written
  const segments = (seconds > 0 ? MAX_TIMED_ROWS : capacity + 1) / segmentRows + 1;
  const memory = new SharedArrayBuffer((HEAD_WORDS + tableWords(segments)) * 4 + segments * segmentRows * EVENT_BYTES);
  const control = new Int32Array(memory, 0, HEAD_WORDS);
  control[CAPACITY] = capacity;
  control[SEGMENTS] = segments;
  control[KEPT_SECONDS] = seconds;
  return memory;
}

/** The one writer of a history. A row is written, then the head is stored; that a segment's rows are gone is stored before others take their place. */
export class HistoryWriter {
  /** Rows written since the start. */
  head = 0;
  private readonly shape: HistoryShape;
  private readonly control: Int32Array;
  private readonly rows: Uint32Array;
  private readonly inSegment: number;
  /** Segments that hold rows, oldest first: their number, and where they lie. */
  private readonly held: { segment: number; place: number }[] = [];
  /** Places of segments that hold none; the last one is taken first, so that memory nobody needed stays untouched. */
  private readonly free: number[];
  /** Word of the first row of the segment that is written now, and the number of the row that begins the next. */
  private base = 0;
  private segmentEnd = 0;

  constructor(memory: SharedArrayBuffer) {
    this.shape = new HistoryShape(memory);
    this.control = this.shape.control;
    this.rows = this.shape.rows;
    this.inSegment = this.shape.segmentRows - 1;
    this.free = Array.from({ length: this.shape.segments }, (_, place) => place).toReversed();
  }

  /** Copies one record that begins at `words[at]`; its time becomes time + offset (two halves of a 64-bit number). */
  push(words: Uint32Array, at: number, offsetLow: number, offsetHigh: number): void {
    const rows = this.rows;
    const low = (words[at + 2] ?? 0) + offsetLow;
    const high = (words[at + 3] ?? 0) + offsetHigh + (low >= WORD ? 1 : 0);
    if (this.head >= this.segmentEnd) this.beginSegment(low, high);
    const to = this.base + (this.head & this.inSegment) * EVENT_WORDS;
    for (let i = 0; i < EVENT_WORDS; i += 2) {
      rows[to + i] = words[at + i] ?? 0;
      rows[to + i + 1] = words[at + i + 1] ?? 0;
    }
    rows[to + 2] = low;
    rows[to + 3] = high;
    this.head++;
    // Both words hold bit 31 of the head, so a reader sees when it caught one of two.
    if ((this.head & 0x7fff_ffff) === 0) Atomics.store(this.control, HEAD_HIGH, Math.floor(this.head / HEAD_HIGH_UNIT));
    Atomics.store(this.control, HEAD_LOW, this.head | 0);
  }

  /** No row older than this (wall clock) will follow, but for late ones; never goes back. */
  setWatermark(wallNs: bigint): void {
    const { watermark } = this.shape;
    if (wallNs > Atomics.load(watermark, WATERMARK)) Atomics.store(watermark, WATERMARK, wallNs);
  }

  /** Lets go of what is kept neither by count nor by time, or by time alone where there is no more room. The time is that of the row to come. */
  private beginSegment(low: number, high: number): void {
    const { shape, held, free } = this;
    const { segmentRows, keptSeconds } = shape;
    const sinceNs = high * WORD + low - keptSeconds * NS_PER_S;
    for (let first = held[0]; first !== undefined; first = held[0]) {
      if ((first.segment + 1) * segmentRows > this.head - shape.capacity) break;
      if (keptSeconds > 0 && free.length > 0 && this.lastTimeNs(first.place) >= sinceNs) break;
      held.shift();
      free.push(first.place);
    }
    const segment = Math.floor(this.head / segmentRows);
    const place = free.pop() ?? 0;
    held.push({ segment, place });
    Atomics.store(this.control, OLDEST_SEGMENT, (held[0]?.segment ?? 0) | 0);
    shape.table[segment & (shape.table.length - 1)] = place;
    this.base = place * segmentRows * EVENT_WORDS;
    this.segmentEnd = (segment + 1) * segmentRows;
  }

  /** To a few hundred nanoseconds. */
  private lastTimeNs(place: number): number {
    const at = ((place + 1) * this.shape.segmentRows - 1) * EVENT_WORDS;
    return (this.rows[at + 3] ?? 0) * WORD + (this.rows[at + 2] ?? 0);
  }
}

/**
 * A look at a history from any thread. Copying never blocks the writer: after
 * the copy the oldest segment and the head are read again, and a row the writer
 * may have touched is refused. (Relies on loads staying in order around Atomics.load: x86.)
 */
export class HistoryReader {
  /** Rows that can be read at most. */
  readonly capacity: number;
  private readonly shape: HistoryShape;
  private readonly control: Int32Array;
  private readonly table: Int32Array;
  private readonly rows: Uint32Array;
  private readonly segmentRows: number;
  private readonly tableMask: number;

  constructor(memory: SharedArrayBuffer) {
    const shape = new HistoryShape(memory);
    this.shape = shape;
    this.control = shape.control;
    this.table = shape.table;
    this.rows = shape.rows;
    this.segmentRows = shape.segmentRows;
    this.tableMask = shape.table.length - 1;
    this.capacity = shape.keptSeconds > 0 ? MAX_TIMED_ROWS : shape.capacity;
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
    // before the head: what it is counted back from must not be older
    const low = Atomics.load(this.control, OLDEST_SEGMENT);
    return this.oldestBefore(this.head(), low);
  }

  /** Wall-clock time up to which the history is complete; 0 before the first drain. Read it before the head. */
  watermarkNs(): bigint {
    return Atomics.load(this.shape.watermark, WATERMARK);
  }

  /** Copies row `number` to the front of `into`; false if it was overtaken meanwhile or is not written yet. */
  copy(number: number, into: Uint32Array): boolean {
    const { rows, segmentRows } = this;
    const place = this.table[Math.floor(number / segmentRows) & this.tableMask] ?? 0;
    const from = (place * segmentRows + (number & (segmentRows - 1))) * EVENT_WORDS;
    for (let i = 0; i < EVENT_WORDS; i++) into[i] = rows[from + i] ?? 0;
    const low = Atomics.load(this.control, OLDEST_SEGMENT);
    const head = this.head();
    return number < head && number >= this.oldestBefore(head, low);
  }

  /** `low`: the oldest segment's number modulo 2^32, not newer than the head. */
  private oldestBefore(head: number, low: number): number {
    const { shape, segmentRows } = this;
    const counted = Math.max(0, head - shape.capacity);
    if (shape.keptSeconds === 0) return counted;
    const newest = Math.floor(head / segmentRows);
    return Math.min(counted, (newest - ((newest - low) >>> 0)) * segmentRows);
  }
}
