import type { MetricGauge, NodeMetrics } from '../flow/node-metrics.ts';
import { scrub } from '../lib/scrub.ts';
import type { MetricsPage } from './node-facts.ts';
import type { Gauge, NodeState } from './node-state.ts';

/** Pages that speak of one node: its agent's, Hubble's and the machine's, and room. */
export const MAX_PAGES = 8;
/** Older figures than these say nothing of now. */
const FORGET_MS = 900_000;

/** Takes a reading of a page in and makes the node's gauges of all its pages. Gauges that the node's own agent counts stay. */
export function applyMetrics(node: NodeState, source: string, metrics: NodeMetrics): void {
  const before = node.pages.get(source);
  if (before === undefined && node.pages.size >= MAX_PAGES) return;
  node.pages.set(source, readingOf(before, metrics));
  for (const [name, page] of node.pages) if (metrics.atMs - page.latest.atMs > FORGET_MS) node.pages.delete(name);
  if (node.heardMs === 0) takeGauges(node);
}

function readingOf(before: MetricsPage | undefined, latest: NodeMetrics): MetricsPage {
  const last = before?.latest;
  const seconds = last === undefined ? 0 : (latest.atMs - last.atMs) / 1000;
  const perSecond = (now: number | undefined, then: number | undefined): number | undefined => (now === undefined || then === undefined || seconds <= 0 || now < then ? undefined : (now - then) / seconds);
  const total = (metrics: NodeMetrics | undefined): number | undefined => (metrics === undefined || metrics.drops.length === 0 ? undefined : metrics.drops.reduce((sum, drop) => sum + drop.total, 0));
  const moving = new Set(before?.moving);
  for (const gauge of latest.gauges) if (last?.gauges.some((old) => old.name === gauge.name && old.rawFill !== gauge.rawFill) === true) moving.add(gauge.name);
  return {
    latest, moving, dropsPerSecond: perSecond(total(latest), total(last)), refusedPerSecond: perSecond(latest.kernelRefused, last?.kernelRefused),
    lostPerSecond: new Map(latest.lost.map(({ name, total: count }) => [scrub(name, 40), perSecond(count, last?.lost.find((old) => old.name === name)?.total) ?? 0])),
  };
}

function takeGauges(node: NodeState): void {
  const all = [...node.pages.values()].flatMap((page) => page.latest.gauges.map((gauge) => ({ kind: gauge.kind, gauge: gaugeOf(gauge, page) })));
  all.sort((one, other) => (other.gauge.served?.rawFill ?? 0) - (one.gauge.served?.rawFill ?? 0));
  node.conntrack = all.find(({ kind }) => kind === 'conntrack')?.gauge;
  node.kernelConntrack = all.find(({ kind }) => kind === 'kernel-conntrack')?.gauge;
  node.maps = all.filter(({ kind }) => kind !== 'kernel-conntrack').map(({ gauge }) => gauge);
}

function gaugeOf({ name, kind, fill, rawFill, entries = 0, maxEntries = 0, measuredMs, isOlder }: MetricGauge, page: MetricsPage): Gauge {
  return {
    name: scrub(name, 24), entries, maxEntries, lostPerSecond: kind === 'kernel-conntrack' ? (page.refusedPerSecond ?? 0) : 0,
    isAlive: kind !== 'map' || page.moving.has(name), served: { fill, rawFill, measuredMs, isOlder },
  };
}
