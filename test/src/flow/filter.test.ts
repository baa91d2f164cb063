import { expect, test } from 'vitest';
import { compileFilters } from '../../../src/flow/filter.ts';
import { compileLabelSelector, parseLabel } from '../../../src/flow/label-selector.ts';
import { compileFqdnPattern, compileNodePattern } from '../../../src/flow/name-pattern.ts';
import { flowViewOf } from '../../../src/flow/view-of-flow.ts';
import type { Flow, FlowFilter } from '../../../src/wire/gen/flow.ts';

const syn: Flow = {
  uuid: 'u-1',
  verdict: 1,
  IP: { source: '10.1.0.7', destination: '203.0.113.9', source_xlated: '192.0.2.1', ipVersion: 1 },
  l4: { TCP: { source_port: 41822, destination_port: 443, flags: { SYN: true, ECE: true } } },
  source: { identity: 20111, namespace: 'shop', pod_name: 'cart-5d9f7', labels: ['k8s:app=cart', 'k8s:tier=2'], workloads: [{ name: 'cart', kind: 'Deployment' }], cluster_name: 'prod' },
  destination: { identity: 2, labels: ['reserved:world', 'cidr:203.0.113.0/24'] },
  node_name: 'prod/node-a',
  node_labels: ['zone=eu-1'],
  destination_names: ['pay.example.com'],
  destination_service: { namespace: 'shop', name: 'redis-main' },
  event_type: { type: 4, sub_type: 3 },
  traffic_direction: 2,
  is_reply: { value: false },
  interface: { index: 14, name: 'lxc3f2a' },
  trace_context: { parent: { trace_id: 'abc' } },
  ip_trace_id: { trace_id: 9n },
};
const drop: Flow = { verdict: 2, drop_reason_desc: 133, event_type: { type: 1, sub_type: 133 }, source: {}, destination: { namespace: 'default', pod_name: 'db-0' }, l4: { UDP: { destination_port: 53 } } };
const request: Flow = {
  verdict: 1, l4: { TCP: { destination_port: 8080 } }, event_type: { type: 129 },
  l7: { type: 1, http: { method: 'GET', url: 'http://api/v1/items?x=1', protocol: 'HTTP/1.1', headers: [{ key: 'User-Agent', value: 'demo' }] } },
};
const response: Flow = { ...request, is_reply: { value: true }, l7: { type: 2, http: { code: 404, method: 'GET', url: '/v1/items' } } };
const dns: Flow = { l7: { type: 1, dns: { query: 'pay.example.com.' } }, l4: { UDP: { source_port: 1 } }, event_type: { type: 129 } };
const echo: Flow = { l4: { ICMPv4: { type: 8 } }, verdict: 1, IP: { source: 'fd00::1', ipVersion: 2, encrypted: true } };
const flows = { syn, drop, request, response, dns, echo };

function matching(filter: FlowFilter): string {
  const compiled = compileFilters({ whitelist: [filter] });
  if (!compiled.ok) throw new Error(compiled.error);
  return Object.entries(flows).filter(([, flow]) => compiled.matches(flowViewOf(flow))).map(([name]) => name).join(' ');
}

