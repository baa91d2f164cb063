import { heaviest } from '../../tally/heaviest.ts';
import type { Endpoint, Policy } from '../../wire/gen/flow.ts';
import type { Change, DropCount, NodeReport, PairCount, PolicyFact, RelayReport, Report, TcpCount, Volume } from '../../wire/gen/hubtop.ts';
import { boundedTcp, sumTcp } from './tcp-merge.ts';

/** Pairs of a merged report; those with resets or drops stay beyond it. */
export const maxPairs = 512;
/** Drop rows of a merged report; the rest is told by reason, without the pair, so that totals stay exact. */
export const maxDropRows = 2048;
/** Nodes and relays of a merged report, as many as a dashboard shows; and verdicts, of which Hubble has eight. */
export const maxNodes = 5_000;
const maxRelays = 256;
const maxVerdicts = 64;
/** Changes of a merged report; the newest stay. */
export const maxChanges = 1000;
/** Policies of a merged report; what finds no place is told in the next one that has room. */
export const maxPolicies = 2048;
/** Pairs and drop rows held between two take(): far more than one second of many nodes, little for a watcher that takes nothing for a day. */
export const maxHeldRows = 32_768;

/** Adds up the reports of many nodes until they are taken as one; reports of reports too. */
export class ReportMerge {
  private readonly nodes = new Map<string, NodeReport>();
  private readonly verdicts = new Map<number, number>();
  private readonly drops = new Map<string, DropCount>();
  private readonly pairs = new Map<string, PairCount>();
  private readonly intervalNs = new Map<string, number>();
  private changes: Change[] = [];
  private readonly relays = new Map<string, RelayReport>();
  private readonly policies = new Map<string, PolicyFact>();
  private readonly tcp = new Map<string, TcpCount>();
  private floorBytes = 0;

  /** Nothing was added since the last take(). */
  get isEmpty(): boolean {
    return this.intervalNs.size === 0;
  }

  /** Pairs, drop rows and pairs of TCP held now. */
  get heldRows(): number {
    return this.pairs.size + this.drops.size + this.tcp.size;
  }

  /** Takes a report in. `source` tells whose it is: two of one source cover one interval after the other. */
  add(source: string, report: Report): void {
    this.intervalNs.set(source, (this.intervalNs.get(source) ?? 0) + (report.interval_ns ?? 0));
    for (const { verdict = 0, flows = 0 } of report.verdicts ?? []) {
      // numbers nobody has are one unknown verdict: the sum stays exact
      const key = this.verdicts.size < maxVerdicts || this.verdicts.has(verdict) ? verdict : 0;
      this.verdicts.set(key, (this.verdicts.get(key) ?? 0) + flows);
    }
    for (const drop of report.drops ?? []) this.addDrop(drop);
    for (const pair of report.pairs ?? []) this.addPair(pair);
    for (const node of report.nodes ?? []) {
      const before = this.nodes.get(node.name ?? '');
      if (before === undefined && this.nodes.size >= maxNodes) continue;
      this.nodes.set(node.name ?? '', before === undefined ? node : laterNodeReport(before, node));
    }
    for (const relay of report.relays ?? []) if (this.relays.size < maxRelays || this.relays.has(relay.name ?? '')) this.relays.set(relay.name ?? '', relay);
    this.floorBytes += report.pairs_floor_bytes ?? 0;
    this.changes = [...this.changes, ...(report.changes ?? [])].slice(-maxChanges);
    for (const fact of report.policies ?? []) this.addPolicy(fact);
    for (const pair of report.tcp ?? []) this.addTcp(pair);
    if (this.tcp.size > maxHeldRows) this.cutTcp();
    if (this.pairs.size > maxHeldRows) this.cutPairs();
    if (this.drops.size > maxHeldRows) this.cutDrops();
  }

  private cutPairs(): void {
    const { kept, cutWeight } = heaviest([...this.pairs.values()], maxPairs, { weight: pairBytes, mustStay: hasTrouble });
    this.floorBytes += cutWeight;
    this.pairs.clear();
    for (const pair of kept) this.addPair(pair);
  }

