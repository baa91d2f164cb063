import { CellCounts } from '../tally/cell-counts.ts';
import { PairColumn, PairTable, type PairCounts } from './pair-table.ts';

/** Drop keys and losses one bucket keeps apart; the rest counts under id 0. */
export const MAX_KEYS_PER_BUCKET = 1_024;

/** Counts of TCP one bucket keeps: those of pairs with trouble come first. */
const MAX_TCP_PER_BUCKET = 2_048;

/** Verdict numbers of Hubble, 0 to 8 with room. */
export const VERDICTS = 10;

/** What happened in a stretch of time. Merges by adding, in any order. */
export interface Bucket {
  /** Time that was observed, in ms; less than the stretch where nobody looked. */
  coveredMs: number;
  /** A hole that is known of: a lost connection, lost events. */
  hasGap: boolean;
  /** A node that is part of the cluster was not heard of: what there is counts, and there is more. */
  isPartial: boolean;
  flows: number;
  verdicts: Float64Array;
  /** By dropKey. */
  drops: CellCounts;
  /** What TCP did, by dropKey of its name (TcpNames) and pair; only agents tell. What finds no room is left out. */
  tcp: CellCounts;
  /** By pair id. */
  pairs: PairTable;
  resets: number;
  /** Events the kernel saw, and those of them nobody got. */
  happened: number;
  lost: number;
  /** Lost events by `node stage cause`. */
  losses: Map<string, number>;
}

/** An empty stretch of time. */
export function emptyBucket(): Bucket {
  return {
    coveredMs: 0, hasGap: false, isPartial: false, flows: 0, verdicts: new Float64Array(VERDICTS), drops: new CellCounts(MAX_KEYS_PER_BUCKET), tcp: new CellCounts(MAX_TCP_PER_BUCKET), pairs: new PairTable(),
    resets: 0, happened: 0, lost: 0, losses: new Map(),
  };
}

/** Adds `share` (0 to 1) of one bucket to another. */
export function addBucket(into: Bucket, from: Bucket, share = 1): void {
  addTotals(into, from, share);
  into.pairs.addTable(from.pairs, share);
}

/** The same without the counts of pairs, which are nearly all of the work. */
export function addTotals(into: Bucket, from: Bucket, share = 1): void {
  into.coveredMs += from.coveredMs * share;
  into.hasGap ||= from.hasGap;
  into.isPartial ||= from.isPartial;
  into.flows += from.flows * share;
  into.resets += from.resets * share;
  into.happened += from.happened * share;
  into.lost += from.lost * share;
  for (let i = 0; i < VERDICTS; i++) into.verdicts[i] = (into.verdicts[i] ?? 0) + (from.verdicts[i] ?? 0) * share;
  from.tcp.forEach((key, count) => into.tcp.add(key, count * share));
  from.drops.forEach((key, count) => addDrops(into, key, count * share));
  for (const [key, count] of from.losses) addLoss(into, key, count * share);
}

/** Adds drops of a key; one beyond the bound counts under key 0, "(other)". */
export function addDrops(bucket: Bucket, key: number, count: number): void {
  if (!bucket.drops.add(key, count)) bucket.drops.add(0, count, true);
}

/** Adds to a loss; one beyond the bound is left out. */
export function addLoss(bucket: Bucket, key: string, count: number): void {
  const known = bucket.losses.get(key);
  if (known !== undefined || bucket.losses.size < MAX_KEYS_PER_BUCKET) bucket.losses.set(key, (known ?? 0) + count);
}

/** Makes a bucket small that will hardly change any more. */
export function packBucket({ drops, tcp, pairs }: Bucket): void {
  drops.pack();
  tcp.pack();
  pairs.pack();
}

/** Adds to some counts of a pair. */
export function addToPair(bucket: Bucket, pair: number, counts: Partial<PairCounts>): void {
  const { pairs } = bucket;
  const at = pairs.at(pair);
  for (const [name, count] of Object.entries(counts)) {
    const column = at + PairColumn[name as keyof PairCounts];
    pairs.values[column] = (pairs.values[column] ?? 0) + count;
  }
}
