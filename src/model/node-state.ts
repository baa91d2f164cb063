import type { EventLedger, NodeReport } from '../wire/gen/hubtop.ts';
import { scrub } from '../lib/scrub.ts';
import type { MetricsPage, NodeListing } from './node-facts.ts';
import { NodeHistory } from './node-history.ts';
import { timestampMs } from './time.ts';

/** A map or conntrack table and how full it is. */
export interface Gauge {
  name: string;
  /** Both 0 where only a share is known. */
  entries: number;
  maxEntries: number;
  /** As a metrics page had it; undefined = counted for us, just now. */
  served?: ServedFill;
  /** LRU evictions a second, or entries the kernel refused or dropped. */
  lostPerSecond: number;
  /** How its entries move, where somebody watches that. */
  growthPerMinute?: number;
  /** Entries come and go: it was seen to change, or it is of a kind that throws out the old. */
  isAlive: boolean;
}

/** A fill that somebody else counted. */
export interface ServedFill {
  /** 0 to 1, and as it was served: Cilium's can exceed 1. */
  fill: number;
  rawFill: number;
  /** When it was counted, or, if `isOlder`, some time before. */
  measuredMs: number;
  isOlder: boolean;
}

/** Part of a table that is taken, 0 to 1. */
export function fillOf(gauge: Gauge): number {
  return gauge.served?.fill ?? share(gauge.entries, gauge.maxEntries);
}

/** Fill and size from which a table matters although nobody has seen it change. */
const STILL_FILL = 0.5;
const STILL_SIZE = 64;

/** Whether a table can fill up: a few fixed entries of a configuration say nothing about pressure. */
export function canFill(gauge: Gauge): boolean {
  return gauge.isAlive || ((gauge.maxEntries >= STILL_SIZE || gauge.maxEntries === 0) && fillOf(gauge) >= STILL_FILL);
}

/** What is known of one node. */
export interface NodeState {
  name: string;
  /** Empty while all is well; else what the relay says, such as NODE_UNAVAILABLE. */
  trouble: string;
  message: string;
  troubleSinceMs: number;
  /** When its last report came, by our clock. */
  heardMs: number;
  /** Its clock minus ours when its report came, smoothed; the way of a report makes all nodes look late alike. */
  clockOffsetMs: number;
  uptimeMs: number;
  /** When its agent began anew, as far as we saw; the last few. */
  restarts: number[];
  /** The last hour; undefined beyond MAX_HISTORIES nodes. */
  history: NodeHistory | undefined;
  /** Flows the agent's own history holds. */
  historyCapacity: number;
  version: string;
  flowsPerSecond: number;
  happenedPerSecond: number;
  lostPerSecond: number;
  /** Highest fill of a ring in the last interval, 0 to 1; -1 where nobody says. */
  ringFill: number;
  conntrack: Gauge | undefined;
  kernelConntrack: Gauge | undefined;
  maps: Gauge[];
  /** As a server without telemetry lists it; undefined = it does not. */
  listing: NodeListing | undefined;
  /** What pages of metrics say of it, by page. */
  pages: Map<string, MetricsPage>;
  /** What the maps held at the last report. */
  mapEntries: Map<string, { entries: number; isAlive: boolean }>;
  attachedPods: number;
  totalPods: number;
  cpuShare: number;
  rssBytes: number;
  nsPerPacket: number;
  historySpanMs: number;
  /** What it does with policies; undefined = it judges nothing, or does not say. */
  policies: { mode: string; objects: number; unjudged: number; audited: number; denied: number; unlisted: number } | undefined;
  /** Cumulative figures of the last report, to take differences from. */
  happened: number;
  losses: Map<string, number>;
  programRuns: number;
  programNs: number;
  kernelRefused: number;
}

/** What one report adds: events since the report before. */
export interface NodeDelta {
  happened: number;
  lost: number;
  losses: Map<string, number>;
}

/** Maps one node shows at most, the fullest; a node is free to have hundreds. */
const MAX_GAUGES = 64;
/** Maps of one node looked at. */
const MAX_MAPS = 1_024;

/** Stages and causes of loss of one node; the rest is one. */
const MAX_LOSSES = 64;

/** Nodes whose last hour is remembered: the first that are heard of. */
const MAX_HISTORIES = 500;

/** A node nothing is known of, the `count + 1`th. */
export function newNode(name: string, count = 0): NodeState {
  return {
    name, trouble: '', message: '', troubleSinceMs: 0, heardMs: 0, clockOffsetMs: 0, uptimeMs: 0, restarts: [], history: count < MAX_HISTORIES ? new NodeHistory() : undefined, historyCapacity: 0, version: '', flowsPerSecond: 0, happenedPerSecond: 0,
    lostPerSecond: 0, ringFill: -1, conntrack: undefined, kernelConntrack: undefined, maps: [], listing: undefined, pages: new Map(), mapEntries: new Map(), attachedPods: 0, totalPods: 0,
    cpuShare: 0, rssBytes: 0, nsPerPacket: 0, historySpanMs: 0, policies: undefined, happened: -1, losses: new Map(), programRuns: 0, programNs: 0,
    kernelRefused: 0,
  };
}

