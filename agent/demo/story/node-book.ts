import { type Endpoint, Verdict } from '../../../src/wire/gen/flow.ts';
import type { DropCount, EventLedger, NodeReport, PairCount, Volume, VolumeLedger } from '../../../src/wire/gen/hubtop.ts';
import { timestampOf } from '../../../src/wire/timestamp.ts';
import { conntrackMax, kernelConntrackMax, type NodeGauges, ringBytes } from './node-gauges.ts';
import { pairPolicies } from './healthy-policies.ts';
import type { UnseenEvents } from './scene.ts';
import { labelSetSeenFrom } from './story-cluster.ts';
import type { StoryFlow, StoryKind, StoryPair, StoryVolume, VolumeSide } from './story-flow.ts';

const laneNames = ['urgent', 'bulk'];
const historyCapacity = 4_095;
const ringFull = 'ring full';
/** Bytes on the wire of a packet that was dropped: a SYN. */
const droppedBytes = 74;

interface Ledger {
  happened: number;
  reported: number;
  folded: number;
  lost: number;
  firstLostNs: bigint;
  lastLostNs: bigint;
}

interface DropRow extends DropCount {
  skbs: number;
  bytes: number;
}

/** The counters of one node of a story: cumulative where the message says so, of one second else. */
export class NodeBook {
  /** Of this second, by verdict. */
  readonly verdicts = new Map<number, number>();
  private readonly ledgers = new Map<StoryKind, Ledger>();
  private readonly pairs = new Map<string, PairCount>();
  private readonly drops = new Map<string, DropRow>();
  private flows = 0;
  private rows = 0;
  private volume = { skbs: 0, bytes: 0 };
  private conntrack = { inserted: 0, evicted: 0, live: 0 };

  constructor(private readonly node: string, private readonly startNs: bigint, private readonly version: string) {}

  /** A flow whose time has come. */
  take(flow: StoryFlow): void {
    const { kind, weight } = flow;
    const ledger = this.ledger(kind);
    ledger.happened += weight;
    if (weight > 1) ledger.folded += weight;
    else ledger.reported += weight;
    this.flows++;
    this.rows++;
    if (kind !== 'policy-verdict') this.addVerdict(flow.flow.verdict ?? 0, weight);
    if (flow.counted === undefined || kind === 'policy-verdict') return;
    const { pair, side } = flow.counted;
    this.addVolume(pair, side, { flows: weight, ...(kind === 'drop' ? { skbs: weight, segments: weight, bytes: weight * droppedBytes } : {}) });
    if (kind === 'drop') this.addDrop(flow, pair);
  }

  /** Traffic of this second. */
  count({ pair, side, volume }: StoryVolume): void {
    this.addVolume(pair, side, volume);
  }

  /** Events that no flow shows. */
  takeUnseen({ kind, verdict, reported, folded, lost }: UnseenEvents, nowNs: bigint): void {
    const ledger = this.ledger(kind);
    const all = reported + folded + lost;
    ledger.happened += all;
    ledger.reported += reported;
    ledger.folded += folded;
    ledger.lost += lost;
    if (lost > 0) {
      if (ledger.firstLostNs === 0n) ledger.firstLostNs = nowNs;
      ledger.lastLostNs = nowNs;
    }
    this.rows += reported;
    this.flows += reported;
    this.addVerdict(verdict, all);
  }

  /** Pairs of this second, heaviest first. */
  pairRows(): PairCount[] {
    const bytes = ({ egress, ingress }: PairCount): number => volumeBytes(egress) + volumeBytes(ingress);
    return [...this.pairs.values()].toSorted((one, other) => bytes(other) - bytes(one));
  }

  dropRows(): DropCount[] {
    return [...this.drops.values()].toSorted((one, other) => other.skbs - one.skbs);
  }

  /** The node's own row at the end of a second. */
  nodeReport(nowNs: bigint, gauges: NodeGauges, pods: number): NodeReport {
    this.turnConntrack(gauges);
    return {
      name: this.node,
      time: timestampOf(nowNs),
      version: this.version,
      uptime_ns: Number(nowNs - this.startNs) + 86_400_000_000_000,
      flows: this.flows,
      events: [...this.ledgers].map(([kind, ledger]) => eventLedger(kind, ledger)),
      volume: this.volumeLedger(),
      rings: ringBytes.map((size, lane) => ({ lane: laneNames[lane], size_bytes: size, peak_bytes: Math.min(size, gauges.ringPeakBytes[lane] ?? 0) })),
      maps: [{ name: 'ht_conntrack', id: 21, type: 'lru_hash', entries_known: true, entries: gauges.conntrackEntries, max_entries: conntrackMax, evicted: gauges.conntrackEvicted, own: true }],
      kernel_conntrack: [{
        namespace: this.node, entries: gauges.kernelEntries, max_entries: kernelConntrackMax,
        insert_failed: gauges.kernelInsertFailed, drop: gauges.kernelDrop, early_drop: gauges.kernelEarlyDrop,
      }],
      attached_pods: pods,
      total_pods: pods,
      cpu_ns: gauges.cpuNs,
      rss_bytes: 92_000_000,
      history: { capacity: historyCapacity, length: Math.min(this.rows, historyCapacity), oldest: timestampOf(this.oldestNs(nowNs)) },
    };
  }

