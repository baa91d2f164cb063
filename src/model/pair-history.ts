import type { Bucket } from './bucket.ts';
import type { BucketRing } from './bucket-ring.ts';
import { momentSecond } from './figures.ts';
import { PairColumn } from './pair-table.ts';
import { figuresOf, type State } from './state.ts';

/** A pair that was answered for so long without a drop had healed: what comes then is another run of drops. */
const HEALED_SECONDS = 30;
/** What lies so close to the beginning of all data was there before. */
const ARRIVAL_SECONDS = 5;
/** Time over which rates before and after are taken. */
const RATE_SECONDS = 60;
/** A first sight in a flow this close to the first second of a count is the same beginning, told more exactly. */
const SAME_BEGINNING_MS = 3_000;

/** How a pair fared before and since it was dropped, as far as the buckets reach back. */
export interface PairHistory {
  /** Beginning of the present run of drops; undefined where there is none, or it began before anybody looked. */
  firstDropMs: number | undefined;
  /** Drops were there as soon as anybody looked. */
  wasThere: boolean;
  /** When that was. */
  lookedMs: number;
  /** Dropped a second over the last minute of the run. */
  droppedPerSecond: number;
  /** Last second before the run in which the server answered; undefined = never seen. */
  answeredUntilMs: number | undefined;
  /** Answers a second in the minute before that. */
  answeredPerSecond: number;
  /** Answers a second in the last seconds: more than 0 while a part of the pair still works. */
  stillAnsweredPerSecond: number;
}

/** The past of one drop at the state's moment. Telemetry knows more than what was counted under a filter, so it is read where it is. */
export function pairHistory(state: State, drop: { key: number; pairId: number }): PairHistory {
  const ring = state.telemetry === 'present' ? state.fromTelemetry : figuresOf(state);
  const toSecond = momentSecond(state);
  const run = runOfDrops(ring, drop, toSecond);
  const lookedMs = ring.firstSecond * 1000;
  if (run === undefined) return { firstDropMs: undefined, wasThere: false, lookedMs, droppedPerSecond: 0, answeredUntilMs: undefined, answeredPerSecond: 0, stillAnsweredPerSecond: 0 };
  const wasThere = run.firstSecond <= ring.firstSecond + ARRIVAL_SECONDS && run.answeredSecond === undefined;
  const answeredTo = (run.answeredSecond ?? 0) + 1;
  return {
    firstDropMs: wasThere ? undefined : exactBeginning(state, drop.key, run.firstSecond * 1000),
    wasThere,
    lookedMs,
    droppedPerSecond: rateOf(ring, { from: Math.max(run.firstSecond, toSecond - RATE_SECONDS), to: toSecond }, (bucket) => bucket.drops.get(drop.key)),
    answeredUntilMs: run.answeredSecond === undefined ? undefined : run.answeredSecond * 1000,
    answeredPerSecond: run.answeredSecond === undefined ? 0 : rateOf(ring, { from: answeredTo - RATE_SECONDS, to: answeredTo }, (bucket) => answers(bucket, drop.pairId)),
    stillAnsweredPerSecond: rateOf(ring, { from: Math.max(run.firstSecond + ARRIVAL_SECONDS, toSecond - RATE_SECONDS), to: toSecond }, (bucket) => answers(bucket, drop.pairId)),
  };
}

/** Signs that the server answered: packets of it where agents count them, else flows that were replies. A reset is no answer. */
export function answers(bucket: Bucket, pairId: number): number {
  const { pairs } = bucket;
  return Math.max(0, pairs.value(pairId, PairColumn.replies) - pairs.value(pairId, PairColumn.resets));
}

interface Run {
  firstSecond: number;
  /** Last second before it in which the server answered. */
  answeredSecond: number | undefined;
}

// forward through time: a run ends where the pair was answered for a while and nothing was dropped
function runOfDrops(ring: BucketRing, drop: { key: number; pairId: number }, toSecond: number): Run | undefined {
  let run: Run | undefined;
  let answeredSecond: number | undefined;
  let healedFor = 0;
  for (const { second, seconds, bucket } of ring.stretches(ring.oldestSecond, toSecond)) {
    const dropped = bucket?.drops.get(drop.key) ?? 0;
    const answered = bucket === undefined ? 0 : answers(bucket, drop.pairId);
    if (dropped > 0) {
      if (run === undefined || healedFor >= HEALED_SECONDS) run = { firstSecond: second, answeredSecond };
      healedFor = 0;
    } else if (answered > 0) healedFor += seconds;
    if (answered > 0) answeredSecond = second;
  }
  return run;
}

function exactBeginning(state: State, key: number, firstMs: number): number {
  const noted = state.firstSeenMs.get(`drop ${key}`);
  return noted !== undefined && Math.abs(noted - firstMs) <= SAME_BEGINNING_MS ? noted : firstMs;
}

function rateOf(ring: BucketRing, span: { from: number; to: number }, value: (bucket: Bucket) => number): number {
  let sum = 0;
  let coveredMs = 0;
  for (const { bucket, share } of ring.stretches(span.from, span.to)) {
    if (bucket === undefined) continue;
    sum += value(bucket) * share;
    coveredMs += bucket.coveredMs * share;
  }
  return coveredMs > 0 ? (sum * 1000) / coveredMs : 0;
}