/** Takes a node's report in and says what it adds to the ledger; the first report of a node only sets the start. */
export function applyNodeReport(node: NodeState, report: NodeReport, interval: { seconds: number; nowMs: number }): NodeDelta {
  const { seconds } = interval;
  setTrouble(node, report.state ?? '', report.message ?? '', interval.nowMs);
  if (report.time === undefined && node.trouble !== '') {
    remember(node, interval.nowMs, { happened: 0, lost: 0, flows: 0 });
    return { happened: 0, lost: 0, losses: new Map() };
  }
  takeClocks(node, report, interval.nowMs);
  const delta = takeLedger(node, report.events ?? []);
  const nsOfRuns = (report.program_ns ?? 0) - node.programNs;
  const runs = (report.program_runs ?? 0) - node.programRuns;
  Object.assign(node, {
    version: scrub(report.version ?? '', 32),
    flowsPerSecond: (report.flows ?? 0) / seconds,
    happenedPerSecond: delta.happened / seconds,
    lostPerSecond: delta.lost / seconds,
    ringFill: Math.max(-1, ...(report.rings ?? []).slice(0, MAX_GAUGES).map((ring) => share(ring.peak_bytes ?? ring.used_bytes ?? 0, ring.size_bytes ?? 0))),
    attachedPods: report.attached_pods ?? 0,
    totalPods: report.total_pods ?? 0,
    cpuShare: (report.cpu_ns ?? 0) / (seconds * 1e9),
    rssBytes: report.rss_bytes ?? 0,
    nsPerPacket: runs > 0 && nsOfRuns > 0 ? nsOfRuns / runs : node.nsPerPacket,
    programRuns: report.program_runs ?? 0,
    programNs: report.program_ns ?? 0,
    historyCapacity: report.history?.capacity ?? 0,
    policies: report.policies === undefined ? undefined : { mode: scrub(report.policies.mode ?? '', 16), objects: report.policies.objects ?? 0, unjudged: report.policies.unjudged ?? 0, audited: report.policies.audited ?? 0, denied: report.policies.denied ?? 0, unlisted: report.policies.unlisted ?? 0 },
    historySpanMs: report.history?.oldest === undefined ? 0 : Math.max(0, timestampMs(report.time) - timestampMs(report.history.oldest)),
  });
  takeGauges(node, report, seconds);
  remember(node, interval.nowMs, { happened: delta.happened, lost: delta.lost, flows: report.flows ?? 0 });
  return delta;
}

/** Part of a new offset that counts: one late report shall not look like a clock that went wrong. */
const OFFSET_SHARE = 0.2;
const MAX_RESTARTS = 8;

function takeClocks(node: NodeState, report: NodeReport, nowMs: number): void {
  const isFirst = node.heardMs === 0;
  const offsetMs = (timestampMs(report.time) || nowMs) - nowMs;
  const uptimeMs = (report.uptime_ns ?? 0) / 1e6;
  if (!isFirst && uptimeMs > 0 && uptimeMs < node.uptimeMs) node.restarts = [...node.restarts, nowMs - uptimeMs].slice(-MAX_RESTARTS);
  node.clockOffsetMs = isFirst ? offsetMs : node.clockOffsetMs * (1 - OFFSET_SHARE) + offsetMs * OFFSET_SHARE;
  node.heardMs = nowMs;
  node.uptimeMs = uptimeMs;
}

/** Notes a reading of the node, with the events since the last one. */
export function remember(node: NodeState, nowMs: number, events: { happened: number; lost: number; flows: number }): void {
  const fill = (gauge: Gauge | undefined): number => (gauge === undefined ? -1 : fillOf(gauge));
  const isAway = node.trouble !== '';
  const { conntrack, kernelConntrack } = node;
  node.history?.add(nowMs, {
    ...events, ring: isAway ? -1 : node.ringFill, conntrack: isAway ? -1 : fill(conntrack), kernelConntrack: isAway ? -1 : fill(kernelConntrack),
    map: isAway ? -1 : fill(node.maps.find((map) => map !== conntrack && canFill(map))), cpu: isAway || node.heardMs === 0 ? -1 : node.cpuShare, isAway: isAway ? 1 : 0,
  });
}

const TROUBLED = /UNAVAILABLE|GONE|ERROR|UNREACHABLE|BEHIND|LOST/i;

