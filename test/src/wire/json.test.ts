import { describe, expect, test } from 'vitest';
import type { Codec } from '../../../src/wire/codec.ts';
import { FlowCodec, LostEventCodec, Verdict } from '../../../src/wire/gen/flow.ts';
import { FlowExtensionCodec } from '../../../src/wire/gen/hubtop.ts';
import { GetAgentEventsResponseCodec, GetDebugEventsResponseCodec, GetFlowsRequestCodec, GetFlowsResponseCodec, ServerStatusResponseCodec } from '../../../src/wire/gen/observer.ts';
import { fromJson, fromJsonValue, quote, toJson } from '../../../src/wire/json.ts';
import { randomMessage, seededRandom } from './random-message.ts';

const bytes = (...list: number[]): Uint8Array => Uint8Array.from(list);

/** Lines as the hubble CLI prints them, of every kind; invented. */
const lines: readonly (readonly [what: string, codec: Codec<object>, line: string])[] = [
  ['a forwarded packet', GetFlowsResponseCodec, '{"flow":{"time":"2026-05-01T10:00:00.000000001Z","uuid":"aa","emitter":{"name":"Hubble","version":"1.19.4"},"verdict":"FORWARDED","ethernet":{"source":"02:00:00:00:00:01","destination":"02:00:00:00:00:02"},"IP":{"source":"10.0.0.1","source_xlated":"192.0.2.1","destination":"10.0.0.2","ipVersion":"IPv4","encrypted":true},"l4":{"TCP":{"source_port":4000,"destination_port":80,"flags":{"SYN":true,"ACK":true}}},"source":{"ID":9,"identity":1000,"cluster_name":"c","namespace":"n","labels":["k8s:a=b"],"pod_name":"p","workloads":[{"name":"w","kind":"DaemonSet"}]},"destination":{"identity":2,"labels":["reserved:world"]},"Type":"L3_L4","node_name":"c/n1","node_labels":["z=1"],"source_names":["s.example"],"reply":true,"event_type":{"type":4},"destination_service":{"name":"svc","namespace":"n"},"traffic_direction":"INGRESS","trace_observation_point":"TO_ENDPOINT","trace_reason":"REPLY","is_reply":true,"interface":{"index":3,"name":"eth0"},"Summary":"TCP Flags: SYN, ACK"},"node_name":"c/n1","time":"2026-05-01T10:00:00.000000001Z"}'],
  ['a drop', GetFlowsResponseCodec, '{"flow":{"time":"2026-05-01T10:00:00.250Z","verdict":"DROPPED","drop_reason":181,"IP":{"source":"fd00::1","destination":"fd00::2","ipVersion":"IPv6"},"l4":{"ICMPv6":{"type":128}},"Type":"L3_L4","event_type":{"type":1,"sub_type":181},"traffic_direction":"EGRESS","file":{"name":"drop.h","line":7},"drop_reason_desc":"POLICY_DENY","egress_denied_by":[{"name":"np","namespace":"n","labels":["x"],"revision":"12","kind":"CiliumNetworkPolicy"}]},"node_name":"n1","time":"2026-05-01T10:00:00.250Z"}'],
  ['a flow of a newer server', FlowCodec, '{"verdict":42,"drop_reason_desc":4000,"is_reply":false}'],
  ['an HTTP answer', FlowCodec, '{"verdict":"FORWARDED","Type":"L7","l7":{"type":"RESPONSE","latency_ns":"4910000","http":{"code":200,"method":"GET","url":"http://h/a?x=1\\u0026y=\\u003c2\\u003e","headers":[{"key":"K","value":"\\"\\\\\\u0001\\n\\t\\b\\f"}]}},"event_type":{"type":129}}'],
  ['a DNS answer', FlowCodec, '{"l7":{"type":"RESPONSE","dns":{"query":"a.example.","ips":["192.0.2.7"],"ttl":30,"cnames":["b.example."],"observation_source":"proxy","rcode":3,"qtypes":["A"],"rrtypes":["A","CNAME"]}}}'],
  ['a socket event', FlowCodec, '{"time":"1970-01-01T00:00:00Z","verdict":"TRANSLATED","Type":"SOCK","sock_xlate_point":"SOCK_XLATE_POINT_POST_DIRECTION_FWD","socket_cookie":"18446744073709551615","cgroup_id":"44021"}'],
  ['an aggregate with an extension', FlowCodec, '{"extensions":{"@type":"type.googleapis.com/hubtop.v1.FlowExtension","skbs":"3","why":"interval"},"policy_log":["a","b"],"aggregate":{"ingress_flow_count":7}}'],
  ['an extension of others', FlowCodec, '{"extensions":{"@type":"type.googleapis.com/x.Y","value":"AQID"}}'],
  ['lost events', GetFlowsResponseCodec, '{"lost_events":{"source":"PERF_EVENT_RING_BUFFER","num_events_lost":"42","cpu":0,"first":"2026-05-01T10:00:00Z"},"node_name":"n1","time":"2026-05-01T10:00:00.001Z"}'],
  ['a node status', GetFlowsResponseCodec, '{"node_status":{"state_change":"NODE_ERROR","node_names":["n1","n2"],"message":"connection refused"}}'],
  ['an agent event', GetAgentEventsResponseCodec, '{"agent_event":{"type":"IPCACHE_UPSERTED","ipcache_update":{"cidr":"10.0.0.0/8","identity":5,"old_identity":0}}}'],
  ['a policy update', GetAgentEventsResponseCodec, '{"agent_event":{"type":"POLICY_UPDATED","policy_update":{"revision":"9","rule_count":"-1"}}}'],
  ['a debug event', GetDebugEventsResponseCodec, '{"debug_event":{"type":"DBG_CT_LOOKUP4_1","hash":31,"arg1":0,"cpu":2}}'],
  ['a status', ServerStatusResponseCodec, '{"num_flows":"5","num_connected_nodes":0,"unavailable_nodes":["n4"],"flows_rate":84.31}'],
  ['a request', GetFlowsRequestCodec, '{"number":"20","follow":true,"whitelist":[{"source_pod":["shop/"],"verdict":["DROPPED"],"event_type":[{"type":4,"match_sub_type":true,"sub_type":3}]}],"since":"2026-05-01T10:00:00Z","field_mask":"time,IP.source,sourceNames","experimental":{}}'],
  ['nothing', FlowCodec, '{}'],
];

