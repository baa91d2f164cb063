import { addBucket, addTotals, emptyBucket, packBucket, type Bucket } from './bucket.ts';

/** Ten minutes by the second, then an hour in steps of ten. */
export const FINE_SECONDS = 600;
export const COARSE_BUCKETS = 360;
export const COARSE_SECONDS = 10;

/** Seconds after which hardly anything is added to one. */
const SETTLE_SECONDS = 5;

interface Slot {
  /** Number of the second, or of the ten seconds, since 1970; -1 = never used. */
  index: number;
  bucket: Bucket;
}

/** A piece of the past: `share` of the counts of a bucket, undefined where nobody looked. */
export interface Stretch {
  second: number;
  bucket: Bucket | undefined;
  share: number;
  seconds: number;
}

/** The past as buckets, bounded in time: fine ones by the second, then coarse ones. Buckets handed out are live: read only. */
export class BucketRing {
  /** Moves with every change: a key for caches. */
  version = 0;
  /** Second of the oldest and newest data; 0 while there is none. */
  firstSecond = 0;
  lastSecond = 0;
  private readonly fine: Slot[] = [];
  private readonly coarse: Slot[] = [];
  /** Seconds that are not packed: the newest, and such as something came late for. */
  private loose: number[] = [];

  constructor(private readonly fineSeconds: number = FINE_SECONDS) {}

  /** Oldest second that can still be asked for; 0 while there is none. */
  get oldestSecond(): number {
    return this.firstSecond === 0 ? 0 : Math.max(this.firstSecond, this.fineFrom - COARSE_BUCKETS * COARSE_SECONDS);
  }

  /** Oldest second that has a bucket of its own. */
  private get fineFrom(): number {
    return this.lastSecond - this.fineSeconds + 1;
  }

  /** The bucket of a second, for adding to; undefined if the second is older than the ring remembers. */
  at(second: number): Bucket | undefined {
    this.version++;
    if (this.lastSecond !== 0 && second < this.fineFrom) return undefined;
    if (this.firstSecond === 0 || second < this.firstSecond) this.firstSecond = second;
    if (second > this.lastSecond) this.goOn(second);
    const slot = (this.fine[second % this.fineSeconds] ??= { index: second, bucket: emptyBucket() });
    if (slot.index !== second) {
      slot.index = second;
      slot.bucket = emptyBucket();
    }
    if (!this.loose.includes(second)) this.loose.push(second);
    return slot.bucket;
  }

  /** The bucket of a second if there is one. */
  peek(second: number): Bucket | undefined {
    const slot = this.fine[second % this.fineSeconds];
    return slot?.index === second ? slot.bucket : undefined;
  }

  /** Time from `from` up to, not including, `to`, as far as it is remembered: second by second, and in steps of up to ten before that. */
  *stretches(from: number, to: number): Generator<Stretch> {
    for (let at = Math.max(from, this.oldestSecond); at < Math.min(to, this.fineFrom);) {
      const index = Math.floor(at / COARSE_SECONDS);
      const next = Math.min(to, this.fineFrom, (index + 1) * COARSE_SECONDS);
      const slot = this.coarse[index % COARSE_BUCKETS];
      // the newest may still wait for some of its seconds, the oldest began with the data
      const held = Math.min(this.fineFrom, (index + 1) * COARSE_SECONDS) - Math.max(this.firstSecond, index * COARSE_SECONDS);
      yield { second: at, bucket: slot?.index === index ? slot.bucket : undefined, share: (next - at) / held, seconds: next - at };
      at = next;
    }
    const end = Math.min(to, this.lastSecond + 1);
    for (let second = Math.max(from, this.firstSecond, this.fineFrom); second < end; second++) yield { second, bucket: this.peek(second), share: 1, seconds: 1 };
  }

  /** Spreads counts over the time they cover, so that a report's phase shows in no chart. */
  spread(counts: Bucket, fromMs: number, toMs: number): void {
    const from = Math.max(fromMs, toMs - this.fineSeconds * 1000);
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

  /** Sum of the seconds from `from` up to, not including, `to`; of coarse buckets at the borders a part. A fresh bucket, the caller's own. */
  sum(from: number, to: number): Bucket {
    const total = emptyBucket();
    for (const { bucket, share } of this.stretches(from, to)) if (bucket !== undefined) addBucket(total, bucket, share);
    return total;
  }

  /** The same without the counts of pairs. */
  totals(from: number, to: number): Bucket {
    const total = emptyBucket();
    for (const { bucket, share } of this.stretches(from, to)) if (bucket !== undefined) addTotals(total, bucket, share);
    return total;
  }

  /** Forgets everything: the filter changed, so that old counts mean something else. */
  clear(): void {
    this.fine.length = 0;
    this.coarse.length = 0;
    this.loose = [];
    this.firstSecond = 0;
    this.lastSecond = 0;
    this.version++;
  }

  // what leaves the fine buckets moves on, also where no second came for a while
  private goOn(second: number): void {
    const gone = this.fineFrom;
    this.lastSecond = second;
    for (let left = gone; left < Math.min(this.fineFrom, gone + this.fineSeconds); left++) {
      const slot = this.fine[((left % this.fineSeconds) + this.fineSeconds) % this.fineSeconds];
      if (slot?.index === left) this.retire(slot);
    }
    const settled = (one: number): boolean => one <= second - SETTLE_SECONDS;
    for (const one of this.loose) {
      const bucket = settled(one) ? this.peek(one) : undefined;
      if (bucket !== undefined) packBucket(bucket);
    }
    this.loose = this.loose.filter((one) => !settled(one));
  }

  private retire(slot: Slot): void {
    const index = Math.floor(slot.index / COARSE_SECONDS);
    const coarse = (this.coarse[index % COARSE_BUCKETS] ??= { index: -1, bucket: emptyBucket() });
    if (coarse.index !== index) {
      const before = this.coarse[(index - 1 + COARSE_BUCKETS) % COARSE_BUCKETS];
      if (before !== undefined) packBucket(before.bucket);
      coarse.index = index;
      coarse.bucket = emptyBucket();
    }
    addBucket(coarse.bucket, slot.bucket);
    slot.index = -1;
    slot.bucket = emptyBucket();
  }
}
