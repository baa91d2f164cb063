// Hot path: bench row "agent ring to history" (test/bench/agent.ts).
import type { DatapathDrop } from '../decode/datapath-drop.ts';
import type { RingMemory } from '../decode/kernel.ts';
import { RingReader } from '../decode/ring-reader.ts';
import { SequenceCheck } from '../decode/sequence-check.ts';
import { EventType, OFFSET, WORD } from '../decode/event.ts';
import { DropTally } from './drop-tally.ts';
import { HistoryWriter } from './history.ts';

/** Rows one drain() takes at most, so that the worker that hosts many nodes stays responsive. */
export const MAX_ROWS_PER_DRAIN = 131_072;
/** How long one lane waits for a busy record in the other; a producer needs microseconds, unless it was preempted. */
const BUSY_GRACE_NS = 50_000_000n;
/** Kinds of rows that are counted one by one: the record's `type`, 0..15. */
const KINDS = 16;

/** A hole in the sequence numbers, in wall-clock nanoseconds: some time after the row before it, before the row after it. */
export interface ProvenGap {
  count: number;
  cpu: number;
  lane: number;
  firstNs: bigint;
  lastNs: bigint;
}

/** What a drain counted since its start; cumulative but for the peaks. */
export interface DrainCounts {
  rows: number;
  /** By the record's type. */
  rowsByType: number[];
  /** Volume that the traces among them report: the volume ledger is about what passed. */
  skbs: number;
  bytes: number;
  drops: readonly DatapathDrop[];
  badRecords: number;
  discarded: number;
  /** Sequence numbers that never came. */
  missing: number;
  late: number;
  unknownCpu: number;
  /** Per lane; the peak since the last counts(). */
  rings: { lane: number; sizeBytes: number; usedBytes: number; peakBytes: number }[];
}

/** Proven gaps kept until somebody takes them; more are merged into the last. */
const MAX_PENDING_GAPS = 64;

/** Drains the rings of one node into its history, both lanes merged by time up to one watermark. */
export class NodeDrain {
  readonly history: HistoryWriter;
  private readonly readers: RingReader[];
  private readonly sequence = new SequenceCheck();
  private readonly drops = new DropTally();
  private skbs = 0;
  private bytes = 0;
  private readonly rowsByType = new Float64Array(KINDS);
  /** Time of the row before, as its two words. */
  private previousLow = 0;
  private previousHigh = 0;
  private gaps: ProvenGap[] = [];
  private foldSequence = 0;
  /** Rows so far are not younger than this, on the rings' clock. */
  private completeNs = 0n;
  /** As of the last earliest(): a busy record hides how old it and those behind it are. */
  private isBlocked = false;

  constructor(rings: readonly RingMemory[], history: SharedArrayBuffer) {
    this.readers = rings.map((ring) => new RingReader(ring));
    this.history = new HistoryWriter(history);
  }

  /**
   * Moves every committed record not later than `watermarkNs` (the rings'
   * clock) into the history, oldest first, its time shifted by `offsetNs`.
   * Then says in the history up to when it is complete.
   * Returns the rows moved; MAX_ROWS_PER_DRAIN of them means there may be more.
   */
  drain(watermarkNs: bigint, offsetNs: bigint): number {
    const watermark = Number(watermarkNs);
    const graceWatermark = Number(watermarkNs - BUSY_GRACE_NS);
    const offsetLow = Number(BigInt.asUintN(32, offsetNs));
    const offsetHigh = Number(BigInt.asUintN(32, offsetNs >> 32n));
    for (const reader of this.readers) reader.refresh();
    let rows = 0;
    while (rows < MAX_ROWS_PER_DRAIN) {
      const reader = this.earliest();
      if (reader === undefined || reader.recordTimeNs > (this.isBlocked ? graceWatermark : watermark)) break;
      this.takeRow(reader, offsetNs, offsetLow, offsetHigh);
      rows++;
    }
    for (const reader of this.readers) reader.publish();
    if (rows < MAX_ROWS_PER_DRAIN && !this.isBlocked) {
      this.completeNs = watermarkNs;
      this.history.setWatermark(watermarkNs + offsetNs);
    }
    return rows;
  }

  /**
   * Takes records that stand for many. They come a second late at most, and a history is read as one in order: their
   * time is the end of what it holds. Their sequence is one of their own.
   */
  takeFolds(records: readonly Uint8Array[], offsetNs: bigint): void {
    const offsetLow = Number(BigInt.asUintN(32, offsetNs));
    const offsetHigh = Number(BigInt.asUintN(32, offsetNs >> 32n));
    const previous = joinWords(this.previousLow, this.previousHigh);
    const leastNs = previous > this.completeNs ? previous : this.completeNs;
    for (const record of records.toSorted((one, other) => Number(timeOf(one) - timeOf(other)))) {
      const words = new Uint32Array(record.slice().buffer);
      if (timeOf(record) < leastNs) [words[2], words[3]] = [Number(BigInt.asUintN(32, leastNs)), Number(leastNs >> 32n)];
      words[4] = this.foldSequence++;
      this.countRow(words, 0);
      this.history.push(words, 0, offsetLow, offsetHigh);
    }
  }