describe('toJson() and fromJson()', () => {
  test.each(lines)('%s: the line comes back as it was', (_what, codec, line) => {
    const read = fromJson(codec, line);
    expect(read).toMatchObject({ ok: true });
    if (read.ok) expect(toJson(codec, read.value)).toBe(line);
    if (read.ok) expect(toJson(codec, codec.decode(codec.encode(read.value)))).toBe(line);
  });

  test('random flows survive the way through JSON', () => {
    for (let seed = 1; seed <= 100; seed++) {
      const flow = randomMessage(FlowCodec, seededRandom(seed));
      const text = toJson(FlowCodec, flow);
      expect(() => JSON.parse(text) as unknown, `seed ${seed}`).not.toThrow();
      if (text.includes('"seconds":') || flow.extensions !== undefined) continue; // a time that RFC 3339 cannot say; an Any without a type
      const read = fromJson(FlowCodec, text);
      expect(read, `seed ${seed}`).toMatchObject({ ok: true });
      if (read.ok) expect(toJson(FlowCodec, read.value), `seed ${seed}`).toBe(text);
    }
  });

  test('toJson() keeps doubles as Go writes them', () => {
    const rate = (flows_rate: number): string => toJson(ServerStatusResponseCodec, { flows_rate });
    expect([rate(1e21), rate(0.1), rate(-0), rate(Number.NaN), rate(0)]).toEqual(['{"flows_rate":1e+21}', '{"flows_rate":0.1}', '{"flows_rate":-0}', '{"flows_rate":"NaN"}', '{}']);
  });

  test('toJson() does not throw on a time that no calendar has', () => {
    expect(toJson(FlowCodec, { time: { seconds: 2n ** 62n, nanos: -5 } })).toBe('{"time":{"seconds":"4611686018427387904","nanos":-5}}');
  });

  test('toJson() shows a known extension that is broken as bytes', () => {
    expect(toJson(FlowCodec, { extensions: { type_url: 'x/hubtop.v1.FlowExtension', value: bytes(0x0a, 9) } })).toBe('{"extensions":{"@type":"x/hubtop.v1.FlowExtension","value":"Cgk="}}');
  });

  test('quote() escapes what Go escapes', () => {
    expect(quote('\u2028<&>\u2029\u007f\u001f é')).toBe('"\\u2028\\u003c\\u0026\\u003e\\u2029\u007f\\u001f é"');
  });

  test.each([
    ['{"nodeName":"n","sourceNames":["a"]}', { node_name: 'n', source_names: ['a'] }],
    ['{"verdict":2,"socket_cookie":5,"drop_reason":"133","time":null}', { verdict: Verdict.DROPPED, socket_cookie: 5n, drop_reason: 133 }],
    ['{"time":"2026-05-01T12:30:00.5+02:30"}', { time: { seconds: 1_777_629_600n, nanos: 500_000_000 } }],
    ['{"is_reply":false,"ip_trace_id":{"trace_id":"18446744073709551615"}}', { is_reply: { value: false }, ip_trace_id: { trace_id: 2n ** 64n - 1n } }],
    ['{"extensions":{"@type":"a/b","value":"-_8"}}', { extensions: { type_url: 'a/b', value: bytes(0xfb, 0xff) } }],
  ])('fromJson() takes %s', (text, flow) => {
    expect(fromJson(FlowCodec, text)).toEqual({ ok: true, value: flow });
  });

  test('fromJson() puts a known extension into bytes', () => {
    const read = fromJson(FlowCodec, '{"extensions":{"@type":"type.googleapis.com/hubtop.v1.FlowExtension","bytes":"70000000000"}}');
    expect(read.ok && FlowExtensionCodec.decode(read.value.extensions?.value ?? bytes())).toEqual({ bytes: 70_000_000_000 });
  });

  test.each([
    ['{', 'not JSON'],
    ['[]', 'message: not an object'],
    ['{"colour":1}', 'message: unknown field "colour" of flow.Flow'],
    ['{"__proto__":{"a":1}}', 'unknown field "__proto__"'],
    ['{"verdict":"MAYBE"}', 'verdict: "MAYBE" is none of flow.Verdict'],
    ['{"verdict":"toString"}', 'verdict: "toString" is none of flow.Verdict'],
    ['{"source":{"ID":-1}}', 'source.ID: not a whole number from 0 to 4294967295'],
    ['{"source":{"ID":1.5}}', 'source.ID: not a whole number'],
    ['{"source":{"labels":[1]}}', 'source.labels[0]: not a text'],
    ['{"source":{"labels":[null]}}', 'source.labels[0]: not a text'],
    ['{"socket_cookie":"18446744073709551616"}', 'socket_cookie: not a whole number'],
    ['{"l4":{"TCP":{},"UDP":{}}}', 'l4: more than one of protocol'],
    ['{"time":"2026-02-30T00:00:00Z"}', 'time: not a time'],
    ['{"time":"yesterday"}', 'time: not a time'],
    ['{"extensions":{"value":"AQ=="}}', 'extensions: no "@type"'],
    ['{"extensions":{"@type":"a/b","colour":1}}', 'the type "a/b" is not known'],
    ['{"extensions":{"@type":"a/b","value":"?"}}', 'extensions.value: not base64'],
  ])('fromJson() refuses %s', (text, error) => {
    expect(fromJson(FlowCodec, text)).toEqual({ ok: false, error: expect.stringContaining(error) });
  });

  test('fromJson() skips what nobody knows when told so', () => {
    const text = '{"colour":1,"verdict":"MAYBE","source":{"shape":{}},"node_name":"n"}';
    expect(fromJson(FlowCodec, text, { ignoreUnknown: true })).toEqual({ ok: true, value: { source: {}, node_name: 'n' } });
    expect(fromJsonValue(LostEventCodec, { num_events_lost: '7' })).toEqual({ ok: true, value: { num_events_lost: 7n } });
  });
});
