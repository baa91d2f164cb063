import type { Metric } from './metric.ts';
import { lost, nodes, seen } from './metrics/coverage.ts';
import { incidents } from './metrics/incidents.ts';
import { dnsFailures, lookups } from './metrics/lookups.ts';
import { conntrack, map } from './metrics/pressure.ts';
import { errors, LATENCIES, requests } from './metrics/requests.ts';
import { connections, drops, flows, resets } from './metrics/traffic.ts';

/** Everything a condition can be about, in the order of the help. */
export const METRICS: readonly Metric[] = [
  drops, flows, connections, resets, requests, errors, ...LATENCIES, lookups, dnsFailures, seen, lost, nodes, conntrack, map, incidents,
];

/** The metric of this name. */
export function metricOf(name: string): Metric | undefined {
  return METRICS.find((metric) => metric.name === name);
}
