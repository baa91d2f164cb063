import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { hdrQuantiles } from '../../../src/app/hdr-quantiles.ts';
import { update } from '../../../src/control/update.ts';
import { DATA_VIEWS, frameData, frameJson } from '../../../src/export/frame-data.ts';
import { exportIncident } from '../../../src/export/incident.ts';
import type { State } from '../../../src/model/state.ts';
import { VIEWS } from '../../../src/views/view-list.ts';
import { joined } from '../app/fake-cluster.ts';
import { dnsRecords, httpRecords } from '../app/fake-l7.ts';
import { busyScene, emptyScene, gapScene, hostileScene, stockScene } from '../views/scenes.ts';

const SCENES: readonly (readonly [string, State])[] = [['empty', emptyScene()], ['busy', busyScene()], ['gap', gapScene()], ['hostile', hostileScene()], ['stock', stockScene()]];

/** A scene that is only looked at. */
function scene(name: string): State {
  const found = SCENES.find(([known]) => known === name)?.[1];
  if (found === undefined) throw new Error(name);
  return found;
}

interface Row { readonly [key: string]: unknown }

function rows(state: State, view: string, section: string): Row[] {
  return frameData(state, view)[section] as unknown as Row[];
}

describe('frameData()', () => {
  test.each(SCENES.flatMap(([name, state]) => DATA_VIEWS.map((view) => [view, name, state] as const)))('%s of a %s cluster is one line of JSON with the head of its schema', (view, _name, state) => {
    const text = frameJson(state, view);
    expect(text).not.toContain('\n');
    const data = JSON.parse(text) as Row;
    expect(data).toEqual(frameData(state, view));
    expect(data).toMatchObject({ schema: 'hubtop/1', kind: 'frame', view, filter: expect.any(Array), window: { seconds: 60 }, coverage: { is_lower_bound: expect.any(Boolean), gaps: expect.any(Array) } });
    expect(text).not.toMatch(/NaN|Infinity|undefined/);
  });

  test('every view but the help has data', () => {
    expect(VIEWS.map(({ id }) => id).filter((id) => !DATA_VIEWS.includes(id))).toEqual(['help']);
  });

  test('tells what is wrong and who talks, with numbers as numbers', () => {
    const state = scene('busy');
    const frame = frameData(state, 'overview');
    expect(frame).toMatchObject({ moment: '2026-03-01T12:01:30.000Z', source: 'telemetry', coverage: { seen_percent: 100, is_lower_bound: false, lost: 0, nodes: { known: 12, heard: 12, away: [] } } });
    expect(rows(state, 'overview', 'findings')).toContainEqual(expect.objectContaining({
      word: 'RESETS', severity: 'warn', is_regular: true, amount: expect.objectContaining({ text: 'every 4.0s' }),
      pair: { source: { name: 'default/commentary-fanout', namespace: 'default', workload: 'commentary-fanout' }, destination: { name: 'default/chat-relay', namespace: 'default', workload: 'chat-relay' }, port: 9092, protocol: 'TCP' },
    }));
    const [heaviest] = rows(state, 'talkers', 'pairs');
    expect(heaviest).toMatchObject({ port: 5432, protocol: 'TCP', dropped: 0 });
    expect(Number(heaviest?.['bytes'])).toBeGreaterThan(1e6);
    expect(rows(state, 'drops', 'drops').map((row) => row['reason'])).toEqual(['POLICY_DENIED', 'NO_SOCKET']);
    expect(rows(state, 'nodes', 'nodes')).toHaveLength(12);
  });

  test('says what was not seen', () => {
    const state = scene('gap');
    expect(frameData(state, 'overview')).toMatchObject({
      coverage: {
        is_lower_bound: true, losses: [{ node: 'node-05', stage: 'kernel-ring', cause: 'full', count: expect.any(Number) }],
        gaps: [{ from: '2026-03-01T12:01:00.000Z', to: '2026-03-01T12:01:07.000Z' }],
        nodes: { known: 12, heard: 11, away: [{ name: 'node-09', state: 'NODE_UNAVAILABLE', message: 'connection refused', since: expect.any(String) }] },
      },
    });
  });

  test('has null, not 0, where a stock relay tells nothing', () => {
    const state = scene('stock');
    expect(frameData(state, 'talkers')).toMatchObject({ source: 'flows' });
    expect(rows(state, 'talkers', 'pairs')[0]).toMatchObject({ bytes: null, packets: null, flows: expect.any(Number), connections: expect.any(Number) });
    expect(rows(state, 'nodes', 'nodes')[0]).toMatchObject({ version: null, rss_bytes: null, flows_per_second: null, pods: { attached: null, total: null }, last_report: null });
  });

  test('gives flows as hubble prints them, and the gaps between them', () => {
    const state = scene('gap');
    const list = rows(state, 'flows', 'flows');
    expect(list.flatMap((row) => row['note'] ?? [])).toEqual(['drops, errors and resets', expect.stringMatching(/^gap of 6 s/), expect.stringMatching(/12 events lost$/)]);
    const flows = list.flatMap((row) => (row['flow'] === undefined ? [] : [row['flow'] as Row]));
    expect(flows.length).toBeGreaterThan(10);
    expect(flows[0]).toMatchObject({ verdict: expect.any(String), source: { namespace: expect.any(String), pod_name: expect.any(String) } });
    expect(flows.some((flow) => flow['extensions'] !== undefined)).toBe(false);
  });

  test('carries the filter, and the moment that the reader looks at', () => {
    const state = busyScene();
    update(state, { type: 'action', action: 'pause' });
    update(state, { type: 'action', action: 'time-back' });
    const before = frameData(state, 'overview');
    expect(before['moment']).toBe(new Date(Math.floor(state.pausedAtMs / 1000) * 1000).toISOString());
    update(state, { type: 'chip', field: 'verdict', value: 'DROPPED', isNegated: false });
    expect(frameData(state, 'overview')).toMatchObject({ filter: [{ field: 'verdict', value: 'DROPPED', negated: false }], source: 'flows' });
  });

  test('the README names every field of every frame', () => {
    const readme = readFileSync(join(import.meta.dirname, '../../../README.md'), 'utf8');
    const documented = readme.slice(readme.indexOf('<!-- schema -->'), readme.indexOf('<!-- schema end -->'));
    const fields = new Set(DATA_VIEWS.flatMap((view) => Object.keys(frameData(scene('busy'), view))));
    for (const section of ['talkers', 'explanations', 'findings', 'incidents', 'changes', 'reasons', 'drops', 'pairs', 'nodes']) {
      const view = DATA_VIEWS.find((id) => Object.hasOwn(frameData(scene('busy'), id), section)) ?? '';
      for (const field of Object.keys(rows(scene('busy'), view, section)[0] ?? {})) fields.add(field);
    }
    expect([...fields].filter((field) => !documented.includes(`\`${field}\``))).toEqual([]);
  });
});

