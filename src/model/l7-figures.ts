import { coverage, type CountedRing, type SlotSpan } from './counted-slot.ts';
import { ringOf } from './l7-book.ts';
import { classOfCode, detailOfKey, kindOfKey, L7Kind, POD_OCTAVES, routeOfKey } from './l7-cells.ts';
import { countedUnder, type Route } from './l7-routes.ts';
import { slotSpan } from './slot-span.ts';
import { SpanCache } from './span-cache.ts';
import type { State } from './state.ts';

/** Percentiles that are shown. */
export const PERCENTILES = [50, 90, 99, 99.9, 100] as const;

/** Latencies of a route in microseconds; the last one is the longest. */
export interface RouteQuantiles {
  p50: number;
  p90: number;
  p99: number;
  p999: number;
  max: number;
}

/** Somebody who called, or answered. */
export interface PartFigure {
  name: string;
  count: number;
  bad: number;
}

/** A pod of a server. */
export interface PodFigure extends PartFigure {
  /** Answers by the power of two of their latency in microseconds. */
  octaves: ReadonlyMap<number, number>;
}

/** One route in a window. */
export interface RouteFigure {
  route: Route;
  /** Name of the server's party. */
  server: string;
  /** Requests, or answers where there are more of them. */
  count: number;
  requests: number;
  answers: number;
  /** Answers that are the server's fault, and the caller's. */
  bad: number;
  callerBad: number;
  /** By status as l7-cells has it, the most frequent first. */
  codes: [code: number, count: number][];
  /** By latencyIndex(). */
  latency: ReadonlyMap<number, number>;
  timed: number;
  /** Absent until the library is loaded, and where nothing was timed. */
  quantiles: RouteQuantiles | undefined;
  /** The busiest first. */
  callers: PartFigure[];
  pods: PodFigure[];
}

/** All routes in a window. */
export interface L7Figures {
  ring: CountedRing;
  span: SlotSpan;
  /** Observed seconds of the window. */
  seconds: number;
  /** Something of the window is missing: every count is a lower bound. */
  isLowerBound: boolean;
  /** The busiest first. */
  routes: RouteFigure[];
  count: number;
  answers: number;
  bad: number;
  callerBad: number;
}

const caches = new WeakMap<object, SpanCache<L7Figures>>();

/** The figures of all routes at the state's moment; made once a second, borrowed by the caller. */
export function l7Figures(state: State, windowSeconds: number = state.windowSeconds): L7Figures {
  const { l7 } = state;
  const ring = ringOf(l7, state.chips);
  const span = slotSpan(state, ring, windowSeconds);
  let cache = caches.get(l7);
  if (cache === undefined) caches.set(l7, cache = new SpanCache());
  const version = `${Math.floor(state.nowMs / 1000)} ${ring.clearCount} ${l7.routes.version} ${state.quantiles === undefined ? '' : 'q'}`;
  return cache.of(ring, span, { version, make: (counts) => makeFigures(state, { ring, span, counts }) });
}

interface Summed {
  ring: CountedRing;
  span: SlotSpan;
  counts: ReadonlyMap<number, number>;
}

/** What is gathered of one route while the cells are gone through. */
interface Gathered {
  requests: number;
  codes: Map<number, number>;
  latency: Map<number, number>;
  callers: Map<number, { count: number; bad: number }>;
  /** By name: routes that were joined number their pods each for itself. */
  pods: Map<string, { count: number; bad: number; octaves: Map<number, number> }>;
}

function makeFigures(state: State, { ring, span, counts }: Summed): L7Figures {
  const byRoute = new Map<number, Gathered>();
  for (const [key, count] of counts) {
    const route = state.l7.routes.at(routeOfKey(key));
    if (route !== undefined) take(gathered(byRoute, countedUnder(route).id), route, key, count);
  }
  const routes = [...byRoute].flatMap(([id, one]) => {
    const route = state.l7.routes.at(id);
    return route === undefined ? [] : [routeFigure(state, route, one)];
  }).sort((one, other) => other.count - one.count || one.route.id - other.route.id);
  const { seconds, hasGap } = coverage(ring, span);
  const sum = (pick: (figure: RouteFigure) => number): number => routes.reduce((total, figure) => total + pick(figure), 0);
  return {
    ring, span, seconds, isLowerBound: hasGap, routes,
    count: sum((figure) => figure.count), answers: sum((figure) => figure.answers), bad: sum((figure) => figure.bad), callerBad: sum((figure) => figure.callerBad),
  };
}

function gathered(byRoute: Map<number, Gathered>, id: number): Gathered {
  const known = byRoute.get(id);
  if (known !== undefined) return known;
  const made: Gathered = { requests: 0, codes: new Map(), latency: new Map(), callers: new Map(), pods: new Map() };
  byRoute.set(id, made);
  return made;
}

