import { expect, test } from 'vitest';
import { FlowPrinter, type TextFormat } from '../../../src/flow/flow-printer.ts';
import type { TextOptions } from '../../../src/flow/text-pieces.ts';
import { makeTimeFormatter } from '../../../src/flow/time-format.ts';
import { parseTime } from '../../../src/flow/time-parse.ts';
import type { Flow } from '../../../src/wire/gen/flow.ts';
import type { Timestamp } from '../../../src/wire/gen/google.ts';
import type { GetFlowsResponse } from '../../../src/wire/gen/observer.ts';

function at(clock: string): Timestamp {
  return parseTime(`2026-03-04T${clock}Z`, 0n) ?? {};
}

const cart = { identity: 20111, namespace: 'shop', pod_name: 'cart-5d9f7' };
const redis = { identity: 33427, namespace: 'shop', pod_name: 'redis-0' };
const web = { identity: 7001, namespace: 'shop', pod_name: 'web-1' };
const api = { identity: 7002, namespace: 'shop', pod_name: 'api-2' };
const world = { identity: 2, labels: ['reserved:world'] };

const syn: Flow = {
  time: at('09:15:02.118'), verdict: 1, IP: { source: '10.1.0.7', destination: '10.1.2.9' }, l4: { TCP: { source_port: 41822, destination_port: 6379, flags: { SYN: true } } },
  source: cart, destination: redis, node_name: 'prod/node-a', event_type: { type: 4 }, is_reply: { value: false }, Summary: 'TCP Flags: SYN',
};
const synAck: Flow = {
  ...syn, time: at('09:15:02.119'), IP: { source: '10.1.2.9', destination: '10.1.0.7' }, source: redis, destination: cart,
  l4: { TCP: { source_port: 6379, destination_port: 41822 } }, is_reply: { value: true }, Summary: 'TCP Flags: SYN, ACK',
};
const denied: Flow = {
  time: at('09:15:03.500'), verdict: 2, IP: { source: '10.1.0.7', destination: '203.0.113.9' }, l4: { TCP: { source_port: 50100, destination_port: 443 } },
  source: cart, destination: world, node_name: 'prod/node-a', event_type: { type: 5 }, traffic_direction: 2, Summary: 'TCP Flags: SYN',
  egress_denied_by: [{ name: 'no-web', kind: 'CiliumNetworkPolicy' }, { name: 'nameless' }],
};
const dropped: Flow = { ...denied, time: at('09:15:03.501'), event_type: { type: 1, sub_type: 133 } };
const request: Flow = {
  time: at('09:15:04.002'), verdict: 1, IP: { source: '10.1.0.20', destination: '10.1.1.30' }, l4: { TCP: { source_port: 39000, destination_port: 8080 } },
  source: web, destination: api, event_type: { type: 129 }, is_reply: { value: false }, l7: { type: 1, http: { method: 'GET' } }, Summary: 'HTTP/1.1 GET http://api/v1/items',
};
const answer: Flow = {
  ...request, time: at('09:15:04.007'), IP: { source: '10.1.1.30', destination: '10.1.0.20' }, l4: { TCP: { source_port: 8080, destination_port: 39000 } },
  source: api, destination: web, is_reply: { value: true }, l7: { type: 2, http: { code: 200 } }, Summary: 'HTTP/1.1 200 4ms (GET http://api/v1/items)',
};
const query: Flow = {
  time: at('09:15:04.100'), verdict: 1, IP: { source: '10.1.0.20', destination: '10.1.9.53' }, l4: { UDP: { source_port: 53211, destination_port: 53 } },
  source: web, destination: { identity: 900, namespace: 'kube-system', pod_name: 'coredns-abc' }, event_type: { type: 129 }, is_reply: { value: false },
  l7: { type: 1, dns: { query: 'api.example.com.', observation_source: 'proxy' } }, Summary: 'DNS Query api.example.com. A',
};

function printer(format: TextFormat, options: Partial<TextOptions & { showsAllStatus: boolean }> = {}): FlowPrinter {
  return new FlowPrinter(format, { formatTime: makeTimeFormatter('StampMilli'), showNode: false, showPolicyNames: false, translatesIps: true, colour: false, showsAllStatus: false, ...options });
}

