// hot path: bench row rpc/relayed
import { setMaxListeners } from 'node:events';
import { Backoff } from '../lib/backoff.ts';
import type { CallInfo } from '../rpc/binding.ts';
import type { FlowsOut } from '../rpc/batch-out.ts';
import { openFlows, type FlowsSession } from '../rpc/flows-session.ts';
import { sleep } from '../rpc/sleep.ts';
import { Code, rpcErrorText, toRpcError } from '../rpc/status.ts';
import { frameOf } from '../wire/frame-splitter.ts';
import { GetFlowsResponseCodec, type GetFlowsRequest } from '../wire/gen/observer.ts';
import { NodeState } from '../wire/gen/relay.ts';
import { ObserverService } from '../wire/services.ts';
import { FlowMerge, type MergeCounts } from './merge/flow-merge.ts';
import type { PeerQueue } from './merge/peer-queue.ts';
import { askForWatermarks, wantsWatermarks, watermarkMessage } from './merge/watermark.ts';
import type { Peer } from './peer-pool.ts';

/** How often a following call looks for new and returned peers, as Hubble's relay does. */
const rejoinMs = 2_000;
/** Waits for a peer that is there and answers with an error: an agent of another version told it every 2 s, for weeks. */
export const refusedBackoff = { firstMs: rejoinMs, longestMs: 60_000, jitter: 0 };
/** How often time passes for the merge: patience, watermarks. */
const tickMs = 50;
const watermarkMs = 100;
/** Equal errors of nodes are put into one message for this long. Hubble waits 10 s; a person watching wants to know sooner. */
const errorMergeMs = 1_000;
const longestSettleMs = 300;
const settleStepMs = 5;
/** Bytes of one write to the client. */
const writeBytes = 128 * 1024;

/** What a GetFlows call needs of the relay. */
export interface FlowsSource {
  peers(): readonly Peer[];
  relayName: string;
  /** Of all calls; each adds to it as it goes. */
  counts: MergeCounts;
}

interface Joined {
  peer: Peer;
  queue: PeerQueue;
  session: FlowsSession | undefined;
  /** What the peer was asked for; again, if it breaks before it gave anything. */
  request: GetFlowsRequest;
  state: 'open' | 'ended' | 'failed';
  /** A peer that is there and refuses is asked ever more seldom. */
  backoff: Backoff;
  retryAtMs: number;
}

/** Serves one GetFlows call: asks every available peer and merges what they send. */
export async function relayFlows(source: FlowsSource, request: GetFlowsRequest, out: FlowsOut, signal: AbortSignal, info: CallInfo): Promise<void> {
  const call = new RelayedCall(source, request, out, { signal, info });
  try {
    await call.run();
  } finally {
    call.close();
  }
}

/** Not before a slow client has taken what the peer sent: only then is it known where to go on. */
function canJoin(joined: Joined | undefined): boolean {
  return joined === undefined || (joined.state === 'failed' && !joined.queue.hasHead && Date.now() >= joined.retryAtMs);
}

/** When a peer whose stream failed is asked again: a lost connection has a backoff of its own. */
export function retryAtMs(code: number, backoff: Backoff, nowMs: number): number {
  return code === Code.UNAVAILABLE ? nowMs : nowMs + backoff.next();
}

/** A call that comes while the relay starts waits a moment for the nodes to be there and to have names. */
async function untilSettled(peers: readonly Peer[], signal: AbortSignal): Promise<void> {
  const untilMs = Date.now() + longestSettleMs;
  while (peers.some((peer) => !peer.isSettled) && Date.now() < untilMs && !signal.aborted) await sleep(settleStepMs, signal);
}

class RelayedCall {
  private readonly merge: FlowMerge;
  private readonly joined = new Map<Peer, Joined>();
  private readonly over = new AbortController();
  private readonly buffer = new Uint8Array(writeBytes);
  private buffered = 0;
  private isWritable = true;
  private wake: () => void = () => {};
  private isAwake = false;
  private errors: { message: string; nodes: string[]; sinceMs: number } | undefined;
  private readonly behindBefore = new Set<PeerQueue>();
  private lastWatermarkMs = 0;
  private readonly timers: ReturnType<typeof setInterval>[] = [];

