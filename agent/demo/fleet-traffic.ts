import type { PairShape, PlanEnd, PlanPair, TrafficPlan } from '../sim/traffic-plan.ts';
import type { Fleet } from './fleet.ts';

/** Flows a second the weights below add up to, about: the 12,847 in 30 s of the fleet this one is modelled on, and what the rows at its end add. */
export const usualFlowsPerSecond = 464;

/** Events one connection gives where both ends are watched; halved where one is. */
const flowsPerConnection: Record<PairShape, number> = {
  requests: 17, pool: 30, datagram: 4, ping: 4, denied: 10, spoofed: 1, truncated: 1, refused: 5, reset: 10,
};

const tcp = 6;
const udp = 17;
const icmp = 1;
const visitors = ['203.0.113.24', '203.0.113.71', '198.51.100.9', '198.51.100.130'];
const cardNetwork = ['192.0.2.44', '192.0.2.45'];

interface Row {
  /** App or pod name; `world:`, `cards:`, `nodes:` are outside of pods. */
  from: string;
  to: string;
  shape: PairShape;
  port: number;
  /** Flows a second at the usual rate; 0 with `everySeconds`. */
  flows?: number;
  everySeconds?: number;
  protocol?: number;
  family?: 4 | 6;
  requests?: number;
  requestBytes?: number;
  responseBytes?: number;
  latencyMs?: number;
}

const rows: readonly Row[] = [
  { from: 'checkout-api', to: 'ledger-svc', shape: 'requests', port: 9090, flows: 140, requests: 4, requestBytes: 900, responseBytes: 1_800, latencyMs: 9 },
  { from: 'checkout-api', to: 'fraud-detector', shape: 'requests', port: 8500, flows: 103, requests: 3, requestBytes: 2_400, responseBytes: 600, latencyMs: 18 },
  { from: 'ledger-svc', to: 'postgres-primary', shape: 'requests', port: 5432, flows: 70, requests: 8, requestBytes: 450, responseBytes: 9_000, latencyMs: 3 },
  { from: 'ledger-svc', to: 'postgres-primary', shape: 'pool', port: 5432, flows: 12, requests: 150, requestBytes: 380, responseBytes: 14_000, latencyMs: 4 },
  { from: 'postgres-primary', to: 'postgres-replica', shape: 'pool', port: 5432, flows: 4, requests: 400, requestBytes: 24_000, responseBytes: 90, latencyMs: 1 },
  { from: 'checkout-api', to: 'kube-dns', shape: 'datagram', protocol: udp, port: 53, flows: 14, requestBytes: 42, responseBytes: 130, latencyMs: 0.6 },
  { from: 'notifier', to: 'kube-dns', shape: 'datagram', protocol: udp, port: 53, family: 6, flows: 3, requestBytes: 42, responseBytes: 140, latencyMs: 0.6 },
  { from: 'istio-gateway', to: 'checkout-api', shape: 'requests', port: 8080, flows: 13, requests: 6, requestBytes: 1_200, responseBytes: 4_000, latencyMs: 35 },
  { from: 'world:', to: 'istio-gateway', shape: 'requests', port: 443, flows: 18, requests: 3, requestBytes: 1_400, responseBytes: 22_000, latencyMs: 60 },
  { from: 'checkout-api', to: 'sanctions-svc', shape: 'requests', port: 8600, flows: 3, requests: 2, requestBytes: 500, responseBytes: 400, latencyMs: 40 },
  { from: 'checkout-api', to: 'session-cache', shape: 'pool', port: 6379, flows: 8, requests: 200, requestBytes: 120, responseBytes: 700, latencyMs: 0.4 },
  { from: 'fraud-detector', to: 'session-cache', shape: 'pool', port: 6379, family: 6, flows: 4, requests: 200, requestBytes: 120, responseBytes: 700, latencyMs: 0.4 },
  { from: 'sanctions-svc', to: 'cards:', shape: 'requests', port: 443, flows: 4, requests: 1, requestBytes: 900, responseBytes: 3_000, latencyMs: 90 },
  { from: 'checkout-api', to: 'notifier', shape: 'requests', port: 8700, family: 6, flows: 6, requests: 2, requestBytes: 700, responseBytes: 200, latencyMs: 12 },
  { from: 'prometheus', to: 'checkout-api', shape: 'requests', port: 8080, flows: 4, requests: 1, requestBytes: 260, responseBytes: 48_000, latencyMs: 8 },
  { from: 'prometheus', to: 'ledger-svc', shape: 'requests', port: 9090, flows: 4, requests: 1, requestBytes: 260, responseBytes: 30_000, latencyMs: 8 },
  { from: 'nodes:', to: 'kube-dns', shape: 'requests', port: 8181, flows: 3, requests: 1, requestBytes: 110, responseBytes: 160, latencyMs: 1 },
  { from: 'prometheus', to: 'postgres-primary', shape: 'ping', protocol: icmp, port: 0, flows: 2 },
  { from: 'commentary-fanout', to: 'chat-relay', shape: 'reset', port: 50051, everySeconds: 4, requestBytes: 220, latencyMs: 3 },
  { from: 'commentary-fanout', to: 'chat-relay', shape: 'pool', port: 50051, flows: 2, requests: 300, requestBytes: 260, responseBytes: 120, latencyMs: 2 },
  { from: 'rewards-cron-job', to: 'ledger-svc', shape: 'denied', port: 9090, flows: 6 },
  { from: 'report-builder', to: 'postgres-primary', shape: 'denied', port: 5432, flows: 3 },
  { from: 'report-builder', to: 'notifier', shape: 'refused', port: 8701, everySeconds: 3 },
  { from: 'session-cache', to: 'ledger-svc', shape: 'spoofed', port: 9090, flows: 0.6 },
  { from: 'fraud-detector', to: 'cards:', shape: 'truncated', protocol: udp, port: 4500, flows: 0.3 },
  { from: 'istio-gateway', to: 'refund-svc', shape: 'requests', port: 8080, flows: 8, requests: 4, requestBytes: 620, responseBytes: 260, latencyMs: 9 },
  { from: 'refund-svc', to: 'postgres-primary', shape: 'requests', port: 5432, flows: 4, requests: 3, requestBytes: 300, responseBytes: 1_100, latencyMs: 3 },
  { from: 'checkout-api', to: 'cardholder', shape: 'requests', port: 8443, flows: 3, requests: 1, requestBytes: 500, responseBytes: 800, latencyMs: 12 },
  { from: 'cardholder', to: 'postgres-primary', shape: 'requests', port: 5432, flows: 2, requests: 1, requestBytes: 700, responseBytes: 1_900, latencyMs: 3 },
  { from: 'nodes:', to: 'checkout-api', shape: 'requests', port: 8080, flows: 2, requests: 1, requestBytes: 110, responseBytes: 90, latencyMs: 1 },
  { from: 'world:', to: 'ingest-collector', shape: 'requests', port: 8090, flows: 4, requests: 2, requestBytes: 9_000, responseBytes: 300, latencyMs: 20 },
  { from: 'ingest-collector', to: 'kafka-broker-1', shape: 'pool', port: 9092, flows: 2, requests: 200, requestBytes: 14_000, responseBytes: 60, latencyMs: 2 },
  { from: 'ingest-collector', to: 'kafka-broker-2', shape: 'pool', port: 9092, flows: 2, requests: 200, requestBytes: 14_000, responseBytes: 60, latencyMs: 2 },
  { from: 'ingest-collector', to: 'kafka-broker-3', shape: 'pool', port: 9092, flows: 2, requests: 200, requestBytes: 14_000, responseBytes: 60, latencyMs: 2 },
  { from: 'ingest-collector', to: 'kube-dns', shape: 'datagram', protocol: udp, port: 53, flows: 2, requestBytes: 42, responseBytes: 130, latencyMs: 0.6 },
  { from: 'sanctions-svc', to: 'kube-dns', shape: 'datagram', protocol: udp, port: 53, flows: 1, requestBytes: 42, responseBytes: 130, latencyMs: 0.6 },
  { from: 'resizer', to: 'kube-dns', shape: 'datagram', protocol: udp, port: 53, flows: 4, requestBytes: 44, responseBytes: 120, latencyMs: 0.6 },
];

