/** Calls over kept connections, seen as HTTP or gRPC. */
export interface RouteRow {
  kind: 'route';
  from: string;
  to: string;
  port: number;
  perSecond: number;
  protocol: 'HTTP/1.1' | 'HTTP/2';
  method: string;
  /** `{id}` becomes an id of its own in each call. */
  path: string;
  requestBytes: number;
  responseBytes: number;
  /** Half of the calls are faster. */
  middleMs: number;
  /** One in a hundred is slower. */
  tailMs: number;
  /** Where somebody gives up. */
  ceilingMs?: number;
  /** Shares of answers other than 200. */
  others?: readonly (readonly [code: number, share: number])[];
}

/** Names that are looked up. */
export interface LookupRow {
  kind: 'lookup';
  from: string;
  perSecond: number;
  name: string;
  type: 'A' | 'AAAA';
  ip: string;
  /** A name without a final dot: the resolver tries the search path first, which gives NXDOMAIN each time. */
  isSearched?: boolean;
}

/** Messages to a broker over a kept connection. */
export interface ProduceRow {
  kind: 'produce';
  from: string;
  to: string;
  perSecond: number;
  topic: string;
}

/** New connections. */
export interface ConnectRow {
  kind: 'connect';
  from: string;
  to: string;
  port: number;
  protocol: 'TCP' | 'UDP';
  perSecond: number;
  sent: number;
  received: number;
  lifeMs: number;
}

/** Kept connections whose volume is told now and then. */
export interface PoolRow {
  kind: 'pool';
  from: string;
  to: string;
  port: number;
  perSecond: number;
  /** Payload a second. */
  sent: number;
  received: number;
}

/** One line of the healthy traffic. `from` and `to` are apps; `world`, `cards` and `hosts` are outside of pods. */
export type HealthyRow = RouteRow | LookupRow | ProduceRow | ConnectRow | PoolRow;

const http = { kind: 'route', protocol: 'HTTP/1.1' } as const;
const grpc = { kind: 'route', protocol: 'HTTP/2', method: 'POST' } as const;
const tcp = { kind: 'connect', protocol: 'TCP' } as const;
const acquirer = '192.0.2.44';

