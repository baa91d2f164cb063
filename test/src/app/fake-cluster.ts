import type { ClientMessage } from '../../../src/client/client-message.ts';
import type { DashboardSource } from '../../../src/app/session.ts';
import type { Endpoint, Flow } from '../../../src/wire/gen/flow.ts';
import { FlowExtensionCodec, type Report, type NodeReport } from '../../../src/wire/gen/hubtop.ts';
import { GetFlowsResponseCodec } from '../../../src/wire/gen/observer.ts';
import { timestampOf } from '../../../src/model/time.ts';

/** A small payments cluster in figures: what the model and the views are shown in tests. Deterministic by seed. */
export interface FakeTalk {
  from: string;
  to: string;
  port: number;
  protocol: 6 | 17;
  perSecond: number;
  bytes: number;
  /** Reason number or a kernel's name: the talk is dropped. */
  drop?: number | string;
  resetEveryS?: number;
}

export const TALKS: readonly FakeTalk[] = [
  { from: 'ingress/istio-gateway', to: 'payments/checkout-api', port: 8080, protocol: 6, perSecond: 61, bytes: 412_000 },
  { from: 'payments/checkout-api', to: 'payments/ledger-svc', port: 9090, protocol: 6, perSecond: 44, bytes: 233_000 },
  { from: 'payments/ledger-svc', to: 'payments/postgres-primary', port: 5432, protocol: 6, perSecond: 38, bytes: 871_000 },
  { from: 'payments/checkout-api', to: 'kube-system/kube-dns', port: 53, protocol: 17, perSecond: 72, bytes: 9_400 },
  { from: 'payments/checkout-api', to: 'payments/fraud-detector', port: 7000, protocol: 6, perSecond: 22, bytes: 51_000 },
  { from: 'payments/fraud-detector', to: 'payments/sanctions-svc', port: 443, protocol: 6, perSecond: 9, bytes: 18_300 },
  { from: 'monitoring/prometheus', to: 'payments/checkout-api', port: 9102, protocol: 6, perSecond: 4, bytes: 64_000 },
  { from: 'default/commentary-fanout', to: 'default/chat-relay', port: 9092, protocol: 6, perSecond: 3, bytes: 2_100, resetEveryS: 4 },
  { from: 'payments/rewards-cron-job-1', to: 'payments/ledger-svc', port: 9090, protocol: 6, perSecond: 7, bytes: 0, drop: 133 },
  { from: 'shop/refused-job', to: 'payments/payments', port: 9999, protocol: 6, perSecond: 1, bytes: 0, drop: 'NO_SOCKET' },
];

export const NODES = Array.from({ length: 12 }, (_, i) => `node-${String(i + 1).padStart(2, '0')}`);

export function endpoint(name: string, suffix = '7d4b-x9hk'): Endpoint {
  const [namespace = '', workload = ''] = name.split('/');
  return {
    ID: 7, identity: 20_000 + workload.length, namespace, pod_name: suffix === '' ? '' : `${workload}-${suffix}`,
    labels: [`k8s:app=${workload}`, `k8s:io.kubernetes.pod.namespace=${namespace}`], workloads: [{ kind: 'Deployment', name: workload }],
  };
}

/** A seeded step between 0 and 1. */
export function random(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

/** One framed GetFlowsResponse. */
export function framed(flow: Flow): Uint8Array {
  const message = GetFlowsResponseCodec.encode({ flow, node_name: flow.node_name ?? '', time: flow.time });
  const out = new Uint8Array(message.length + 5);
  new DataView(out.buffer).setUint32(1, message.length);
  out.set(message, 5);
  return out;
}

export function joined(parts: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(parts));
}

const EXTENSION = FlowExtensionCodec.encode({ skbs: 3, bytes: 1_240, why: 'interval' });

/** A flow of a talk at a time. */
export function flowOf(talk: FakeTalk, timeMs: number, more: { node?: string; isReset?: boolean; sourcePort?: number; isReply?: boolean; isAtServer?: boolean } = {}): Flow {
  const isDropped = talk.drop !== undefined;
  const flags = more.isReset === true ? { RST: true, ACK: true } : { SYN: true };
  const flow: Flow = {
    time: timestampOf(timeMs), uuid: `0000-${Math.round(timeMs)}`, verdict: isDropped ? 2 : 1, node_name: more.node ?? 'node-01', Type: 1,
    IP: { source: '10.0.1.7', destination: '10.0.2.9', ipVersion: 1 },
    l4: talk.protocol === 6 ? { TCP: { source_port: more.sourcePort ?? 41_822, destination_port: talk.port, flags } } : { UDP: { source_port: more.sourcePort ?? 41_822, destination_port: talk.port } },
    source: endpoint(talk.from), destination: endpoint(talk.to, '5c8d-l0pqz'), traffic_direction: 2,
    event_type: isDropped ? { type: 1, sub_type: talk.drop === 133 ? 133 : 255 } : { type: 4, sub_type: 3 },
    Summary: talk.protocol === 6 ? `TCP Flags: ${more.isReset === true ? 'ACK, RST' : 'SYN'}` : 'UDP',
    extensions: { type_url: 'type.googleapis.com/hubtop.v1.FlowExtension', value: EXTENSION },
  };
  if (typeof talk.drop === 'number') Object.assign(flow, { drop_reason: talk.drop, drop_reason_desc: talk.drop });
  if (typeof talk.drop === 'string') flow.Summary = `kernel: ${talk.drop}`;
  if (!isDropped) flow.is_reply = { value: more.isReply === true };
  if (more.isAtServer === true) flow.traffic_direction = 1;
  return more.isReply === true ? turned(flow) : flow;
}

