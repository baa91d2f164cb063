import { emptyBucket, type Bucket } from './bucket.ts';
import type { BucketRing, Stretch } from './bucket-ring.ts';
import { dropKeyParts, type Pair } from './directory.ts';
import { dropClass, type DropClass } from './drop-words.ts';
import type { PairCounts } from './pair-table.ts';
import { countsFlows, figuresOf, type State } from './state.ts';
import { spanText } from './time.ts';

/** Length of "now" in rates, in seconds: long enough to be calm. */
export const NOW_SECONDS = 5;
/** Stretch before "now" that changes are measured against. */
const BASELINE_SECONDS = 300;

/** Drops of one reason between one pair. */
export interface DropFigure {
  key: number;
  reason: string;
  class: DropClass;
  pair: Pair;
  pairId: number;
  /** In the window, and per second of it that was observed. */
  count: number;
  perSecond: number;
  nowPerSecond: number;
  /** Per second in the time before the window's last seconds. */
  baselinePerSecond: number;
}

/** Drops of one reason, all pairs together. */
export interface ReasonFigure {
  reason: string;
  class: DropClass;
  count: number;
  perSecond: number;
  share: number;
}

/** What one pair moved in the window. */
export interface PairFigure extends PairCounts {
  id: number;
  pair: Pair;
}

/** The figures of one moment and window, for the overview. */
export interface Figures {
  /** First second and the second after the last of the window. */
  fromSecond: number;
  toSecond: number;
  /** Seconds of the window that were observed; 0 = nothing yet. */
  seconds: number;
  window: Bucket;
  /** The last NOW_SECONDS. */
  now: Bucket;
  /** Where what happened and what was lost is read from, without pairs: always of the whole cluster, filters do not apply to losses. */
  ledger: Bucket;
  /** Seconds of the window that the ledger has: a filter does not shorten it. */
  ledgerSeconds: number;
  nowSeconds: number;
  drops: DropFigure[];
  reasons: ReasonFigure[];
  pairs: PairFigure[];
  /** The window holds a hole, events were lost in it, or a node was not heard of: every count is a lower bound. */
  isLowerBound: boolean;
  /** Received / happened in the window, 0 to 1; undefined where nobody counts what happened. */
  seen: number | undefined;
}

interface Cache {
  ring: BucketRing;
  version: string;
  toSecond: number;
  windowSeconds: number;
  madeMs: number;
  figures: Figures;
}

const caches = new WeakMap<State, Cache>();

/** The second after the last whole one that figures are for. */
export function momentSecond(state: State): number {
  const ring = figuresOf(state);
  if (state.pausedAtMs > 0) return Math.floor(state.pausedAtMs / 1000);
  const nowSecond = Math.floor(state.nowMs / 1000);
  // telemetry of a second comes after it: show up to what is there; when data stops, figures stay at its last second
  const newest = ring.peek(ring.lastSecond);
  const complete = newest !== undefined && newest.coveredMs < 900 ? ring.lastSecond : ring.lastSecond + 1;
  return countsFlows(state) && state.connection.state === 'live' ? nowSecond : Math.min(nowSecond + 1, complete);
}

/** All figures of the state's moment and window; computed once per change, borrowed by the caller. */
export function figures(state: State): Figures {
  const ring = figuresOf(state);
  const toSecond = momentSecond(state);
  const version = `${ring.version} ${state.fromTelemetry.version}`;
  const cache = caches.get(state);
  if (cache?.ring === ring && cache.toSecond === toSecond && cache.windowSeconds === state.windowSeconds && (cache.version === version || isFresh(cache, state.nowMs))) return cache.figures;
  const made = makeFigures(state, ring, toSecond);
  caches.set(state, { ring, version, toSecond, windowSeconds: state.windowSeconds, madeMs: state.nowMs, figures: made });
  return made;
}

/** Figures of so many pairs cost milliseconds: flows that come late for a second that is over are added to them this often. */
const [MANY_PAIRS, LATE_MS] = [200, 500];

// the moment itself moves once a second
function isFresh({ figures: { pairs }, madeMs }: Cache, nowMs: number): boolean {
  return pairs.length >= MANY_PAIRS && nowMs - madeMs < LATE_MS;
}

function makeFigures(state: State, ring: BucketRing, toSecond: number): Figures {
  const fromSecond = toSecond - state.windowSeconds;
  const window = ring.sum(fromSecond, toSecond);
  const now = ring.sum(toSecond - NOW_SECONDS, toSecond);
  const before = ring.firstSecond < fromSecond ? ring.totals(toSecond - NOW_SECONDS - BASELINE_SECONDS, toSecond - NOW_SECONDS) : emptyBucket();
  const seconds = window.coveredMs / 1000;
  const drops = dropFigures(state, { window, now, before });
  const ledger = state.telemetry === 'present' && ring !== state.fromTelemetry ? state.fromTelemetry.totals(fromSecond, toSecond) : window;
  return {
    fromSecond, toSecond, seconds, window, now, ledger, ledgerSeconds: ledger.coveredMs / 1000, nowSeconds: now.coveredMs / 1000, drops,
    reasons: reasonFigures(drops, seconds),
    pairs: pairFigures(state, window),
    isLowerBound: window.hasGap || ledger.isPartial || ledger.lost > 0 || hasHole(ring, fromSecond, toSecond),
    seen: seenOf(ledger),
  };
}

