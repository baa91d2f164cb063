import { latencyAt, latencyOf } from '../tally/latency-index.ts';
import type { CountedRing, SlotSpan } from './counted-slot.ts';
import { classOfCode, detailOfKey, L7Kind, l7Key } from './l7-cells.ts';
import type { Route } from './l7-routes.ts';
import { columnSpans } from './slot-span.ts';

/** What a stretch of time had of one route. */
export interface RouteMoment {
  answers: number;
  bad: number;
  /** By latencyIndex(). */
  latency: Map<number, number>;
}

/** One route in a stretch of slots, read from its cells alone. */
export function routeMoment(ring: CountedRing, route: Route, { from, to }: SlotSpan): RouteMoment {
  const moment: RouteMoment = { answers: 0, bad: 0, latency: new Map() };
  for (let index = from; index < to; index++) {
    const cells = ring.peek(index)?.cells;
    if (cells === undefined) continue;
    cells.pack();
    for (const id of route.ids) {
      cells.range(l7Key(id, L7Kind.CODE, 0), l7Key(id, L7Kind.LATENCY, 0), (key, count) => {
        moment.answers += count;
        if (classOfCode(detailOfKey(key)) === 'server') moment.bad += count;
      });
      cells.range(l7Key(id, L7Kind.LATENCY, 0), l7Key(id, L7Kind.CALLER, 0), (key, count) => {
        const place = detailOfKey(key);
        moment.latency.set(place, (moment.latency.get(place) ?? 0) + count);
      });
    }
  }
  return moment;
}

/** Answers that took longer, in microseconds. */
export function slowerThan(latency: ReadonlyMap<number, number>, limitUs: number): number {
  let count = 0;
  for (const [index, found] of latency) if (latencyOf(index) > limitUs) count += found;
  return count;
}

/** A value for each column of a chart; undefined where there was nothing, a hole where nobody looked or something is missing. */
export type SlotPoint = { value: number; isHole: boolean } | undefined;

/** What each column of a chart over a span shows of a route. */
export function routeSeries(ring: CountedRing, route: Route, shape: { span: SlotSpan; columns: number }, value: (moment: RouteMoment) => number | undefined): SlotPoint[] {
  return columnSpans(shape.span, shape.columns).map((span) => {
    const found = value(routeMoment(ring, route, span));
    return found === undefined ? holeOf(ring, span) : { value: found, isHole: false };
  });
}

/** A hole for a stretch inside the observed time that was not observed; undefined for one in which nothing happened. */
export function holeOf(ring: CountedRing, { from, to }: SlotSpan): SlotPoint {
  if (to <= ring.first) return undefined;
  for (let index = from; index < to; index++) {
    const slot = ring.peek(index);
    if (slot !== undefined && slot.coveredMs > 0 && !slot.hasGap) return undefined;
  }
  return { value: 0, isHole: true };
}

/** Latency that a share (0 to 1) of a moment's answers did not exceed; undefined where none was timed. */
export function momentLatency({ latency }: RouteMoment, share: number): number | undefined {
  return latency.size === 0 ? undefined : latencyAt(latency, share);
}
