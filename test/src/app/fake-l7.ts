import type { Flow, Layer7 } from '../../../src/wire/gen/flow.ts';
import { endpoint, flowOf, framed, type FakeTalk } from './fake-cluster.ts';

const [REQUEST, RESPONSE] = [1, 2];
const L7 = 129;

/** A request and its answer, as parsers tell of them. */
export interface FakeCall {
  from: string;
  to: string;
  port?: number;
  timeMs: number;
  /** Of the two records; default both. */
  records?: 'request' | 'answer';
  /** Which side's parser; default the server's. */
  seenBy?: 'client' | 'server';
  latencyMs?: number;
  /** Suffix of the server's and the client's pod. */
  pod?: string;
  clientPod?: string;
  clientPort?: number;
  serverIp?: string;
  clientIp?: string;
  /** Requests the records stand for. */
  count?: number;
  verdict?: number;
}

export type FakeHttp = FakeCall & { method?: string; url?: string; code?: number; protocol?: string; headers?: { key: string; value: string }[] };
export type FakeDns = FakeCall & { query: string; type?: string; rcode?: number; ips?: string[] };
export type FakeKafka = FakeCall & { apiKey: string; topic: string; error?: number };

/** HTTP or gRPC. */
export function httpRecords(call: FakeHttp): Uint8Array[] {
  const { method = 'GET', url = 'http://api/', code = 200, protocol = 'HTTP/1.1', headers = [] } = call;
  return records(call, { http: { method, url, protocol, headers } }, { http: { code, method, url, protocol, headers } });
}

/** A lookup; without `records` it is answered. */
export function dnsRecords(lookup: FakeDns): Uint8Array[] {
  const { query, type = 'A', rcode = 0, ips = rcode === 0 ? ['10.0.0.1'] : [] } = lookup;
  const asked = { query, qtypes: [type], observation_source: 'proxy' };
  return records({ seenBy: 'client', port: 53, ...lookup }, { dns: asked }, { dns: { ...asked, rcode, ips } });
}

export function kafkaRecords(call: FakeKafka): Uint8Array[] {
  const { apiKey, topic, error = 0 } = call;
  return records({ port: 9092, ...call }, { kafka: { api_key: apiKey, topic, correlation_id: 7 } }, { kafka: { api_key: apiKey, topic, correlation_id: 7, error_code: error } });
}

function records(call: FakeCall, asked: Layer7, answered: Layer7): Uint8Array[] {
  const { timeMs, latencyMs = 5, records: wanted } = call;
  const list: Uint8Array[] = [];
  if (wanted !== 'answer') list.push(framed(record(call, { ...asked, type: REQUEST }, timeMs)));
  if (wanted !== 'request') list.push(framed(record(call, { ...answered, type: RESPONSE, latency_ns: BigInt(Math.round(latencyMs * 1e6)) }, timeMs + latencyMs)));
  return list;
}

function record(call: FakeCall, l7: Layer7, timeMs: number): Flow {
  const { from, to, port = 8080, seenBy = 'server', count = 1, clientPort = 41_822, clientIp = '10.0.1.7', serverIp = '10.0.2.9' } = call;
  const isAnswer = l7.type === RESPONSE;
  const talk: FakeTalk = { from, to, port, protocol: l7.dns === undefined ? 6 : 17, perSecond: 1, bytes: 0 };
  const flow = flowOf(talk, timeMs, { node: seenBy === 'server' ? 'node-02' : 'node-01', sourcePort: clientPort });
  const [client, server] = [endpoint(from, call.clientPod), endpoint(to, call.pod ?? '5c8d-l0pqz')];
  const [sourcePort, destinationPort] = isAnswer ? [port, clientPort] : [clientPort, port];
  const ports = { source_port: sourcePort, destination_port: destinationPort };
  return {
    ...flow, verdict: call.verdict ?? 1, Type: 2, l7, event_type: { type: L7 }, is_reply: { value: isAnswer }, traffic_direction: seenBy === 'server' ? 1 : 2,
    source: isAnswer ? server : client, destination: isAnswer ? client : server, Summary: '',
    IP: { source: isAnswer ? serverIp : clientIp, destination: isAnswer ? clientIp : serverIp, ipVersion: 1 },
    l4: l7.dns === undefined ? { TCP: ports } : { UDP: ports },
    ...(count > 1 ? { aggregate: { ingress_flow_count: count } } : {}),
  };
}

/** A latency around a middle, with a tail, in ms; never negative. */
export function fakeLatency(next: () => number, middleMs: number, tail = 0.5): number {
  // the sum of four is nearly normal
  const normal = (next() + next() + next() + next() - 2) * 1.73;
  return middleMs * Math.exp(tail * normal);
}