function seenOf(ledger: Bucket): number | undefined {
  if (ledger.happened > 0) return Math.max(0, 1 - ledger.lost / ledger.happened);
  return ledger.lost > 0 ? ledger.flows / (ledger.flows + ledger.lost) : undefined;
}

/** What a window stands for in words: its length, or how much of it was observed so far. */
export function windowText(state: State): string {
  const { seconds } = figures(state);
  return seconds < state.windowSeconds * 0.95 ? `${Math.round(seconds)}s of ${spanText(state.windowSeconds)} observed` : spanText(state.windowSeconds);
}

function dropFigures(state: State, sums: { window: Bucket; now: Bucket; before: Bucket }): DropFigure[] {
  const { directory } = state;
  const list: DropFigure[] = [];
  sums.window.drops.forEach((key, count) => {
    const parts = dropKeyParts(key);
    const reason = directory.reasonAt(parts.reason);
    list.push({
      key, reason, class: dropClass(reason), pair: directory.pairAt(parts.pair), pairId: parts.pair, count,
      perSecond: rate(count, sums.window), nowPerSecond: rate(sums.now.drops.get(key), sums.now),
      baselinePerSecond: rate(sums.before.drops.get(key), sums.before),
    });
  });
  return list.sort((one, other) => other.count - one.count || one.key - other.key);
}

function reasonFigures(drops: readonly DropFigure[], seconds: number): ReasonFigure[] {
  const byReason = new Map<string, ReasonFigure>();
  let total = 0;
  for (const drop of drops) {
    total += drop.count;
    const known = byReason.get(drop.reason);
    if (known === undefined) byReason.set(drop.reason, { reason: drop.reason, class: drop.class, count: drop.count, perSecond: 0, share: 0 });
    else known.count += drop.count;
  }
  for (const reason of byReason.values()) {
    reason.perSecond = seconds > 0 ? reason.count / seconds : 0;
    reason.share = total > 0 ? reason.count / total : 0;
  }
  return [...byReason.values()].sort((one, other) => other.count - one.count || (one.reason < other.reason ? -1 : 1));
}

function pairFigures(state: State, window: Bucket): PairFigure[] {
  const list = [...window.pairs].map(([id, counts]) => ({ ...counts, id, pair: state.directory.pairAt(id) }));
  return list.sort((one, other) => other.bytes - one.bytes || other.flows - one.flows || other.dropped - one.dropped || one.id - other.id);
}

/** A count per second of observed time; 0 where nobody looked. */
export function rate(count: number, bucket: Bucket): number {
  return bucket.coveredMs > 0 ? (count * 1000) / bucket.coveredMs : 0;
}

/** Least part of a second that must have been observed, else the second is a hole. */
const HOLE_MS = 400;

/** Whether a piece inside the observed time was not observed, or not fully. */
function isHoleIn(ring: BucketRing, { second, bucket, seconds, share }: Stretch): boolean {
  if (ring.firstSecond === 0 || second <= ring.firstSecond || second >= ring.lastSecond) return false;
  return bucket === undefined || bucket.hasGap || bucket.coveredMs * share < HOLE_MS * seconds;
}

/** Whether a second inside the observed time was not observed, or not fully. */
export function isHole(ring: BucketRing, second: number): boolean {
  for (const stretch of ring.stretches(second, second + 1)) return isHoleIn(ring, stretch);
  return false;
}

function hasHole(ring: BucketRing, from: number, to: number): boolean {
  for (const stretch of ring.stretches(from, to)) if (isHoleIn(ring, stretch)) return true;
  return false;
}

/** Seconds from the oldest data to the moment shown; what a chart can fill. */
export function knownSeconds(state: State): number {
  const ring = figuresOf(state);
  return ring.firstSecond === 0 ? 0 : Math.max(0, momentSecond(state) - ring.oldestSecond);
}

/** Seconds a column of a chart of this width stands for: the window, or as much of it as there is. */
export function secondsPerColumn(state: State, width: number): number {
  return Math.max(1, Math.ceil(Math.min(state.windowSeconds, knownSeconds(state)) / width));
}

/** One point of a chart: a value per second, or a hole (`isHole`), or nothing yet (undefined). */
export interface Point {
  value: number;
  isHole: boolean;
}

/** A series of `columns` points over the last `seconds`, oldest first; undefined where there is no data yet or not yet. */
export function series(state: State, shape: { columns: number; secondsPerColumn: number }, value: (bucket: Bucket) => number): (Point | undefined)[] {
  const ring = figuresOf(state);
  const toSecond = momentSecond(state);
  const points: (Point | undefined)[] = [];
  for (let column = shape.columns; column > 0; column--) {
    points.push(point(ring, toSecond - column * shape.secondsPerColumn, shape.secondsPerColumn, value));
  }
  return points;
}

function point(ring: BucketRing, from: number, seconds: number, value: (bucket: Bucket) => number): Point | undefined {
  let sum = 0;
  let coveredMs = 0;
  let hole = false;
  for (const stretch of ring.stretches(from, from + seconds)) {
    const { bucket, share } = stretch;
    hole ||= isHoleIn(ring, stretch);
    sum += bucket === undefined ? 0 : value(bucket) * share;
    coveredMs += (bucket?.coveredMs ?? 0) * share;
  }
  if (coveredMs === 0) return hole ? { value: 0, isHole: true } : undefined;
  return { value: (sum * 1000) / Math.max(coveredMs, 500), isHole: hole };
}
