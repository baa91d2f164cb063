import { readFileSync } from 'node:fs';
import type { KernelConntrackRow } from '../decode/kernel.ts';

/**
 * The kernel's own connection tracking in the current network namespace: none
 * if the module is not loaded. /proc/thread-self, because /proc/net shows the
 * namespace of the thread that reads.
 */
export function readKernelConntrack(namespace: string): KernelConntrackRow[] {
  try {
    const entries = Number(readFileSync('/proc/sys/net/netfilter/nf_conntrack_count', 'utf8'));
    const maxEntries = Number(readFileSync('/proc/sys/net/netfilter/nf_conntrack_max', 'utf8'));
    const table = readFileSync('/proc/thread-self/net/stat/nf_conntrack', 'utf8');
    return [{ namespace, entries, maxEntries, ...parseConntrackStatistics(table) }];
  } catch {
    return [];
  }
}

/** Sums the per-CPU table of hexadecimal numbers under named columns. */
export function parseConntrackStatistics(table: string): { insertFailed: number; drop: number; earlyDrop: number } {
  const [heading = '', ...lines] = table.trim().split('\n');
  const columns = heading.trim().split(/\s+/);
  const rows = lines.map((line) => line.trim().split(/\s+/));
  const sum = (column: string): number => {
    const index = columns.indexOf(column);
    if (index < 0) return 0;
    return rows.reduce((total, row) => total + Number.parseInt(row[index] ?? '0', 16), 0);
  };
  return { insertFailed: sum('insert_failed'), drop: sum('drop'), earlyDrop: sum('early_drop') };
}
