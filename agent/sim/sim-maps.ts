import type { KernelConntrackRow, MapRow } from '../decode/kernel.ts';
import type { Conntrack } from './conntrack.ts';
import type { SimCounters } from './sim-counters.ts';

/** nf_conntrack_max of a node with a few gigabytes. */
const kernelConntrackMax = 65_536;
/** Above this share inserts begin to fail. */
const crowdedFill = 0.97;
/** One packet in so many wants a new entry of a crowded table and gets none. */
const failedInsertEvery = 400;

/** Our own maps with what is in them, and two of another agent, as a map iterator shows them. */
export function sampleMaps(conntrack: Conntrack, counters: SimCounters, addresses: number): MapRow[] {
  return [
    { id: 21, name: 'ht_conntrack', type: 'lru_hash', maxEntries: conntrack.maxEntries, entries: conntrack.entries.size, isOwn: true },
    { id: 22, name: 'ht_pairs', type: 'percpu_hash', maxEntries: 16_384, entries: counters.pairs.size, isOwn: true },
    { id: 23, name: 'ht_drop_pairs', type: 'percpu_hash', maxEntries: 4_096, entries: counters.drops.size, isOwn: true },
    { id: 24, name: 'ht_addresses', type: 'hash', maxEntries: 131_072, entries: addresses, isOwn: true },
    { id: 7, name: 'cali_v4_ct', type: 'hash', maxEntries: 4_096, entries: Math.min(4_096, 260 + 3 * conntrack.entries.size), isOwn: false },
    { id: 9, name: 'cali_v4_routes', type: 'lpm_trie', maxEntries: 262_144, isOwn: false },
  ];
}

/** The kernel's own conntrack: filled as told, and failing where that is too much. */
export function sampleKernelConntrack(options: { nodeName: string; kernelConntrackFill: number }, conntrack: Conntrack, packets: number): KernelConntrackRow {
  const isCrowded = options.kernelConntrackFill >= crowdedFill;
  const failed = isCrowded ? Math.floor(packets / failedInsertEvery) : 0;
  return {
    namespace: options.nodeName,
    entries: Math.min(kernelConntrackMax, Math.round(kernelConntrackMax * options.kernelConntrackFill) + conntrack.entries.size),
    maxEntries: kernelConntrackMax,
    insertFailed: failed,
    drop: failed,
    earlyDrop: Math.floor(failed / 2),
  };
}
