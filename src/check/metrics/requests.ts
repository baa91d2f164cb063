import type { Party } from '../../model/directory.ts';
import { classOfCode, detailOfKey, kindOfKey, L7Kind, routeOfKey } from '../../model/l7-cells.ts';
import { ringOf } from '../../model/l7-book.ts';
import { countedUnder, OTHER_PATHS, type Route, routeText } from '../../model/l7-routes.ts';
import { SLOT_SECONDS, slotOf } from '../../model/slot-ring.ts';
import type { Selector, SelectorField } from '../condition.ts';
import { matchesText } from '../matches.ts';
import { type Figure, type Metric, NOTHING_CAME, type Reading } from '../metric.ts';

const FIELDS: readonly SelectorField[] = ['route', 'method', 'ns', 'from-ns', 'to-ns', 'workload', 'from-workload', 'to-workload', 'pod', 'from-pod', 'to-pod', 'node'];
/** What the counts of all requests tell apart. */
const COUNTED: readonly SelectorField[] = ['route', 'method', 'to-ns', 'to-workload'];

function needsFlows(selectors: readonly Selector[]): boolean {
  return selectors.some(({ field }) => !COUNTED.includes(field));
}

/** What one slot says of the routes that meet the selectors. */
interface Counts {
  requests: number;
  answers: number;
  /** Answers that are the server's fault. */
  bad: number;
  latency: Map<number, number>;
}

interface Slot {
  meant: Counts;
  /** Of routes without a name of their own. */
  perhaps: Counts;
}

function noCounts(): Counts {
  return { requests: 0, answers: 0, bad: 0, latency: new Map() };
}

function countsOf({ state, selectors, second }: Reading): Slot | undefined {
  const cells = ringOf(state.l7, state.chips).peek(slotOf(second * 1000))?.cells;
  if (cells === undefined) return undefined;
  const slot: Slot = { meant: noCounts(), perhaps: noCounts() };
  cells.forEach((key, count) => {
    const found = state.l7.routes.at(routeOfKey(key));
    const route = found === undefined ? undefined : countedUnder(found);
    const into = route === undefined ? undefined : intoOf(slot, route, state.directory.partyAt(route.server), selectors);
    if (into !== undefined) take(into, { kind: kindOfKey(key), detail: detailOfKey(key), count });
  });
  return slot;
}

function intoOf(slot: Slot, route: Route, server: Party, selectors: readonly Selector[]): Counts | undefined {
  const isMeant = selectors.every(({ field, value, isNegated }) => (
    (field !== 'to-ns' || (server.namespace === value) !== isNegated) && (field !== 'to-workload' || (server.name === value) !== isNegated)));
  if (!isMeant) return undefined;
  const asksForRoute = selectors.some(({ field }) => field === 'route' || field === 'method');
  if (asksForRoute && (route.id === 0 || route.path === OTHER_PATHS)) return slot.perhaps;
  const isRoute = selectors.every(({ field, value, isNegated }) => (
    (field !== 'route' || (matchesText(route.path, value) || matchesText(routeText(route), value)) !== isNegated) && (field !== 'method' || (route.method.toUpperCase() === value) !== isNegated)));
  return isRoute ? slot.meant : undefined;
}

function take(into: Counts, { kind, detail, count }: { kind: number; detail: number; count: number }): void {
  if (kind === L7Kind.REQUESTS) into.requests += count;
  else if (kind === L7Kind.LATENCY) into.latency.set(detail, (into.latency.get(detail) ?? 0) + count);
  else if (kind === L7Kind.CODE) {
    into.answers += count;
    if (classOfCode(detail) === 'server') into.bad += count;
  }
}

/** Requests of applications. */
export const requests: Metric = {
  name: 'requests',
  help: 'HTTP and gRPC requests, Kafka calls; seen where a parser or a proxy reads them',
  units: { '/s': 'rate', '': 'total' },
  fields: FIELDS,
  stepSeconds: SLOT_SECONDS,
  needsFlows,
  read(reading) {
    const slot = countsOf(reading);
    if (slot === undefined) return NOTHING_CAME;
    const { meant, perhaps } = slot;
    return { value: Math.max(meant.requests, meant.answers), perhaps: Math.max(perhaps.requests, perhaps.answers), whole: 0, isMet: true };
  },
};

/** Answers that are the server's fault. */
export const errors: Metric = {
  name: 'errors',
  help: 'answers that are the server\'s fault: HTTP 5xx and its like in gRPC and Kafka; %: of all answers',
  units: { '/s': 'rate', '%': 'share', '': 'total' },
  fields: FIELDS,
  wholeName: 'answers',
  stepSeconds: SLOT_SECONDS,
  needsFlows,
  read(reading) {
    const slot = countsOf(reading);
    if (slot === undefined) return NOTHING_CAME;
    const { meant, perhaps } = slot;
    return { value: meant.bad, perhaps: perhaps.bad, whole: meant.answers, isMet: meant.answers > 0 };
  },
};

function latency(name: string, quantile: number): Metric {
  return {
    name,
    help: `latency that ${quantile * 100} % of the answers kept to`,
    units: { ms: 'latency' },
    fields: FIELDS,
    wholeName: 'timed answers',
    quantile,
    stepSeconds: SLOT_SECONDS,
    needsFlows,
    read(reading): Figure {
      const counts = countsOf(reading)?.meant;
      if (counts === undefined) return NOTHING_CAME;
      return { value: 0, perhaps: 0, whole: [...counts.latency.values()].reduce((sum, count) => sum + count, 0), isMet: true, latency: counts.latency };
    },
  };
}

/** Latencies by percentile. */
export const LATENCIES: readonly Metric[] = [latency('p50', 0.5), latency('p90', 0.9), latency('p99', 0.99), latency('p99.9', 0.999)];
