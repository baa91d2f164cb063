import { addBucket, emptyBucket, type Bucket } from './bucket.ts';

/** Ten minutes by the second, then an hour in steps of ten. */
export const FINE_SECONDS = 600;
export const COARSE_BUCKETS = 360;
export const COARSE_SECONDS = 10;

interface Slot {
  /** Number of the second, or of the ten seconds, since 1970; -1 = never used. */
  index: number;
  bucket: Bucket;
}

/** The past as buckets, bounded in time. Buckets handed out are live: read only. */
export class BucketRing {
  /** Moves with every change: a key for caches. */
  version = 0;
  /** Second of the oldest and newest data; 0 while there is none. */
  firstSecond = 0;
  lastSecond = 0;
  private readonly fine: Slot[] = [];
  private readonly coarse: Slot[] = [];

  /** The bucket of a second, for adding to; undefined if the second is older than the ring remembers. */
  at(second: number): Bucket | undefined {
    this.version++;
    if (this.lastSecond !== 0 && second <= this.lastSecond - FINE_SECONDS) return undefined;
    if (this.firstSecond === 0 || second < this.firstSecond) this.firstSecond = second;
    if (second > this.lastSecond) this.lastSecond = second;
    const slot = (this.fine[second % FINE_SECONDS] ??= { index: second, bucket: emptyBucket() });
    if (slot.index !== second) {
      this.retire(slot);
      slot.index = second;
      slot.bucket = emptyBucket();
    }
    return slot.bucket;
  }

  /** The bucket of a second if there is one. */
  peek(second: number): Bucket | undefined {
    const slot = this.fine[second % FINE_SECONDS];
    return slot?.index === second ? slot.bucket : undefined;
  }

  /** Spreads counts over the time they cover, so that a report's phase shows in no chart. */
  spread(counts: Bucket, fromMs: number, toMs: number): void {
    const from = Math.max(fromMs, toMs - FINE_SECONDS * 1000);
    const length = toMs - from;
    if (length <= 0) return;
    for (let second = Math.floor(from / 1000); second * 1000 < toMs; second++) {
      const inside = Math.min(toMs, (second + 1) * 1000) - Math.max(from, second * 1000);
      const bucket = this.at(second);
      if (bucket === undefined || inside <= 0) continue;
      addBucket(bucket, counts, inside / length);
      bucket.coveredMs += inside;
    }
  }

  /** Says that a stretch of time was observed although nothing may have happened in it. */
  cover(fromMs: number, toMs: number): void {
    this.spread(emptyBucket(), fromMs, toMs);
  }

  /** Says that nobody looked, or not everything came, at this moment. */
  markGap(atMs: number): void {
    const bucket = this.at(Math.floor(atMs / 1000));
    if (bucket !== undefined) bucket.hasGap = true;
  }

  /** Sum of the seconds from `from` up to, not including, `to`. A fresh bucket, the caller's own. */
  sum(from: number, to: number): Bucket {
    const total = emptyBucket();
    const fineFrom = this.lastSecond - FINE_SECONDS + 1;
    for (let index = Math.floor(from / COARSE_SECONDS); (index + 1) * COARSE_SECONDS <= fineFrom && index * COARSE_SECONDS < to; index++) {
      const slot = this.coarse[index % COARSE_BUCKETS];
      if (slot?.index === index) addBucket(total, slot.bucket);
    }
    for (let second = Math.max(from, this.firstSecond, fineFrom); second < to; second++) {
      const bucket = this.peek(second);
      if (bucket !== undefined) addBucket(total, bucket);
    }
    return total;
  }

  /** Forgets everything: the filter changed, so that old counts mean something else. */
  clear(): void {
    this.fine.length = 0;
    this.coarse.length = 0;
    this.firstSecond = 0;
    this.lastSecond = 0;
    this.version++;
  }

  private retire(slot: Slot): void {
    const index = Math.floor(slot.index / COARSE_SECONDS);
    const coarse = (this.coarse[index % COARSE_BUCKETS] ??= { index, bucket: emptyBucket() });
    if (coarse.index !== index) {
      coarse.index = index;
      coarse.bucket = emptyBucket();
    }
    addBucket(coarse.bucket, slot.bucket);
  }
}
