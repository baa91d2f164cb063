import { random } from './fake-cluster.ts';
import { dnsRecords, fakeLatency, httpRecords, kafkaRecords, type FakeDns, type FakeHttp } from './fake-l7.ts';

/** One kind of request of the fake cluster. */
interface FakeRoute {
  from: string;
  to: string;
  port: number;
  method: string;
  path: string;
  perSecond: number;
  middleMs: number;
  /** Share of answers with this status. */
  others?: readonly (readonly [code: number, share: number])[];
  protocol?: string;
}

const ROUTES: readonly FakeRoute[] = [
  { from: 'ingress/istio-gateway', to: 'payments/checkout-api', port: 8080, method: 'POST', path: '/v1/payments/charge', perSecond: 9, middleMs: 18, others: [[503, 0.02], [402, 0.03]] },
  { from: 'ingress/istio-gateway', to: 'payments/checkout-api', port: 8080, method: 'GET', path: '/v1/payments/{id}/status?verbose=1', perSecond: 14, middleMs: 6 },
  { from: 'ingress/istio-gateway', to: 'payments/checkout-api', port: 8080, method: 'POST', path: '/v1/payments/refund', perSecond: 1.5, middleMs: 25, others: [[504, 0.05]] },
  { from: 'payments/fraud-detector', to: 'payments/sanctions-svc', port: 443, method: 'GET', path: '/v1/sanctions/check', perSecond: 4, middleMs: 41, others: [[404, 0.01]] },
  { from: 'payments/checkout-api', to: 'payments/ledger-svc', port: 9090, method: 'POST', path: '/ledger.v1.Ledger/Append', perSecond: 6, middleMs: 4, protocol: 'HTTP/2' },
  { from: 'monitoring/prometheus', to: 'payments/checkout-api', port: 9102, method: 'GET', path: '/healthz', perSecond: 1, middleMs: 0.6 },
];

const PODS = ['7d4b-m2qf', '7d4b-p8cv', '7d4b-t6zw', '7d4b-x9hk'];
const SEARCH = ['payments.svc.cluster.local.', 'svc.cluster.local.', 'cluster.local.', ''];
const RESOLVERS = ['565d847f94-8qkzt', '565d847f94-hx2vp'];

/** Frames of the requests and lookups of one second that ends at `timeMs`; `second` counts up and seeds it. */
export function requestsOfSecond(second: number, timeMs: number): Uint8Array[] {
  const next = scattered(second);
  const at = (): number => timeMs - 900 + next() * 400;
  const frames: { timeMs: number; frame: Uint8Array }[] = [];
  const tell = (startMs: number, records: readonly Uint8Array[]): void => void frames.push(...records.map((frame, i) => ({ timeMs: startMs + i, frame })));
  for (const route of ROUTES) for (let i = arrivals(route.perSecond, next); i > 0; i--) {
    const startMs = at();
    tell(startMs, httpRecords(callOf(route, startMs, next)));
  }
  for (let i = arrivals(1.2, next); i > 0; i--) tell(at(), kafkaRecords({ from: 'ingest/ingest-collector', to: 'data/kafka-broker-1', timeMs: at(), latencyMs: fakeLatency(next, 3), apiKey: 'produce', topic: 'match-events' }));
  for (const [i, lookup] of lookupsOf(second, next).entries()) tell(at() + i, dnsRecords({ timeMs: at(), pod: RESOLVERS[Math.floor(next() * 2)] ?? '', clientPort: 40_000 + Math.floor(next() * 9_999), latencyMs: fakeLatency(next, 0.6), ...lookup }));
  return frames.sort((one, other) => one.timeMs - other.timeMs).map(({ frame }) => frame);
}

// seeds that follow each other give numbers that follow each other: one second would be like the next
function scattered(second: number): () => number {
  const next = random(Math.imul(second + 77_000, 0x9e3779b1));
  for (let i = 0; i < 5; i++) next();
  return next;
}

function arrivals(perSecond: number, next: () => number): number {
  return Math.floor(perSecond + next());
}

function callOf(route: FakeRoute, timeMs: number, next: () => number): FakeHttp {
  const { from, to, port, method, path, middleMs, others = [], protocol = 'HTTP/1.1' } = route;
  let left = next();
  const code = others.find(([, share]) => (left -= share) < 0)?.[0] ?? 200;
  const url = `${protocol === 'HTTP/2' ? '' : `http://${to.split('/')[1] ?? ''}`}${path.replace('{id}', () => String(100_000 + Math.floor(next() * 900_000)))}`;
  return { from, to, port, timeMs, method, url, code, protocol, latencyMs: code === 504 ? 480 : fakeLatency(next, middleMs), pod: PODS[Math.floor(next() * PODS.length)] ?? '' };
}

type Lookup = Omit<FakeDns, 'timeMs'>;

function lookupsOf(second: number, next: () => number): Lookup[] {
  const from = 'payments/checkout-api';
  const to = 'kube-system/kube-dns';
  const list: Lookup[] = Array.from({ length: 5 }, () => ({ from, to, query: 'ledger-svc.payments.svc.cluster.local.' }));
  // an external name: three tries along the search path, then the name itself
  list.push(...SEARCH.map((suffix) => ({ from: 'payments/sanctions-svc', to, query: `api.acquirer.example.${suffix}`, rcode: suffix === '' ? 0 : 3 })));
  if (second % 9 === 0) list.push({ from: 'batch/etl', to, query: 'metrics.batch.svc.cluster.local.', rcode: 3 });
  if (second % 21 === 4) list.push({ from, to, query: 'payments-db.prod.internal.', rcode: 2 });
  if (second % 31 === 7) list.push({ from, to, query: 'api.stripe.example.', records: 'request' });
  return next() < 0.5 ? list : [...list, { from, to, query: 'fraud-detector.payments.svc.cluster.local.', type: 'AAAA' }];
}