test.each<[string, Flow, Partial<TextOptions>, string]>([
  ['a SYN', syn, {}, 'Mar  4 09:15:02.118: shop/cart-5d9f7:41822 (ID:20111) -> shop/redis-0:6379 (ID:33427) to-endpoint FORWARDED (TCP Flags: SYN)'],
  ['its reply', synAck, {}, 'Mar  4 09:15:02.119: shop/cart-5d9f7:41822 (ID:20111) <- shop/redis-0:6379 (ID:33427) to-endpoint FORWARDED (TCP Flags: SYN, ACK)'],
  ['a verdict with node', denied, { showNode: true }, 'Mar  4 09:15:03.500 [prod/node-a]: shop/cart-5d9f7:50100 (ID:20111) <> 203.0.113.9:443 (world) policy-verdict:none EGRESS DENIED (TCP Flags: SYN)'],
  ['a verdict with policies', denied, { showPolicyNames: true }, 'Mar  4 09:15:03.500: shop/cart-5d9f7:50100 (ID:20111) <> 203.0.113.9:443 (world) policy-verdict:none EGRESS DENIED BY no-web (CiliumNetworkPolicy) (TCP Flags: SYN)'],
  ['a drop', dropped, {}, 'Mar  4 09:15:03.501: shop/cart-5d9f7:50100 (ID:20111) <> 203.0.113.9:443 (world) Policy denied DROPPED (TCP Flags: SYN)'],
  ['a request', request, {}, 'Mar  4 09:15:04.002: shop/web-1:39000 (ID:7001) -> shop/api-2:8080 (ID:7002) http-request FORWARDED (HTTP/1.1 GET http://api/v1/items)'],
  ['a response', answer, {}, 'Mar  4 09:15:04.007: shop/web-1:39000 (ID:7001) <- shop/api-2:8080 (ID:7002) http-response FORWARDED (HTTP/1.1 200 4ms (GET http://api/v1/items))'],
  ['many of one pod to some of a workload', { ...syn, IP: { ipVersion: 1 }, l4: { TCP: { destination_port: 6379 } }, destination: { identity: 33427, namespace: 'shop', workloads: [{ name: 'redis', kind: 'StatefulSet' }] }, aggregate: { egress_flow_count: 812 } }, {}, 'Mar  4 09:15:02.118: shop/cart-5d9f7 (ID:20111) -> shop/redis-*:6379 (ID:33427) to-endpoint FORWARDED (TCP Flags: SYN; ×812 folded)'],
  ['many of the world', { ...syn, IP: { ipVersion: 1 }, l4: { TCP: { destination_port: 6379 } }, source: world, aggregate: { ingress_flow_count: 3 } }, {}, 'Mar  4 09:15:02.118: * (world) -> shop/redis-0:6379 (ID:33427) to-endpoint FORWARDED (TCP Flags: SYN; ×3 folded)'],
  ['a DNS query', query, {}, 'Mar  4 09:15:04.100: shop/web-1:53211 (ID:7001) -> kube-system/coredns-abc:53 (ID:900) dns-request proxy FORWARDED (DNS Query api.example.com. A)'],
  ['addresses', syn, { translatesIps: false }, 'Mar  4 09:15:02.118: 10.1.0.7:41822 (ID:20111) -> 10.1.2.9:6379 (ID:33427) to-endpoint FORWARDED (TCP Flags: SYN)'],
  ['IPv6', { ...syn, IP: { source: 'fd00::1', destination: 'fd00::2' } }, { translatesIps: false }, 'Mar  4 09:15:02.118: [fd00::1]:41822 (ID:20111) -> [fd00::2]:6379 (ID:33427) to-endpoint FORWARDED (TCP Flags: SYN)'],
  ['DNS names', { ...denied, destination_names: ['a.example', 'b.example'] }, {}, 'Mar  4 09:15:03.500: shop/cart-5d9f7:50100 (ID:20111) <> a.example,b.example:443 (world) policy-verdict:none EGRESS DENIED (TCP Flags: SYN)'],
  ['a service that gives its namespace', { ...syn, destination_service: { name: 'redis', namespace: 'data' } }, {}, 'Mar  4 09:15:02.118: shop/cart-5d9f7:41822 (ID:20111) -> data/redis-0:6379 (ID:33427) to-endpoint FORWARDED (TCP Flags: SYN)'],
  ['neither IP nor name', { time: at('09:15:02'), ethernet: { source: '0a:58:0a:01:00:07' } }, {}, 'Mar  4 09:15:02.000: 0a:58:0a:01:00:07 (unknown) <>  (unknown) UNKNOWN VERDICT_UNKNOWN ()'],
  ['no time, trace id, authentication', { Summary: 'x', auth_type: 1, ip_trace_id: { trace_id: 7n } }, {}, 'N/A:  (unknown) <>  (unknown) UNKNOWN VERDICT_UNKNOWN (IP Trace ID: 7; x; Auth: SPIRE)'],
  ['a kernel drop', { ...dropped, event_type: { type: 1, sub_type: 255 }, Summary: 'kernel: NO_SOCKET' }, {}, 'Mar  4 09:15:03.501: shop/cart-5d9f7:50100 (ID:20111) <> 203.0.113.9:443 (world) Kernel drop DROPPED (kernel: NO_SOCKET)'],
  ['colours', syn, { colour: true }, 'Mar  4 09:15:02.118: \u001b[36mshop/cart-5d9f7:\u001b[33m41822\u001b[0m\u001b[0m \u001b[35m(ID:20111)\u001b[0m -> \u001b[36mshop/redis-0:\u001b[33m6379\u001b[0m\u001b[0m \u001b[35m(ID:33427)\u001b[0m to-endpoint \u001b[32mFORWARDED\u001b[0m (TCP Flags: SYN)'],
])('print() compact: %s', (_name, flow, options, line) => {
  expect(printer('compact', options).print({ flow })).toEqual({ out: `${line}\n`, error: '' });
});

