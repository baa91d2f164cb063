import { Programs, cannotTest, compileObject } from '../bpf/programs.ts';
import { ethernet, ipv4, ipv6, tcp } from '../bpf/packets.ts';
import { type ProgramPair, timePair } from './program-time.ts';
import type { BenchRow } from './row.ts';

const establishedRuns = 200_000;
/** Fits the ring of 16 MiB (144 bytes a record) and is less than the conntrack map holds. */
const newRuns = 100_000;

interface Case extends ProgramPair {
  name: string;
  budgetNs: number;
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
      const { medianNs, note } = timePair(programs, one);
      report({ name: one.name, value: medianNs, unit: 'ns', note: `${one.note}; ${note}, aim at most ${one.budgetNs}` });
    }
  } finally {
    programs.close();
  }
}