  private cutDrops(): void {
    const kept = boundedDrops([...this.drops.values()]);
    this.drops.clear();
    for (const drop of kept) this.addDrop(drop);
  }

  private cutTcp(): void {
    const kept = boundedTcp([...this.tcp.values()]);
    this.tcp.clear();
    for (const pair of kept) this.addTcp(pair);
  }

  /** Everything since the last take() as one report, stamped with the given time. */
  take(time: NonNullable<Report['time']>): Report {
    const pairs = heaviest([...this.pairs.values()], maxPairs, { weight: pairBytes, mustStay: hasTrouble });
    const report: Report = {
      time,
      interval_ns: Math.max(0, ...this.intervalNs.values()),
      nodes: [...this.nodes.values()].toSorted((one, other) => ((one.name ?? '') < (other.name ?? '') ? -1 : 1)),
      verdicts: [...this.verdicts].toSorted(([one], [other]) => one - other).map(([verdict, flows]) => ({ verdict, flows })),
      drops: boundedDrops([...this.drops.values()]),
      pairs: pairs.kept,
      pairs_floor_bytes: this.floorBytes + pairs.cutWeight,
      changes: this.changes,
      ...(this.policies.size === 0 ? {} : { policies: [...this.policies.values()] }),
      ...(this.tcp.size === 0 ? {} : { tcp: boundedTcp([...this.tcp.values()]) }),
      relays: [...this.relays.values()].toSorted((one, other) => ((one.name ?? '') < (other.name ?? '') ? -1 : 1)),
    };
    this.nodes.clear();
    this.verdicts.clear();
    this.drops.clear();
    this.pairs.clear();
    this.intervalNs.clear();
    this.relays.clear();
    this.policies.clear();
    this.tcp.clear();
    this.changes = [];
    this.floorBytes = 0;
    return report;
  }

  private addPolicy(fact: PolicyFact): void {
    const { kind = '', namespace = '', name = '', revision = 0n } = fact.policy ?? {};
    const key = `${kind}\n${namespace}\n${name}`;
    const before = this.policies.get(key);
    if (before === undefined ? this.policies.size >= maxPolicies : (before.policy?.revision ?? 0n) > revision) return;
    this.policies.set(key, fact);
  }

  private addDrop(drop: DropCount): void {
    const key = [drop.reason ?? 0, drop.kernel_reason ?? '', drop.kernel_subsystem ?? '', drop.port ?? 0, drop.protocol ?? 0,
      partyKey(drop.source), partyKey(drop.destination)].join('\n');
    const before = this.drops.get(key);
    this.drops.set(key, before === undefined ? drop
      : { ...before, skbs: (before.skbs ?? 0) + (drop.skbs ?? 0), bytes: (before.bytes ?? 0) + (drop.bytes ?? 0), ...(drop.refusal === undefined ? {} : { refusal: drop.refusal }) });
  }

  private addTcp(pair: TcpCount): void {
    const key = [pair.port ?? 0, partyKey(pair.source), partyKey(pair.destination)].join('\n');
    const before = this.tcp.get(key);
    this.tcp.set(key, before === undefined ? pair : sumTcp(before, pair));
  }

  private addPair(pair: PairCount): void {
    const key = [pair.port ?? 0, pair.protocol ?? 0, pair.verdict ?? 0, partyKey(pair.source), partyKey(pair.destination)].join('\n');
    const before = this.pairs.get(key);
    this.pairs.set(key, before === undefined ? pair : {
      ...before,
      egress: sumVolumes(before.egress, pair.egress),
      ingress: sumVolumes(before.ingress, pair.ingress),
      error_bytes: (before.error_bytes ?? 0) + (pair.error_bytes ?? 0),
      ...(before.allowed_by === undefined && pair.allowed_by === undefined ? {} : { allowed_by: mergedPolicies(before.allowed_by, pair.allowed_by) }),
    });
  }
}

/** What tells one label set from another, node by node. Numbers first: they differ soonest. */
function partyKey(endpoint: Endpoint | undefined): string {
  if (endpoint === undefined) return '';
  const workloads = (endpoint.workloads ?? []).map(({ kind, name }) => `${kind ?? ''}/${name ?? ''}`);
  return [endpoint.identity ?? 0, endpoint.cluster_name ?? '', endpoint.namespace ?? '', endpoint.pod_name ?? '', ...workloads, '', ...(endpoint.labels ?? [])].join('\t');
}

