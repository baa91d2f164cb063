import { expect, test } from 'vitest';
import { update } from '../../../src/control/update.ts';
import type { MetricGauge, NodeMetrics } from '../../../src/flow/node-metrics.ts';
import { initialState, type State } from '../../../src/model/state.ts';
import { fillOf } from '../../../src/model/node-state.ts';
import { reportOf } from '../app/fake-cluster.ts';

const START_MS = 1_772_366_400_000;

function stock(): State {
  const state = initialState({ server: 'relay:4245', nowMs: START_MS, view: 'overview' });
  update(state, { type: 'connection', state: 'live' });
  update(state, { type: 'telemetry-absent' });
  update(state, { type: 'nodes', nodes: [
    { name: 'node-a', state: 1, address: '10.0.0.1:4244', uptime_ns: 1n }, { name: 'prod/node-b', state: 1, address: '[fd00::2]:4244', uptime_ns: 1n }, { name: 'node-c', state: 2, address: '10.0.0.3:4244' },
  ], status: {} });
  return state;
}

function gauge(name: string, rawFill: number, more: Partial<MetricGauge> = {}): MetricGauge {
  return { name, kind: name.startsWith('ct') ? 'conntrack' : name === 'nf_conntrack' ? 'kernel-conntrack' : 'map', fill: Math.min(1, rawFill), rawFill, measuredMs: START_MS, isOlder: false, ...more };
}

function page(state: State, node: string, more: Partial<NodeMetrics> = {}, source = 'http://x/metrics'): void {
  update(state, { type: 'metrics', source, metrics: { node, atMs: state.nowMs, gauges: [], lost: [], drops: [], kernelRefused: undefined, ...more } });
}

test.each([
  ['node-a', 'node-a'],
  ['10.0.0.1', 'node-a'],
  ['fd00::2', 'prod/node-b'],
  ['node-b', 'prod/node-b'],
])('figures of %s belong to %s', (named, name) => {
  const state = stock();
  page(state, named, { gauges: [gauge('ct4_global', 0.5)] });
  expect([...state.nodes.values()].filter((node) => node.conntrack !== undefined).map((node) => node.name)).toEqual([name]);
  expect(state.metricsPages.size).toBe(0);
});

test('figures of a node that nobody lists are told in a sentence and counted nowhere', () => {
  const state = stock();
  page(state, '10.9.9.9');
  expect(state.nodes.size).toBe(3);
  expect([...state.metricsPages.values()].map(({ error }) => error)).toEqual(['metrics of http://x/metrics: there is no node "10.9.9.9" here, its figures are not shown']);
  page(state, '10.0.0.1');
  expect(state.metricsPages.size).toBe(1);
});

test('before the list is there nothing is said of a node that is not on it; without a list a page makes a node', () => {
  const state = initialState({ server: 'agent:4244', nowMs: START_MS, view: 'overview' });
  page(state, 'node-a');
  expect([state.nodes.size, state.metricsPages.size]).toEqual([0, 0]);
  update(state, { type: 'telemetry-absent' });
  update(state, { type: 'nodes', status: { version: 'cilium v1.19.4' } });
  page(state, 'node-a', { gauges: [gauge('ct4_global', 0.5)] });
  expect(state.nodes.get('node-a')?.conntrack?.name).toBe('ct4_global');
});

test('the fullest conntrack is the node\'s, the kernel\'s is its own, all other tables are maps, fullest first', () => {
  const state = stock();
  page(state, 'node-a', { gauges: [gauge('ct4_global', 0.3), gauge('lb4_services_v2', 1.25), gauge('ct_any4_global', 0.7, { entries: 70, maxEntries: 100 })] });
  page(state, 'node-a', { gauges: [gauge('nf_conntrack', 0.9)] }, 'http://exporter/metrics');
  const node = state.nodes.get('node-a');
  expect(node?.conntrack).toMatchObject({ name: 'ct_any4_global', entries: 70, maxEntries: 100 });
  expect(node?.kernelConntrack?.name).toBe('nf_conntrack');
  expect(node?.maps.map((map) => [map.name, fillOf(map), map.served?.rawFill])).toEqual([['lb4_services_v2', 1, 1.25], ['ct_any4_global', 0.7, 0.7], ['ct4_global', 0.3, 0.3]]);
});

test('rates come from two readings of a page, none after a restart', () => {
  const state = stock();
  const read = (total: number): unknown => {
    update(state, { type: 'tick', nowMs: state.nowMs + 5_000 });
    page(state, 'node-a', { gauges: [gauge('nf_conntrack', 0.9)], drops: [{ name: 'Policy denied', total }], lost: [{ name: 'hubble_ring_buffer', total }], kernelRefused: total });
    const node = state.nodes.get('node-a');
    const reading = node?.pages.get('http://x/metrics');
    return [reading?.dropsPerSecond, reading?.refusedPerSecond, reading?.lostPerSecond.get('hubble_ring_buffer'), node?.kernelConntrack?.lostPerSecond];
  };
  expect(read(100)).toEqual([undefined, undefined, 0, 0]);
  expect(read(150)).toEqual([10, 10, 10, 10]);
  expect(read(3)).toEqual([undefined, undefined, 0, 0]);
});

test('figures nobody renews are forgotten with the page', () => {
  const state = stock();
  page(state, 'node-a', { gauges: [gauge('ct4_global', 0.5)] });
  update(state, { type: 'tick', nowMs: START_MS + 1_000_000 });
  page(state, 'node-a', { gauges: [gauge('nf_conntrack', 0.5)] }, 'other');
  expect(state.nodes.get('node-a')?.conntrack).toBeUndefined();
});

test('what a node\'s own agent counts is not overwritten', () => {
  const state = initialState({ server: 'relay:4245', nowMs: START_MS, view: 'overview' });
  for (const second of [0, 1]) update(state, { type: 'telemetry', report: reportOf(second, START_MS + second * 1000) });
  page(state, 'node-01', { gauges: [gauge('ct4_global', 1)] });
  expect(state.nodes.get('node-01')?.conntrack?.name).toBe('ht_conntrack');
});

test('a page that fails says so until it is well again; texts are scrubbed and pages bounded', () => {
  const state = stock();
  update(state, { type: 'metrics-state', source: 's\u001b', error: 'metrics of s: \u009d refused' });
  expect([...state.metricsPages]).toEqual([['s\\x1b', { error: 'metrics of s: \\x9d refused', sinceMs: START_MS }]]);
  update(state, { type: 'metrics-state', source: 's\u001b', error: '' });
  for (let i = 0; i < 200; i++) update(state, { type: 'metrics-state', source: `s${i}`, error: 'no' });
  expect(state.metricsPages.size).toBe(128);
});