  constructor(
    private readonly source: FlowsSource,
    private readonly request: GetFlowsRequest,
    private readonly out: FlowsOut,
    private readonly call: { signal: AbortSignal; info: CallInfo },
  ) {
    this.merge = new FlowMerge(Date.now(), source.counts);
  }

  async run(): Promise<void> {
    await untilSettled(this.source.peers(), this.call.signal);
    const peers = this.source.peers();
    const available = peers.filter((peer) => peer.isAvailable);
    this.announce(NodeState.NODE_CONNECTED, available.map((peer) => peer.name));
    this.announce(NodeState.NODE_UNAVAILABLE, peers.filter((peer) => !peer.isAvailable).map((peer) => peer.name));
    this.flush();
    // one stream per node listens
    setMaxListeners(0, this.over.signal);
    this.call.signal.addEventListener('abort', () => this.nudge());
    for (const peer of available) this.join(peer, this.request);
    this.timers.push(setInterval(() => this.nudge(), tickMs));
    if (this.request.follow) this.timers.push(setInterval(() => this.rejoin(), rejoinMs));
    while (!this.call.signal.aborted && !this.isOver) {
      await this.awake();
      await this.pump();
    }
    this.flushErrors(Infinity);
    this.flush();
  }

  close(): void {
    for (const timer of this.timers) clearInterval(timer);
    this.over.abort();
  }

  /** Following goes on without peers: unlike Hubble's relay, ours waits for them to come back. */
  private get isOver(): boolean {
    if (!this.merge.isEmpty) return false;
    return this.request.follow !== true && [...this.joined.values()].every((joined) => joined.state !== 'open');
  }

  private nudge(): void {
    this.isAwake = true;
    this.wake();
  }

  private async awake(): Promise<void> {
    if (!this.isAwake) await new Promise<void>((resolve) => { this.wake = resolve; });
    // what else arrived in this turn of the loop goes into the same write
    await new Promise((resolve) => setImmediate(resolve));
    this.isAwake = false;
  }

  private async pump(): Promise<void> {
    let nowMs = Date.now();
    let more = true;
    while (more && !this.call.signal.aborted) {
      more = this.merge.drain(nowMs, writeBytes, (bytes, start, end) => this.append(bytes, start, end));
      this.flush();
      this.resumePaused();
      if (!this.isWritable) {
        this.merge.block(nowMs);
        await this.out.drain();
        nowMs = Date.now();
        this.merge.unblock(nowMs);
        this.isWritable = true;
      }
    }
    this.flushErrors(nowMs);
    this.noteBehind(nowMs);
    this.sendWatermark(nowMs);
    this.flush();
  }

  private append(bytes: Uint8Array, start: number, end: number): void {
    if (end - start > this.buffer.length - this.buffered) this.flush();
    if (end - start > this.buffer.length) {
      this.isWritable = this.out.write(bytes.subarray(start, end)) && this.isWritable;
      return;
    }
    this.buffer.set(start === 0 && end === bytes.length ? bytes : bytes.subarray(start, end), this.buffered);
    this.buffered += end - start;
  }

  private flush(): void {
    if (this.buffered === 0) return;
    this.isWritable = this.out.write(this.buffer.subarray(0, this.buffered)) && this.isWritable;
    this.buffered = 0;
  }

  private join(peer: Peer, request: GetFlowsRequest): void {
    const backoff = this.joined.get(peer)?.backoff ?? new Backoff(refusedBackoff, () => 0);
    const joined: Joined = { peer, queue: this.merge.join(), session: undefined, request, state: 'open', backoff, retryAtMs: 0 };
    this.joined.set(peer, joined);
    void this.readPeer(joined, request.follow ? askForWatermarks(request) : request);
  }

