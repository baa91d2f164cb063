import type { AddressRow, KernelSample, RingMemory, RingSource } from '../decode/kernel.ts';
import { openSharedRing } from '../decode/shared-ring.ts';
import { WallClock } from '../decode/wall-clock.ts';
import { type DrainCounts, NodeDrain } from '../history/node-drain.ts';
import type { SimKernel } from '../sim/sim-kernel.ts';
import type { DrainClock, DrainReport } from './drain-protocol.ts';

/** Records younger than this wait for the next drain: their neighbours in the other lane may still be on their way. */
const WATERMARK_SLACK_NS = 2_000_000n;

/** A simulated kernel moves in steps of at most this, as the rings of a real one are drained while it works. */
const STEP_NS = 5_000_000n;
/** Beyond this the simulation is stepped in one go: time it cannot make up for. */
const MAX_CATCH_UP_NS = 1_000_000_000n;

/** A reading in more doubt than this waits for the next second: better a slow correction than a wrong one. */
const MAX_DOUBT_NS = 100_000n;
/** Smaller changes of the boot clock's offset are readings' noise; what is meant is a machine that slept. */
const MIN_SLEEP_NS = 1_000_000n;

/** Both clocks of this machine, read at the same moment, in nanoseconds. */
export interface ClockReading {
  wallNs: bigint;
  monotonicNs: bigint;
  /** How far apart the two may have been read. */
  doubtNs: bigint;
}

/** Clocks of this machine; tests pass their own. */
export interface HostClock {
  monotonicNs(): bigint;
  /** May take a millisecond. */
  read(): ClockReading;
}

/** One node inside the drain worker: its rings, its history, and its kernel where that is simulated. */
export class HostedNode {
  isFollowed = false;
  /** Rows moved since somebody was told. */
  hasNews = false;
  private readonly drain: NodeDrain;
  private readonly wall: WallClock;
  private bootOffsetNs: bigint;
  private isWatching = false;

  constructor(
    rings: readonly RingMemory[],
    history: SharedArrayBuffer,
    private readonly clock: HostClock,
    offsets: DrainClock,
    readonly kernel: SimKernel | undefined,
  ) {
    this.drain = new NodeDrain(rings, history);
    this.bootOffsetNs = offsets.bootOffsetNs;
    const { wallNs, monotonicNs } = clock.read();
    this.wall = new WallClock(wallNs, monotonicNs + this.bootOffsetNs);
  }

  /** Moves what the rings hold into the history; returns the rows. A simulated kernel is stepped up to now, draining on the way. */
  turn(): number {
    const nowNs = this.bootNs();
    let rows = 0;
    if (this.kernel !== undefined && this.isWatching) {
      // A worker that was put aside for long must not fill the rings with all of that time at once.
      const first = this.kernel.nowNs() + STEP_NS;
      for (let stepNs = first < nowNs - MAX_CATCH_UP_NS ? nowNs - MAX_CATCH_UP_NS : first; stepNs < nowNs; stepNs += STEP_NS) {
        this.kernel.step(stepNs);
        rows += this.drainUntil(stepNs);
      }
      this.kernel.step(nowNs);
    }
    return rows + this.drainUntil(nowNs);
  }

  /** For a simulated kernel: as with the real one, nothing is watched before the first names are known. */
  setAddresses(upserts: AddressRow[], removals: string[]): void {
    this.kernel?.setAddresses(upserts, removals);
    this.isWatching = true;
  }

  /** The once-a-second work: follows the wall clock, reports what was lost. */
  second(id: number, { wallNs, monotonicNs, doubtNs }: ClockReading): DrainReport {
    if (doubtNs <= MAX_DOUBT_NS) this.wall.observe(wallNs, monotonicNs + this.bootOffsetNs);
    return { type: 'second', id, gaps: this.drain.takeGaps() };
  }

  /** Counters of kernel and drain at one moment, so that the ledgers balance. */
  measure(untilNs: bigint, folds: readonly Uint8Array[]): { counts: DrainCounts; sample: KernelSample | undefined } {
    this.kernel?.sweep({ all: false });
    const sample = this.kernel?.sample();
    while (this.drain.drain(this.kernel?.nowNs() ?? untilNs, this.wall.offsetNs) > 0) this.hasNews = true;
    this.takeFolds(folds);
    return { counts: this.drain.counts(), sample };
  }

  /** Records that stand for many, as the kernel part took them out of its maps. */
  takeFolds(records: readonly Uint8Array[]): void {
    if (records.length === 0) return;
    this.drain.takeFolds(records, this.wall.offsetNs);
    this.hasNews = true;
  }

  private drainUntil(nowNs: bigint): number {
    const rows = this.drain.drain(nowNs - WATERMARK_SLACK_NS, this.wall.offsetNs);
    if (rows > 0) this.hasNews = true;
    return rows;
  }

  setClock(offsets: DrainClock): void {
    const change = offsets.bootOffsetNs - this.bootOffsetNs;
    if (change > MIN_SLEEP_NS || change < -MIN_SLEEP_NS) this.bootOffsetNs = offsets.bootOffsetNs;
  }

  close(): void {
    this.kernel?.close();
  }

  private bootNs(): bigint {
    return this.clock.monotonicNs() + this.bootOffsetNs;
  }
}

/** Maps rings by kind; `openMapped` does those that live in the kernel. */
export function openRings(rings: readonly RingSource[], openMapped: (source: RingSource) => RingMemory): RingMemory[] {
  return rings.map((ring) => (ring.kind === 'shared' ? openSharedRing(ring) : openMapped(ring)));
}