test.each<[FlowFilter, string]>([
  [{}, 'syn drop request response dns echo'],
  [{ uuid: ['u-1', 'x'] }, 'syn'],
  [{ source_ip: ['10.1.0.7'] }, 'syn'],
  [{ source_ip: ['10.0.0.0/8', 'fd00::/16'] }, 'syn echo'],
  [{ source_ip: ['fd00:0::1'] }, ''],
  [{ destination_ip: ['203.0.113.8/31'] }, 'syn'],
  [{ source_ip_xlated: ['192.0.2.0/24'] }, 'syn'],
  [{ source_pod: ['shop/cart'] }, 'syn'],
  [{ source_pod: ['cart'] }, ''],
  [{ destination_pod: ['db'] }, 'drop'],
  [{ destination_pod: ['default/'] }, 'drop'],
  [{ destination_pod: ['/db-0'] }, 'drop'],
  [{ source_pod: ['/'] }, 'syn'],
  [{ source_pod: ['shop/cart/x'] }, 'syn'],
  [{ source_pod: ['shop/Cart'] }, ''],
  [{ destination_service: ['shop/redis'] }, 'syn'],
  [{ source_service: ['shop/redis'] }, ''],
  [{ source_workload: [{ name: 'cart' }] }, 'syn'],
  [{ source_workload: [{ name: 'cart', kind: 'DaemonSet' }] }, ''],
  [{ source_workload: [{ kind: 'Deployment' }] }, 'syn'],
  [{ destination_fqdn: ['*.example.com'] }, 'syn'],
  [{ source_fqdn: ['*.example.com'] }, ''],
  [{ dns_query: ['^pay\\.'] }, 'dns'],
  [{ source_label: ['app=cart'] }, 'syn'],
  [{ source_label: ['app!=cart'] }, 'drop request response dns echo'],
  [{ source_label: ['reserved:app=cart', 'tier in (1,2)'] }, 'syn'],
  [{ destination_label: ['reserved:world'] }, 'syn'],
  [{ destination_label: ['cidr:203.0.0.0/8'] }, 'syn'],
  [{ node_labels: ['zone=eu-1'] }, 'syn'],
  [{ source_identity: [20111] }, 'syn'],
  [{ source_identity: [0] }, 'drop'],
  [{ source_cluster_name: ['prod'] }, 'syn'],
  [{ verdict: [2] }, 'drop'],
  [{ verdict: [0] }, 'dns'],
  [{ drop_reason_desc: [133] }, 'drop'],
  [{ traffic_direction: [2] }, 'syn'],
  [{ event_type: [{ type: 4 }] }, 'syn'],
  [{ event_type: [{ type: 4, match_sub_type: true }] }, ''],
  [{ event_type: [{ type: 4, match_sub_type: true, sub_type: 3 }] }, 'syn'],
  [{ event_type: [{}] }, 'syn drop request response dns'],
  [{ protocol: ['TCP'] }, 'syn request response'],
  [{ protocol: ['icmp'] }, 'echo'],
  [{ protocol: ['icmpv6'] }, ''],
  [{ protocol: ['http', 'dns'] }, 'request response dns'],
  [{ destination_port: ['443', '053'] }, 'syn drop'],
  [{ source_port: ['0'] }, 'drop request response'],
  [{ tcp_flags: [{ SYN: true }] }, 'syn'],
  [{ tcp_flags: [{ SYN: true, ACK: true }] }, ''],
  [{ tcp_flags: [{}] }, 'syn'],
  [{ reply: [false] }, 'syn drop'],
  [{ reply: [true] }, 'response'],
  [{ encrypted: [true] }, 'echo'],
  [{ ip_version: [2] }, 'echo'],
  [{ ip_version: [0] }, 'drop request response dns'],
  [{ interface: [{ name: 'lxc3f2a' }] }, 'syn'],
  [{ interface: [{ index: 15 }] }, ''],
  [{ node_name: ['node-*'] }, 'syn'],
  [{ node_name: ['prod/'] }, 'syn'],
  [{ trace_id: ['abc'] }, 'syn'],
  [{ ip_trace_id: [9n] }, 'syn'],
  [{ http_status_code: ['404'] }, 'response'],
  [{ http_status_code: ['4+'] }, 'response'],
  [{ http_status_code: ['40+'] }, 'response'],
  [{ http_status_code: ['2+'] }, ''],
  [{ http_method: ['get'] }, 'request response'],
  [{ http_path: ['^/v1/items$'] }, 'request response'],
  [{ http_url: ['x=1'] }, 'request'],
  [{ http_header: [{ key: 'User-Agent', value: 'demo' }] }, 'request'],
  [{ http_method: ['GET'], event_type: [{ type: 129 }] }, 'request response'],
  [{ verdict: [1], protocol: ['tcp'], destination_port: ['443'] }, 'syn'],
])('compileFilters() %o passes %s', (filter, expected) => {
  expect(matching(filter)).toBe(expected);
});

test.each<[FlowFilter, string]>([
  [{ source_ip: ['10.0.0.300'] }, 'invalid IP address "10.0.0.300" in filter: unable to parse IP'],
  [{ source_ip: ['10.0.0.0/33'] }, 'invalid IP prefix "10.0.0.0/33" in filter: expected ADDRESS/BITS'],
  [{ source_pod: [''] }, 'invalid filter, name must not be empty'],
  [{ source_service: [''] }, 'invalid source service filter: invalid filter, name must not be empty'],
  [{ destination_fqdn: [' . '] }, 'empty pattern'],
  [{ destination_fqdn: ['a..'] }, 'multiple trailing dots in pattern'],
  [{ destination_fqdn: ['a?b'] }, "'?': invalid rune in pattern"],
  [{ source_label: ['a b c'] }, "invalid source label filter: unable to parse requirement: found 'a b c', expected: key, !key, key=value, key!=value, key in (a,b) or key notin (a,b)"],
  [{ protocol: ['quic'] }, 'invalid protocol filter: unknown protocol: "quic"'],
  [{ source_port: ['70000'] }, 'invalid source port filter: invalid port "70000": expected a number from 0 to 65535'],
  [{ node_name: ['a/b/c'] }, 'too many slashes in pattern'],
  [{ http_status_code: ['600'] }, 'invalid http status code filter: invalid status code prefix: "600"'],
  [{ http_method: ['GET'], event_type: [{ type: 4 }] }, "filtering by http method requires the event type filter to only match 'l7' events"],
  [{ source_cluster_name: [''] }, 'invalid filter, name must not be empty'],
  [{ experimental: { cel_expression: ['true'] } }, 'error compiling CEL expression: CEL is not supported here, use the other filter fields'],
])('compileFilters() refuses %j', (filter, error) => {
  expect(compileFilters({ whitelist: [filter] })).toEqual({ ok: false, error });
});

