import { expect, test } from 'vitest';
import { EventFlag, EventType } from '../../../agent/decode/event.ts';
import type { RowContext } from '../../../agent/enrich/row-context.ts';
import { RowView } from '../../../agent/enrich/row-view.ts';
import { RowWriter } from '../../../agent/enrich/row-writer.ts';
import { seededRandom } from '../../../agent/sim/random.ts';
import type { FlowView } from '../../../src/flow/flow-view.ts';
import { flowViewOf } from '../../../src/flow/view-of-flow.ts';
import type { Flow } from '../../../src/wire/gen/flow.ts';
import { FlowExtensionCodec } from '../../../src/wire/gen/hubtop.ts';
import { GetFlowsResponseCodec, type GetFlowsResponse } from '../../../src/wire/gen/observer.ts';
import { type EventFields, eventBytes } from '../ring-fixture.ts';
import { shopContext } from '../row-fixture.ts';

const context = shopContext();
// nodes come first, see endpoint-versions.test.ts
const WEB = 3;
const API = 4;

function rowOf(fields: EventFields): RowView {
  const view = new RowView(context);
  view.bytes.set(eventBytes(fields));
  return view.moved();
}

function written(view: RowView, hasExtension = false, rowContext: RowContext = context): GetFlowsResponse {
  const writer = new RowWriter(rowContext);
  writer.write(view, hasExtension);
  return GetFlowsResponseCodec.decode(writer.frames.bytes().slice(5));
}

const syn: EventFields = {
  type: EventType.trace, sub_type: 3, reason: 0, direction: 2, why: 1, protocol: 6, time_ns: 1_763_791_453_123_456_789n, sequence: 77, cpu: 3, lane: 0,
  tcp_flags: 0x002, ifindex: 12, source_ref: WEB, destination_ref: API, source_ip: [10, 0, 1, 5], destination_ip: [10, 0, 2, 7],
  source_port: 40_000, destination_port: 8080, skbs: 1, segments: 1, bytes: 74, source_mac: [2, 0, 0, 0, 0, 1], destination_mac: [2, 0, 0, 0, 0, 2],
};

test('RowWriter writes a first packet as Hubble would', () => {
  const answer = written(rowOf(syn));
  expect(answer).toMatchObject({ node_name: 'node-a', time: { seconds: 1_763_791_453n, nanos: 123_456_789 } });
  expect(answer.flow).toMatchObject({
    verdict: 1, Type: 1, node_name: 'node-a', node_labels: ['zone=one'], Summary: 'TCP Flags: SYN',
    ethernet: { source: '02:00:00:00:00:01', destination: '02:00:00:00:00:02' },
    IP: { source: '10.0.1.5', destination: '10.0.2.7', ipVersion: 1 },
    l4: { TCP: { source_port: 40_000, destination_port: 8080, flags: { SYN: true } } },
    source: { identity: 300, namespace: 'shop', pod_name: 'web', workloads: [{ name: 'web', kind: 'Deployment' }] },
    destination: { identity: 301, namespace: 'shop', pod_name: 'api' },
    event_type: { type: 4, sub_type: 3 }, traffic_direction: 2, trace_observation_point: 3, trace_reason: 1, is_reply: {},
    interface: { index: 12, name: 'veth-web' }, emitter: { name: 'Hubble', version: '1.19.4+hubtop' },
  });
  expect(answer.flow?.uuid).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
});

