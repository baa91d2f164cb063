import { expect, test } from 'vitest';
import { compileFilters } from '../../../src/flow/filter.ts';
import { flowViewOf } from '../../../src/flow/view-of-flow.ts';
import { type Flow, type FlowFilter, FlowFilterCodec } from '../../../src/wire/gen/flow.ts';

/** A flow that says everything. */
const whole: Flow = {
  uuid: 'u-1', verdict: 2, drop_reason_desc: 133, traffic_direction: 1, node_name: 'prod/node-a', node_labels: ['zone=eu-1'],
  IP: { source: '10.1.0.7', destination: '10.2.0.9', source_xlated: '192.0.2.1', ipVersion: 1, encrypted: true },
  l4: { TCP: { source_port: 41_822, destination_port: 443, flags: { SYN: true, ACK: true } } },
  source: { identity: 300, cluster_name: 'prod', namespace: 'shop', pod_name: 'cart-1', labels: ['k8s:app=cart'], workloads: [{ name: 'cart', kind: 'Deployment' }] },
  destination: { identity: 301, cluster_name: 'west', namespace: 'bank', pod_name: 'vault-0', labels: ['k8s:app=vault'], workloads: [{ name: 'vault', kind: 'StatefulSet' }] },
  source_names: ['cart.example.com'], destination_names: ['vault.example.com'],
  source_service: { namespace: 'shop', name: 'cart' }, destination_service: { namespace: 'bank', name: 'vault' },
  event_type: { type: 129 }, is_reply: { value: true }, interface: { index: 7, name: 'eth0' },
  trace_context: { parent: { trace_id: 't-1' } }, ip_trace_id: { trace_id: 5n },
  l7: { type: 2, http: { code: 404, method: 'GET', url: 'http://api/v1?x=1', headers: [{ key: 'K', value: 'v' }] } },
};
const query: Flow = { l7: { type: 1, dns: { query: 'pay.example.com.' } } };

interface Row {
  fits: FlowFilter;
  other: FlowFilter;
  /** The flow that `fits` fits; `whole` by default. */
  flow?: Flow;
  refused?: [FlowFilter, string];
}

