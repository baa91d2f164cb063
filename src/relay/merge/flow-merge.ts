// hot path: bench row rpc/relayed
import type { Timestamp } from '../../wire/gen/google.ts';
import { PeerQueue, type MergeTime } from './peer-queue.ts';

/** A frame waits this long for those of other peers, then it goes. Hubble's relay drains its sort buffer after 1 s. */
export const patienceMs = 1_000;
/** A peer of ours that gave no watermark younger than this is behind: the others do not wait for it. */
export const behindMs = 1_000;
/** What all peers of one call may have waiting. */
export const maxMergeBytes = 64 * 1024 * 1024;
/** Two stream windows keep a peer busy; more only grows old in memory (4 MiB cost a third of the throughput in collecting garbage). */
const maxPeerBytes = 512 * 1024;
/** Without anything given on for this long, though the client would take it, a peer is silent, and not just slower than others. */
const stallMs = 40;

/** What merges did. */
export interface MergeCounts {
  frames: number;
  /** Passed on after a younger one. */
  late: number;
  malformed: number;
}

/**
 * Puts the frames of many peers into the order of their times, without decoding
 * or changing them. Peers that send watermarks are waited for until their
 * watermark says that nothing older comes; behind others the wait is bounded
 * by patienceMs. Times are the caller's wall clock in ms since 1970.
 */
export class FlowMerge {
  private readonly baseSeconds: number;
  private queues: PeerQueue[] = [];
  private lastTime: MergeTime = -Infinity;
  /** Time spent waiting for the client. */
  private blockedMs = 0;
  private blockedAtMs: number | undefined;
  /** When something was given on, or the client was ready again. */
  private progressMs: number;

  /** `counts` is added to, so that many merges can share one. */
  constructor(startMs: number, readonly counts: MergeCounts = { frames: 0, late: 0, malformed: 0 }) {
    this.baseSeconds = Math.floor(startMs / 1000);
    this.progressMs = startMs;
  }

  /** A new peer; give its queue to leave() when its stream has ended. */
  join(): PeerQueue {
    const queue = new PeerQueue(this.baseSeconds);
    this.queues.push(queue);
    return queue;
  }

  /** Takes a run of whole frames, which must not change any more. */
  push(queue: PeerQueue, frames: Uint8Array, nowMs: number): void {
    queue.push(frames, this.activeMs(nowMs));
  }

  /** The client does not take more: until unblock() no frame loses patience. */
  block(nowMs: number): void {
    this.blockedAtMs ??= nowMs;
  }

  unblock(nowMs: number): void {
    if (this.blockedAtMs === undefined) return;
    this.blockedMs += nowMs - this.blockedAtMs;
    this.progressMs = nowMs;
    this.blockedAtMs = undefined;
  }

  /** The peer sends no more; what it sent still comes out. */
  leave(queue: PeerQueue): void {
    queue.isOpen = false;
    this.sweep();
  }

  /**
   * Whether so much of a peer waits that its stream must pause. What waits for the client waits at the node; what
   * waits for a silent peer waits here, up to a full share: its neighbours must not lose flows to its silence.
   */
  hasEnough(queue: PeerQueue, nowMs: number): boolean {
    return queue.bytes > this.limitBytes(nowMs);
  }

  /** Whether a paused peer may go on. */
  hasRoom(queue: PeerQueue, nowMs: number): boolean {
    return queue.bytes <= this.limitBytes(nowMs) / 2;
  }

  private limitBytes(nowMs: number): number {
    const share = Math.floor(maxMergeBytes / Math.max(1, this.queues.length));
    const isStalled = this.blockedAtMs === undefined && nowMs - this.progressMs >= stallMs;
    return isStalled ? share : Math.min(maxPeerBytes, share);
  }

  /** Its stream is paused: what it cannot send is not its fault. */
  hold(queue: PeerQueue): void {
    queue.isHeld = true;
  }

  release(queue: PeerQueue, nowMs: number): void {
    queue.isHeld = false;
    queue.releasedAtMs = nowMs;
  }

  /** Nothing waits. */
  get isEmpty(): boolean {
    return this.queues.every((queue) => !queue.hasHead);
  }