const table: [string, EventFields, Flow][] = [
  ['a packet to its endpoint has point TO_ENDPOINT', { ...syn, sub_type: 0 }, { trace_observation_point: 101, event_type: { type: 4 } }],
  ['a reply says so', { ...syn, reason: 2 }, { is_reply: { value: true }, reply: true, trace_reason: 3 }],
  ['an address nobody owns is the world of its family where pods have both', { ...syn, destination_ref: 0, destination_ip: [1, 1, 1, 1] }, { destination: { identity: 9, labels: ['reserved:world-ipv4'] } }],
  ['an IPv6 address nobody owns is the other world', { ...syn, flags: EventFlag.ipv6, destination_ref: 0 }, { destination: { identity: 10, labels: ['reserved:world-ipv6'] } }],
  ['a virtual address names its service', { ...syn, destination_ref: 0, destination_ip: [10, 96, 0, 9], destination_port: 80 }, { destination_service: { name: 'api', namespace: 'shop' } }],
  ['a kernel drop has no number of Hubble', { ...syn, type: 8, drop_reason: 3, why: 7 }, { verdict: 2, event_type: { type: 1, sub_type: 255 }, Summary: 'kernel: NO_SOCKET' }],
  ['a policy drop has its reason twice', { ...syn, type: 1, drop_reason: 133, why: 7 }, { verdict: 2, drop_reason: 133, drop_reason_desc: 133, event_type: { type: 1, sub_type: 133 } }],
  ['a drop of ours says where', { ...syn, type: 1, drop_reason: 133, why: 7, line: 321 }, { file: { name: 'tc.h', line: 321 } }],
  ['a refused call says where', { ...syn, type: 1, drop_reason: 158, why: 7, line: 122 }, { file: { name: 'call.h', line: 122 } }],
  ['a ping has type and code', { ...syn, protocol: 1, source_port: 0, destination_port: 0, icmp_type: 8, tcp_flags: 0 }, { l4: { ICMPv4: { type: 8 } }, Summary: 'ICMPv4 EchoRequest' }],
];

const call: EventFields = {
  type: EventType.sock, sub_type: 1, reason: 5, protocol: 6, time_ns: 1_763_791_453_123_456_789n, lane: 1, source_ref: WEB, destination_ip: [10, 96, 0, 9], destination_port: 80,
  source_mac: [0x42, 0x60, 1, 0, 0, 0], bytes: 44_021, service: 1,
};

const service = { name: 'api', namespace: 'shop' };

test.each<[string, EventFields, Flow]>([
  ['asks for a service', call, {
    verdict: 6, Type: 3, event_type: { type: 7, sub_type: 1 }, sock_xlate_point: 1, socket_cookie: 90_178n, cgroup_id: 44_021n, Summary: 'TCP',
    IP: { source: '10.0.1.5', destination: '10.96.0.9', ipVersion: 1 }, l4: { TCP: { destination_port: 80 } },
    source: { pod_name: 'web' }, destination: { identity: 9 }, destination_service: service,
  }],
  ['is sent to a backend', { ...call, sub_type: 2, destination_ref: API, destination_ip: [10, 0, 2, 7], destination_port: 8080 }, {
    verdict: 7, event_type: { type: 7, sub_type: 2 }, sock_xlate_point: 2, IP: { source: '10.0.1.5', destination: '10.0.2.7', ipVersion: 1 }, destination: { pod_name: 'api' }, destination_service: service,
  }],
  ['has an address of its own', { ...call, source_ip: [10, 0, 1, 99], source_port: 5000 }, { IP: { source: '10.0.1.99', destination: '10.96.0.9', ipVersion: 1 }, l4: { TCP: { source_port: 5000, destination_port: 80 } } }],
  ['calls over IPv6', { ...call, flags: EventFlag.ipv6, protocol: 17, destination_ip: [0xfd] }, { IP: { source: 'fd00::5', destination: 'fd00::', ipVersion: 2 }, l4: { UDP: { destination_port: 80 } }, Summary: 'UDP' }],
  ['belongs to nobody known', { ...call, source_ref: 0 }, { IP: { source: '0.0.0.0', destination: '10.96.0.9', ipVersion: 1 }, source: { labels: ['reserved:unknown'] } }],
])('RowWriter: a socket %s', (_name, fields, flow) => {
  const got = written(rowOf(fields), true).flow;
  expect(got).toMatchObject(flow);
  // the record's fields hold other things than a packet's: none of them may show
  expect([got?.ethernet, got?.traffic_direction, got?.is_reply, got?.interface, got?.l4?.TCP?.flags]).toEqual(Array(5).fill(undefined));
  expect(FlowExtensionCodec.decode(got?.extensions?.value ?? new Uint8Array(0))).toEqual({});
});

