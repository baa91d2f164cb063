import { mixSeed, seededRandom } from '../../sim/random.ts';

/** What the tables of a node hold at one moment, and what its agent costs. */
export interface NodeGauges {
  /** By lane: urgent, bulk. Highest fill of the second. */
  ringPeakBytes: [number, number];
  conntrackEntries: number;
  /** LRU evictions of this second. */
  conntrackEvicted: number;
  kernelEntries: number;
  /** Cumulative, as the kernel counts. */
  kernelInsertFailed: number;
  kernelDrop: number;
  kernelEarlyDrop: number;
  cpuNs: number;
}

export const conntrackMax = 65_536;
export const kernelConntrackMax = 262_144;
export const ringBytes = [1 << 20, 1 << 22] as const;
const recordBytes = 144;
/** A level stays for so long: figures that never rest would be half of a recording. */
const stepSeconds = 12;

/** Tables of a node on which nothing is wrong: each has a level of its own and moves a little, now and then. */
export function calmGauges(node: string, second: number, before: NodeGauges | undefined): NodeGauges {
  const random = seededRandom(mixSeed(second - (second % stepSeconds)));
  const level = mixSeed(...[...node].map((letter) => letter.charCodeAt(0))) % 1_000;
  const near = (middle: number): number => Math.round(middle * (0.99 + 0.02 * random()));
  return {
    ringPeakBytes: [recordBytes * near(100 + level), recordBytes * near(300 + 4 * level)],
    conntrackEntries: near(9_000 + 6 * level),
    conntrackEvicted: 0,
    kernelEntries: near(31_000 + 20 * level),
    kernelInsertFailed: before?.kernelInsertFailed ?? 0,
    kernelDrop: before?.kernelDrop ?? 0,
    kernelEarlyDrop: before?.kernelEarlyDrop ?? 0,
    cpuNs: 1_000 * near(9_000 + 4 * level),
  };
}
