import { Verdict } from '../../src/wire/gen/flow.ts';
import type { Change, EventLedger, MapPressure, NodeReport, Report, VerdictCount } from '../../src/wire/gen/hubtop.ts';
import { HUBTOP_VERSION } from '../../src/lib/version.ts';
import { laneNames } from '../decode/event.ts';
import type { KernelSample, MapRow } from '../decode/kernel.ts';
import { DropMeter } from '../enrich/drop-report.ts';
import type { JudgeDrop } from '../enrich/judge-drop.ts';
import type { EndpointVersions, TableFill } from '../enrich/endpoint-versions.ts';
import { PairMeter } from '../enrich/pair-report.ts';
import type { PolicyEngine } from '../enrich/policy-engine.ts';
import { PolicyFacts } from '../enrich/policy-facts.ts';
import { TcpMeter } from '../enrich/tcp-report.ts';
import type { DrainCounts } from '../history/node-drain.ts';
import type { WholeCounts } from '../history/whole-flows.ts';
import { timestampOf } from '../../src/wire/timestamp.ts';
import { MapGrowth } from './map-growth.ts';
import { LedgerMeter, volumeLedger } from './ledger-report.ts';

/** Everything a report is made from, taken at one moment. */
export interface TelemetryInput {
  timeNs: bigint;
  /** Time since the report before. */
  intervalNs: number;
  uptimeNs: number;
  sample: KernelSample;
  drain: DrainCounts;
  /** Records of applications. */
  whole: WholeCounts;
  /** Cumulative. */
  cpuNs: number;
  overtaken: number;
  rssBytes: number;
  attachedPods: number;
  totalPods: number;
  /** Rows that can be held, are held, and when the oldest of them was. */
  history: { capacity: number; length: number; oldestNs: bigint | undefined };
  changes: Change[];
}

/** Makes the Report of one node from cumulative figures: intervals where the message says so. */
export class TelemetryMeter {
  private readonly pairs: PairMeter;
  private readonly drops: DropMeter;
  private readonly tcp: TcpMeter;
  private readonly facts: PolicyFacts | undefined;
  private readonly policies: PolicyEngine | undefined;
  private readonly ledgers = new LedgerMeter();
  private readonly growth = new MapGrowth();
  private readonly missedBefore = new Map<string, number>();
  private before = { verdicts: new Map<number, number>(), rows: 0, cpuNs: 0, evicted: 0, confirmed: 0 };

  constructor(
    private readonly nodeName: string,
    private readonly versions: EndpointVersions,
    reasonName: (reason: number) => { name: string; subsystem: string },
    more: { judgeDrop?: JudgeDrop; policies?: PolicyEngine } = {},
  ) {
    const { judgeDrop, policies } = more;
    this.policies = policies;
    this.facts = policies === undefined ? undefined : new PolicyFacts(policies.book);
    this.pairs = new PairMeter(versions, policies);
    this.drops = new DropMeter(versions, reasonName, judgeDrop, policies);
    this.tcp = new TcpMeter(versions);
  }

  report(input: TelemetryInput): Report {
    const facts = this.facts?.take(input.timeNs) ?? [];
    const { pairs, floorBytes } = this.pairs.report(input.sample.pairs);
    const evicted = this.freshEvictions(input.sample);
    const tcp = this.tcp.report(input.sample, { evicted, nowNs: input.timeNs });
    return {
      time: timestampOf(input.timeNs),
      interval_ns: input.intervalNs,
      nodes: [this.nodeReport(input, evicted)],
      verdicts: this.verdicts(input.sample, input.whole),
      drops: this.drops.report(input.sample.drops, { recorded: input.drain.drops, ...(input.sample.policyDrops === undefined ? {} : { policyDrops: input.sample.policyDrops }) }, input.timeNs),
      pairs,
      pairs_floor_bytes: floorBytes,
      changes: input.changes,
      ...(facts.length === 0 ? {} : { policies: facts }),
      ...(tcp.length === 0 ? {} : { tcp }),
    };
  }

  private policyState({ policyUnknown = 0, policyAudited = 0, policyDenied = 0, policyUnlisted = 0 }: KernelSample): Pick<NodeReport, 'policies'> {
    const { policies } = this;
    if (policies === undefined) return {};
    const objects = policies.book.objects().length;
    return objects === 0 ? {} : { policies: { mode: policies.mode, objects, revision: policies.book.revision, unjudged: policyUnknown, audited: policyAudited, denied: policyDenied, unlisted: policyUnlisted } };
  }

