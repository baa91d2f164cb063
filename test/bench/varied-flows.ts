// Flows as a busy cluster makes them, no two alike: pods come and go, ports, uuids and times differ, applications talk.
import { FlowCodec, type Endpoint, type Layer7 } from '../../src/wire/gen/flow.ts';
import { endpointChunk, FlowRow, FlowWriter } from '../../src/wire/flow-template.ts';
import { NODES, random } from '../src/app/fake-cluster.ts';

const NAMESPACES = ['payments', 'shop', 'ingress', 'monitoring', 'kube-system', 'search', 'checkout-eu', 'default'] as const;
const WORKLOADS = ['api', 'ledger-svc', 'checkout-api', 'postgres-primary', 'fraud-detector', 'web', 'rewards-cron-job', 'commentary-fanout', 'redis', 'istio-gateway'] as const;
const PORTS = [80, 443, 5432, 6379, 7000, 8080, 9090, 9092, 9102] as const;
const REASONS = [133, 181, 130] as const;
const [FORWARDED, DROPPED] = [1, 2];
const [ACK, RST_ACK, SYN] = [0x10, 0x14, 0x02];
const [L7_RECORD, TRACE, DROP] = [129, 4, 1];
/** Workloads, each with its namespace, and how many others each talks to. */
const KINDS = NAMESPACES.length * WORKLOADS.length;
const PARTNERS = 6;
const LETTERS = 'bcdfghjklmnpqrstvwxz2456789';

/** What the flows are like; shares of 1. */
export interface VariedOptions {
  seed?: number;
  /** Pods of each of the 80 workloads at any time. */
  podsPerWorkload?: number;
  /** Flows after which one pod is gone and another one is there in its place. */
  flowsPerNewPod?: number;
  dropped?: number;
  resets?: number;
  ofApplications?: number;
}

interface Pod {
  chunk: Uint8Array;
  /** Where it listens. */
  port: number;
  /** Four bytes. */
  ip: number;
}

/** Writes runs of framed GetFlowsResponse messages from a stream of seeded chance. */
export class VariedFlows {
  /** Flows so far. */
  count = 0;
  private readonly next: () => number;
  private readonly pods: Pod[] = [];
  private readonly writers = NODES.map((nodeName) => new FlowWriter({ nodeName, emitter: { name: 'Hubble', version: '1.19.4' } }));
  private readonly row = new FlowRow();
  private readonly addresses = new Uint8Array(20);
  private readonly records: Uint8Array[];
  private readonly options: Required<VariedOptions>;
  private out = new Uint8Array(1 << 20);
  private podsMade = 0;

  constructor(options: VariedOptions = {}) {
    this.options = { seed: 1, podsPerWorkload: 5, flowsPerNewPod: 5_000, dropped: 0.02, resets: 0.01, ofApplications: 0.08, ...options };
    this.next = random(this.options.seed);
    for (let i = 0; i < KINDS * this.options.podsPerWorkload; i++) this.pods.push(this.makePod(i));
    this.records = Array.from({ length: 512 }, (_, i) => this.makeRecord(i));
  }

  /** The next `count` flows, their times spread over the milliseconds up to `toMs`; the bytes are lent until the next call. */
  take(count: number, fromMs: number, toMs: number): Uint8Array {
    let length = 0;
    for (let i = 0; i < count; i++) {
      if (++this.count % this.options.flowsPerNewPod === 0) this.replacePod(this.pick(this.pods.length));
      this.fill(fromMs + ((toMs - fromMs) * (i + 1)) / count);
      const writer = this.writers[this.pick(this.writers.length)] ?? this.writers[0];
      if (writer === undefined) continue;
      writer.reset();
      writer.write(this.row);
      if (length + writer.length > this.out.length) this.grow();
      this.out.set(writer.bytes(), length);
      length += writer.length;
    }
    return this.out.subarray(0, length);
  }

