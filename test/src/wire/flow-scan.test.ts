import { describe, expect, test } from 'vitest';
import { FlowScan, peekTime, scanResponse } from '../../../src/wire/flow-scan.ts';
import { EndpointCodec, ServiceCodec } from '../../../src/wire/gen/flow.ts';
import type { Flow, Layer4, TCPFlags } from '../../../src/wire/gen/flow.ts';
import { GetFlowsResponseCodec } from '../../../src/wire/gen/observer.ts';
import type { GetFlowsResponse } from '../../../src/wire/gen/observer.ts';
import { decodeText } from '../../../src/wire/text.ts';
import { randomMessage, seededRandom } from './random-message.ts';

const flagNames = ['FIN', 'SYN', 'RST', 'PSH', 'ACK', 'URG', 'ECE', 'CWR', 'NS'] as const;

function flagBits(flags: TCPFlags | undefined): number {
  return flagNames.reduce((bits, name, i) => (flags?.[name] === true ? bits | (1 << i) : bits), 0);
}

function protocolNumber(l4: Layer4 | undefined): number {
  return ['TCP', 'UDP', 'ICMPv4', 'ICMPv6', 'SCTP', 'VRRP', 'IGMP'].findIndex((name) => name in (l4 ?? {})) + 1;
}

/** What a scan should say, from the codec's object. */
function expectedOf(response: GetFlowsResponse): Record<string, unknown> {
  const flow: Flow = response.flow ?? {};
  const ports = flow.l4?.TCP ?? flow.l4?.UDP ?? flow.l4?.SCTP;
  const icmp = flow.l4?.ICMPv4 ?? flow.l4?.ICMPv6;
  const hasTime = response.time !== undefined && Object.keys(response.time).length > 0;
  const time = hasTime ? response.time : flow.time;
  return {
    kind: response.flow ? 1 : response.node_status ? 2 : response.lost_events ? 3 : 0,
    timeSeconds: Number(time?.seconds ?? 0n), timeNanos: (time?.nanos ?? 0) >>> 0,
    verdict: flow.verdict ?? 0, dropReason: (flow.drop_reason_desc ?? 0) === 0 ? flow.drop_reason ?? 0 : flow.drop_reason_desc,
    flowType: flow.Type ?? 0, eventType: flow.event_type?.type ?? 0, eventSubType: flow.event_type?.sub_type ?? 0, direction: flow.traffic_direction ?? 0,
    isReply: flow.is_reply === undefined ? -1 : flow.is_reply.value === true ? 1 : 0,
    tracePoint: flow.trace_observation_point ?? 0, traceReason: flow.trace_reason ?? 0, ipVersion: flow.IP?.ipVersion ?? 0,
    protocol: protocolNumber(flow.l4), sourcePort: ports?.source_port ?? 0, destinationPort: ports?.destination_port ?? 0, tcpFlags: flagBits(flow.l4?.TCP?.flags),
    icmpType: icmp?.type ?? 0, icmpCode: icmp?.code ?? 0,
    l7: flow.l7 === undefined ? 0 : flow.l7.dns ? 1 : flow.l7.http ? 2 : flow.l7.kafka ? 3 : 4, l7Type: flow.l7?.type ?? 0, latencyNs: Number(flow.l7?.latency_ns ?? 0n),
    httpCode: flow.l7?.http?.code ?? 0, dnsRcode: flow.l7?.dns?.rcode ?? 0,
    aggregateCount: (flow.aggregate?.ingress_flow_count ?? 0) + (flow.aggregate?.egress_flow_count ?? 0) + (flow.aggregate?.unknown_direction_flow_count ?? 0),
    lostCount: Number(response.lost_events?.num_events_lost ?? 0n), lostSource: response.lost_events?.source ?? 0,
    source: flow.source ?? {}, destination: flow.destination ?? {}, sourceService: flow.source_service ?? {},
    sourceIp: flow.IP?.source ?? '', destinationIp: flow.IP?.destination ?? '', uuid: flow.uuid ?? '', summary: flow.Summary ?? '',
    nodeName: response.node_name ?? flow.node_name ?? '', sourceName: flow.source_names?.[0] ?? '',
  };
}

