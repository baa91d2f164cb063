import { isIPv6 } from 'node:net';
import { describe, expect, test } from 'vitest';
import { FlowScan, scanResponse } from '../../../src/wire/flow-scan.ts';
import {
  FLOW_EXTENSION_URL, FlowRow, FlowWriter, endpointChunk, interfaceChunk, serviceChunk, summaryChunk, textChunk,
} from '../../../src/wire/flow-template.ts';
import { forEachMessage } from '../../../src/wire/frame-splitter.ts';
import { DropReason, FlowCodec, TraceObservationPoint, TraceReason, TrafficDirection, Verdict } from '../../../src/wire/gen/flow.ts';
import type { Flow } from '../../../src/wire/gen/flow.ts';
import { FlowExtensionCodec } from '../../../src/wire/gen/hubtop.ts';
import { GetFlowsResponseCodec } from '../../../src/wire/gen/observer.ts';
import { encodeText } from '../../../src/wire/text.ts';
import { seededRandom } from './random-message.ts';

const web = { ID: 7, identity: 300, namespace: 'shop', labels: ['k8s:app=web'], pod_name: 'web-1' };
const api = { identity: 301, namespace: 'shop', labels: ['k8s:app=api'], pod_name: 'api-2', workloads: [{ name: 'api', kind: 'Deployment' }] };

/** Source and destination MAC, then source and destination IPv4. */
const packet = Uint8Array.from([0x0a, 0x58, 10, 1, 0, 7, 0x0a, 0x58, 10, 1, 0, 1, 10, 1, 0, 7, 203, 0, 113, 99]);

function traceRow(): FlowRow {
  const row = new FlowRow();
  row.timeSeconds = 1_772_615_702;
  row.timeNanos = 118_274_301;
  row.uuid.set([0x0f, 0x6c, 0x2b, 0x1e, 0x6a, 0x0d, 0x4c, 0x55, 0x9a, 0x53, 0x2f, 0x1f, 0x0f, 0x8f, 0x3f, 0x11]);
  row.verdict = Verdict.FORWARDED;
  row.eventType = 4;
  row.eventSubType = 3;
  row.direction = TrafficDirection.EGRESS;
  row.isReply = 0;
  row.tracePoint = TraceObservationPoint.TO_STACK;
  row.traceReason = TraceReason.NEW;
  row.bytes = packet;
  row.sourceMacAt = 0;
  row.destinationMacAt = 6;
  row.ipVersion = 4;
  row.sourceIpAt = 12;
  row.destinationIpAt = 16;
  row.protocol = 6;
  row.sourcePort = 41_822;
  row.destinationPort = 6379;
  row.tcpFlags = 0x012;
  row.source = endpointChunk(web);
  row.destination = endpointChunk(api);
  row.destinationService = serviceChunk({ name: 'api', namespace: 'shop' });
  row.interface = interfaceChunk(14, 'lxc3f2a');
  return row;
}

const traceFlow: Flow = {
  time: { seconds: 1_772_615_702n, nanos: 118_274_301 },
  uuid: '0f6c2b1e-6a0d-4c55-9a53-2f1f0f8f3f11',
  emitter: { name: 'Hubble', version: '1.19.4' },
  verdict: Verdict.FORWARDED,
  ethernet: { source: '0a:58:0a:01:00:07', destination: '0a:58:0a:01:00:01' },
  IP: { source: '10.1.0.7', destination: '203.0.113.99', ipVersion: 1 },
  l4: { TCP: { source_port: 41_822, destination_port: 6379, flags: { SYN: true, ACK: true } } },
  source: web,
  destination: api,
  Type: 1,
  node_name: 'prod/node-a',
  node_labels: ['zone=eu-1'],
  event_type: { type: 4, sub_type: 3 },
  destination_service: { name: 'api', namespace: 'shop' },
  traffic_direction: TrafficDirection.EGRESS,
  trace_observation_point: TraceObservationPoint.TO_STACK,
  trace_reason: TraceReason.NEW,
  is_reply: {},
  interface: { index: 14, name: 'lxc3f2a' },
  Summary: 'TCP Flags: SYN, ACK',
};

const options = { nodeName: 'prod/node-a', nodeLabels: ['zone=eu-1'], emitter: { name: 'Hubble', version: '1.19.4' } };

function framesOf(writer: FlowWriter): Uint8Array[] {
  const messages: Uint8Array[] = [];
  const bytes = writer.bytes();
  forEachMessage(bytes, (start, end) => messages.push(bytes.slice(start, end)));
  return messages;
}

function written(row: FlowRow): { bytes: Uint8Array; flow: Flow } {
  const writer = new FlowWriter(options);
  writer.write(row);
  const bytes = framesOf(writer)[0] ?? new Uint8Array();
  return { bytes, flow: GetFlowsResponseCodec.decode(bytes).flow ?? {} };
}

