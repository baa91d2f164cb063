// Hot path: bench rows "ring drain" and "agent ring to history" (test/bench/agent.ts).
import type { RingMemory } from './kernel.ts';
import { EVENT_BYTES, EVENT_VERSION, WORD } from './event.ts';

/** Bits of a record's length word, from the kernel's BPF_RINGBUF_BUSY_BIT and BPF_RINGBUF_DISCARD_BIT. */
const BUSY = 0x8000_0000;
const DISCARD = 0x4000_0000;
/** Length word and page offset in front of each record, BPF_RINGBUF_HDR_SZ. */
const HEADER_BYTES = 8;
/** Space is given back to the producer at least this often, so that a long drain does not starve it. */
const PUBLISH_BYTES = 256 * 1024;

/**
 * Walks one BPF ring buffer. `peek()` finds the next committed record,
 * `take()` goes past it. The record's words stay valid until `publish()`.
 * Ordering: the length word is read atomically, all behind it was written
 * before it was committed.
 */
export class RingReader {
  /** The whole data area as words; a record found by peek() begins at `recordWord`. */
  readonly words: Uint32Array;
  readonly lane: number;
  readonly sizeBytes: number;
  /** Word index of the record peek() found. */
  recordWord = 0;
  /** Its time_ns as a number: exact to 2 ns, only for ordering. */
  recordTimeNs = 0;
  /** Committed records that are not of this agent's layout. */
  badCount = 0;
  discardedCount = 0;
  /** Highest fill seen since it was last reset by the owner. */
  peakBytes = 0;

  private readonly consumer: BigUint64Array;
  private readonly producer: BigUint64Array;
  /** Bytes since the ring was made: where we stand, where the producer stood, what the producer knows of us. */
  private position: number;
  private limit: number;
  private published: number;
  /** `position` inside the data area. */
  private offset: number;
  /** Bytes of the record at `position`, header included, 8-aligned; 0 = peek() has not found it yet. */
  private span = 0;

  constructor(memory: RingMemory) {
    this.lane = memory.lane;
    this.sizeBytes = memory.sizeBytes;
    this.consumer = memory.consumer;
    this.producer = memory.producer;
    this.words = new Uint32Array(memory.data.buffer, memory.data.byteOffset, memory.data.byteLength / 4);
    this.position = Number(Atomics.load(memory.consumer, 0));
    this.limit = this.position;
    this.published = this.position;
    this.offset = this.position % this.sizeBytes;
  }

  /** Looks how far the producer has come; records after that wait for the next refresh(). */
  refresh(): void {
    this.limit = Number(Atomics.load(this.producer, 0));
    this.peakBytes = Math.max(this.peakBytes, this.limit - this.position);
  }

  /** Bytes between the producer (as of refresh()) and us. */
  get usedBytes(): number {
    return this.limit - this.position;
  }

  /** False when there is no committed record before the limit or before a busy one. */
  peek(): boolean {
    if (this.span !== 0) return true;
    while (this.position < this.limit) {
      const word = this.offset >>> 2;
      const header = Atomics.load(this.words, word) >>> 0;
      if ((header & BUSY) !== 0) return false;
      const length = header & ~DISCARD;
      const span = (length + HEADER_BYTES + 7) & ~7;
      const record = word + 2;
      if ((header & DISCARD) !== 0) {
        this.discardedCount++;
      } else if (length !== EVENT_BYTES || ((this.words[record] ?? 0) & 0xff) !== EVENT_VERSION) {
        this.badCount++;
      } else {
        this.span = span;
        this.recordWord = record;
        this.recordTimeNs = (this.words[record + 3] ?? 0) * WORD + (this.words[record + 2] ?? 0);
        return true;
      }
      this.skip(span);
    }
    return false;
  }

  /** Goes past the record that peek() found. */
  take(): void {
    const span = this.span;
    this.span = 0;
    this.skip(span);
  }

  /** Tells the producer how far we have read. */
  publish(): void {
    if (this.published === this.position) return;
    this.published = this.position;
    Atomics.store(this.consumer, 0, BigInt(this.position));
  }

  private skip(span: number): void {
    this.position += span;
    this.offset += span;
    if (this.offset >= this.sizeBytes) this.offset -= this.sizeBytes;
    if (this.position - this.published >= PUBLISH_BYTES) this.publish();
  }
}