test.each<[string, EventFields, Flow]>([
  ['the server side of a packet', { ...syn, service: 1 }, { destination_service: service, source_service: undefined }],
  ['the server side of a reply', { ...syn, service: 1, reason: 2 }, { source_service: service, destination_service: undefined }],
  ['a call that was refused', { ...call, type: EventType.drop, sub_type: 0, drop_reason: 158 }, { verdict: 2, drop_reason: 158, destination_service: service, IP: { source: '10.0.1.5', destination: '10.96.0.9', ipVersion: 1 } }],
  ['nobody, by a number that nobody has', { ...syn, service: 99 }, { destination_service: undefined }],
])('RowWriter: the service that was asked for names %s', (_name, fields, flow) => {
  const got = written(rowOf(fields)).flow;
  expect({ ...got }).toMatchObject(Object.fromEntries(Object.entries(flow).filter(([, value]) => value !== undefined)));
  for (const [name, value] of Object.entries(flow)) if (value === undefined) expect(got?.[name as keyof Flow]).toBeUndefined();
});

test.each(table)('RowWriter: %s', (_name, fields, flow) => {
  expect(written(rowOf(fields)).flow).toMatchObject(flow);
});

const fold: EventFields = {
  type: EventType.trace, sub_type: 3, reason: 0, direction: 2, why: 9, protocol: 6, time_ns: syn.time_ns ?? 0n, sequence: 4, lane: 2, tcp_flags_seen: 0x012, ifindex: 12,
  source_ref: WEB, destination_labels: 4, destination_port: 8080, folded: 812, skbs: 900, segments: 901, bytes: 66_000,
};

test('RowWriter says of a row that stands for many what they have in common, and no more', () => {
  const { flow } = written(rowOf(fold), true);
  expect(flow).toMatchObject({
    verdict: 1, IP: { ipVersion: 1 }, l4: { TCP: { destination_port: 8080, flags: { SYN: true, ACK: true } } }, source: { pod_name: 'web' },
    destination: { identity: 301, namespace: 'shop' }, aggregate: { egress_flow_count: 812 }, Summary: 'TCP Flags: SYN, ACK', interface: { index: 12 },
  });
  expect([flow?.ethernet, flow?.IP?.source, flow?.IP?.destination, flow?.l4?.TCP?.source_port, flow?.destination?.pod_name]).toEqual([undefined, undefined, undefined, undefined, undefined]);
  expect(FlowExtensionCodec.decode(flow?.extensions?.value ?? new Uint8Array(0))).toEqual({ skbs: 900, segments: 901, bytes: 66_000, why: 'fold' });
  expect(written(rowOf({ ...fold, direction: 1 })).flow?.aggregate).toEqual({ ingress_flow_count: 812 });
  expect(written(rowOf({ ...fold, direction: 0, type: 8, drop_reason: 3 })).flow).toMatchObject({ aggregate: { unknown_direction_flow_count: 812 }, Summary: 'kernel: NO_SOCKET' });
});

test('RowWriter leaves out what a drop cannot say', () => {
  const { flow } = written(rowOf({ ...syn, type: 8, drop_reason: 3 }));
  expect([flow?.is_reply, flow?.drop_reason_desc, flow?.trace_reason, flow?.ethernet]).toEqual([undefined, undefined, undefined, undefined]);
});

test('RowWriter writes the extension only for those who ask', () => {
  const view = rowOf({ ...syn, type: 8, drop_reason: 3, why: 7, flags: 0x20 });
  expect(written(view).flow?.extensions).toBeUndefined();
  const any = written(view, true).flow?.extensions;
  expect(any?.type_url).toBe('type.googleapis.com/hubtop.v1.FlowExtension');
  expect(FlowExtensionCodec.decode(any?.value ?? new Uint8Array(0))).toEqual({
    kernel_drop_reason: 'NO_SOCKET', kernel_drop_subsystem: 'core', skbs: 1, segments: 1, bytes: 74, why: 'drop', mid_stream: true,
  });
});