function take(one: Gathered, { pods }: Route, key: number, count: number): void {
  const detail = detailOfKey(key);
  switch (kindOfKey(key)) {
    case L7Kind.REQUESTS: one.requests += count; return;
    case L7Kind.CODE: addTo(one.codes, detail, count); return;
    case L7Kind.LATENCY: addTo(one.latency, detail, count); return;
    case L7Kind.CALLER: callerOf(one, detail).count += count; return;
    case L7Kind.CALLER_BAD: callerOf(one, detail).bad += count; return;
    case L7Kind.POD: podOf(one, pods.at(detail)).count += count; return;
    case L7Kind.POD_BAD: podOf(one, pods.at(detail)).bad += count; return;
    case L7Kind.POD_OCTAVE: addTo(podOf(one, pods.at(Math.floor(detail / POD_OCTAVES))).octaves, detail % POD_OCTAVES, count);
  }
}

function callerOf({ callers }: Gathered, party: number): { count: number; bad: number } {
  const made = callers.get(party) ?? { count: 0, bad: 0 };
  callers.set(party, made);
  return made;
}

function addTo(counts: Map<number, number>, key: number, count: number): void {
  counts.set(key, (counts.get(key) ?? 0) + count);
}

function podOf({ pods }: Gathered, name: string): { count: number; bad: number; octaves: Map<number, number> } {
  const made = pods.get(name) ?? { count: 0, bad: 0, octaves: new Map<number, number>() };
  pods.set(name, made);
  return made;
}

function routeFigure(state: State, route: Route, one: Gathered): RouteFigure {
  const codes = [...one.codes].sort((a, b) => b[1] - a[1] || a[0] - b[0]);
  const answers = codes.reduce((sum, [, count]) => sum + count, 0);
  const of = (kind: 'server' | 'caller'): number => codes.reduce((sum, [code, count]) => sum + (classOfCode(code) === kind ? count : 0), 0);
  const busiest = <Part extends PartFigure>(parts: Part[]): Part[] => parts.sort((a, b) => b.count - a.count || (a.name < b.name ? -1 : 1));
  const timed = [...one.latency.values()].reduce((sum, count) => sum + count, 0);
  return {
    route, server: state.directory.partyAt(route.server).name, count: Math.max(one.requests, answers), requests: one.requests, answers, bad: of('server'), callerBad: of('caller'),
    codes, latency: one.latency, timed, quantiles: quantilesOf(state, one.latency, timed),
    callers: busiest([...one.callers].map(([party, counts]) => ({ ...counts, name: state.directory.partyAt(party).name }))),
    pods: busiest([...one.pods].map(([name, counts]) => ({ ...counts, name }))),
  };
}

function quantilesOf(state: State, latency: ReadonlyMap<number, number>, timed: number): RouteQuantiles | undefined {
  if (state.quantiles === undefined || timed === 0) return undefined;
  const [p50 = 0, p90 = 0, p99 = 0, p999 = 0, max = 0] = state.quantiles(latency, PERCENTILES);
  return { p50, p90, p99, p999, max };
}

/** Several routes of one server as one. */
export function mergedFigure(state: State, figures: readonly RouteFigure[]): RouteFigure {
  const [first] = figures;
  if (first === undefined) throw new Error('no route to merge');
  const latency = new Map<number, number>();
  const codes = new Map<number, number>();
  for (const figure of figures) {
    for (const [index, count] of figure.latency) addTo(latency, index, count);
    for (const [code, count] of figure.codes) addTo(codes, code, count);
  }
  const sum = (pick: (figure: RouteFigure) => number): number => figures.reduce((total, figure) => total + pick(figure), 0);
  const timed = sum((figure) => figure.timed);
  return {
    route: { ...first.route, method: '', path: '', ids: figures.flatMap(({ route }) => route.ids) }, server: first.server, count: sum((figure) => figure.count), requests: sum((figure) => figure.requests),
    answers: sum((figure) => figure.answers), bad: sum((figure) => figure.bad), callerBad: sum((figure) => figure.callerBad),
    codes: [...codes].sort((a, b) => b[1] - a[1] || a[0] - b[0]), latency, timed, quantiles: quantilesOf(state, latency, timed),
    callers: joinedParts(figures.flatMap(({ callers }) => callers)), pods: joinedPods(figures.flatMap(({ pods }) => pods)),
  };
}

function joinedParts(parts: readonly PartFigure[]): PartFigure[] {
  const byName = new Map<string, PartFigure>();
  for (const { name, count, bad } of parts) {
    const known = byName.get(name);
    byName.set(name, { name, count: (known?.count ?? 0) + count, bad: (known?.bad ?? 0) + bad });
  }
  return [...byName.values()].sort((a, b) => b.count - a.count || (a.name < b.name ? -1 : 1));
}

function joinedPods(pods: readonly PodFigure[]): PodFigure[] {
  return joinedParts(pods).map((part) => {
    const octaves = new Map<number, number>();
    for (const pod of pods) if (pod.name === part.name) for (const [octave, count] of pod.octaves) addTo(octaves, octave, count);
    return { ...part, octaves };
  });
}