/** Policies named in a row at most: several on one side are rare, thousands are somebody's trick. */
const maxNamed = 8;

/** Each side names its own policies; of one that both name the later revision stays. */
function mergedPolicies(one: readonly Policy[] = [], other: readonly Policy[] = []): Policy[] {
  const byName = new Map<string, Policy>();
  for (const policy of [...one, ...other]) {
    const key = `${policy.kind ?? ''}\n${policy.namespace ?? ''}\n${policy.name ?? ''}`;
    if ((byName.get(key)?.revision ?? -1n) < (policy.revision ?? 0n)) byName.set(key, policy);
  }
  return [...byName].toSorted(([first], [second]) => (first < second ? -1 : 1)).slice(0, maxNamed).map(([, policy]) => policy);
}

const volumeFields = ['skbs', 'segments', 'bytes', 'reply_skbs', 'reply_segments', 'reply_bytes', 'connections', 'resets', 'flows'] as const;

function sumVolumes(one: Volume | undefined, other: Volume | undefined): Volume | undefined {
  if (one === undefined || other === undefined) return one ?? other;
  const sum: Volume = {};
  for (const field of volumeFields) sum[field] = (one[field] ?? 0) + (other[field] ?? 0);
  return sum;
}

function volumeBytes(volume: Volume | undefined): number {
  return (volume?.bytes ?? 0) + (volume?.reply_bytes ?? 0);
}

function pairBytes(pair: PairCount): number {
  return Math.max(volumeBytes(pair.egress), volumeBytes(pair.ingress));
}

function hasTrouble(pair: PairCount): boolean {
  return (pair.verdict ?? 0) > 1 || (pair.egress?.resets ?? 0) > 0 || (pair.ingress?.resets ?? 0) > 0;
}

/** Two reports of one node, the second later: cumulative figures of the second, interval figures of both. */
function laterNodeReport(before: NodeReport, later: NodeReport): NodeReport {
  // a relay's word on an unreachable node carries no figures and takes none away
  if (later.time === undefined) return before.time === undefined ? later : { ...before, state: later.state, message: later.message };
  if (before.time === undefined) return later;
  const evictedBefore = new Map((before.maps ?? []).map((map) => [`${map.id ?? 0} ${map.name ?? ''}`, map.evicted ?? 0]));
  const peakBefore = new Map((before.rings ?? []).map((ring) => [ring.lane ?? '', ring.peak_bytes ?? 0]));
  return {
    ...later,
    flows: (before.flows ?? 0) + (later.flows ?? 0),
    cpu_ns: (before.cpu_ns ?? 0) + (later.cpu_ns ?? 0),
    maps: (later.maps ?? []).map((map) => ({ ...map, evicted: (map.evicted ?? 0) + (evictedBefore.get(`${map.id ?? 0} ${map.name ?? ''}`) ?? 0) })),
    rings: (later.rings ?? []).map((ring) => ({ ...ring, peak_bytes: Math.max(ring.peak_bytes ?? 0, peakBefore.get(ring.lane ?? '') ?? 0) })),
  };
}

function boundedDrops(drops: DropCount[]): DropCount[] {
  const sorted = drops.toSorted((one, other) => (other.skbs ?? 0) - (one.skbs ?? 0));
  if (sorted.length <= maxDropRows) return sorted;
  const rest = new Map<string, DropCount>();
  for (const drop of sorted.slice(maxDropRows)) {
    const { reason = 0, kernel_reason: kernelReason = '', kernel_subsystem: kernelSubsystem = '' } = drop;
    const key = `${reason}\n${kernelReason}\n${kernelSubsystem}`;
    const before = rest.get(key);
    rest.set(key, {
      reason, kernel_reason: kernelReason, kernel_subsystem: kernelSubsystem,
      skbs: (before?.skbs ?? 0) + (drop.skbs ?? 0), bytes: (before?.bytes ?? 0) + (drop.bytes ?? 0),
    });
  }
  return [...sorted.slice(0, maxDropRows), ...rest.values()];
}
