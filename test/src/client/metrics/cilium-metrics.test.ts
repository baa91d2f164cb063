import { expect, test } from 'vitest';
import { CILIUM_METRICS, CiliumMetrics } from '../../../../src/client/metrics/cilium-metrics.ts';
import type { MetricGauge, NodeMetrics } from '../../../../src/flow/node-metrics.ts';
import { readSamples } from '../../../../src/client/metrics/prometheus-text.ts';
import { AGENT_PAGE } from './agent-page.ts';

function metrics(page: string, reader = new CiliumMetrics('10.0.0.7'), atMs = 1_000): NodeMetrics[] {
  return reader.read(readSamples(page, CILIUM_METRICS).samples, atMs);
}

function words({ name, kind, fill, rawFill, entries, maxEntries }: MetricGauge): string {
  return `${kind} ${name} ${fill}${rawFill === fill ? '' : ` (${rawFill})`}${maxEntries === undefined ? '' : ` ${entries} of ${maxEntries}`}`;
}

test('CiliumMetrics reads pressure with what it is of, clamps it and keeps the raw figure, and what only a garbage collection counted', () => {
  expect(metrics(AGENT_PAGE)[0]?.gauges.map(words)).toEqual([
    'conntrack ct4_global 0.91 477102 of 524288',
    'conntrack ct_any4_global 0.25',
    'map snat_v4_external 0.5 500 of 1000',
    'map lb4_services_v2 1 (1.25)',
    'map policy 0.0625',
    'conntrack ct_any6_global 0.5 131072 of 262144',
  ]);
});

test('CiliumMetrics counts losses by source and drops by reason over both directions', () => {
  const page = `${AGENT_PAGE}hubble_lost_events_total{source="hubble_ring_buffer"} 512\nhubble_lost_events_total{source="perf_event_ring_buffer"} 0\n`;
  expect(metrics(page)[0]).toMatchObject({
    node: '10.0.0.7', atMs: 1_000, kernelRefused: undefined,
    lost: [{ name: 'hubble_ring_buffer', total: 512 }, { name: 'perf_event_ring_buffer', total: 0 }],
    drops: [{ name: 'Policy denied', total: 42 }, { name: 'Stale or unroutable IP', total: 3 }],
  });
});

test('CiliumMetrics reads the kernel\'s own connection tracking of a node_exporter', () => {
  const [found] = metrics('node_nf_conntrack_entries 900\nnode_nf_conntrack_entries_limit 1000\nnode_nf_conntrack_stat_drop 3\nnode_nf_conntrack_stat_early_drop 4\nnode_nf_conntrack_stat_insert_failed 5\n');
  expect(found?.gauges.map(words)).toEqual(['kernel-conntrack nf_conntrack 0.9 900 of 1000']);
  expect(found?.kernelRefused).toBe(12);
});

test.each([
  ['node="worker-1"', 'worker-1'],
  ['instance="10.0.0.9:9962"', '10.0.0.9'],
  ['instance="10.0.0.9:9962",node="worker-1"', 'worker-1'],
  ['pod="cilium-x"', '10.0.0.7'],
  ['node=""', '10.0.0.7'],
])('CiliumMetrics names the node of %s %s', (labels, node) => {
  expect(metrics(`cilium_bpf_map_pressure{map_name="ct4_global",${labels}} 0.5`).map((found) => found.node)).toEqual([node]);
});

test('CiliumMetrics keeps the nodes of a federated page apart', () => {
  const page = ['a', 'b'].map((node, i) => `cilium_bpf_map_pressure{map_name="ct4_global",node="${node}"} 0.${i + 1}\n`).join('');
  expect(metrics(page).map(({ node, gauges }) => [node, gauges[0]?.fill])).toEqual([['a', 0.1], ['b', 0.2]]);
});

test('CiliumMetrics says how old a figure is that is counted at times only', () => {
  const reader = new CiliumMetrics('n');
  const ages = (page: string, atMs: number): string => metrics(page, reader, atMs)[0]?.gauges.map(({ name, measuredMs, isOlder }) => `${name} ${isOlder ? '<' : '='}${measuredMs}`).join(' ') ?? '';
  const page = (ct: number, runs: number): string => `cilium_bpf_map_pressure{map_name="ct4_global"} ${ct}\ncilium_bpf_map_pressure{map_name="lb4_services_v2"} 0.5\n${GC} ${runs}\n`;
  const GC = 'cilium_datapath_conntrack_gc_runs_total{family="ipv4",protocol="TCP",status="completed"}';
  // nobody knows when the first figure was measured
  expect(ages(page(0.5, 1), 1_000)).toBe('ct4_global <1000 lb4_services_v2 =1000');
  expect(ages(page(0.5, 1), 6_000)).toBe('ct4_global <1000 lb4_services_v2 =6000');
  expect(ages(page(0.6, 1), 11_000)).toBe('ct4_global =11000 lb4_services_v2 =11000');
  expect(ages(page(0.6, 1), 16_000)).toBe('ct4_global =11000 lb4_services_v2 =16000');
  // the same figure again, but counted anew
  expect(ages(page(0.6, 2), 21_000)).toBe('ct4_global =21000 lb4_services_v2 =21000');
});

test.each(['NaN', '+Inf', '-1'])('CiliumMetrics takes no pressure of %s', (value) => {
  expect(metrics(`cilium_bpf_map_pressure{map_name="ct4_global"} ${value}\ncilium_drop_count_total{reason="x"} ${value}\n`)[0]).toMatchObject({ gauges: [], drops: [{ name: 'x', total: 0 }] });
});

test('CiliumMetrics gives nothing of a page without the wanted metrics, and bounds what it gives', () => {
  expect(metrics('up 1\n')).toEqual([]);
  const page = Array.from({ length: 300 }, (_, i) => `cilium_bpf_map_pressure{map_name="m${i}"} 0.5\ncilium_drop_count_total{reason="r${i}"} 1\n`).join('');
  expect(metrics(page)[0]).toMatchObject({ gauges: { length: 128 }, drops: { length: 128 } });
});