function scannedOf(bytes: Uint8Array, scan: FlowScan): Record<string, unknown> {
  const text = (start: number, end: number): string => decodeText(bytes, start, end);
  const picked = Object.fromEntries(Object.entries(scan).filter(([name]) => !/Start$|End$/.test(name)));
  return {
    ...picked,
    source: EndpointCodec.decode(bytes.slice(scan.sourceStart, scan.sourceEnd)), destination: EndpointCodec.decode(bytes.slice(scan.destinationStart, scan.destinationEnd)),
    sourceService: ServiceCodec.decode(bytes.slice(scan.sourceServiceStart, scan.sourceServiceEnd)),
    sourceIp: text(scan.sourceIpStart, scan.sourceIpEnd), destinationIp: text(scan.destinationIpStart, scan.destinationIpEnd),
    uuid: text(scan.uuidStart, scan.uuidEnd), summary: text(scan.summaryStart, scan.summaryEnd), nodeName: text(scan.nodeNameStart, scan.nodeNameEnd),
    sourceName: text(scan.sourceNameStart, scan.sourceNameEnd),
  };
}

/** Negative seconds do not occur in flows, and a scan reads them as large numbers. */
function randomResponse(seed: number): GetFlowsResponse {
  const response = randomMessage(GetFlowsResponseCodec, seededRandom(seed));
  for (const time of [response.time, response.flow?.time]) if (time?.seconds !== undefined && time.seconds < 0n) delete time.seconds;
  return response;
}

describe('scanResponse()', () => {
  test('says what the codec says on random responses', () => {
    const scan = new FlowScan();
    for (let seed = 1; seed <= 300; seed++) {
      const response = randomResponse(seed);
      const encoded = GetFlowsResponseCodec.encode(response);
      const bytes = new Uint8Array(encoded.length + 20).fill(255);
      bytes.set(encoded, 10);
      expect(scanResponse(bytes, 10, 10 + encoded.length, scan), `seed ${seed}`).toBe(true);
      expect(scannedOf(bytes, scan), `seed ${seed}`).toEqual(expectedOf(response));
    }
  });

  test('never throws, hangs or reads past its end on broken bytes, and says false where the codec does', () => {
    const random = seededRandom(7);
    const scan = new FlowScan();
    let refused = 0;
    for (let seed = 1; seed <= 300; seed++) {
      const bytes = GetFlowsResponseCodec.encode(randomResponse(seed));
      for (let i = 0; i < 3 && bytes.length > 0; i++) bytes[Math.floor(random() * bytes.length)] = Math.floor(random() * 256);
      const cut = bytes.subarray(0, Math.floor(random() * (bytes.length + 1)));
      if (!scanResponse(cut, 0, cut.length, scan)) refused++;
      for (const [name, value] of Object.entries(scan)) {
        if (refused === 0 && name.endsWith('End')) expect(value).toBeLessThanOrEqual(cut.length);
      }
    }
    expect(refused).toBeGreaterThan(150);
  });

  test.each([
    ['a cut length', [0x0a, 5, 1]], ['a length beyond 32 bits', [0x0a, 255, 255, 255, 255, 255, 255, 255, 255, 255, 1]], ['field 0', [0x00, 1]],
    ['an endless varint', [0x0a, 4, 0x10, 255, 255, 255]], ['a group without end', [0x0b, 0x0b]], ['a wrong group end', [0x0b, 0x14]], ['half a tag', [0x8a]],
  ])('refuses %s', (_what, list) => {
    expect(scanResponse(Uint8Array.from(list), 0, list.length, new FlowScan())).toBe(false);
  });

  test('skips groups and unknown fields', () => {
    // group 100 with a varint and an inner group, then node_name "n"
    const list = [0xa3, 0x06, 0x08, 1, 0x13, 0x14, 0xa4, 0x06, 0xc2, 0x3e, 1, 0x6e];
    const scan = new FlowScan();
    expect(scanResponse(Uint8Array.from(list), 0, list.length, scan)).toBe(true);
    expect([scan.nodeNameStart, scan.nodeNameEnd]).toEqual([11, 12]);
  });
});

describe('peekTime()', () => {
  test('gives the time of the response, or that of the flow', () => {
    const out = { seconds: 0, nanos: 0 };
    for (let seed = 1; seed <= 300; seed++) {
      const response = randomResponse(seed);
      const bytes = GetFlowsResponseCodec.encode(response);
      expect(peekTime(bytes, 0, bytes.length, out)).toBe(true);
      const time = response.time ?? response.flow?.time;
      expect(out, `seed ${seed}`).toEqual({ seconds: Number(time?.seconds ?? 0n), nanos: (time?.nanos ?? 0) >>> 0 });
    }
  });

  test('says no to a cut message', () => {
    const bytes = GetFlowsResponseCodec.encode({ time: { seconds: 5n, nanos: 6 }, node_name: 'a' });
    expect(peekTime(bytes, 0, bytes.length - 1, { seconds: 0, nanos: 0 })).toBe(false);
  });
});
