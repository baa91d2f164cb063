import type { FlowsOut } from '../../src/rpc/batch-out.ts';
import { WatermarkCodec } from '../../src/wire/gen/hubtop.ts';
import { LostEventSource } from '../../src/wire/gen/flow.ts';
import { GetFlowsResponseCodec, type GetFlowsRequest, type GetFlowsResponse } from '../../src/wire/gen/observer.ts';
import type { RowContext } from '../enrich/row-context.ts';
import { RowView } from '../enrich/row-view.ts';
import { RowWriter } from '../enrich/row-writer.ts';
import { HistoryReader } from '../history/history.ts';
import type { WholeFlows } from '../history/whole-flows.ts';
import type { ProvenGap } from '../history/node-drain.ts';
import { FlowCursor } from './flow-cursor.ts';
import { type FlowMask, compileMask } from './flow-mask.ts';
import { timestampOf } from '../../src/wire/timestamp.ts';
import { type FlowRequest, readFlowRequest } from './flow-request.ts';
import type { GapList } from './gap-list.ts';
import { MergedCursor } from './merged-cursor.ts';
import { RowSource } from './row-source.ts';
import type { Turns } from './turns.ts';
import type { WakeUp } from './wake-up.ts';

/** A batch is sent when it has grown to this. */
const BATCH_BYTES = 64 * 1024;
/** Rows looked at, and time taken, before others get their turn on this thread. */
const ROWS_PER_TURN = 4_096;
const TURN_MS = 5;
/** Losses of a slow stream are told at most this often; Hubble's `--hubble-lost-event-send-interval`. */
const LOST_EVENT_MS = 1_000;
const WATERMARK_MS = 100;
/** A follower looks by itself this often, even if nobody wakes it. */
const FOLLOW_POLL_MS = 1_000;
const WATERMARK_URL = 'type.googleapis.com/hubtop.v1.Watermark';

/** What the streams of one node share. */
export interface FlowStreamSource {
  context: RowContext;
  history: SharedArrayBuffer;
  /** What does not fit into rows. */
  whole: WholeFlows;
  gaps: GapList;
  news: WakeUp;
  turns: Turns;
  wallNs(): bigint;
  /** Rows lost by streams that were too slow. */
  onOvertaken(count: number): void;
}

/** Answers one GetFlows call; resolves at its end, throws the RpcError of a bad request. */
export async function streamFlows(source: FlowStreamSource, request: GetFlowsRequest, out: FlowsOut, signal: AbortSignal): Promise<void> {
  // building a client's filters is work, too
  const turn = source.turns.take();
  if (turn !== undefined) await turn;
  if (signal.aborted) return;
  const stream = new FlowStream(source, readFlowRequest(request), compileMask(request.field_mask, source.context), out);
  const unsubscribe = request.follow === true ? source.news.subscribe() : undefined;
  try {
    await stream.run(signal);
  } finally {
    unsubscribe?.();
  }
}

class FlowStream {
  private readonly view: RowView;
  private readonly writer: RowWriter;
  private readonly reader: HistoryReader;
  private readonly cursor: MergedCursor;
  private gap: number;
  private isGapPlaced = false;
  private lost = { count: 0, firstNs: 0n, lastNs: 0n, toldNs: 0n };
  private watermarkNs = 0n;