describe('FlowWriter', () => {
  test('write() gives the bytes that the codec gives', () => {
    const { bytes, flow } = written(traceRow());
    expect(flow).toEqual(traceFlow);
    expect(bytes).toEqual(GetFlowsResponseCodec.encode({ flow: traceFlow, node_name: 'prod/node-a', ...(traceFlow.time ? { time: traceFlow.time } : {}) }));
  });

  test('write() of a drop', () => {
    const row = traceRow();
    row.verdict = Verdict.DROPPED;
    row.dropReason = DropReason.POLICY_DENIED;
    row.eventType = 1;
    row.eventSubType = 133;
    row.isReply = -1;
    row.tracePoint = row.traceReason = 0;
    row.sourceMacAt = -1;
    row.fileName = textChunk('bpf_lxc.c');
    row.fileLine = 1402;
    row.aggregateEgress = 1240;
    row.aggregateUnknown = 2;
    row.extra = FlowCodec.encode({ destination_names: ['pay.example.com'] });
    const { ethernet: _e, trace_observation_point: _p, trace_reason: _r, is_reply: _i, ...rest } = traceFlow;
    expect(written(row).flow).toEqual({
      ...rest, verdict: Verdict.DROPPED, drop_reason: 133, drop_reason_desc: 133, event_type: { type: 1, sub_type: 133 }, file: { name: 'bpf_lxc.c', line: 1402 },
      aggregate: { egress_flow_count: 1240, unknown_direction_flow_count: 2 }, destination_names: ['pay.example.com'],
    });
  });

  test('write() of an extension, short and long', () => {
    const row = traceRow();
    row.hasExtension = true;
    row.skbs = 3;
    row.segments = 120;
    row.volumeBytes = 2 ** 40 + 5;
    row.isMidStream = true;
    row.why = textChunk('interval');
    const short = written(row).flow.extensions;
    expect(short?.type_url).toBe(FLOW_EXTENSION_URL);
    expect(FlowExtensionCodec.decode(short?.value ?? new Uint8Array())).toEqual({ skbs: 3, segments: 120, bytes: 2 ** 40 + 5, mid_stream: true, why: 'interval' });
    row.kernelDropReason = textChunk('N'.repeat(300));
    expect(FlowExtensionCodec.decode(written(row).flow.extensions?.value ?? new Uint8Array()).kernel_drop_reason).toBe('N'.repeat(300));
  });

  test.each([
    [17, 'UDP', { UDP: { source_port: 41_822, destination_port: 6379 } }],
    [132, 'SCTP', { SCTP: { source_port: 41_822, destination_port: 6379 } }],
    [1, 'ICMPv4 DestinationUnreachable(Port)', { ICMPv4: { type: 3, code: 3 } }],
    [58, 'ICMPv6 TimeExceeded(Code: 3)', { ICMPv6: { type: 3, code: 3 } }],
    [47, 'IPv4', undefined],
    [0, 'IPv4', undefined],
  ])('write() of protocol %i: %s', (protocol, summary, l4) => {
    const row = traceRow();
    row.protocol = protocol;
    row.icmpType = row.icmpCode = 3;
    const { flow } = written(row);
    expect([flow.Summary, flow.l4]).toEqual([summary, l4]);
  });

  test('write() of a socket event: no packet, so no link header and no TCP flags, and fields that come encoded', () => {
    const row = traceRow();
    row.flowType = 3;
    row.eventType = 7;
    row.sourceMacAt = row.tcpFlags = -1;
    row.summary = summaryChunk('TCP');
    row.extra = FlowCodec.encode({ sock_xlate_point: 2, socket_cookie: 2n ** 60n, cgroup_id: 44_021n });
    const { flow } = written(row);
    expect(flow).toMatchObject({ Type: 3, event_type: { type: 7, sub_type: 3 }, sock_xlate_point: 2, socket_cookie: 2n ** 60n, cgroup_id: 44_021n, Summary: 'TCP' });
    expect([flow.ethernet, flow.l4]).toEqual([undefined, { TCP: { source_port: 41_822, destination_port: 6379 } }]);
  });

  test('write() takes a summary instead of the usual one, and a reply sets both fields', () => {
    const row = traceRow();
    row.summary = summaryChunk('kernel: NO_SOCKET');
    row.isReply = 1;
    expect(written(row).flow).toMatchObject({ Summary: 'kernel: NO_SOCKET', reply: true, is_reply: { value: true } });
  });

  test('write() of flows below 128 and above 16,383 bytes, many in one buffer', () => {
    const writer = new FlowWriter({ nodeName: 'n' });
    const small = new FlowRow();
    small.clear();
    const large = traceRow();
    large.destination = endpointChunk({ labels: Array.from({ length: 2000 }, (_, i) => `k8s:label-${i}=x`) });
    for (let i = 0; i < 20; i++) writer.write(i % 2 === 0 ? small : large);
    writer.writeEncoded(GetFlowsResponseCodec.encode({ lost_events: { num_events_lost: 5n } }));
    const messages = framesOf(writer).map((bytes) => GetFlowsResponseCodec.decode(bytes));
    expect(messages.length).toBe(21);
    expect(writer.frames).toBe(21);
    expect(messages[18]?.flow).toEqual({ time: {}, Type: 1, node_name: 'n', event_type: {}, uuid: '00000000-0000-0000-0000-000000000000', Summary: 'Ethernet' });
    expect(messages[19]?.flow?.destination?.labels?.length).toBe(2000);
    expect(messages[20]?.lost_events?.num_events_lost).toBe(5n);
    writer.reset();
    expect(writer.bytes().length).toBe(0);
  });

  test('write() is read back by the scan', () => {
    const random = seededRandom(3);
    const int = (below: number): number => Math.floor(random() * below);
    const scan = new FlowScan();
    for (let i = 0; i < 500; i++) {
      const row = traceRow();
      Object.assign(row, {
        timeSeconds: int(2 ** 31), timeNanos: int(1e9), verdict: int(8), dropReason: int(2) * int(300), eventType: int(256), eventSubType: int(256), direction: int(3),
        isReply: int(3) - 1, tracePoint: int(14), traceReason: int(9), protocol: [0, 1, 6, 17, 58, 132][int(6)], sourcePort: int(65_536), destinationPort: int(65_536),
        tcpFlags: int(512), icmpType: int(256), icmpCode: int(256), aggregateIngress: int(2) * int(1e6),
      });
      const { bytes } = written(row);
      expect(scanResponse(bytes, 0, bytes.length, scan)).toBe(true);
      expect(scan).toMatchObject({
        kind: 1, timeSeconds: row.timeSeconds, timeNanos: row.timeNanos, verdict: row.verdict, dropReason: row.dropReason, eventType: row.eventType,
        eventSubType: row.eventSubType, direction: row.direction, isReply: row.isReply, tracePoint: row.tracePoint, traceReason: row.traceReason,
        protocol: { 0: 0, 1: 3, 6: 1, 17: 2, 58: 4, 132: 5 }[row.protocol], tcpFlags: row.protocol === 6 ? row.tcpFlags : 0, aggregateCount: row.aggregateIngress,
      });
    }
  });

  test('FlowRow.clear() leaves nothing of the flow before', () => {
    const row = traceRow();
    Object.assign(row, { hasExtension: true, skbs: 1, isEncrypted: true, proxyPort: 5, policyMatchType: 2, flowType: 3, why: textChunk('x'), fileLine: 3 });
    row.clear();
    row.uuid.fill(0);
    expect(row).toEqual(new FlowRow());
  });
});

