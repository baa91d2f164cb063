// hot path: bench row rpc/relayed
import { peekTime, type WireTime } from '../../wire/flow-scan.ts';
import type { Timestamp } from '../../wire/gen/google.ts';
import { FRAME_PREFIX_BYTES, frameLength } from '../../wire/frame-splitter.ts';
import { longestWatermarkBytes, watermarkTime } from './watermark.ts';

/** Nanoseconds since the merge's base; exact for 104 days around it. */
export type MergeTime = number;

/** First and last second of the years 1 to 9999, as protobuf's Timestamp has it. */
const minSeconds = -62_135_596_800;
const maxSeconds = 253_402_300_799;

/** Frames of one peer, waiting in the order they came; each is looked at once, when it becomes the head. */
export class PeerQueue {
  /** Bytes waiting. */
  bytes = 0;
  hasHead = false;
  headTime: MergeTime = 0;
  /** Range of the head in headBatch, gRPC prefix included. */
  headStart = 0;
  headEnd = 0;
  /** When the head's batch came. */
  headArrivedMs = 0;
  /** No frame to come is older, as far as the peer says. */
  bound: MergeTime = -Infinity;
  /** It sends watermarks: an agent of ours that has caught up. */
  sendsWatermarks = false;
  isOpen = true;
  /** The relay has told the peer's stream to pause, since enough waits here. */
  isHeld = false;
  /** When that was over. */
  releasedAtMs = -Infinity;
  /** Messages that were no GetFlowsResponse; they are passed on as they came. */
  malformed = 0;
  private lastLeft: MergeTime = -Infinity;
  private batches: Uint8Array[] = [];
  private arrivals: number[] = [];
  private next = 0;
  private readonly time: WireTime = { seconds: 0, nanos: 0 };

  constructor(private readonly baseSeconds: number) {}

  get headBatch(): Uint8Array {
    return this.batches[this.next] ?? noBytes;
  }

  /** For FlowMerge.push(). */
  push(frames: Uint8Array, arrivedMs: number): void {
    if (frames.length === 0) return;
    this.batches.push(frames);
    this.arrivals.push(arrivedMs);
    this.bytes += frames.length;
    if (!this.hasHead) this.findHead(0);
  }

  /** Steps over the head. */
  advance(): void {
    this.bytes -= this.headEnd - this.headStart;
    if (this.headTime > this.bound) this.bound = this.headTime;
    if (this.headTime > this.lastLeft) this.lastLeft = this.headTime;
    this.findHead(this.headEnd);
  }

  /** Time of the last frame that left, plus so many nanoseconds; undefined when none had a time. */
  lastTime(plusNs: number): Timestamp | undefined {
    if (!Number.isFinite(this.lastLeft)) return undefined;
    const at = this.lastLeft + plusNs;
    const seconds = Math.floor(at / 1e9);
    return { seconds: BigInt(this.baseSeconds + seconds), nanos: Math.floor(at - seconds * 1e9) };
  }

  private findHead(from: number): void {
    let at = from;
    this.hasHead = false;
    while (this.next < this.batches.length) {
      const batch = this.headBatch;
      if (at + FRAME_PREFIX_BYTES > batch.length) {
        this.dropBatch();
        at = 0;
        continue;
      }
      const start = at + FRAME_PREFIX_BYTES;
      const end = start + frameLength(batch, at);
      if (end - start <= longestWatermarkBytes && this.takeWatermark(batch, start, end)) {
        this.bytes -= end - at;
        at = end;
        continue;
      }
      this.hasHead = true;
      this.headStart = at;
      this.headEnd = end;
      this.headArrivedMs = this.arrivals[this.next] ?? 0;
      this.headTime = this.timeOf(batch, start, end);
      return;
    }
  }

  private timeOf(batch: Uint8Array, start: number, end: number): MergeTime {
    if (!peekTime(batch, start, end, this.time)) this.malformed++;
    // masked flows have no time: they keep their place among the peer's own
    else if (this.time.seconds !== 0) return this.relative(this.time.seconds, this.time.nanos);
    return this.bound;
  }

  private takeWatermark(batch: Uint8Array, start: number, end: number): boolean {
    const time = watermarkTime(batch.subarray(start, end));
    if (time === undefined) return false;
    this.sendsWatermarks = true;
    const relative = this.relative(Number(time.seconds ?? 0n), time.nanos ?? 0);
    if (relative > this.bound) this.bound = relative;
    return true;
  }

  /** A time outside of what a Timestamp may say is one of its ends: whatever comes out can be written again. */
  private relative(seconds: number, nanos: number): MergeTime {
    const bounded = Math.max(minSeconds, Math.min(seconds, maxSeconds));
    return (bounded - this.baseSeconds) * 1e9 + (nanos >= 0 && nanos < 1e9 ? nanos : 0);
  }

  private dropBatch(): void {
    this.next++;
    // shift() of a long array moves it all; so does this, but seldom
    if (this.next < 64 && this.next < this.batches.length) return;
    this.batches = this.batches.slice(this.next);
    this.arrivals = this.arrivals.slice(this.next);
    this.next = 0;
  }
}

const noBytes = new Uint8Array(0);
