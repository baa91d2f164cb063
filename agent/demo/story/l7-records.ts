import { L7FlowType } from '../../../src/wire/gen/flow.ts';
import { countTraffic } from './conversations.ts';
import { l7Flow, type Link, nodeOf, type Sight } from './flow-shapes.ts';
import type { Scene } from './scene.ts';

/** A request and its response as an HTTP parser at the server's device tells them; gRPC is HTTP/2. */
export interface HttpCall {
  atMs: number;
  latencyMs: number;
  protocol: 'HTTP/1.1' | 'HTTP/2';
  method: string;
  url: string;
  code: number;
  requestBytes: number;
  responseBytes: number;
}

/** A question to a resolver and, if there is one, its answer, as a DNS parser at the client's device tells them. */
export interface DnsLookup {
  atMs: number;
  /** Undefined: nobody answers. */
  latencyMs: number | undefined;
  /** With its final dot. */
  name: string;
  type: 'A' | 'AAAA';
  /** Empty with an rcode other than 0. */
  ips: readonly string[];
  rcode: number;
  /** Lookups it stands for. */
  weight?: number;
}

const noSuchName = 3;
const rcodeTexts: Readonly<Record<number, string>> = { 2: 'Server Failure', [noSuchName]: 'Non-Existent Domain', 5: 'Query Refused' };

/** Tells a call and counts its bytes. */
export function tellHttp(scene: Scene, link: Link, call: HttpCall): void {
  const { atMs, latencyMs, protocol, method, url, code, requestBytes, responseBytes } = call;
  countTraffic(scene, link, { sent: requestBytes, received: responseBytes });
  tellRecord(scene, link, 'server', { atMs, isReply: false, summary: `${protocol} ${method} ${url}`, l7: { type: L7FlowType.REQUEST, http: { method, url, protocol } } });
  tellRecord(scene, link, 'server', {
    atMs: atMs + latencyMs, isReply: true, summary: `${protocol} ${code} ${Math.floor(latencyMs)}ms (${method} ${url})`,
    l7: { type: L7FlowType.RESPONSE, latency_ns: latencyNs(latencyMs), http: { code, method, url, protocol } },
  });
}

/** Tells a lookup and counts its bytes. */
export function tellLookup(scene: Scene, link: Link, lookup: DnsLookup): void {
  const { atMs, latencyMs, name, type, ips, rcode, weight = 1 } = lookup;
  countTraffic(scene, link, { sent: weight * (34 + name.length), received: latencyMs === undefined ? 0 : weight * (50 + name.length), connections: weight });
  tellRecord(scene, link, 'client', { atMs, isReply: false, weight, summary: `DNS Query ${name} ${type}`, l7: { type: L7FlowType.REQUEST, dns: { query: name, observation_source: 'proxy', qtypes: [type] } } });
  if (latencyMs === undefined) return;
  const isOk = rcode === 0;
  const ttl = isOk ? 30 : 0;
  const said = isOk ? `"${ips.join(',')}"` : `RCode: ${rcodeTexts[rcode] ?? 'Unknown'}`;
  tellRecord(scene, link, 'client', {
    atMs: atMs + latencyMs, isReply: true, weight, summary: `DNS Answer ${said} TTL: ${ttl} (Proxy ${name} ${type})`,
    l7: {
      type: L7FlowType.RESPONSE, latency_ns: latencyNs(latencyMs),
      dns: { query: name, ips: [...ips], ttl, observation_source: 'proxy', rcode, qtypes: [type], ...(isOk ? { rrtypes: [type] } : {}) },
    },
  });
}

/** Tells a message that a producer gave to a broker. */
export function tellProduce(scene: Scene, link: Link, message: { atMs: number; latencyMs: number; topic: string; number: number; bytes: number }): void {
  const { atMs, latencyMs, topic, number, bytes } = message;
  countTraffic(scene, link, { sent: bytes, received: 60 });
  const kafka = { api_version: 7, api_key: 'produce', correlation_id: number, topic };
  tellRecord(scene, link, 'server', { atMs, isReply: false, summary: `Kafka request produce correlation id ${number} topic '${topic}'`, l7: { type: L7FlowType.REQUEST, kafka } });
  tellRecord(scene, link, 'server', {
    atMs: atMs + latencyMs, isReply: true, summary: `Kafka response 0 produce correlation id ${number} topic '${topic}'`,
    l7: { type: L7FlowType.RESPONSE, latency_ns: latencyNs(latencyMs), kafka },
  });
}

type L7Record = Parameters<typeof l7Flow>[2] & { atMs: number; weight?: number };

function tellRecord(scene: Scene, link: Link, side: Sight['side'], record: L7Record): void {
  scene.tell({ node: nodeOf(link, side), atMs: record.atMs, kind: 'l7', weight: record.weight ?? 1, flow: l7Flow(link, side, record) });
}

function latencyNs(ms: number): bigint {
  return BigInt(Math.round(ms * 100)) * 10_000n;
}
