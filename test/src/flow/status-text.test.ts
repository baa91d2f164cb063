import { expect, test } from 'vitest';
import { EventPrinter } from '../../../src/flow/event-text.ts';
import { namespacesText, nodesText } from '../../../src/flow/list-text.ts';
import { statusText } from '../../../src/flow/status-text.ts';
import type { TextOptions } from '../../../src/flow/text-pieces.ts';
import { makeTimeFormatter } from '../../../src/flow/time-format.ts';
import { parseTime } from '../../../src/flow/time-parse.ts';
import type { AgentEvent } from '../../../src/wire/gen/flow.ts';
import type { ServerStatusResponse } from '../../../src/wire/gen/observer.ts';

const relayStatus: ServerStatusResponse = {
  num_flows: 11_904n, max_flows: 12_285n, seen_flows: 4_402_113n, uptime_ns: 3_133_000_000_000n, num_connected_nodes: { value: 3 },
  num_unavailable_nodes: { value: 1 }, unavailable_nodes: ['prod/node-d'], flows_rate: 84.31, version: 'hubble-relay v1.19.4',
};

test('statusText() compact of a relay', () => {
  expect(statusText(relayStatus, 'compact')).toBe('Current/Max Flows: 11,904/12,285 (96.90%)\nFlows/s: 84.31\nConnected Nodes: 3/4\nUnavailable Nodes: 1\n  - prod/node-d\n');
});

test('statusText() compact of an agent, and of one that says nothing', () => {
  expect(statusText({ num_flows: 5n, max_flows: 4095n, seen_flows: 10n, uptime_ns: 4_000_000_000n }, 'compact')).toBe('Current/Max Flows: 5/4,095 (0.12%)\nFlows/s: 2.50\n');
  expect(statusText({}, 'compact')).toBe('Current/Max Flows: 0/0\nFlows/s: N/A\n');
});

test('statusText() compact says how many unavailable nodes are not named', () => {
  const text = statusText({ num_connected_nodes: {}, num_unavailable_nodes: { value: 12 }, unavailable_nodes: ['b', 'a'] }, 'compact');
  expect(text).toContain('Connected Nodes: 0/12\nUnavailable Nodes: 12\n  - a\n  - b\n  and 10 more...\n');
});

test('statusText() dict and table', () => {
  expect(statusText({ ...relayStatus, uptime_ns: 10_921_500_000_000n }, 'dict').split('\n').slice(3, 6)).toEqual(['   FLOWS PER SECOND: 84.31', '             UPTIME: 3h2m1.5s', 'NUM CONNECTED NODES: 3']);
  expect(statusText({}, 'table').split('\n')[0]).toBe('NUM FLOWS   MAX FLOWS   SEEN FLOWS   FLOWS PER SECOND   UPTIME   NUM CONNECTED NODES   NUM UNAVAILABLE NODES   VERSION');
});

test('nodesText() and namespacesText()', () => {
  expect(nodesText([
    { name: 'prod/node-a', state: 1, uptime_ns: 3_133_400_000_000n, num_flows: 4095n, max_flows: 4095n, seen_flows: 97_762n },
    { name: 'prod/node-b', state: 2 },
  ], false)).toBe([
    'NAME          STATUS        AGE      FLOWS/S   CURRENT/MAX-FLOWS',
    'prod/node-a   Connected     52m13s   31.20     4095/4095 (100.00%)',
    'prod/node-b   Unavailable   N/A      N/A       N/A',
    '',
  ].join('\n'));
  expect(nodesText([{ name: 'a', tls: { enabled: true }, version: 'v1', address: '192.0.2.1:4244' }], true)).toMatch(/Unknown .* v1 +192\.0\.2\.1:4244 +Enabled$/m);
  expect(namespacesText([{ namespace: 'shop', cluster: 'prod' }], true)).toBe('NAMESPACE   CLUSTER\nshop        prod\n');
});

const options: TextOptions = { formatTime: makeTimeFormatter('StampMilli'), showNode: false, showPolicyNames: false, translatesIps: true, colour: false };
const time = parseTime('2026-03-04T09:20:00Z', 0n) ?? {};

test.each<[AgentEvent, string]>([
  [{ type: 7, endpoint_update: { id: 812n, namespace: 'shop', pod_name: 'cart-5d9f7' } }, 'ENDPOINT_CREATED (id: 812, namespace: shop, pod name: cart-5d9f7)'],
  [{ type: 9, ipcache_update: { cidr: '10.0.1.7/32', identity: 20111, host_ip: '192.0.2.5' } }, 'IPCACHE_UPSERTED (cidr: 10.0.1.7/32, identity: 20111, host ip: 192.0.2.5, encrypt key: 0)'],
  [{ type: 2, agent_start: { time } }, 'AGENT_STARTED (start time: Mar  4 09:20:00.000)'],
  [{ type: 3, policy_update: { labels: ['a', 'b'], revision: 3n, rule_count: 1n } }, 'POLICY_UPDATED (labels: [a,b], revision: 3, count: 1)'],
  [{ type: 11, service_upsert: { id: 4, frontend_address: { ip: '10.96.0.1', port: 80 }, backend_addresses: [{ ip: 'fd00::1', port: 81 }], name: 'x' } }, 'SERVICE_UPSERTED (id: 4, frontend: 10.96.0.1:80, backends: [[fd00::1]:81], name: x)'],
  [{ unknown: { type: '5', notification: '{}' } }, 'AGENT_EVENT_UNKNOWN (type: 5, notification: {})'],
  [{ type: 8 }, 'ENDPOINT_DELETED (UNKNOWN)'],
])('EventPrinter prints %o', (event, text) => {
  const printed = new EventPrinter('compact', options).printAgentEvent({ agent_event: event, time, node_name: 'node-a' });
  expect(printed.replace(/^[^:]+:\d\d:\d\d\.\d+: /, '')).toBe(`${text}\n`);
});

test('EventPrinter prints debug events, and parts dict entries as hubble does', () => {
  const event = { time, node_name: 'n', debug_event: { type: 20, source: { ID: 812, namespace: 'shop', pod_name: 'cart' }, hash: { value: 31 }, cpu: { value: 2 }, message: 'text' } };
  expect(new EventPrinter('compact', { ...options, showNode: true }).printDebugEvent(event)).toMatch(/^Mar {2}4 09:20:00\.000 \[n\]: shop\/cart \(ID: 812\) DBG_\w+ MARK: 0x1f CPU: 02 \(text\)\n$/);
  const dict = new EventPrinter('dict', options);
  const first = dict.printAgentEvent({ time });
  expect(first + dict.printAgentEvent({ time })).toContain('UNKNOWN\n------------  TIMESTAMP: ');
});