  private verdicts(sample: KernelSample, whole: WholeCounts): VerdictCount[] {
    const now = new Map(whole.byVerdict);
    for (const row of sample.events) {
      // A policy verdict tells of a packet that its trace or drop tells of too.
      if (row.kind === 'policy-verdict') continue;
      const verdict = row.kind === 'trace' ? Verdict.FORWARDED : row.kind === 'trace-sock' ? Verdict.TRACED : Verdict.DROPPED;
      now.set(verdict, (now.get(verdict) ?? 0) + row.happened - row.suppressed + (row.limited ?? 0));
    }
    const translated = sample.socketsTranslated ?? 0;
    now.set(Verdict.TRACED, (now.get(Verdict.TRACED) ?? 0) - translated);
    const audited = sample.policyAudited ?? 0;
    if (audited > 0) now.set(Verdict.AUDIT, audited);
    now.set(Verdict.TRANSLATED, (now.get(Verdict.TRANSLATED) ?? 0) + translated);
    const before = this.before.verdicts;
    this.before.verdicts = now;
    return [...now].map(([verdict, flows]) => ({ verdict, flows: flows - (before.get(verdict) ?? 0) })).filter((row) => row.flows > 0);
  }

  private nodeReport(input: TelemetryInput, evicted: number): NodeReport {
    const { drain, sample, before } = { ...input, before: this.before };
    const rows = drain.rows + input.whole.happened;
    const flows = rows - before.rows;
    const cpuNs = Math.max(0, input.cpuNs - before.cpuNs);
    before.rows = rows;
    before.cpuNs = input.cpuNs;
    return {
      name: this.nodeName,
      time: timestampOf(input.timeNs),
      version: HUBTOP_VERSION,
      uptime_ns: input.uptimeNs,
      flows,
      events: [...this.ledgers.events(sample, drain, input.timeNs), ...recordLedger(input.whole), ...this.ledgers.history(input.overtaken, input.timeNs)],
      volume: volumeLedger(sample, drain),
      rings: drain.rings.map((ring) => ({
        lane: laneNames[ring.lane] ?? String(ring.lane),
        size_bytes: ring.sizeBytes,
        used_bytes: ring.usedBytes,
        peak_bytes: ring.peakBytes,
      })),
      maps: this.maps(sample, evicted),
      kernel_conntrack: sample.kernelConntrack.map((row) => ({
        namespace: row.namespace,
        entries: row.entries,
        max_entries: row.maxEntries,
        insert_failed: row.insertFailed,
        drop: row.drop,
        early_drop: row.earlyDrop,
      })),
      attached_pods: input.attachedPods,
      total_pods: input.totalPods,
      cpu_ns: cpuNs,
      rss_bytes: input.rssBytes,
      program_runs: sample.programRuns,
      program_ns: sample.programNs,
      ...this.policyState(sample),
      history: {
        capacity: input.history.capacity,
        length: input.history.length,
        oldest: input.history.oldestNs === undefined ? undefined : timestampOf(input.history.oldestNs),
      },
    };
  }

  /** The kernel evicts without a call, and the three counts are read one after the other: what two samples agree on is evicted. */
  private freshEvictions({ conntrack }: KernelSample): number {
    const evicted = Math.max(0, conntrack.inserted - conntrack.deleted - conntrack.live);
    const confirmed = Math.min(evicted, this.before.evicted);
    const fresh = Math.max(0, confirmed - this.before.confirmed);
    this.before.evicted = evicted;
    this.before.confirmed += fresh;
    return fresh;
  }

  private maps(sample: KernelSample, evicted: number): MapPressure[] {
    const unplaced = this.fresh('ht_tcp_pairs', sample.tcpFailed ?? 0);
    const maps = sample.maps.map((map) => ({
      name: map.name,
      id: map.id,
      type: map.type,
      entries_known: map.entries !== undefined,
      entries: map.entries,
      max_entries: map.maxEntries,
      evicted: !map.isOwn ? 0 : map.name === 'ht_conntrack' ? evicted : map.name === 'ht_tcp_pairs' ? unplaced : 0,
      own: map.isOwn,
    }));
    // the agent's own tables are nobody's business but in a second that a name was missed in
    return [...maps, ...[...this.versions.tables(), ...(this.policies?.tables(sample.dnsLost ?? 0) ?? [])].map((table) => this.tablePressure(table)).filter((table) => (table.evicted ?? 0) > 0)];
  }

  private growthOf({ id, entries, ageNs = 0 }: MapRow, timeNs: bigint): Pick<MapPressure, 'growth_per_minute' | 'growth_window_ns' | 'counted_age_ns'> {
    const growth = entries === undefined ? undefined : this.growth.take(id, entries, timeNs);
    return { ...(growth === undefined ? {} : { growth_per_minute: growth.perMinute, growth_window_ns: growth.windowNs }), ...(ageNs > 0 ? { counted_age_ns: ageNs } : {}) };
  }

  private tablePressure({ name, entries, maxEntries, missed }: TableFill): MapPressure {
    return { name, type: 'agent', entries_known: true, entries, max_entries: maxEntries, evicted: this.fresh(name, missed), own: true };
  }

  private fresh(name: string, missed: number): number {
    const fresh = missed - (this.missedBefore.get(name) ?? 0);
    this.missedBefore.set(name, missed);
    return fresh;
  }
}

/** Records are counted where they come in: what a parser did not get is its own to tell. */
function recordLedger({ happened }: WholeCounts): EventLedger[] {
  return happened === 0 ? [] : [{ kind: 'l7', happened, reported: happened }];
}
