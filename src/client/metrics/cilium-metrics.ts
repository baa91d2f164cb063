import type { MetricCount, MetricGauge, NodeMetrics } from '../../flow/node-metrics.ts';
import type { Sample } from './prometheus-text.ts';

const PRESSURE = 'cilium_bpf_map_pressure';
const CAPACITY = 'cilium_bpf_map_capacity';
const GC_ENTRIES = 'cilium_datapath_conntrack_gc_entries';
const GC_RUNS = 'cilium_datapath_conntrack_gc_runs_total';
const LOST = 'hubble_lost_events_total';
const DROPS = 'cilium_drop_count_total';
const NF_ENTRIES = 'node_nf_conntrack_entries';
const NF_LIMIT = 'node_nf_conntrack_entries_limit';
const NF_REFUSED = ['node_nf_conntrack_stat_insert_failed', 'node_nf_conntrack_stat_drop', 'node_nf_conntrack_stat_early_drop'];

/** The metrics that are read of a page. */
export const CILIUM_METRICS: ReadonlySet<string> = new Set([PRESSURE, CAPACITY, GC_ENTRIES, GC_RUNS, LOST, DROPS, NF_ENTRIES, NF_LIMIT, ...NF_REFUSED]);

/** Labels that name the node, best first; agents have none, a federated Prometheus has. */
const NODE_LABELS = ['node', 'node_name', 'nodename', 'kubernetes_node', 'k8s_node_name', 'instance'];
/** Nodes read of one page, gauges and counts of one node. */
const MAX_NODES = 1_024;
const MAX_GAUGES = 128;
const MAX_COUNTS = 128;
/** Signatures kept to know what moved: as many as a page can have. */
const MAX_KNOWN = 4_096;

/** Maps whose pressure is counted now and then (connection tracking every 30 s, both in each garbage collection), since the kernel throws entries out unseen. */
const COUNTED_AT_TIMES = /^(ct|snat|nat)(_|\d)/;

/** Makes figures of pages of one source; remembers what it read to tell how old a figure is. */
export class CiliumMetrics {
  private known = new Map<string, { signature: string; measuredMs: number; isOlder: boolean }>();

  /** `host` names the node where no label does. */
  constructor(private readonly host: string) {}

  /** The figures of one page, by node; empty when there is none of the wanted metrics. */
  read(samples: readonly Sample[], atMs: number): NodeMetrics[] {
    const byNode = new Map<string, Sample[]>();
    for (const sample of samples) {
      const node = this.nodeOf(sample);
      const own = byNode.get(node);
      if (own !== undefined) own.push(sample);
      else if (byNode.size < MAX_NODES) byNode.set(node, [sample]);
    }
    const before = this.known;
    this.known = new Map();
    return [...byNode].map(([node, own]) => this.metricsOf(node, own, { atMs, before }));
  }

  private nodeOf(sample: Sample): string {
    for (const name of NODE_LABELS) {
      const label = sample.labels.get(name) ?? '';
      if (label !== '') return name === 'instance' ? label.replace(/:\d+$/, '') : label;
    }
    return this.host;
  }

  private metricsOf(node: string, samples: readonly Sample[], now: { atMs: number; before: CiliumMetrics['known'] }): NodeMetrics {
    const found = new Map<string, MetricGauge>();
    for (const gauge of [...pressureGauges(samples), ...collectedGauges(samples), ...kernelGauge(samples)]) {
      if (!found.has(gauge.name) && found.size < MAX_GAUGES) found.set(gauge.name, { ...gauge, measuredMs: now.atMs, isOlder: false });
    }
    const gauges = [...found.values()];
    const runs = sum(samples, GC_RUNS);
    for (const gauge of gauges) if (COUNTED_AT_TIMES.test(gauge.name)) Object.assign(gauge, this.ageOf(`${node} ${gauge.name}`, `${gauge.rawFill} ${gauge.entries} ${runs}`, now));
    const refused = samples.filter(({ name }) => NF_REFUSED.includes(name));
    return {
      node, atMs: now.atMs, gauges, lost: counts(samples, LOST, 'source'), drops: counts(samples, DROPS, 'reason'),
      kernelRefused: refused.length === 0 ? undefined : refused.reduce((total, { value }) => total + whole(value), 0),
    };
  }