const asked = [
  'timeNs', 'uuid', 'verdict', 'eventType', 'eventSubType', 'dropReason', 'direction', 'isReply', 'l4Protocol', 'l7Protocol', 'sourceIp', 'destinationIp',
  'sourceIpXlated', 'ipVersion', 'isEncrypted', 'sourcePort', 'destinationPort', 'tcpFlags', 'source', 'destination', 'sourceService', 'destinationService',
  'sourceNames', 'destinationNames', 'nodeName', 'nodeLabels', 'interface', 'http', 'dnsQuery', 'traceId', 'ipTraceId',
] as const satisfies (keyof FlowView)[];

test('RowView answers filters exactly as the written flow does, on random rows', () => {
  const random = seededRandom(20_260_307);
  const below = (limit: number): number => Math.floor(random() * limit);
  const bytes = (count: number): number[] => Array.from({ length: count }, () => below(256));
  for (let round = 0; round < 500; round++) {
    const isIpv6 = below(3) === 0;
    const protocol = [6, 17, 132, isIpv6 ? 58 : 1][below(4)] ?? 6;
    const hasPorts = protocol !== 1 && protocol !== 58;
    const view = rowOf({
      type: [1, 4, 5, 7, 8][below(5)] ?? 4, sub_type: [0, 1, 2, 3, 5][below(5)] ?? 0, reason: [0, 1, 2, 3, 5][below(5)] ?? 0, direction: below(3), why: below(8),
      flags: (isIpv6 ? 1 : 0) | (below(4) === 0 ? 2 : 0), protocol, time_ns: 1_763_791_453_000_000_000n + BigInt(below(2 ** 40)), sequence: below(2 ** 45),
      cpu: below(300), lane: below(2), tcp_flags: protocol === 6 ? below(512) : 0, ifindex: below(2) * 12, source_ref: below(6), destination_ref: below(6),
      source_ip: isIpv6 ? [0xfd, ...bytes(15)] : bytes(4), destination_ip: isIpv6 ? [0xfd, ...bytes(15)] : bytes(4),
      source_port: hasPorts ? below(65_536) : 0, destination_port: hasPorts ? below(65_536) : 0, icmp_type: below(20), icmp_code: below(3),
      drop_reason: [0, 3, 133, 181][below(4)] ?? 0, service: below(3),
    });
    const flow = flowViewOf(written(view).flow ?? {});
    for (const name of asked) {
      const [mine, theirs] = [view[name], flow[name]].map((value) => (typeof value === 'object' && value !== null && 'id' in value ? { ...value, id: 0 } : value));
      expect(mine, `round ${round}: ${name}`).toEqual(theirs);
    }
  }
});

test('RowWriter puts what policies say into a drop that another program decided, and into no other', () => {
  const refusal = { selecting: [{ name: 'a-policy-with-a-name-that-makes-the-message-longer-than-a-byte-can-say', namespace: 'shop' }], closest: { rule: 'spec.egress[0]', misses: ['port 8443 is not 8080', 'label app=api is app=apis'] } };
  const judged: number[] = [];
  const judging: RowContext = { ...context, dropReasonName: (reason) => ({ name: reason === 9 ? 'NETFILTER_DROP' : 'NO_SOCKET', subsystem: 'core' }), judgeDrop: ({ port }) => { judged.push(port); return refusal; } };
  const refusalOf = (reason: number): unknown => {
    const { flow } = written(rowOf({ ...syn, type: EventType.kernelDrop, drop_reason: reason, why: 7 }), true, judging);
    return FlowExtensionCodec.decode(flow?.extensions?.value ?? new Uint8Array()).refusal;
  };
  expect(refusalOf(9)).toMatchObject(refusal);
  expect(refusalOf(3)).toBeUndefined();
  expect(judged).toEqual([8080]);
});
