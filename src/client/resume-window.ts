import { FlowScan, ScanKind, peekTime, scanResponse } from '../wire/flow-scan.ts';
import { FRAME_PREFIX_BYTES, forEachMessage } from '../wire/frame-splitter.ts';
import type { GetFlowsRequest } from '../wire/gen/observer.ts';

/** How far back a resumed stream is asked for: nodes lag each other by less. */
const overlapSeconds = 2;
/** Frames kept to know what was seen already. */
const maxKeptBytes = 2 * 1024 * 1024;

interface KeptBatch {
  frames: Uint8Array;
  /** Time of its last frame, in seconds since 1970. */
  lastSeconds: number;
}

/**
 * Makes a stream that broke continue exactly once: remembers the last batches,
 * asks again from a little before their end, and drops what was seen, known by
 * node and uuid. While nothing breaks it costs one look per batch.
 */
export class ResumeWindow {
  private kept: KeptBatch[] = [];
  private keptBytes = 0;
  private newestSeconds = 0;
  /** Flows seen in the window that is asked for again; empty once the stream is past it. */
  private seen = new Set<string>();
  private seenUntilSeconds = 0;
  private readonly scan = new FlowScan();

  /** The request that continues where the last batch ended; the request itself when there was none. */
  resume(request: GetFlowsRequest): GetFlowsRequest {
    if (this.newestSeconds === 0) return request;
    const oldestKept = this.kept[0]?.lastSeconds ?? this.newestSeconds;
    const from = Math.max(this.newestSeconds - overlapSeconds, Math.min(oldestKept, this.newestSeconds));
    this.seen = new Set();
    for (const { frames } of this.kept) forEachMessage(frames, (start, end) => this.seen.add(this.keyOf(frames, start, end)));
    this.seen.delete('');
    this.seenUntilSeconds = this.newestSeconds + overlapSeconds;
    const { number: _number, first: _first, ...rest } = request;
    return { ...rest, since: { seconds: BigInt(Math.floor(from)), nanos: Math.floor((from % 1) * 1e9) } };
  }

  /** Takes a run of frames as it came and gives those that are new. */
  admit(frames: Uint8Array): Uint8Array {
    const fresh = this.seen.size === 0 ? frames : this.withoutSeen(frames);
    this.keep(fresh);
    return fresh;
  }

  private keep(frames: Uint8Array): void {
    const lastSeconds = this.timeOfLast(frames);
    if (lastSeconds === 0) return;
    this.newestSeconds = Math.max(this.newestSeconds, lastSeconds);
    this.kept.push({ frames, lastSeconds });
    this.keptBytes += frames.length;
    while (this.kept.length > 1 && (this.keptBytes > maxKeptBytes || (this.kept[0]?.lastSeconds ?? 0) < this.newestSeconds - overlapSeconds)) {
      this.keptBytes -= this.kept.shift()?.frames.length ?? 0;
    }
  }

  private timeOfLast(frames: Uint8Array): number {
    let [lastStart, lastEnd] = [0, 0];
    forEachMessage(frames, (start, end) => {
      lastStart = start;
      lastEnd = end;
    });
    const time = { seconds: 0, nanos: 0 };
    return lastEnd > 0 && isFlow(frames, lastStart) && peekTime(frames, lastStart, lastEnd, time) ? time.seconds + time.nanos / 1e9 : 0;
  }

  private withoutSeen(frames: Uint8Array): Uint8Array {
    const fresh: Uint8Array[] = [];
    forEachMessage(frames, (start, end) => {
      const key = this.keyOf(frames, start, end);
      if (key !== '' && this.scan.timeSeconds > this.seenUntilSeconds) this.seen.clear();
      if (this.seen.size === 0 || !this.seen.delete(key)) fresh.push(frames.subarray(start - FRAME_PREFIX_BYTES, end));
    });
    const whole = new Uint8Array(fresh.reduce((sum, frame) => sum + frame.length, 0));
    let position = 0;
    for (const frame of fresh) {
      whole.set(frame, position);
      position += frame.length;
    }
    return whole;
  }

  /** Node and uuid; empty for what is no flow or has no uuid (older Hubble: those may come twice). */
  private keyOf(frames: Uint8Array, start: number, end: number): string {
    const { scan } = this;
    if (!scanResponse(frames, start, end, scan) || scan.kind !== ScanKind.FLOW || scan.uuidStart === scan.uuidEnd) return '';
    return `${text(frames, scan.nodeNameStart, scan.nodeNameEnd)} ${text(frames, scan.uuidStart, scan.uuidEnd)}`;
  }
}

// protobuf writers put the oneof first: field 1, length-delimited
const flowTag = 0x0a;

function isFlow(frames: Uint8Array, start: number): boolean {
  return frames[start] === flowTag;
}

const decoder = new TextDecoder('latin1');

function text(bytes: Uint8Array, start: number, end: number): string {
  return decoder.decode(bytes.subarray(start, end));
}