  // from the page on which it moved; of a figure that never did, only that it is older
  private ageOf(key: string, signature: string, { atMs, before }: { atMs: number; before: CiliumMetrics['known'] }): { measuredMs: number; isOlder: boolean } {
    const last = before.get(key);
    const age = last?.signature === signature ? last : { signature, measuredMs: atMs, isOlder: last === undefined };
    if (this.known.size < MAX_KNOWN) this.known.set(key, age);
    return { measuredMs: age.measuredMs, isOlder: age.isOlder };
  }
}

type PlainGauge = Omit<MetricGauge, 'measuredMs' | 'isOlder'>;

function pressureGauges(samples: readonly Sample[]): PlainGauge[] {
  const capacities = new Map(samples.filter(({ name }) => name === CAPACITY).map(({ labels, value }) => [shortName(labels.get('map_group') ?? ''), value]));
  const gauges: PlainGauge[] = [];
  for (const { name, labels, value } of samples) {
    const map = shortName(labels.get('map_name') ?? '');
    if (name !== PRESSURE || map === '' || !(value >= 0 && value < Infinity)) continue;
    const maxEntries = capacities.get(map) ?? 0;
    gauges.push({ ...filled(map, value), ...(maxEntries > 0 ? { entries: Math.round(value * maxEntries), maxEntries } : {}) });
  }
  return gauges;
}

// what the last garbage collection left, for kernels where Cilium cannot count a map in between
function collectedGauges(samples: readonly Sample[]): PlainGauge[] {
  const capacities = samples.filter(({ name }) => name === CAPACITY);
  const gauges: PlainGauge[] = [];
  for (const { name, labels, value } of samples) {
    const map = conntrackMap(labels.get('family'), labels.get('protocol'));
    if (name !== GC_ENTRIES || labels.get('status') !== 'alive' || map === undefined) continue;
    const maxEntries = capacities.find((capacity) => shortName(capacity.labels.get('map_group') ?? '') === map)?.value ?? 0;
    if (maxEntries > 0 && value >= 0 && value < Infinity) gauges.push({ ...filled(map, value / maxEntries), entries: value, maxEntries });
  }
  return gauges;
}

function conntrackMap(family: string | undefined, protocol: string | undefined): string | undefined {
  const digit = family === 'ipv4' ? '4' : family === 'ipv6' ? '6' : undefined;
  return digit === undefined ? undefined : protocol === 'TCP' ? `ct${digit}_global` : `ct_any${digit}_global`;
}

function kernelGauge(samples: readonly Sample[]): PlainGauge[] {
  const entries = samples.find(({ name }) => name === NF_ENTRIES)?.value ?? Number.NaN;
  const maxEntries = samples.find(({ name }) => name === NF_LIMIT)?.value ?? Number.NaN;
  if (!(entries >= 0 && maxEntries > 0)) return [];
  return [{ ...filled('nf_conntrack', entries / maxEntries), kind: 'kernel-conntrack', entries, maxEntries }];
}

function filled(name: string, rawFill: number): PlainGauge {
  return { name, kind: /^ct(_|\d)/.test(name) ? 'conntrack' : 'map', fill: Math.min(1, rawFill), rawFill };
}

/** A map is named with and without the prefix, by pressure and capacity. */
function shortName(name: string): string {
  return name.replace(/^cilium_/, '');
}

function counts(samples: readonly Sample[], name: string, label: string): MetricCount[] {
  const totals = new Map<string, number>();
  for (const sample of samples) {
    const key = sample.labels.get(label) ?? '';
    if (sample.name !== name || (totals.size >= MAX_COUNTS && !totals.has(key))) continue;
    totals.set(key, (totals.get(key) ?? 0) + whole(sample.value));
  }
  return [...totals].map(([key, total]) => ({ name: key, total }));
}

function sum(samples: readonly Sample[], name: string): number {
  return samples.reduce((total, sample) => total + (sample.name === name ? whole(sample.value) : 0), 0);
}

// a count that is none counts as nothing
function whole(value: number): number {
  return value >= 0 && value < Infinity ? value : 0;
}
