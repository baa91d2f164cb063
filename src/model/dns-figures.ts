import { coverage, type CountedRing, type SlotSpan } from './counted-slot.ts';
import { DnsKind, entityOfKey, EVERY_NAME, NO_ANSWER, NOERROR, NXDOMAIN, resolverOf } from './dns-cells.ts';
import { ringOf } from './l7-book.ts';
import { detailOfKey, kindOfKey } from './l7-cells.ts';
import { PERCENTILES, type RouteQuantiles } from './l7-figures.ts';
import { slotSpan } from './slot-span.ts';
import { SpanCache } from './span-cache.ts';
import type { State } from './state.ts';

/** Who asked, or where it failed, and how often. */
export interface Share {
  name: string;
  /** Party of the directory, or number of the resolver. */
  id: number;
  count: number;
}

/** One name in a window. */
export interface NameFigure {
  name: string;
  id: number;
  lookups: number;
  failed: number;
  /** How lookups ended, the most frequent first. */
  rcodes: [rcode: number, count: number][];
  quantiles: RouteQuantiles | undefined;
  askers: Share[];
  failedAskers: Share[];
  failedAt: Share[];
}

/** One resolver in a window: answers, not lookups, since each try costs it one. */
export interface ResolverFigure {
  name: string;
  id: number;
  /** Where it runs, if its own side told of it. */
  node: string;
  answers: number;
  /** Neither answered nor denied that there is such a name. */
  bad: number;
  rcodes: [rcode: number, count: number][];
  quantiles: RouteQuantiles | undefined;
}

/** Somebody who asks. */
export interface AskerFigure {
  name: string;
  id: number;
  lookups: number;
  /** Ended with NXDOMAIN, with nothing, or with another failure. */
  nxdomain: number;
  unanswered: number;
  broken: number;
}

/** DNS in a window. */
export interface DnsFigures {
  ring: CountedRing;
  span: SlotSpan;
  /** Observed seconds of the window. */
  seconds: number;
  isLowerBound: boolean;
  lookups: number;
  /** Tries along search paths that were no lookups of their own. */
  noise: number;
  /** How lookups ended, the most frequent first. */
  rcodes: ReadonlyMap<number, number>;
  /** The same without folding: how each question ended. */
  rawRcodes: ReadonlyMap<number, number>;
  names: NameFigure[];
  /** Search paths by what they put behind names, as `*.suffix`. */
  noiseNames: Share[];
  resolvers: ResolverFigure[];
  askers: AskerFigure[];
}

interface Gathered {
  rcodes: Map<number, number>;
  latency: Map<number, number>;
  askers: Map<number, number>;
  failed: Map<number, number>;
  failedAt: Map<number, number>;
  noise: Map<number, number>;
  unanswered: Map<number, number>;
  broken: Map<number, number>;
}

const caches = new WeakMap<object, SpanCache<DnsFigures>>();

/** The figures of DNS at the state's moment; made once a second, borrowed by the caller. */
export function dnsFigures(state: State, windowSeconds: number = state.windowSeconds): DnsFigures {
  const { dns } = state;
  const ring = ringOf(dns, state.chips);
  const span = slotSpan(state, ring, windowSeconds);
  let cache = caches.get(dns);
  if (cache === undefined) caches.set(dns, cache = new SpanCache());
  const version = `${Math.floor(state.nowMs / 1000)} ${ring.clearCount} ${state.quantiles === undefined ? '' : 'q'}`;
  return cache.of(ring, span, { version, make: (counts) => makeFigures(state, { ring, span, counts }) });
}

function makeFigures(state: State, { ring, span, counts }: { ring: CountedRing; span: SlotSpan; counts: ReadonlyMap<number, number> }): DnsFigures {
  const byEntity = new Map<number, Gathered>();
  for (const [key, count] of counts) take(gathered(byEntity, entityOfKey(key)), key, count);
  const all = gathered(byEntity, EVERY_NAME);
  const entities = [...byEntity];
  const { seconds, hasGap } = coverage(ring, span);
  const names = entities.filter(([id, one]) => id < EVERY_NAME && one.rcodes.size > 0).map(([id, one]) => nameFigure(state, id, one));
  return {
    ring, span, seconds, isLowerBound: hasGap, lookups: total(all.rcodes), noise: total(all.noise), rcodes: new Map(sorted(all.rcodes)), rawRcodes: joined(all.rcodes, all.noise),
    names: names.sort((one, other) => other.lookups - one.lookups || one.id - other.id),
    noiseNames: shares(new Map(entities.filter(([id]) => id < EVERY_NAME).map(([id, one]) => [id, total(one.noise)])), (id) => state.dns.names.at(id)),
    resolvers: entities.filter(([id]) => id > EVERY_NAME).map(([id, one]) => resolverFigure(state, resolverOf(id), one)).sort((one, other) => (one.name < other.name ? -1 : 1)),
    askers: shares(all.askers, (id) => state.directory.partyAt(id).name).map(({ name, id, count }) => (
      { name, id, lookups: count, nxdomain: all.failed.get(id) ?? 0, unanswered: all.unanswered.get(id) ?? 0, broken: all.broken.get(id) ?? 0 })),
  };
}