test('print() lets no terminal code of others out', () => {
  const { out } = printer('compact').print({ flow: { ...syn, Summary: '\u001b]0;pwned\u0007\r\nnext', source: { pod_name: 'a\u009b31m', namespace: 'x' } } });
  expect(out.slice(0, -1)).toMatch(/^[\x20-\x7e]*$/);
  expect(out).toContain(String.raw`(\x1b]0;pwned\x07\x0d\x0anext)`);
});

test('print() dict parts entries by a line', () => {
  const dict = printer('dict');
  expect(dict.print({ flow: syn }).out + dict.print({ flow: synAck }).out).toBe([
    '  TIMESTAMP: Mar  4 09:15:02.118',
    '     SOURCE: shop/cart-5d9f7:41822',
    'DESTINATION: shop/redis-0:6379',
    '       TYPE: to-endpoint',
    '    VERDICT: FORWARDED',
    '    SUMMARY: TCP Flags: SYN',
    '------------',
    '  TIMESTAMP: Mar  4 09:15:02.119',
    '     SOURCE: shop/redis-0:6379',
    'DESTINATION: shop/cart-5d9f7:41822',
    '       TYPE: to-endpoint',
    '    VERDICT: FORWARDED',
    '    SUMMARY: TCP Flags: SYN, ACK',
    '',
  ].join('\n'));
});

test('finish() lays the table out', () => {
  const table = printer('table');
  expect(table.print({ flow: syn }).out).toBe('');
  expect(table.finish()).toBe([
    'TIMESTAMP             SOURCE                  DESTINATION         TYPE          VERDICT     SUMMARY',
    'Mar  4 09:15:02.118   shop/cart-5d9f7:41822   shop/redis-0:6379   to-endpoint   FORWARDED   TCP Flags: SYN',
    '',
  ].join('\n'));
});

const loss: GetFlowsResponse = { time: at('09:16:00.001'), node_name: 'prod/node-a', lost_events: { source: 3, num_events_lost: 512n, first: at('09:15:59'), last: at('09:16:00') } };

test.each<[TextFormat, boolean, GetFlowsResponse, string]>([
  ['compact', true, loss, 'Mar  4 09:16:00.001 EVENTS LOST: HUBBLE_RING_BUFFER CPU(0) 512 (first: Mar  4 09:15:59.000, last: Mar  4 09:16:00.000)\n'],
  ['compact', false, { time: at('09:16:07.430'), lost_events: { source: 1, num_events_lost: 42n, cpu: { value: 3 } } }, 'Mar  4 09:16:07.430 EVENTS LOST: PERF_EVENT_RING_BUFFER CPU(3) 42\n'],
  ['dict', true, { ...loss, lost_events: { source: 3, num_events_lost: 5n } }, '  TIMESTAMP: Mar  4 09:16:00.001\n       NODE: prod/node-a\n     SOURCE: HUBBLE_RING_BUFFER\n       TYPE: EVENTS LOST\n    VERDICT: -\n    SUMMARY: CPU(0) - 5\n'],
])('print() %s says what was lost', (format, showNode, response, text) => {
  expect(printer(format, { showNode }).print(response).out).toBe(text);
});

test.each<[number, string, boolean]>([
  [1, 'Receiving flows from 2 nodes: prod/node-a, prod/node-b', true],
  [2, '2 nodes are unavailable: prod/node-a, prod/node-b', false],
  [3, '2 nodes removed from cluster: prod/node-a, prod/node-b', true],
  [4, 'Error "no \\"way\\"" on 2 nodes: prod/node-a, prod/node-b', false],
])('print() puts node state %i on stderr', (state, text, onlyWithDebug) => {
  const response: GetFlowsResponse = { time: at('09:15:00'), node_name: 'relay-7c9d', node_status: { state_change: state, node_names: ['prod/node-a', 'prod/node-b'], message: 'no "way"' } };
  const line = `Mar  4 09:15:00.000 [relay-7c9d]: ${text}\n`;
  expect(printer('compact', { showsAllStatus: true }).print(response)).toEqual({ out: '', error: line });
  expect(printer('compact').print(response).error).toBe(onlyWithDebug ? '' : line);
});

test('print() shortens long lists of nodes', () => {
  const names = Array.from({ length: 12 }, (_, index) => `prod/node-number-${index}`);
  const { error } = printer('compact', { showsAllStatus: true }).print({ node_status: { state_change: 1, node_names: names } });
  expect(error).toBe('N/A []: Receiving flows from 12 nodes: prod/node-number-0, prod/node-number-1 (and 10 more)\n');
});