describe('addresses as FlowWriter writes them', () => {
  const textOf = (bytes: Uint8Array, version: number): string => {
    const row = traceRow();
    Object.assign(row, { bytes, ipVersion: version, sourceIpAt: 0, destinationIpAt: 0, sourceMacAt: -1, destinationMacAt: -1 });
    const { flow } = written(row);
    expect(flow.IP?.destination).toBe(flow.IP?.source);
    return flow.IP?.source ?? '';
  };

  test('writes every value of a byte', () => {
    for (let i = 0; i < 256; i++) expect(textOf(Uint8Array.from([i, 0, 255, i]), 4)).toBe(`${i}.0.255.${i}`);
  });

  test.each([
    ['2001:db8::1', [0x2001, 0xdb8, 0, 0, 0, 0, 0, 1]],
    ['::', [0, 0, 0, 0, 0, 0, 0, 0]],
    ['::1', [0, 0, 0, 0, 0, 0, 0, 1]],
    ['1::', [1, 0, 0, 0, 0, 0, 0, 0]],
    ['2001:db8:0:1:1:1:1:1', [0x2001, 0xdb8, 0, 1, 1, 1, 1, 1]],
    ['2001:0:0:1::1', [0x2001, 0, 0, 1, 0, 0, 0, 1]],
    ['2001:db8::1:0:0:1', [0x2001, 0xdb8, 0, 0, 1, 0, 0, 1]],
    ['fe80::abcd:ef', [0xfe80, 0, 0, 0, 0, 0, 0xabcd, 0xef]],
    ['::ffff:10.1.2.3', [0, 0, 0, 0, 0, 0xffff, 0x0a01, 0x0203]],
    ['0:1:2:3:4:5:6:7', [0, 1, 2, 3, 4, 5, 6, 7]],
  ])('writes %s as RFC 5952 says', (text, groups) => {
    expect(textOf(Uint8Array.from(groups.flatMap((group) => [group >> 8, group & 255])), 6)).toBe(text);
  });

  test('writes what URL parsers write, on random addresses', () => {
    const random = seededRandom(11);
    for (let i = 0; i < 500; i++) {
      const groups = Array.from({ length: 8 }, () => (random() < 0.5 ? 0 : Math.floor(random() * 65_536)));
      const text = textOf(Uint8Array.from(groups.flatMap((group) => [group >> 8, group & 255])), 6);
      expect(isIPv6(text)).toBe(true);
      if (!text.includes('.')) expect(new URL(`http://[${groups.map((group) => group.toString(16)).join(':')}]/`).hostname).toBe(`[${text}]`);
    }
  });

  test('textChunk() puts a length before the text', () => {
    expect(textChunk('ab')).toEqual(Uint8Array.from([2, 0x61, 0x62]));
    expect(textChunk('x'.repeat(200)).subarray(0, 2)).toEqual(Uint8Array.from([200, 1]));
    expect(encodeText('ab').length).toBe(2);
  });
});