describe('frameData() of applications', () => {
  const state = emptyScene();
  update(state, { type: 'quantiles', quantiles: hdrQuantiles() });
  update(state, { type: 'connection', state: 'live' });
  update(state, { type: 'flows-state', isOpen: true });
  const timeMs = state.nowMs + 100;
  update(state, { type: 'flows', bytes: joined([
    ...httpRecords({ from: 'ingress/gateway', to: 'shop/checkout', method: 'POST', url: '/checkout?card=4111', code: 503, latencyMs: 40, timeMs }),
    ...httpRecords({ from: 'ingress/gateway', to: 'shop/checkout', method: 'POST', url: '/checkout?card=4112', latencyMs: 10, timeMs: timeMs + 50, clientPort: 2 }),
    ...dnsRecords({ from: 'shop/cart', to: 'kube-system/coredns', query: 'gone.example', rcode: 3, latencyMs: 2, timeMs }),
  ]) });
  for (let second = 1; second <= 8; second++) update(state, { type: 'tick', nowMs: timeMs + second * 1000 });

  test('has routes with statuses and latencies in ms, and no query string', () => {
    expect(frameData(state, 'l7')).toMatchObject({ requests: { requests: 2, answers: 2, errors: 1 } });
    expect(rows(state, 'l7', 'routes')).toEqual([expect.objectContaining({
      server: 'shop/checkout', protocol: 'HTTP', method: 'POST', path: '/checkout', count: 2, errors: 1, error_percent: 50, codes: { 200: 1, 503: 1 }, timed: 2,
      callers: [{ name: 'ingress/gateway', count: 2, errors: 1 }],
    })]);
    const [{ latency_ms: latency } = {}] = rows(state, 'l7', 'routes') as { latency_ms?: { p50: number; p99_9: number } }[];
    expect(latency?.p50).toBeCloseTo(10, 0);
    expect(latency?.p99_9).toBeCloseTo(40, 0);
    expect(frameJson(state, 'l7')).not.toContain('411');
  });

  test('has names with how they ended and who asks', () => {
    expect(frameData(state, 'dns')).toMatchObject({ lookups: { lookups: 1, rcodes: { NXDOMAIN: 1 } } });
    expect(rows(state, 'dns', 'names')).toEqual([expect.objectContaining({ name: 'gone.example.', lookups: 1, failed: 1, failed_percent: 100, askers: [{ name: 'shop/cart', count: 1 }] })]);
    expect(rows(state, 'dns', 'resolvers')).toHaveLength(1);
  });

  test('the README names their fields, too', () => {
    const documented = readFileSync(join(import.meta.dirname, '../../../README.md'), 'utf8');
    const fields = [['l7', 'routes'], ['dns', 'names'], ['dns', 'resolvers']].flatMap(([view = '', section = '']) => Object.keys(rows(state, view, section)[0] ?? {}));
    expect(fields.length).toBeGreaterThan(15);
    expect(fields.filter((field) => !documented.includes(`\`${field}\``))).toEqual([]);
  });

  test('stand in an incident', () => {
    const { text } = exportIncident(state, 'md');
    expect(text).toMatch(/## Requests[^]*\| POST \/checkout \| shop\/checkout \| 2 \| 1 \| 1\d(?:\.\d)? \| 4\d(?:\.\d)? \|/);
    expect(text).toMatch(/## Lookups that failed[^]*\| gone.example. \| 1 \| 1 \| NXDOMAIN \| shop\/cart \|/);
  });
});