// the packet that goes the other way
function turned(flow: Flow): Flow {
  const { source, destination, IP, l4 } = flow;
  const transport = l4?.TCP ?? l4?.UDP;
  if (transport !== undefined) [transport.source_port, transport.destination_port] = [transport.destination_port, transport.source_port];
  return { ...flow, source: destination, destination: source, IP: { ...IP, source: IP?.destination, destination: IP?.source } };
}

/** The report of one second that ends at `timeMs`; `second` counts up from the start. */
export function reportOf(second: number, timeMs: number, options: { lostPerSecond?: number; down?: string; talks?: readonly FakeTalk[] } = {}): Report {
  const talks = options.talks ?? TALKS;
  const next = random(second);
  const jitter = (value: number): number => Math.max(0, Math.round(value * (0.8 + 0.4 * next()) * (1 + 0.25 * Math.sin(second / 9))));
  const drops = [];
  const pairs = [];
  let dropped = 0;
  let forwarded = 0;
  for (const talk of talks) {
    const flows = jitter(talk.perSecond) || (next() < 0.5 ? 1 : 0);
    const side = { skbs: flows * 6, segments: flows * 7, bytes: jitter(talk.bytes), reply_skbs: flows * 4, reply_segments: flows * 4, reply_bytes: jitter(talk.bytes / 3), connections: Math.ceil(flows / 3), resets: talk.resetEveryS !== undefined && second % talk.resetEveryS === 0 ? 1 : 0, flows };
    if (talk.drop !== undefined) {
      dropped += flows;
      drops.push({ ...(typeof talk.drop === 'number' ? { reason: talk.drop } : { kernel_reason: talk.drop }), source: endpoint(talk.from, ''), destination: endpoint(talk.to, ''), port: talk.port, protocol: talk.protocol, skbs: flows, bytes: flows * 74 });
    } else {
      forwarded += flows;
      pairs.push({ source: endpoint(talk.from, ''), destination: endpoint(talk.to, ''), port: talk.port, protocol: talk.protocol, verdict: 1, egress: side, ingress: side });
    }
  }
  return { time: timestampOf(timeMs), interval_ns: 1e9, verdicts: [{ verdict: 1, flows: forwarded }, { verdict: 2, flows: dropped }], drops, pairs, nodes: NODES.map((name, i) => nodeReport(name, i, { second, timeMs, ...options })) };
}

function nodeReport(name: string, i: number, now: { second: number; timeMs: number; lostPerSecond?: number; down?: string }): NodeReport {
  if (now.down === name) return { name, state: 'NODE_UNAVAILABLE', message: 'connection refused' };
  const happened = (now.second + 1) * 36;
  const lost = i === 4 ? (now.second + 1) * (now.lostPerSecond ?? 0) : 0;
  return {
    name, time: timestampOf(now.timeMs), version: '0.1.0', uptime_ns: now.second * 1e9, flows: 30 + i, attached_pods: 4, total_pods: 4, cpu_ns: 12e6, rss_bytes: 91e6,
    events: [{ kind: 'trace', happened, reported: happened - lost, folded: 0, losses: lost > 0 ? [{ stage: 'kernel-ring', cause: 'full', count: lost }] : [] }],
    rings: [{ lane: 'urgent', size_bytes: 1 << 20, used_bytes: 0, peak_bytes: 40_000 + i * 1000 }],
    maps: [
      { name: 'ht_conntrack', type: 'lru_hash', entries_known: true, entries: 2_000 + i * 900 + now.second * 3, max_entries: 65_536, evicted: 0, own: true },
      { name: 'ht_pairs', type: 'percpu_hash', entries_known: true, entries: 61, max_entries: 16_384, own: true },
    ],
    kernel_conntrack: [{ namespace: 'host', entries: 1_400 + i, max_entries: 262_144 }],
    history: { capacity: 4095, length: 4095, oldest: timestampOf(now.timeMs - 110_000) },
  };
}

/** A source that talks once a second in real time: to look at the dashboard without a cluster. */
export class FakeCluster implements DashboardSource {
  readonly server = 'fake:4245';
  private timer: NodeJS.Timeout | undefined;
  private second = 0;
  private sendsAll = false;

  subscribe(listener: (message: ClientMessage) => void): () => void {
    listener({ type: 'connection', state: 'connecting' });
    listener({ type: 'connection', state: 'live' });
    listener({ type: 'flows-state', isOpen: true });
    const flows = setInterval(() => listener({ type: 'flows', bytes: this.flows(Date.now()) }), 100);
    this.timer = setInterval(() => listener({ type: 'telemetry', report: reportOf(this.second++, Date.now()) }), 1000);
    return () => {
      clearInterval(flows);
      clearInterval(this.timer);
    };
  }

  setFlowsRequest(request: Parameters<DashboardSource['setFlowsRequest']>[0]): void {
    this.sendsAll = request !== null && (request.whitelist ?? []).length !== 3;
  }

  close(): void {
    clearInterval(this.timer);
  }

  private flows(nowMs: number): Uint8Array {
    const next = random(nowMs);
    const picked = TALKS.filter((talk) => (this.sendsAll ? next() < talk.perSecond / 40 : talk.drop !== undefined && next() < talk.perSecond / 10));
    const parts = picked.map((talk, i) => framed(flowOf(talk, nowMs - 3 + i * 0.1, { node: NODES[Math.floor(next() * 12)] ?? 'node-01', sourcePort: 30_000 + Math.floor(next() * 9_999) })));
    if (this.second % 4 === 0 && nowMs % 1000 < 110) parts.push(framed(flowOf(TALKS[7] ?? TALKS[0] as FakeTalk, nowMs, { isReset: true })));
    return joined(parts);
  }
}