  private fill(timeMs: number): void {
    const { row, next, options, addresses } = this;
    const from = this.pick(this.pods.length);
    const partner = ((from % KINDS) * 7 + this.pick(PARTNERS) * 13) % KINDS;
    const [source, destination] = [this.pods[from], this.pods[partner + KINDS * this.pick(options.podsPerWorkload)]];
    if (source === undefined || destination === undefined) return;
    row.clear();
    row.timeSeconds = Math.floor(timeMs / 1000);
    row.timeNanos = Math.floor((timeMs % 1000) * 1e6);
    for (let at = 0; at < 16; at += 4) writeWord(row.uuid, at, next() * 2 ** 32);
    writeWord(addresses, 12, source.ip);
    writeWord(addresses, 16, destination.ip);
    row.bytes = addresses;
    Object.assign(row, { sourceMacAt: 0, destinationMacAt: 6, sourceIpAt: 12, destinationIpAt: 16, ipVersion: 4, protocol: 6, verdict: FORWARDED, eventType: TRACE });
    row.source = source.chunk;
    row.destination = destination.chunk;
    row.direction = 1 + this.pick(2);
    row.sourcePort = 1024 + this.pick(64_000);
    row.destinationPort = destination.port;
    const kind = next();
    if (kind < options.dropped) this.fillDrop();
    else if (kind < options.dropped + options.ofApplications) this.fillRecord();
    else this.fillPacket(kind > 1 - options.resets);
  }

  private fillPacket(isReset: boolean): void {
    const { row } = this;
    row.isReply = this.pick(2);
    if (row.isReply === 1) {
      [row.sourcePort, row.destinationPort] = [row.destinationPort, row.sourcePort];
      [row.source, row.destination] = [row.destination, row.source];
      [row.sourceIpAt, row.destinationIpAt] = [row.destinationIpAt, row.sourceIpAt];
    }
    row.tracePoint = 101;
    row.traceReason = 1 + this.pick(2);
    if (this.pick(8) === 0) row.protocol = 17;
    else row.tcpFlags = isReset ? RST_ACK : this.pick(10) === 0 ? SYN : ACK;
  }

  private fillDrop(): void {
    this.row.verdict = DROPPED;
    this.row.eventType = DROP;
    this.row.dropReason = this.row.eventSubType = REASONS[this.pick(REASONS.length)] ?? 133;
    this.row.tcpFlags = SYN;
  }

  private fillRecord(): void {
    const { row } = this;
    row.flowType = 2;
    row.eventType = L7_RECORD;
    row.extra = this.records[this.pick(this.records.length)] ?? new Uint8Array();
    row.isReply = 0;
  }

  private makeRecord(number: number): Uint8Array {
    const l7: Layer7 = number % 4 === 0
      ? { type: 1, dns: { query: `name${number % 90}.payments.svc.cluster.local.`, qtypes: ['A'], observation_source: 'proxy' } }
      : { type: 2, latency_ns: BigInt(Math.floor(this.next() * 4e7)), http: { code: number % 50 === 1 ? 503 : 200, method: number % 3 === 0 ? 'POST' : 'GET', url: `http://checkout/v1/orders/${number}/status?token=${number}`, protocol: 'HTTP/1.1' } };
    return FlowCodec.encode({ l7 });
  }

  private replacePod(at: number): void {
    this.pods[at] = this.makePod(at);
  }

  // whoever comes in another's place is of the same workload
  private makePod(at: number): Pod {
    const number = this.podsMade++;
    const kind = at % KINDS;
    const [namespace, workload] = [NAMESPACES[Math.floor(kind / WORKLOADS.length)] ?? '', WORKLOADS[kind % WORKLOADS.length] ?? ''];
    const suffix = Array.from({ length: 10 }, (_, i) => (i === 4 ? '-' : LETTERS[this.pick(LETTERS.length)])).join('');
    const endpoint: Endpoint = {
      ID: number & 0xffff, identity: 20_000 + kind, namespace, pod_name: `${workload}-${suffix}`, workloads: [{ name: workload, kind: 'Deployment' }],
      labels: [`k8s:app=${workload}`, `k8s:io.cilium.k8s.namespace.labels.kubernetes.io/metadata.name=${namespace}`, 'k8s:io.cilium.k8s.policy.cluster=default', `k8s:io.kubernetes.pod.namespace=${namespace}`],
    };
    return { chunk: endpointChunk(endpoint), port: PORTS[kind % PORTS.length] ?? 80, ip: 0x0a00_0000 + (number & 0xf_ffff) };
  }

  private pick(count: number): number {
    return Math.floor(this.next() * count);
  }

  private grow(): void {
    const larger = new Uint8Array(this.out.length * 2);
    larger.set(this.out);
    this.out = larger;
  }
}

function writeWord(bytes: Uint8Array, at: number, word: number): void {
  bytes[at] = word >>> 24;
  bytes[at + 1] = word >>> 16;
  bytes[at + 2] = word >>> 8;
  bytes[at + 3] = word;
}
