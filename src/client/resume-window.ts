import { FlowScan, ScanKind, scanResponse } from '../wire/flow-scan.ts';
import { FRAME_PREFIX_BYTES, forEachMessage } from '../wire/frame-splitter.ts';
import type { GetFlowsRequest } from '../wire/gen/observer.ts';

/** How far back a resumed stream is asked for: nodes lag each other by less. */
const overlapSeconds = 2;
/** Frames kept to know what was seen already: longer than what is asked for again, since they may have come late. */
const keptMs = 2 * overlapSeconds * 1000;
const maxKeptBytes = 2 * 1024 * 1024;
/** By then what was asked for again has come, and nobody needs to be compared any more. */
const longestReplayMs = 60_000;

interface KeptBatch {
  frames: Uint8Array;
  arrivedMs: number;
}

/** Times of a node's flows, in seconds since 1970 on its own clock. */
interface NodeWindow {
  /** Older flows came before the break. */
  from: number;
  /** Newer flows came after it. */
  until: number;
}

/**
 * Makes a stream that broke continue exactly once: remembers the last batches,
 * asks again from a little before their end, and drops what was seen, known by
 * node and uuid. Each node is compared with itself alone: its clock may be an
 * hour off. While nothing breaks it only keeps the batches.
 */
export class ResumeWindow {
  private kept: KeptBatch[] = [];
  private keptBytes = 0;
  /** Flows seen in the window that is asked for again; empty once the stream is past it. */
  private seen = new Set<string>();
  private windows = new Map<string, NodeWindow>();
  /** For nodes that were silent before the break: what most of the others have. */
  private usualFrom = -Infinity;
  /** Nodes that may still send what was seen. */
  private readonly behind = new Set<string>();
  private resumedMs = 0;
  private readonly scan = new FlowScan();

  /** `nowMs` is a clock that tells how old a batch is. */
  constructor(private readonly nowMs: () => number) {}

  /** The request that continues where the last batch ended; the request itself when there was none. */
  resume(request: GetFlowsRequest): GetFlowsRequest {
    this.lookBack();
    if (this.windows.size === 0) return request;
    for (const [node, window] of this.windows) {
      // what is older than the kept batches could not be told apart
      window.from = Math.max(window.from, window.until - overlapSeconds);
      this.behind.add(node);
    }
    const froms = [...this.windows.values()].map((window) => window.from).toSorted((one, other) => one - other);
    this.usualFrom = froms[froms.length >> 1] ?? -Infinity;
    this.resumedMs = this.nowMs();
    const since = froms[0] ?? 0;
    const { number: _number, first: _first, ...rest } = request;
    return { ...rest, since: { seconds: BigInt(Math.floor(since)), nanos: Math.floor((since % 1) * 1e9) } };
  }

  /** Takes a run of frames as it came and gives those that are new. */
  admit(frames: Uint8Array): Uint8Array {
    const fresh = this.behind.size === 0 ? frames : this.withoutSeen(frames);
    this.keep(fresh);
    return fresh;
  }

  private keep(frames: Uint8Array): void {
    if (frames.length === 0) return;
    const arrivedMs = this.nowMs();
    this.kept.push({ frames, arrivedMs });
    this.keptBytes += frames.length;
    let gone = 0;
    while (gone < this.kept.length - 1 && (this.keptBytes > maxKeptBytes || (this.kept[gone]?.arrivedMs ?? 0) < arrivedMs - keptMs)) {
      this.keptBytes -= this.kept[gone++]?.frames.length ?? 0;
    }
    if (gone > 0) this.kept.splice(0, gone);
  }

  /** What the kept batches say: which flows came, and the span of each node's. */
  private lookBack(): void {
    this.forget();
    for (const { frames } of this.kept) {
      forEachMessage(frames, (start, end) => {
        const flow = this.flowAt(frames, start, end);
        if (flow === undefined) return;
        if (flow.key !== '') this.seen.add(flow.key);
        const window = this.windows.get(flow.node);
        if (window === undefined) this.windows.set(flow.node, { from: flow.time, until: flow.time });
        else {
          window.from = Math.min(window.from, flow.time);
          window.until = Math.max(window.until, flow.time);
        }
      });
    }
  }

  private forget(): void {
    this.seen = new Set();
    this.windows = new Map();
    this.behind.clear();
  }

  private withoutSeen(frames: Uint8Array): Uint8Array {
    const fresh: Uint8Array[] = [];
    forEachMessage(frames, (start, end) => {
      if (!this.wasSeen(frames, start, end)) fresh.push(frames.subarray(start - FRAME_PREFIX_BYTES, end));
    });
    if (this.behind.size === 0 || this.nowMs() - this.resumedMs > longestReplayMs) this.forget();
    const whole = new Uint8Array(fresh.reduce((sum, frame) => sum + frame.length, 0));
    let position = 0;
    for (const frame of fresh) {
      whole.set(frame, position);
      position += frame.length;
    }
    return whole;
  }

  private wasSeen(frames: Uint8Array, start: number, end: number): boolean {
    const flow = this.flowAt(frames, start, end);
    if (flow === undefined) return false;
    const window = this.windows.get(flow.node);
    if (window !== undefined && flow.time > window.until + overlapSeconds) this.behind.delete(flow.node);
    return flow.time < (window?.from ?? this.usualFrom) || this.seen.delete(flow.key);
  }

  /** Undefined for what is no flow with a time. No key without a uuid (older Hubble): such flows may come twice. */
  private flowAt(frames: Uint8Array, start: number, end: number): { node: string; time: number; key: string } | undefined {
    const { scan } = this;
    if (!scanResponse(frames, start, end, scan) || scan.kind !== ScanKind.FLOW || scan.timeSeconds === 0) return undefined;
    const node = text(frames, scan.nodeNameStart, scan.nodeNameEnd);
    const key = scan.uuidStart === scan.uuidEnd ? '' : `${node} ${text(frames, scan.uuidStart, scan.uuidEnd)}`;
    return { node, time: scan.timeSeconds + scan.timeNanos / 1e9, key };
  }
}

const decoder = new TextDecoder('latin1');

function text(bytes: Uint8Array, start: number, end: number): string {
  return decoder.decode(bytes.subarray(start, end));
}
