import { Programs, cannotTest, compileObject } from '../bpf/programs.ts';
import { ethernet, ipv4, ipv6, tcp } from '../bpf/packets.ts';
import { runOnPacket } from '../../agent/kernel/test-run.ts';
import type { BenchRow } from './row.ts';

/** Pairs of interleaved runs; the median of their differences is reported. */
const pairs = 31;
const establishedRuns = 200_000;
/** Fits the ring of 16 MiB (144 bytes a record) and is less than the conntrack map holds. */
const newRuns = 100_000;

/** Longer than any timeout of conntrack. */
const afterEveryTimeoutS = 10_000;

function secondsSinceBoot(): number {
  return Number(process.hrtime.bigint() / 1_000_000_000n);
}

interface Case {
  name: string;
  baseline: string;
  program: string;
  packet: Uint8Array;
  runs: number;
  budgetNs: number;
  /** Empties conntrack before each run, by a sweep that takes all for expired. */
  isSwept?: boolean;
  note: string;
}

const packet4 = ethernet(0x0800, ipv4(6, tcp(40_000, 80, '.', 100)));
const packet6 = ethernet(0x86dd, ipv6(6, tcp(40_000, 80, '.', 100)));
const syn = ethernet(0x0800, ipv4(6, tcp(40_000, 80, 'S')));

const cases: Case[] = [
  { name: 'established packet, IPv4', baseline: 'ht_bench_nothing', program: 'ht_from_endpoint', packet: packet4, runs: establishedRuns, budgetNs: 100, note: 'net of an empty program' },
  { name: 'established packet, IPv6', baseline: 'ht_bench_nothing', program: 'ht_from_endpoint', packet: packet6, runs: establishedRuns, budgetNs: 100, note: 'net of an empty program' },
  { name: 'new connection, with its event', baseline: 'ht_bench_touch', program: 'ht_bench_new', packet: syn, runs: newRuns, budgetNs: 1000, isSwept: true, note: 'net of a program that only changes the source' },
  { name: 'new connection, with its event, evicting another', baseline: 'ht_bench_touch', program: 'ht_bench_new', packet: syn, runs: newRuns, budgetNs: 1000, note: 'conntrack full: memory misses of the LRU' },
];

/** Nanoseconds that the kernel programs add to a packet (BPF_PROG_TEST_RUN). */
export async function run(report: (row: BenchRow) => void): Promise<void> {
  if (cannotTest !== '') return;
  const programs = new Programs({ maxEntries: { ht_conntrack: 262_144, ht_urgent: 16 << 20 } }, compileObject('test/bench/kernel.bpf.c'));
  try {
    for (const one of cases) {
      const nets: number[] = [];
      const time = (program: string): number => runOnPacket(programs.object, program, one.packet, { repeat: one.runs }).durationNs;
      for (let pair = 0; pair < pairs; pair++) {
        if (one.isSwept === true) programs.sweep({ nowS: secondsSinceBoot() + afterEveryTimeoutS });
        const baseline = time(one.baseline);
        nets.push(time(one.program) - baseline);
        programs.discardEvents();
      }
      nets.sort((a, b) => a - b);
      const at = (share: number): number => nets[Math.floor(share * (nets.length - 1))] ?? 0;
      report({ name: one.name, value: at(0.5), unit: 'ns', note: `${one.note}; quartiles ${at(0.25)} to ${at(0.75)}, budget ${one.budgetNs}, ${pairs} pairs of ${one.runs} runs` });
    }
  } finally {
    programs.close();
  }
}