  /** The gaps proven since the last call. */
  takeGaps(): ProvenGap[] {
    const gaps = this.gaps;
    this.gaps = [];
    return gaps;
  }

  /** Counts so far; starts new peaks. */
  counts(): DrainCounts {
    const rings = this.readers.map((reader) => {
      const { lane, sizeBytes, usedBytes, peakBytes } = reader;
      reader.peakBytes = usedBytes;
      return { lane, sizeBytes, usedBytes, peakBytes };
    });
    const sum = (pick: (reader: RingReader) => number): number => this.readers.reduce((total, reader) => total + pick(reader), 0);
    return {
      rows: this.history.head,
      rowsByType: [...this.rowsByType],
      skbs: this.skbs,
      bytes: this.bytes,
      drops: this.drops.rows(),
      badRecords: sum((reader) => reader.badCount),
      discarded: sum((reader) => reader.discardedCount),
      missing: this.sequence.missingCount,
      late: this.sequence.lateCount,
      unknownCpu: this.sequence.unknownCpuCount,
      rings,
    };
  }

  /** The lane that has the oldest record; notes whether a busy record hides what another lane has. */
  private earliest(): RingReader | undefined {
    let best: RingReader | undefined;
    this.isBlocked = false;
    for (const reader of this.readers) {
      if (!reader.peek()) this.isBlocked ||= reader.usedBytes > 0;
      else if (best === undefined || reader.recordTimeNs < best.recordTimeNs) best = reader;
    }
    return best;
  }

  private takeRow(reader: RingReader, offsetNs: bigint, offsetLow: number, offsetHigh: number): void {
    const words = reader.words;
    const at = reader.recordWord;
    const place = words[at + 6] ?? 0;
    const sequence = (words[at + 5] ?? 0) * WORD + (words[at + 4] ?? 0);
    const missing = this.sequence.accept(place & 0xffff, (place >>> 16) & 0xff, sequence);
    if (missing < 0) this.closeGap(place);
    else if (missing > 0) this.noteGap(missing, place, { low: words[at + 2] ?? 0, high: words[at + 3] ?? 0, offsetNs });
    this.countRow(words, at);
    this.previousLow = words[at + 2] ?? 0;
    this.previousHigh = words[at + 3] ?? 0;
    this.history.push(words, at, offsetLow, offsetHigh);
    reader.take();
  }

  private countRow(words: Uint32Array, at: number): void {
    const type = ((words[at] ?? 0) >>> 8) & (KINDS - 1);
    this.rowsByType[type] = (this.rowsByType[type] ?? 0) + 1;
    if (type === EventType.drop) this.drops.count(words, at);
    if (type === EventType.trace) {
      this.skbs += words[at + 25] ?? 0;
      this.bytes += (words[at + 33] ?? 0) * WORD + (words[at + 32] ?? 0);
    }
  }

  /** A late record: one of those that a gap told of has come after all. */
  private closeGap(place: number): void {
    const [cpu, lane] = [place & 0xffff, (place >>> 16) & 0xff];
    const index = this.gaps.findLastIndex((gap) => gap.cpu === cpu && gap.lane === lane);
    const gap = this.gaps[index];
    if (gap !== undefined && --gap.count === 0) this.gaps.splice(index, 1);
  }

  private noteGap(count: number, place: number, time: { low: number; high: number; offsetNs: bigint }): void {
    const lastNs = joinWords(time.low, time.high) + time.offsetNs;
    const last = this.gaps.at(-1);
    const [cpu, lane] = [place & 0xffff, (place >>> 16) & 0xff];
    if (last !== undefined && (this.gaps.length >= MAX_PENDING_GAPS || (last.cpu === cpu && last.lane === lane))) {
      last.count += count;
      last.lastNs = lastNs;
      return;
    }
    const before = joinWords(this.previousLow, this.previousHigh);
    this.gaps.push({ count, cpu, lane, firstNs: before === 0n ? lastNs : before + time.offsetNs, lastNs });
  }
}

function timeOf(record: Uint8Array): bigint {
  return new DataView(record.buffer, record.byteOffset).getBigUint64(OFFSET.time_ns, true);
}

function joinWords(low: number, high: number): bigint {
  return (BigInt(high) << 32n) | BigInt(low);
}