function gathered(byEntity: Map<number, Gathered>, id: number): Gathered {
  const known = byEntity.get(id);
  if (known !== undefined) return known;
  const made: Gathered = { rcodes: new Map(), latency: new Map(), askers: new Map(), failed: new Map(), failedAt: new Map(), noise: new Map(), unanswered: new Map(), broken: new Map() };
  byEntity.set(id, made);
  return made;
}

const FIELDS: readonly (readonly [number, keyof Gathered])[] = [
  [DnsKind.RCODE, 'rcodes'], [DnsKind.LATENCY, 'latency'], [DnsKind.ASKER, 'askers'], [DnsKind.FAILED, 'failed'], [DnsKind.FAILED_AT, 'failedAt'],
  [DnsKind.NOISE, 'noise'], [DnsKind.UNANSWERED, 'unanswered'], [DnsKind.BROKEN, 'broken'],
];

function take(one: Gathered, key: number, count: number): void {
  const field = FIELDS[kindOfKey(key)]?.[1];
  if (field !== undefined) one[field].set(detailOfKey(key), count);
}

function nameFigure(state: State, id: number, one: Gathered): NameFigure {
  const partyName = (party: number): string => state.directory.partyAt(party).name;
  const lookups = total(one.rcodes);
  return {
    name: state.dns.names.at(id), id, lookups, failed: lookups - (one.rcodes.get(NOERROR) ?? 0), rcodes: sorted(one.rcodes), quantiles: quantilesOf(state, one.latency),
    askers: shares(one.askers, partyName), failedAskers: shares(one.failed, partyName), failedAt: shares(one.failedAt, (resolver) => state.dns.resolvers.at(resolver)),
  };
}

function resolverFigure(state: State, id: number, one: Gathered): ResolverFigure {
  const answers = total(one.rcodes);
  const bad = answers - (one.rcodes.get(NOERROR) ?? 0) - (one.rcodes.get(NXDOMAIN) ?? 0);
  return { name: state.dns.resolvers.at(id), id, node: state.dns.resolverNodes.get(id) ?? '', answers, bad, rcodes: sorted(one.rcodes), quantiles: quantilesOf(state, one.latency) };
}

function quantilesOf(state: State, latency: ReadonlyMap<number, number>): RouteQuantiles | undefined {
  if (state.quantiles === undefined || latency.size === 0) return undefined;
  const [p50 = 0, p90 = 0, p99 = 0, p999 = 0, max = 0] = state.quantiles(latency, PERCENTILES);
  return { p50, p90, p99, p999, max };
}

function shares(counts: ReadonlyMap<number, number>, nameOf: (id: number) => string): Share[] {
  return [...counts].filter(([, count]) => count > 0).map(([id, count]) => ({ id, name: nameOf(id), count })).sort((one, other) => other.count - one.count || one.id - other.id);
}

function sorted(counts: ReadonlyMap<number, number>): [number, number][] {
  return [...counts].sort((one, other) => other[1] - one[1] || one[0] - other[0]);
}

function total(counts: ReadonlyMap<number, number>): number {
  let sum = 0;
  for (const count of counts.values()) sum += count;
  return sum;
}

function joined(one: ReadonlyMap<number, number>, other: ReadonlyMap<number, number>): Map<number, number> {
  const all = new Map(one);
  for (const [key, count] of other) all.set(key, (all.get(key) ?? 0) + count);
  return all;
}

/** Whether a lookup that ended so says that something does not work: a name that is not there may be an honest answer. */
export function isBroken(rcode: number): boolean {
  return rcode !== NOERROR && rcode !== NXDOMAIN;
}

/** The failure that most failed lookups of a name ended with. */
export function worstRcode({ rcodes }: NameFigure): number {
  return rcodes.find(([rcode]) => rcode !== NOERROR)?.[0] ?? NO_ANSWER;
}
