import type { CountedRing, SlotSpan } from '../model/counted-slot.ts';
import { l7Figures, type RouteFigure } from '../model/l7-figures.ts';
import type { Route } from '../model/l7-routes.ts';
import { routeMoment, slowerThan, type RouteMoment } from '../model/l7-slots.ts';
import { median, Minutes } from '../model/minutes.ts';
import { SLOT_SECONDS } from '../model/slot-ring.ts';
import { isMoreThanUsual, usualPart } from './more-than-usual.ts';
import type { State } from '../model/state.ts';
import { latencyAt } from '../tally/latency-index.ts';

/** "Now" for routes: long enough that a quiet one has answers in it. */
export const NOW_SECONDS = 60;
/** Minutes before it that it is compared with. */
const BASE_MINUTES = 30;
/** Answers that a minute needs to be compared with, and "now" to be compared. */
const LEAST_BASE_ANSWERS = 5;
const LEAST_ANSWERS = 15;

/** From so many answers on the hundredth part of them is more than chance. */
const MANY_ANSWERS = 100;
/** A latency has jumped when it is so many times what it was, and so much longer, */
const LATENCY_TIMES = 3;
const LEAST_LATENCY_US = 20_000;
/** and more answers than usual take twice as long as before, in so many slots. */
const LEAST_SLOW_SLOTS = 3;

/** Part of the answers that must be errors; and from which on they are told whatever was usual. */
const LEAST_SHARE = 0.02;
const CERTAIN_SHARE = 0.2;
const LEAST_BAD = 5;
const ERROR_TIMES = 2;

/** Slots without trouble in a row, and answers in them, that end the search for its beginning. */
const [QUIET_SLOTS, QUIET_ANSWERS] = [3, 4];

/** Errors that are more than usual. */
export interface ErrorJump {
  share: number;
  /** Before; undefined = nobody knows. */
  baseShare: number | undefined;
  sinceMs: number;
}

/** Answers that are slower than usual. */
export interface LatencyJump {
  /** Which latency, as a share: 0.9 or 0.99. */
  share: number;
  us: number;
  baseUs: number;
  sinceMs: number;
}

/** What is wrong with a route. */
export interface RouteJump {
  figure: RouteFigure;
  errors?: ErrorJump;
  latency?: LatencyJump;
}

/** What a minute had of one route; its latencies as the two that may be compared, 0 where no answer was timed. */
interface RouteMinute {
  span: SlotSpan;
  answers: number;
  bad: number;
  p90Us: number;
  p99Us: number;
}

const minutes = new WeakMap<State['l7'], Minutes<ReadonlyMap<number, RouteMinute>>>();
const caches = new WeakMap<object, RouteJump[]>();

/** Routes with more errors or slower answers than they used to have, at the state's moment. Made once for each second's figures. */
export function routeJumps(state: State): RouteJump[] {
  const now = l7Figures(state, NOW_SECONDS);
  const known = caches.get(now);
  if (known !== undefined) return known;
  const made = now.routes.filter(({ answers, route }) => answers >= LEAST_ANSWERS && route.id !== 0).flatMap((figure) => {
    const base = minutesBefore(state, now, figure);
    const errors = errorJump(now, figure, base);
    const latency = latencyJump(now, figure, base);
    return errors === undefined && latency === undefined ? [] : [{ figure, ...(errors === undefined ? {} : { errors }), ...(latency === undefined ? {} : { latency }) }];
  });
  caches.set(now, made);
  return made;
}

// minutes before "now" in which the route had answers
function minutesBefore(state: State, { ring, span }: { ring: CountedRing; span: SlotSpan }, { route }: RouteFigure): RouteMinute[] {
  const { l7 } = state;
  let kept = minutes.get(l7);
  if (kept === undefined) minutes.set(l7, kept = new Minutes((from, minute) => routeMinutes(from, minute, l7.routes.list())));
  const all = kept.before(ring, { slot: span.from, count: BASE_MINUTES, version: String(l7.routes.version) });
  return all.flatMap((minute) => minute.get(route.id) ?? []);
}