/** What a payments and streaming cluster does all day. Around 15 flows a second. */
export const healthyRows: readonly HealthyRow[] = [
  { ...http, from: 'istio-gateway', to: 'checkout-api', port: 8080, method: 'POST', path: '/v1/payments/charge', perSecond: 0.78, requestBytes: 910, responseBytes: 420, middleMs: 38, tailMs: 120, others: [[402, 0.02], [503, 0.001]] },
  { ...http, from: 'istio-gateway', to: 'checkout-api', port: 8080, method: 'GET', path: '/v1/payments/{id}/status', perSecond: 0.585, requestBytes: 340, responseBytes: 510, middleMs: 8, tailMs: 30, others: [[404, 0.005]] },
  { ...http, from: 'istio-gateway', to: 'refund-svc', port: 8080, method: 'POST', path: '/v1/payments/refund', perSecond: 0.52, requestBytes: 620, responseBytes: 260, middleMs: 9, tailMs: 25, others: [[409, 0.01]] },
  { ...http, from: 'checkout-api', to: 'sanctions-svc', port: 8600, method: 'GET', path: '/v1/sanctions/check', perSecond: 0.39, requestBytes: 300, responseBytes: 180, middleMs: 41, tailMs: 96 },
  { ...http, from: 'hosts', to: 'checkout-api', port: 8080, method: 'GET', path: '/healthz', perSecond: 0.13, requestBytes: 110, responseBytes: 90, middleMs: 1, tailMs: 4 },
  { ...http, from: 'hosts', to: 'refund-svc', port: 8080, method: 'GET', path: '/healthz', perSecond: 0.065, requestBytes: 110, responseBytes: 90, middleMs: 1, tailMs: 4 },
  { ...grpc, from: 'checkout-api', to: 'ledger-svc', port: 9090, path: '/ledger.v1.Ledger/Append', perSecond: 0.52, requestBytes: 480, responseBytes: 140, middleMs: 6, tailMs: 22 },
  { ...grpc, from: 'commentary-fanout', to: 'chat-relay', port: 50051, path: '/chat.v1.Relay/Publish', perSecond: 0.455, requestBytes: 260, responseBytes: 40, middleMs: 3, tailMs: 12 },
  { kind: 'produce', from: 'ingest-collector', to: 'kafka-broker-1', perSecond: 0.163, topic: 'match-events' },
  { kind: 'produce', from: 'ingest-collector', to: 'kafka-broker-2', perSecond: 0.163, topic: 'match-events' },
  { kind: 'produce', from: 'ingest-collector', to: 'kafka-broker-3', perSecond: 0.163, topic: 'match-events' },
  { kind: 'lookup', from: 'checkout-api', name: 'ledger-svc.payments.svc.cluster.local.', type: 'A', ip: '10.96.1.11', perSecond: 0.195 },
  { kind: 'lookup', from: 'notifier', name: 'smtp.example.net.', type: 'AAAA', ip: '2001:db8::25', perSecond: 0.13 },
  { kind: 'lookup', from: 'ingest-collector', name: 'kafka-broker-1.ingest.svc.cluster.local.', type: 'A', ip: '10.96.1.28', perSecond: 0.098 },
  { kind: 'lookup', from: 'sanctions-svc', name: 'api.acquirer.example.com', type: 'A', ip: acquirer, perSecond: 0.026, isSearched: true },
  { ...tcp, from: 'world', to: 'istio-gateway', port: 443, perSecond: 0.325, sent: 1_400, received: 6_200, lifeMs: 340 },
  { ...tcp, from: 'world', to: 'ingest-collector', port: 8090, perSecond: 0.13, sent: 9_000, received: 300, lifeMs: 220 },
  { ...tcp, from: 'ledger-svc', to: 'postgres-primary', port: 5432, perSecond: 0.13, sent: 1_800, received: 14_000, lifeMs: 60 },
  { ...tcp, from: 'refund-svc', to: 'postgres-primary', port: 5432, perSecond: 0.098, sent: 900, received: 3_100, lifeMs: 45 },
  { ...tcp, from: 'cardholder', to: 'postgres-primary', port: 5432, perSecond: 0.039, sent: 700, received: 1_900, lifeMs: 30 },
  { ...tcp, from: 'checkout-api', to: 'cardholder', port: 8443, perSecond: 0.065, sent: 500, received: 800, lifeMs: 25 },
  { ...tcp, from: 'checkout-api', to: 'fraud-detector', port: 8500, perSecond: 0.078, sent: 2_400, received: 600, lifeMs: 50 },
  { ...tcp, from: 'sanctions-svc', to: 'cards', port: 443, perSecond: 0.065, sent: 1_100, received: 3_300, lifeMs: 180 },
  { ...tcp, from: 'commentary-fanout', to: 'chat-relay', port: 50051, perSecond: 0.065, sent: 400, received: 200, lifeMs: 900 },
  { ...tcp, from: 'prometheus', to: 'checkout-api', port: 8080, perSecond: 0.046, sent: 260, received: 48_000, lifeMs: 20 },
  { kind: 'connect', protocol: 'UDP', from: 'resizer', to: 'kube-dns', port: 53, perSecond: 0.195, sent: 44, received: 120, lifeMs: 1 },
  { kind: 'pool', from: 'checkout-api', to: 'session-cache', port: 6379, perSecond: 0.065, sent: 2_600, received: 15_000 },
  { kind: 'pool', from: 'postgres-primary', to: 'postgres-replica', port: 5432, perSecond: 0.065, sent: 41_000, received: 900 },
];