/** The shop's traffic at `flowsPerSecond` for the whole cluster. */
export function buildTrafficPlan(fleet: Fleet, flowsPerSecond: number): TrafficPlan {
  const ends: PlanEnd[] = [];
  const scale = flowsPerSecond / usualFlowsPerSecond;
  const pairs = rows.map((row) => planPair(row, scale, {
    clients: addEnds(ends, findEnds(fleet, row.from, row.family ?? 4)),
    servers: addEnds(ends, findEnds(fleet, row.to, row.family ?? 4)),
  }));
  return { ends, pairs };
}

function planPair(row: Row, scale: number, ends: { clients: number[]; servers: number[] }): PlanPair {
  const isOneSided = [row.from, row.to].some((name) => name.endsWith(':'));
  const perConnection = flowsPerConnection[row.shape] / (isOneSided && row.shape === 'requests' ? 2 : 1);
  return {
    ...ends,
    shape: row.shape,
    protocol: row.protocol ?? tcp,
    port: row.port,
    isPeriodic: row.everySeconds !== undefined,
    connectionsPerSecond: row.everySeconds === undefined ? ((row.flows ?? 0) * scale) / perConnection : 1 / row.everySeconds,
    requestsPerConnection: row.requests ?? 1,
    requestBytes: row.requestBytes ?? 200,
    responseBytes: row.responseBytes ?? 200,
    latencyNs: (row.latencyMs ?? 2) * 1e6,
  };
}

function findEnds(fleet: Fleet, name: string, family: 4 | 6): PlanEnd[] {
  const outside = (ip: string): PlanEnd => ({ ip, node: '', device: '' });
  if (name === 'world:') return visitors.map(outside);
  if (name === 'cards:') return cardNetwork.map(outside);
  if (name === 'nodes:') return fleet.nodes.map((node) => ({ ip: node.ip, node: node.name, device: '' }));
  return fleet.pods.filter((pod) => pod.app === name).map((pod) => ({ ip: family === 4 ? pod.ipv4 : pod.ipv6, node: pod.node, device: pod.device }));
}

function addEnds(ends: PlanEnd[], wanted: readonly PlanEnd[]): number[] {
  return wanted.map((end) => {
    const known = ends.findIndex((candidate) => candidate.ip === end.ip);
    return known >= 0 ? known : ends.push(end) - 1;
  });
}