  /** A full history reaches back as far as its rows last at the rate of this second. */
  private oldestNs(nowNs: bigint): bigint {
    if (this.rows <= historyCapacity) return this.startNs;
    const spanNs = BigInt(Math.round((historyCapacity / Math.max(1, this.flows)) * 1e9));
    return nowNs - spanNs > this.startNs ? nowNs - spanNs : this.startNs;
  }

  /** Forgets the second. */
  next(): void {
    this.verdicts.clear();
    this.pairs.clear();
    this.drops.clear();
    this.flows = 0;
  }

  /** Each packet is told in the second it is counted. */
  private volumeLedger(): VolumeLedger {
    const { volume, conntrack } = this;
    return {
      counted_skbs: volume.skbs,
      counted_bytes: volume.bytes,
      reported_skbs: volume.skbs,
      reported_bytes: volume.bytes,
      conntrack_inserted: conntrack.inserted,
      conntrack_deleted: conntrack.inserted - conntrack.live - conntrack.evicted,
      conntrack_live: conntrack.live,
    };
  }

  /** What is live now and was not before has been inserted, and what was evicted as well. */
  private turnConntrack({ conntrackEntries, conntrackEvicted }: NodeGauges): void {
    const { conntrack } = this;
    conntrack.inserted += Math.max(0, conntrackEntries - conntrack.live + conntrackEvicted);
    conntrack.evicted += conntrackEvicted;
    conntrack.live = conntrackEntries;
  }

  private ledger(kind: StoryKind): Ledger {
    const known = this.ledgers.get(kind) ?? { happened: 0, reported: 0, folded: 0, lost: 0, firstLostNs: 0n, lastLostNs: 0n };
    this.ledgers.set(kind, known);
    return known;
  }

  private addVerdict(verdict: number, count: number): void {
    this.verdicts.set(verdict, (this.verdicts.get(verdict) ?? 0) + count);
  }

  private addVolume(pair: StoryPair, side: VolumeSide, volume: Partial<Record<Exclude<keyof Volume, '$unknown'>, number>>): void {
    const { client, server, port, protocol, verdict } = pair;
    const [source, destination] = [labelSetSeenFrom(this.node, client), labelSetSeenFrom(this.node, server)];
    const key = `${partyKey(source)} ${partyKey(destination)} ${port} ${protocol} ${verdict}`;
    const row = this.pairs.get(key) ?? { source, destination, port, protocol, verdict };
    this.pairs.set(key, row);
    // who was answered had been let through
    const policies = verdict === Verdict.FORWARDED && (volume.reply_skbs ?? 0) > 0 ? pairPolicies(client.app, server.app) : [];
    if (policies.length > 0) row.allowed_by = [...policies];
    const sums: Volume = row[side] ??= {};
    for (const [field, added] of Object.entries(volume) as [Exclude<keyof Volume, '$unknown'>, number][]) sums[field] = (sums[field] ?? 0) + added;
    const skbs = (volume.skbs ?? 0) + (volume.reply_skbs ?? 0);
    const bytes = (volume.bytes ?? 0) + (volume.reply_bytes ?? 0);
    this.volume.skbs += skbs;
    this.volume.bytes += bytes;
    this.conntrack.inserted += volume.connections ?? 0;
  }

  private addDrop({ flow, weight, extension }: StoryFlow, { client, server, port, protocol }: StoryPair): void {
    const reason = flow.drop_reason_desc ?? 0;
    const [source, destination] = [labelSetSeenFrom(this.node, client), labelSetSeenFrom(this.node, server)];
    const key = `${reason} ${partyKey(source)} ${partyKey(destination)} ${port} ${protocol}`;
    const row: DropRow = this.drops.get(key) ?? { reason, source, destination, port, protocol, skbs: 0, bytes: 0 };
    this.drops.set(key, row);
    row.skbs += weight;
    row.bytes += weight * droppedBytes;
    if (extension?.refusal !== undefined) row.refusal = extension.refusal;
  }
}

function partyKey({ identity, namespace, workloads }: Endpoint): string {
  return `${identity} ${namespace ?? ''} ${workloads?.[0]?.name ?? ''}`;
}

function volumeBytes(volume: Volume | undefined): number {
  return (volume?.bytes ?? 0) + (volume?.reply_bytes ?? 0);
}

function eventLedger(kind: string, { happened, reported, folded, lost, firstLostNs, lastLostNs }: Ledger): EventLedger {
  const losses = lost === 0 ? [] : [{ stage: 'kernel-ring', cause: ringFull, count: lost, first: timestampOf(firstLostNs), last: timestampOf(lastLostNs) }];
  return { kind, happened, reported, folded, losses };
}
