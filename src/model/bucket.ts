/** Pairs and drop keys one bucket keeps apart; the rest counts under id 0. */
export const MAX_KEYS_PER_BUCKET = 1_024;

/** Verdict numbers of Hubble, 0 to 8 with room. */
export const VERDICTS = 10;

/** Volume of one pair. Bytes and skbs are 0 where the source of figures has none (flows of Hubble). */
export interface PairCounts {
  flows: number;
  connections: number;
  bytes: number;
  skbs: number;
  dropped: number;
  resets: number;
}

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
  drops: Map<number, number>;
  /** By pair id. */
  pairs: Map<number, PairCounts>;
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
    coveredMs: 0, hasGap: false, isPartial: false, flows: 0, verdicts: new Float64Array(VERDICTS), drops: new Map(), pairs: new Map(),
    resets: 0, happened: 0, lost: 0, losses: new Map(),
  };
}

/** Adds `share` (0 to 1) of one bucket to another. */
export function addBucket(into: Bucket, from: Bucket, share = 1): void {
  into.coveredMs += from.coveredMs * share;
  into.hasGap ||= from.hasGap;
  into.isPartial ||= from.isPartial;
  into.flows += from.flows * share;
  into.resets += from.resets * share;
  into.happened += from.happened * share;
  into.lost += from.lost * share;
  for (let i = 0; i < VERDICTS; i++) into.verdicts[i] = (into.verdicts[i] ?? 0) + (from.verdicts[i] ?? 0) * share;
  for (const [key, count] of from.drops) addCount(into.drops, key, count * share);
  for (const [key, count] of from.losses) addCount(into.losses, key, count * share);
  for (const [pair, counts] of from.pairs) addPair(into, pair, counts, share);
}

/** Adds to a count; a key beyond the bound counts under the first key's neighbour "(other)", id 0. */
export function addCount<K extends number | string>(counts: Map<K, number>, key: K, count: number): void {
  const known = counts.get(key);
  if (known !== undefined || counts.size < MAX_KEYS_PER_BUCKET) counts.set(key, (known ?? 0) + count);
  else if (typeof key === 'number') counts.set(0 as K, (counts.get(0 as K) ?? 0) + count);
}

/** The counts of one pair, made when missing. */
export function pairCounts(bucket: Bucket, pair: number): PairCounts {
  const key = bucket.pairs.size < MAX_KEYS_PER_BUCKET || bucket.pairs.has(pair) ? pair : 0;
  let counts = bucket.pairs.get(key);
  if (counts === undefined) {
    counts = { flows: 0, connections: 0, bytes: 0, skbs: 0, dropped: 0, resets: 0 };
    bucket.pairs.set(key, counts);
  }
  return counts;
}

function addPair(into: Bucket, pair: number, from: PairCounts, share: number): void {
  const counts = pairCounts(into, pair);
  counts.flows += from.flows * share;
  counts.connections += from.connections * share;
  counts.bytes += from.bytes * share;
  counts.skbs += from.skbs * share;
  counts.dropped += from.dropped * share;
  counts.resets += from.resets * share;
}