const name = 'invalid filter, name must not be empty';
const rows: Record<string, Row> = {
  uuid: { fits: { uuid: ['x', 'u-1'] }, other: { uuid: ['u-11'] } },
  source_ip: { fits: { source_ip: ['10.1.0.0/16'] }, other: { source_ip: ['10.1.0.8'] }, refused: [{ source_ip: ['10.1'] }, 'invalid IP address "10.1" in filter: '] },
  source_ip_xlated: { fits: { source_ip_xlated: ['192.0.2.1'] }, other: { source_ip_xlated: ['10.1.0.7'] }, refused: [{ source_ip_xlated: ['a/8'] }, 'invalid IP prefix "a/8" in filter: '] },
  source_pod: { fits: { source_pod: ['shop/ca'] }, other: { source_pod: ['cart'] }, refused: [{ source_pod: [''] }, name] },
  source_fqdn: { fits: { source_fqdn: ['*.EXAMPLE.com.'] }, other: { source_fqdn: ['example.com'] }, refused: [{ source_fqdn: ['a/b'] }, "'/': invalid rune in pattern"] },
  source_label: { fits: { source_label: ['k8s:app in (cart, till)'] }, other: { source_label: ['app=vault'] }, refused: [{ source_label: ['=x'] }, 'invalid source label filter: '] },
  source_service: { fits: { source_service: ['shop/cart'] }, other: { source_service: ['bank/'] }, refused: [{ source_service: [''] }, `invalid source service filter: ${name}`] },
  source_workload: { fits: { source_workload: [{ name: 'cart', kind: 'Deployment' }] }, other: { source_workload: [{ name: 'car' }] } },
  source_cluster_name: { fits: { source_cluster_name: ['prod'] }, other: { source_cluster_name: ['pro'] }, refused: [{ source_cluster_name: [''] }, name] },
  destination_ip: { fits: { destination_ip: ['10.2.0.9'] }, other: { destination_ip: ['10.1.0.0/16'] }, refused: [{ destination_ip: ['::1/129'] }, 'invalid IP prefix "::1/129" in filter: '] },
  destination_pod: { fits: { destination_pod: ['/vault'] }, other: { destination_pod: ['shop/'] }, refused: [{ destination_pod: [''] }, name] },
  destination_fqdn: { fits: { destination_fqdn: ['vault.*'] }, other: { destination_fqdn: ['cart.*'] }, refused: [{ destination_fqdn: [''] }, 'empty pattern'] },
  destination_label: { fits: { destination_label: ['app!=cart,app'] }, other: { destination_label: ['!app'] }, refused: [{ destination_label: ['a b'] }, 'invalid destination label filter: '] },
  destination_service: { fits: { destination_service: ['bank/v'] }, other: { destination_service: ['v'] }, refused: [{ destination_service: [''] }, `invalid destination service filter: ${name}`] },
  destination_workload: { fits: { destination_workload: [{ kind: 'StatefulSet' }] }, other: { destination_workload: [{ kind: 'statefulset' }] } },
  destination_cluster_name: { fits: { destination_cluster_name: ['west'] }, other: { destination_cluster_name: ['prod'] }, refused: [{ destination_cluster_name: [''] }, name] },
  traffic_direction: { fits: { traffic_direction: [1] }, other: { traffic_direction: [2, 0] } },
  verdict: { fits: { verdict: [1, 2] }, other: { verdict: [1, 99] } },
  drop_reason_desc: { fits: { drop_reason_desc: [133] }, other: { drop_reason_desc: [181] } },
  interface: { fits: { interface: [{ index: 7 }] }, other: { interface: [{ index: 7, name: 'eth1' }] } },
  event_type: { fits: { event_type: [{ type: 129 }] }, other: { event_type: [{ type: 129, match_sub_type: true, sub_type: 1 }] } },
  http_status_code: { fits: { http_status_code: ['40+'] }, other: { http_status_code: ['400'] }, refused: [{ http_status_code: ['4'] }, 'invalid http status code filter: invalid status code prefix: "4"'] },
  protocol: { fits: { protocol: ['HTTP'] }, other: { protocol: ['udp', 'kafka'] }, refused: [{ protocol: ['tls'] }, 'invalid protocol filter: unknown protocol: "tls"'] },
  source_port: { fits: { source_port: ['41822'] }, other: { source_port: ['443'] }, refused: [{ source_port: ['-1'] }, 'invalid source port filter: invalid port "-1": '] },
  destination_port: { fits: { destination_port: ['443'] }, other: { destination_port: ['44'] }, refused: [{ destination_port: ['65536'] }, 'invalid destination port filter: invalid port "65536": '] },
  // absent is no answer, except that a drop counts as no reply
  reply: { fits: { reply: [true] }, other: { reply: [false] } },
  dns_query: { fits: { dns_query: ['^pay\\.'] }, other: { dns_query: ['example.com$'] }, flow: query, refused: [{ dns_query: ['('] }, 'invalid DNS query filter: failed to compile regexp: '] },
  source_identity: { fits: { source_identity: [300] }, other: { source_identity: [301] } },
  destination_identity: { fits: { destination_identity: [301] }, other: { destination_identity: [300, 0] } },
  http_method: { fits: { http_method: ['get'] }, other: { http_method: ['POST'] }, refused: [{ http_method: ['GET'], event_type: [{ type: 4 }] }, "filtering by http method requires the event type filter to only match 'l7' events"] },
  http_path: { fits: { http_path: ['^/v1$'] }, other: { http_path: ['x=1'] }, refused: [{ http_path: ['('] }, 'invalid http path filter: (: '] },
  http_url: { fits: { http_url: ['x=1$'] }, other: { http_url: ['^/v1'] }, refused: [{ http_url: ['['] }, 'invalid http url filter: [: '] },
  http_header: { fits: { http_header: [{ key: 'K', value: 'v' }] }, other: { http_header: [{ key: 'k', value: 'v' }] } },
  tcp_flags: { fits: { tcp_flags: [{ SYN: true }] }, other: { tcp_flags: [{ SYN: true, FIN: true }] } },
  node_name: { fits: { node_name: ['prod/node-*'] }, other: { node_name: ['default/'] }, refused: [{ node_name: ['a/b/c'] }, 'too many slashes in pattern'] },
  node_labels: { fits: { node_labels: ['zone=eu-1'] }, other: { node_labels: ['zone=eu-2'] }, refused: [{ node_labels: ['a b'] }, 'invalid node label filter: '] },
  ip_version: { fits: { ip_version: [1] }, other: { ip_version: [2] } },
  trace_id: { fits: { trace_id: ['t-1'] }, other: { trace_id: ['t'] } },
  ip_trace_id: { fits: { ip_trace_id: [5n] }, other: { ip_trace_id: [6n] } },
  encrypted: { fits: { encrypted: [true] }, other: { encrypted: [false] } },
};

test('every field of FlowFilter has its row here, CEL aside, which is refused', () => {
  const fields = FlowFilterCodec.fields.map((field) => field.name).filter((field) => field !== 'experimental');
  expect(Object.keys(rows).toSorted()).toEqual(fields.toSorted());
});

test.each(Object.entries(rows))('FlowFilter.%s fits, does not fit, has nothing to look at, is refused', (_field, { fits, other, flow = whole, refused }) => {
  const answer = (filter: FlowFilter, seen: Flow): boolean | string => {
    const compiled = compileFilters({ whitelist: [filter] });
    return compiled.ok ? compiled.matches(flowViewOf(seen)) : compiled.error;
  };
  expect([answer(fits, flow), answer(other, flow), answer(fits, {})]).toEqual([true, false, false]);
  if (refused !== undefined) expect(String(answer(refused[0], whole)).slice(0, refused[1].length)).toBe(refused[1]);
});

test.each<[string, FlowFilter, boolean]>([
  ['a missing verdict is number 0', { verdict: [0] }, true],
  ['a missing direction is number 0', { traffic_direction: [0] }, true],
  ['no IP is IP_NOT_USED', { ip_version: [0] }, true],
  ['no IP is not encrypted', { encrypted: [false] }, true],
  ['no trace is the empty one', { trace_id: [''] }, true],
  ['no endpoint has no identity, not even 0', { source_identity: [0] }, false],
  ['no labels fit what asks for none', { source_label: ['!app'] }, true],
  ['an unknown answer is not no', { reply: [false] }, false],
])('on a flow that says nothing: %s', (_name, filter, fits) => {
  const compiled = compileFilters({ whitelist: [filter] });
  expect(compiled.ok && compiled.matches(flowViewOf({}))).toBe(fits);
});