  constructor(
    private readonly source: FlowStreamSource,
    private readonly request: FlowRequest,
    private readonly mask: FlowMask | undefined,
    private readonly out: FlowsOut,
  ) {
    this.view = new RowView(source.context);
    this.writer = new RowWriter(source.context);
    this.reader = new HistoryReader(source.history);
    this.gap = source.gaps.end;
    const { matches, range } = request;
    this.cursor = new MergedCursor({
      rows: new FlowCursor(new RowSource(this.reader, this.view), matches, range), whole: new FlowCursor(source.whole, matches, range),
      reader: this.reader, door: source.whole, range, wallNs: source.wallNs,
    });
  }

  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const completeNs = this.request.hasWatermarks ? this.cursor.completeNs() : 0n;
      const isEnded = await this.catchUp(signal);
      if (isEnded) return;
      this.tellGaps(undefined);
      if (completeNs > this.watermarkNs) this.tellWatermark(completeNs);
      await this.flush();
      // Rows that came while we were sending have rung already.
      const timeoutMs = this.request.hasWatermarks ? WATERMARK_MS : FOLLOW_POLL_MS;
      if (!this.cursor.hasMore) await this.source.news.wait(timeoutMs, signal);
      await this.nextTurn();
    }
  }

  /** A client that reads everything, or a thousand of them, must not starve the rest of the agent. */
  private async nextTurn(): Promise<void> {
    const turn = this.source.turns.take();
    if (turn !== undefined) await turn;
  }

  /** Sends what is there; true at the end of the answer. */
  private async catchUp(signal: AbortSignal): Promise<boolean> {
    for (;;) {
      if (signal.aborted) return true;
      const step = this.fillBatch();
      this.noteOvertaken(step === 'end');
      if (step === 'end') this.tellGaps(undefined);
      await this.flush();
      if (step === 'end') return true;
      if (step === 'idle' && !this.cursor.hasMore) return false;
      await this.nextTurn();
    }
  }

  private fillBatch(): 'full' | 'idle' | 'end' {
    const { frames } = this.writer;
    const untilMs = performance.now() + TURN_MS;
    const isSpent = (): boolean => performance.now() > untilMs;
    for (let rows = 0; rows < ROWS_PER_TURN && frames.length < BATCH_BYTES; rows++) {
      const step = this.cursor.next(ROWS_PER_TURN, isSpent);
      if (step === 'idle' || step === 'end') return step;
      if (this.cursor.overtakenCount > 0) this.noteOvertaken(false);
      this.tellGaps(this.cursor.timeNs);
      if (step === 'row') this.writeRow();
      else this.writeWhole(this.cursor.wholeNumber);
    }
    return 'full';
  }

  private writeRow(): void {
    if (this.mask === undefined) this.writer.write(this.view, this.request.hasExtension);
    else this.writer.frames.writeEncoded(this.mask.apply(this.view, this.request.hasExtension));
  }

  private writeWhole(number: number): void {
    const { whole } = this.source;
    const bytes = whole.encoded(number, this.request.hasExtension);
    // overwritten since we looked at it
    if (bytes === undefined) this.cursor.loseWhole();
    else this.writer.frames.writeEncoded(this.mask === undefined ? bytes : this.mask.cut(bytes));
  }

  private async flush(): Promise<void> {
    const { frames } = this.writer;
    if (frames.length === 0) return;
    const hasRoom = this.out.write(frames.bytes());
    frames.reset();
    if (!hasRoom) await this.out.drain();
  }

  /** Losses that are proven to lie before the next row, or all so far. */
  private tellGaps(beforeNs: bigint | undefined): void {
    const { gaps } = this.source;
    if (!this.isGapPlaced) {
      this.isGapPlaced = true;
      const { isFollow, number, sinceNs } = this.request.range;
      const hasPast = !isFollow || number > 0 || sinceNs !== undefined;
      if (beforeNs !== undefined && hasPast) this.gap = gaps.since(beforeNs);
    }
    for (; this.gap < gaps.end; this.gap++) {
      const gap = gaps.get(this.gap);
      if (gap === undefined) continue;
      if (beforeNs !== undefined && gap.lastNs > beforeNs) return;
      this.tell(kernelLoss(gap));
    }
  }

  private noteOvertaken(isLast: boolean): void {
    const { lost, cursor } = this;
    const nowNs = this.source.wallNs();
    if (cursor.overtakenCount > 0) {
      if (lost.count === 0) lost.firstNs = nowNs;
      const count = cursor.takeOvertaken();
      lost.count += count;
      lost.lastNs = nowNs;
      this.source.onOvertaken(count);
    }
    if (lost.count === 0 || (!isLast && nowNs - lost.toldNs < BigInt(LOST_EVENT_MS) * 1_000_000n)) return;
    this.tell({
      time: timestampOf(nowNs),
      lost_events: {
        source: LostEventSource.HUBBLE_RING_BUFFER,
        num_events_lost: BigInt(lost.count),
        first: timestampOf(lost.firstNs),
        last: timestampOf(lost.lastNs),
      },
    });
    lost.count = 0;
    lost.toldNs = nowNs;
  }

  private tellWatermark(timeNs: bigint): void {
    this.watermarkNs = timeNs;
    const time = timestampOf(timeNs);
    this.tell({ time, flow: { extensions: { type_url: WATERMARK_URL, value: WatermarkCodec.encode({ time }) } } });
  }

  private tell(response: GetFlowsResponse): void {
    const { nodeName } = this.source.context;
    this.writer.frames.writeEncoded(GetFlowsResponseCodec.encode({ node_name: nodeName, ...response }));
  }
}

function kernelLoss(gap: ProvenGap): GetFlowsResponse {
  return {
    time: timestampOf(gap.lastNs),
    lost_events: {
      source: LostEventSource.PERF_EVENT_RING_BUFFER,
      num_events_lost: BigInt(gap.count),
      cpu: { value: gap.cpu },
      first: timestampOf(gap.firstNs),
      last: timestampOf(gap.lastNs),
    },
  };
}