  /** Peers of ours whose watermark is too old to wait for. */
  behind(nowMs: number): PeerQueue[] {
    return this.queues.filter((queue) => !queue.hasHead && this.isBehind(queue, nowMs));
  }

  /**
   * Hands on what is in order by now, as ranges of whole frames in `bytes`, until about `maxBytes` are given.
   * True when it stopped for that.
   */
  drain(nowMs: number, maxBytes: number, give: (bytes: Uint8Array, start: number, end: number) => void): boolean {
    let budget = maxBytes;
    const impatientMs = this.activeMs(nowMs) - patienceMs;
    while (budget > 0) {
      let best: PeerQueue | undefined;
      let nextHead: MergeTime = Infinity;
      let waitBound: MergeTime = Infinity;
      for (const queue of this.queues) {
        if (queue.hasHead) {
          if (best === undefined || queue.headTime < best.headTime) {
            if (best !== undefined && best.headTime < nextHead) nextHead = best.headTime;
            best = queue;
          } else if (queue.headTime < nextHead) nextHead = queue.headTime;
        } else if (queue.isOpen && queue.bound < waitBound && !this.isBehind(queue, nowMs)) waitBound = queue.bound;
      }
      if (best === undefined || !isDue(best, waitBound, impatientMs)) {
        this.sweep();
        return false;
      }
      this.progressMs = nowMs;
      budget -= this.giveRun(best, { nextHead, waitBound, impatientMs, budget }, give);
    }
    return true;
  }

  /** The time that nothing to come is older than; undefined while a peer's is unknown. */
  lowWater(nowMs: number): Timestamp | undefined {
    const slowest = (nowMs - patienceMs - this.baseSeconds * 1000) * 1e6;
    let low: MergeTime = Infinity;
    for (const queue of this.queues) {
      if (!queue.hasHead && this.isBehind(queue, nowMs)) continue;
      const bound = queue.sendsWatermarks ? queue.bound : Math.max(queue.bound, slowest);
      low = Math.min(low, queue.hasHead ? Math.min(queue.headTime, bound) : bound);
    }
    if (!Number.isFinite(low)) return undefined;
    const seconds = Math.floor(low / 1e9);
    return { seconds: BigInt(this.baseSeconds + seconds), nanos: Math.floor(low - seconds * 1e9) };
  }

  private giveRun(
    queue: PeerQueue,
    until: { nextHead: MergeTime; waitBound: MergeTime; impatientMs: number; budget: number },
    give: (bytes: Uint8Array, start: number, end: number) => void,
  ): number {
    const batch = queue.headBatch;
    const start = queue.headStart;
    let end = start;
    do {
      this.counts.frames++;
      if (queue.headTime < this.lastTime) this.counts.late++;
      else this.lastTime = queue.headTime;
      end = queue.headEnd;
      queue.advance();
    } while (
      queue.hasHead && queue.headBatch === batch && queue.headStart === end && end - start < until.budget &&
      queue.headTime <= until.nextHead && isDue(queue, until.waitBound, until.impatientMs)
    );
    give(batch, start, end);
    return end - start;
  }

  private isBehind(queue: PeerQueue, nowMs: number): boolean {
    if (!queue.sendsWatermarks || !queue.isOpen) return false;
    // what was held up at the node is not the node's fault
    if (queue.isHeld || nowMs - queue.releasedAtMs < behindMs) return false;
    return queue.bound < (nowMs - behindMs - this.baseSeconds * 1000) * 1e6;
  }

  /** A clock that stands still while the client does. */
  private activeMs(nowMs: number): number {
    return (this.blockedAtMs ?? nowMs) - this.blockedMs;
  }

  private sweep(): void {
    for (const queue of this.queues) {
      this.counts.malformed += queue.malformed;
      queue.malformed = 0;
    }
    if (this.queues.some((queue) => !queue.isOpen && !queue.hasHead)) this.queues = this.queues.filter((queue) => queue.isOpen || queue.hasHead);
  }
}

function isDue(queue: PeerQueue, waitBound: MergeTime, impatientMs: number): boolean {
  return queue.headTime <= waitBound || queue.headArrivedMs <= impatientMs;
}
