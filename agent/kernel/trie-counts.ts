import type { MapRow } from '../decode/kernel.ts';
import { MapWalk } from './map-walk.ts';

/** Keys walked over in a sample, a millisecond or two; and of one map at most: beyond it nobody knows how many there are. */
const KEYS_PER_SAMPLE = 1_024;
const MAX_KEYS = 65_536;

interface Count {
  /** Undefined: too many, or the walk lost its way. */
  entries: number | undefined;
  timeNs: bigint;
}

/** Counts what the kernel keeps no count of, LPM tries, a stretch of one at a time; so a count has an age. */
export class TrieCounts {
  private readonly counts = new Map<number, Count>();
  private walk: MapWalk | undefined;

  /** The rows with what is known by now; walks on meanwhile. */
  withCounts(rows: readonly MapRow[], nowNs: bigint): MapRow[] {
    const tries = rows.filter(({ type, entries }) => type === 'lpm_trie' && entries === undefined);
    const ids = new Set(tries.map(({ id }) => id));
    for (const id of this.counts.keys()) if (!ids.has(id)) this.counts.delete(id);
    this.step(tries, nowNs);
    return rows.map((row) => {
      const count = this.counts.get(row.id);
      return count?.entries === undefined ? row : { ...row, entries: count.entries, ageNs: Number(nowNs - count.timeNs) };
    });
  }

  close(): void {
    this.walk?.close();
    this.walk = undefined;
  }

  private step(tries: readonly MapRow[], nowNs: bigint): void {
    this.walk ??= this.begin(tries);
    if (this.walk === undefined) return;
    const state = this.walk.step(KEYS_PER_SAMPLE);
    if (state === 'walking' && this.walk.count <= MAX_KEYS) return;
    this.counts.set(this.walk.id, { entries: state === 'done' ? this.walk.count : undefined, timeNs: nowNs });
    this.close();
  }

  /** The one whose count is the oldest. */
  private begin(tries: readonly MapRow[]): MapWalk | undefined {
    const [next] = tries.map(({ id }) => ({ id, timeNs: this.counts.get(id)?.timeNs ?? 0n })).toSorted((one, other) => (one.timeNs < other.timeNs ? -1 : one.timeNs > other.timeNs ? 1 : one.id - other.id));
    const walk = next === undefined ? undefined : MapWalk.open(next.id);
    // it went away meanwhile
    if (next !== undefined && walk === undefined) this.counts.delete(next.id);
    return walk;
  }
}