/** Notes how the relay stands with a node. */
export function setTrouble(node: NodeState, state: string, message: string, nowMs: number): void {
  const trouble = TROUBLED.test(state) ? scrub(state, 40) : '';
  if (trouble !== '' && node.trouble === '') node.troubleSinceMs = nowMs;
  node.trouble = trouble;
  node.message = trouble === '' ? '' : scrub(message, 200);
}

const TROUBLE_WORDS: Readonly<Record<string, string>> = { NODE_UNAVAILABLE: 'away', NODE_GONE: 'gone', NODE_ERROR: 'error' };

/** A node's trouble in a word for a table. */
export function troubleWord(node: NodeState): string {
  return TROUBLE_WORDS[node.trouble] ?? node.trouble.replace(/^NODE_/, '').toLowerCase();
}

function takeLedger(node: NodeState, events: readonly EventLedger[]): NodeDelta {
  let happened = 0;
  const losses = new Map<string, number>();
  for (const ledger of events) {
    happened += ledger.happened ?? 0;
    for (const loss of ledger.losses ?? []) {
      const named = `${scrub(loss.stage ?? '', 24)} ${scrub(loss.cause ?? '', 40)}`.trim();
      const key = losses.size < MAX_LOSSES || losses.has(named) ? named : 'other losses';
      losses.set(key, (losses.get(key) ?? 0) + (loss.count ?? 0));
    }
  }
  const delta: NodeDelta = { happened: 0, lost: 0, losses: new Map() };
  // a smaller count than before is a restarted agent: what it counted is all new
  const hasStart = node.happened >= 0;
  delta.happened = !hasStart ? 0 : happened >= node.happened ? happened - node.happened : happened;
  for (const [key, count] of losses) {
    const before = node.losses.get(key) ?? 0;
    const added = !hasStart ? 0 : count >= before ? count - before : count;
    if (added > 0) {
      delta.losses.set(key, added);
      // a record suppressed on purpose is counted, but it is not blindness
      if (!key.startsWith('suppressed')) delta.lost += added;
    }
  }
  node.happened = happened;
  node.losses = losses;
  return delta;
}

function takeGauges(node: NodeState, report: NodeReport, seconds: number): void {
  const before = node.mapEntries;
  const after: NodeState['mapEntries'] = new Map();
  const gauges: { gauge: Gauge; isOwn: boolean }[] = [];
  for (const map of report.maps ?? []) {
    if (map.entries_known !== true || (map.max_entries ?? 0) <= 0 || after.size >= MAX_MAPS) continue;
    const [id, entries, evicted] = [map.id ?? 0, map.entries ?? 0, map.evicted ?? 0];
    const name = scrub(map.name ?? '', 24);
    const key = `${id} ${name}`;
    const known = before.get(key);
    const isAlive = known?.isAlive === true || evicted > 0 || (map.type ?? '').includes('lru') || (known !== undefined && known.entries !== entries);
    after.set(key, { entries, isAlive });
    const gauge: Gauge = { name, entries, maxEntries: map.max_entries ?? 0, lostPerSecond: evicted / seconds, isAlive };
    if ((map.growth_window_ns ?? 0) > 0) gauge.growthPerMinute = map.growth_per_minute ?? 0;
    const fill = share(entries, gauge.maxEntries);
    if ((map.counted_age_ns ?? 0) > 0) gauge.served = { fill, rawFill: fill, measuredMs: timestampMs(report.time) - (map.counted_age_ns ?? 0) / 1e6, isOlder: false };
    gauges.push({ gauge, isOwn: map.own === true });
  }
  node.mapEntries = after;
  const conntracks = gauges.filter(({ gauge }) => /conntrack|(^|_)ct/.test(gauge.name));
  node.conntrack = (conntracks.find(({ isOwn }) => isOwn) ?? conntracks[0])?.gauge;
  node.maps = gauges.map(({ gauge }) => gauge).sort((one, other) => share(other.entries, other.maxEntries) - share(one.entries, one.maxEntries)).slice(0, MAX_GAUGES);
  const fullest = [...(report.kernel_conntrack ?? [])].sort((one, other) => share(other.entries ?? 0, other.max_entries ?? 0) - share(one.entries ?? 0, one.max_entries ?? 0))[0];
  if (fullest === undefined) return;
  const refused = (report.kernel_conntrack ?? []).reduce((sum, row) => sum + (row.insert_failed ?? 0) + (row.drop ?? 0) + (row.early_drop ?? 0), 0);
  node.kernelConntrack = {
    name: 'nf_conntrack',
    entries: fullest.entries ?? 0,
    maxEntries: fullest.max_entries ?? 0,
    lostPerSecond: Math.max(0, refused - node.kernelRefused) / seconds,
    isAlive: true,
  };
  node.kernelRefused = refused;
}

/** Part of a whole, 0 to 1; 0 for no whole. */
export function share(part: number, whole: number): number {
  return whole > 0 ? Math.min(1, part / whole) : 0;
}
