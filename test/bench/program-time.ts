import { runOnPacket } from '../../agent/kernel/test-run.ts';
import type { Programs } from '../bpf/programs.ts';
import { medianOf } from './median.ts';

/** Pairs of interleaved runs; the median of their differences is reported. */
const pairs = 31;
/** Longer than any timeout of conntrack. */
const afterEveryTimeoutS = 10_000;

/** Two programs on one packet, the one with all that the other does. */
export interface ProgramPair {
  baseline: string;
  program: string;
  packet: Uint8Array;
  runs: number;
  /** Empties conntrack before each run, by a sweep that takes all for expired. */
  isSwept?: boolean;
}

/** What the second program costs more a run, and how sure that is. */
export interface ProgramTime {
  medianNs: number;
  note: string;
}

/** Times two programs in turn. */
export function timePair(programs: Programs, { baseline, program, packet, runs, isSwept = false }: ProgramPair): ProgramTime {
  const time = (name: string): number => runOnPacket(programs.object, name, packet, { repeat: runs }).durationNs;
  const nets: number[] = [];
  for (let pair = 0; pair < pairs; pair++) {
    if (isSwept) emptyConntrack(programs);
    const without = time(baseline);
    nets.push(time(program) - without);
    programs.discardEvents();
  }
  const { median, low, high } = medianOf(nets);
  return { medianNs: median, note: `median of ${pairs} pairs of ${runs} runs, ${low} to ${high}` };
}

/** Takes every connection for expired. */
export function emptyConntrack(programs: Programs): void {
  programs.sweep({ nowS: Number(process.hrtime.bigint() / 1_000_000_000n) + afterEveryTimeoutS });
}