  private async readPeer(joined: Joined, request: GetFlowsRequest): Promise<void> {
    try {
      joined.session = await openFlows(joined.peer.channel, ObserverService.GetFlows, request, {
        signal: this.over.signal,
        metadata: this.call.info.metadata,
        onBatch: (frames) => {
          joined.backoff.reset();
          this.merge.push(joined.queue, frames, Date.now());
          if (!joined.queue.isHeld && this.merge.hasEnough(joined.queue, Date.now())) {
            this.merge.hold(joined.queue);
            joined.session?.pause();
          }
          this.nudge();
        },
      });
      await joined.session.done;
      joined.state = 'ended';
    } catch (reason) {
      joined.state = 'failed';
      const error = toRpcError(reason);
      joined.retryAtMs = retryAtMs(error.code, joined.backoff, Date.now());
      if (!this.over.signal.aborted) this.noteError(joined.peer.name, rpcErrorText(error));
    }
    this.merge.leave(joined.queue);
    this.nudge();
  }

  private resumePaused(): void {
    const nowMs = Date.now();
    for (const joined of this.joined.values()) {
      if (!joined.queue.isHeld || !this.merge.hasRoom(joined.queue, nowMs)) continue;
      this.merge.release(joined.queue, nowMs);
      joined.session?.resume();
    }
  }

  /** Peers that are new or came back; what they had before the break is not asked for again. */
  private rejoin(): void {
    const peers = this.source.peers();
    for (const peer of this.joined.keys()) if (!peers.includes(peer)) this.joined.delete(peer);
    const back = peers.filter((peer) => peer.isAvailable && canJoin(this.joined.get(peer)));
    for (const peer of back) this.join(peer, this.requestAfter(this.joined.get(peer)));
    this.announce(NodeState.NODE_CONNECTED, back.map((peer) => peer.name));
    if (back.length > 0) this.nudge();
  }

  private requestAfter(before: Joined | undefined): GetFlowsRequest {
    const last = before?.queue.lastTime(1);
    if (last === undefined) return before?.request ?? this.request;
    const { number: _number, first: _first, ...rest } = this.request;
    return { ...rest, since: last };
  }

  private noteError(node: string, message: string): void {
    if (this.errors && this.errors.message !== message) this.flushErrors(Infinity);
    this.errors ??= { message, nodes: [], sinceMs: Date.now() };
    this.errors.nodes.push(node);
  }

  private flushErrors(nowMs: number): void {
    if (!this.errors || nowMs - this.errors.sinceMs < errorMergeMs) return;
    const { nodes, message } = this.errors;
    this.errors = undefined;
    this.announce(NodeState.NODE_ERROR, [...new Set(nodes)], message);
  }

  private noteBehind(nowMs: number): void {
    const behind = new Set(this.merge.behind(nowMs));
    for (const { queue, peer } of this.joined.values()) {
      if (behind.has(queue) && !this.behindBefore.has(queue)) this.noteError(peer.name, 'behind: its flows pass without waiting for the order of time');
    }
    this.behindBefore.clear();
    for (const queue of behind) this.behindBefore.add(queue);
  }

  private sendWatermark(nowMs: number): void {
    if (nowMs - this.lastWatermarkMs < watermarkMs || !wantsWatermarks(this.request)) return;
    const time = this.merge.lowWater(nowMs);
    if (time === undefined) return;
    this.lastWatermarkMs = nowMs;
    const frame = frameOf(watermarkMessage(time));
    this.append(frame, 0, frame.length);
  }

  private announce(state: number, names: readonly string[], message?: string): void {
    if (names.length === 0) return;
    const nowMs = Date.now();
    const frame = frameOf(GetFlowsResponseCodec.encode({
      node_status: { state_change: state, node_names: [...names], ...(message === undefined ? {} : { message }) },
      node_name: this.source.relayName,
      time: { seconds: BigInt(Math.floor(nowMs / 1000)), nanos: (nowMs % 1000) * 1e6 },
    }));
    this.append(frame, 0, frame.length);
  }
}