// too few answers are nothing to compare with
function routeMinutes(ring: CountedRing, span: SlotSpan, routes: readonly Route[]): ReadonlyMap<number, RouteMinute> {
  const made = new Map<number, RouteMinute>();
  for (const route of routes) {
    const { answers, bad, latency } = routeMoment(ring, route, span);
    if (answers >= LEAST_BASE_ANSWERS) made.set(route.id, { span, answers, bad, p90Us: latencyAt(latency, 0.9), p99Us: latencyAt(latency, 0.99) });
  }
  return made;
}

function errorJump(now: { ring: CountedRing; span: SlotSpan }, figure: RouteFigure, base: readonly RouteMinute[]): ErrorJump | undefined {
  const share = figure.bad / figure.answers;
  if (figure.bad < LEAST_BAD || share < LEAST_SHARE) return undefined;
  const usual = usualPart(base.map(({ bad, answers }) => ({ found: bad, of: answers })));
  const baseShare = usual === undefined ? undefined : usual.found / usual.of;
  const isMore = usual !== undefined && isMoreThanUsual({ found: figure.bad, of: figure.answers }, usual) && share >= ERROR_TIMES * usual.found / usual.of;
  if (!isMore && share < CERTAIN_SHARE) return undefined;
  return { share, baseShare, sinceMs: sinceOf(now, figure, { share, bad: (moment) => moment.bad }) };
}

function latencyJump(now: { ring: CountedRing; span: SlotSpan }, figure: RouteFigure, base: readonly RouteMinute[]): LatencyJump | undefined {
  const share = figure.timed >= MANY_ANSWERS ? 0.99 : 0.9;
  const timed = base.filter(({ p90Us }) => p90Us > 0);
  const baseUs = median(timed.map(({ p90Us, p99Us }) => (share === 0.99 ? p99Us : p90Us)));
  if (baseUs === undefined) return undefined;
  const us = latencyAt(figure.latency, share);
  if (us < LATENCY_TIMES * baseUs || us - baseUs < LEAST_LATENCY_US) return undefined;
  const slow = (moment: RouteMoment): number => slowerThan(moment.latency, 2 * baseUs);
  const usual = usualPart(timed.map(({ span, answers }) => ({ found: slow(routeMoment(now.ring, figure.route, span)), of: answers })));
  const slowCount = slowerThan(figure.latency, 2 * baseUs);
  if (usual === undefined || !isMoreThanUsual({ found: slowCount, of: figure.timed }, usual)) return undefined;
  // slow for a while, not once
  if (slotMoments(now.ring, figure, now.span).filter((moment) => slow(moment) > 0).length < LEAST_SLOW_SLOTS) return undefined;
  return { share, us, baseUs, sinceMs: sinceOf(now, figure, { share: slowCount / figure.timed, bad: slow }) };
}

function slotMoments(ring: CountedRing, { route }: RouteFigure, { from, to }: SlotSpan): RouteMoment[] {
  return Array.from({ length: to - from }, (_, i) => routeMoment(ring, route, { from: from + i, to: from + i + 1 }));
}

/** Beginning of the oldest slot from which on trouble goes on: in slots of five seconds, so that many seconds too early at most. */
function sinceOf({ ring, span }: { ring: CountedRing; span: SlotSpan }, { route }: RouteFigure, trouble: { share: number; bad(moment: RouteMoment): number }): number {
  let since = span.to - 1;
  let quietSlots = 0;
  let quietAnswers = 0;
  for (let index = span.to - 1; index >= ring.first && (quietSlots < QUIET_SLOTS || quietAnswers < QUIET_ANSWERS); index--) {
    const moment = routeMoment(ring, route, { from: index, to: index + 1 });
    if (moment.answers === 0) continue;
    const bad = trouble.bad(moment);
    if (bad > 0 && bad / moment.answers >= trouble.share / 3) {
      since = index;
      quietSlots = 0;
      quietAnswers = 0;
    } else {
      quietSlots++;
      quietAnswers += moment.answers;
    }
  }
  return since * SLOT_SECONDS * 1000;
}
