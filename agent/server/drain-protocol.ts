import type { AddressRow, AttachedDevice, KernelSample, RingSource } from '../decode/kernel.ts';
import type { SimOptions } from '../sim/sim-kernel.ts';
import type { DrainCounts, ProvenGap } from '../history/node-drain.ts';

/** What the drain worker is told. `id` names one hosted node. */
export type DrainRequest =
  | { type: 'open'; id: number; rings: RingSource[]; history: SharedArrayBuffer; clock: DrainClock }
  | { type: 'open-sim'; id: number; options: SimOptions; history: SharedArrayBuffer; clock: DrainClock }
  | { type: 'clock'; id: number; clock: DrainClock }
  /** Whether anybody waits for head messages. */
  | { type: 'follow'; id: number; isFollowed: boolean }
  | { type: 'addresses'; id: number; upserts: AddressRow[]; removals: string[] }
  | { type: 'sweep'; id: number; all: boolean }
  /** Counts what the rings held until this moment of their clock; a simulated kernel is swept and sampled first. `folds` are records that stand for many. */
  | { type: 'measure'; id: number; request: number; untilNs: bigint; folds: Uint8Array[] }
  | { type: 'close'; id: number; folds: Uint8Array[] }
  | { type: 'stop' };

/** How the worker, which knows only CLOCK_MONOTONIC, gets at the clock of the rings and the wall clock. */
export interface DrainClock {
  /** CLOCK_BOOTTIME minus CLOCK_MONOTONIC; moves when the machine sleeps. */
  bootOffsetNs: bigint;
}

/** Facts of a simulated kernel that its proxy answers without asking. */
export interface SimFacts {
  bootId: string;
  devices: AttachedDevice[];
  /** [reason, name, subsystem] of every drop reason it may report. */
  dropReasons: [number, string, string][];
}

/** What the drain worker says. */
export type DrainReport =
  | { type: 'opened'; id: number; facts: SimFacts | undefined }
  | { type: 'closed'; id: number }
  | { type: 'failed'; id: number; error: string }
  /** The histories of these nodes moved; only for followed ones, at most one message per 10 ms. */
  | { type: 'heads'; ids: number[] }
  /** Once a second, with what was proven lost meanwhile. */
  | { type: 'second'; id: number; gaps: ProvenGap[] }
  | { type: 'measured'; id: number; request: number; counts: DrainCounts; sample: KernelSample | undefined }
  /** CPU of the worker's own thread is not to be had: share of the time it was not idle, in nanoseconds since the start. */
  | { type: 'cost'; busyNs: number };