test('compileFilters() joins alternatives, and the blacklist hides what it fits', () => {
  const compiled = compileFilters({ whitelist: [{ verdict: [1] }, { verdict: [2] }], blacklist: [{ protocol: ['udp'] }] });
  expect(compiled.ok && Object.entries(flows).filter(([, flow]) => compiled.matches(flowViewOf(flow))).map(([name]) => name)).toEqual(['syn', 'request', 'response', 'echo']);
  const none = compileFilters({ blacklist: [{}] });
  expect(none.ok && none.matches(flowViewOf(syn))).toBe(false);
});

test.each([
  ['app=web', ['k8s:app=web'], true],
  ['app==web', ['container:app=web'], true],
  ['k8s:app=web', ['container:app=web'], false],
  ['any:app=web', ['container:app=web'], true],
  ['app', ['k8s:app=web'], true],
  ['!app', ['k8s:app=web'], false],
  ['!app', [], true],
  ['app in (web,api),tier notin (3)', ['k8s:app=api', 'k8s:tier=2'], true],
  ['app in (web,api),tier notin (2)', ['k8s:app=api', 'k8s:tier=2'], false],
  ['tier>1', ['k8s:tier=2'], true],
  ['tier<2', ['k8s:tier=2'], false],
  ['app.kubernetes.io/name=web', ['k8s:app.kubernetes.io/name=web'], true],
  ['reserved:host', ['reserved:host'], true],
  ['cidr:10.0.0.0/8', ['cidr:10.1.0.0/16'], true],
  ['cidr:10.1.0.0/16', ['cidr:10.0.0.0/8'], false],
  ['', [], true],
  ['app=', ['k8s:app='], true],
])('compileLabelSelector(%j) on %j is %s', (selector, labels, expected) => {
  expect(compileLabelSelector(selector)(labels.map(parseLabel))).toBe(expected);
});

test.each([
  ['*.example.com', 'a.b.example.com', true],
  ['*.example.com', 'example.com', false],
  ['Example.com.', 'example.com', true],
  ['a*c', 'a_c', false],
  ['*', '', true],
])('compileFqdnPattern(%j) on %j is %s', (pattern, name, expected) => {
  expect(compileFqdnPattern(pattern)(name)).toBe(expected);
});

test.each([
  ['node-a', 'node-a', true],
  ['node-a', 'prod/node-a', true],
  ['default/node-a', 'node-a', true],
  ['prod/node-a', 'node-a', false],
  ['prod/', 'prod/x.y', true],
  ['/node-*', 'prod/node-b', true],
  ['node-a', 'NODE-A', false],
  ['node-a', '', false],
])('compileNodePattern(%j) on %j is %s', (pattern, name, expected) => {
  expect(compileNodePattern(pattern)(name)).toBe(expected);
});

test.each<[string, FlowFilter[], string]>([
  ['10,000 filters', Array.from({ length: 10_000 }, () => ({})), 'more than 1024 filters in one list'],
  ['a million values', [{ source_port: Array.from({ length: 1_000_000 }, () => '1') }], 'more than 16384 values in the filters of one request'],
  ['a selector of four million commas', [{ source_label: [','.repeat(4_000_000)] }], 'a filter\'s text is longer than 2048 characters'],
  ['a thousand regular expressions', [{ dns_query: Array.from({ length: 1_000 }, () => 'a') }], 'more than 64 regular expressions in the filters of one request'],
  ['a node pattern that does not end', [{ node_name: ['*-'.repeat(1_000)] }], 'pattern too long'],
])('compileFilters() refuses %s', (_name, whitelist, error) => {
  expect(compileFilters({ whitelist })).toEqual({ ok: false, error });
});

test('compileFilters() answers a node name pattern of many stars at once', () => {
  const filters = compileFilters({ whitelist: [{ node_name: ['*a'.repeat(60) + '*b'] }] });
  expect(filters.ok && filters.matches({ ...flowViewOf({}), nodeName: 'a'.repeat(200) })).toBe(false);
});
