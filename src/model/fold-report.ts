import type { DropCount, PairCount, Report, Volume } from '../wire/gen/hubtop.ts';
import { scrub } from '../lib/scrub.ts';
import { addDrops, addLoss, addToPair, emptyBucket, VERDICTS, type Bucket } from './bucket.ts';
import { dropKey } from './directory.ts';
import { dropReasonName } from './drop-words.ts';
import { noteFirst } from './first-seen.ts';
import { applyNodeReport, newNode } from './node-state.ts';
import { noteAllowed } from './read-allowed.ts';
import { takeReportedDrop } from './read-drop.ts';
import { PairColumn } from './pair-table.ts';
import type { State } from './state.ts';
import { takeTcp } from './tcp-figures.ts';
import { timestampMs } from './time.ts';

/** Nodes shown at most. */
export const MAX_NODES = 5_000;
/** Relays on the way shown at most. */
const MAX_RELAYS = 64;
/** A report that claims to cover more is taken for this long: a clock jumped. */
const MAX_INTERVAL_MS = 30_000;
/** A node that was well and is not heard of any more is forgotten after this long: it was taken out of the cluster. */
const FORGET_MS = 900_000;
const DROPPED = 2;
/** The heaviest pair that was left out lately counts for some minutes. */
const FLOOR_DECAY = 0.995;

/** Takes one telemetry report into the buckets and the nodes. */
export function foldReport(state: State, report: Report): void {
  const toMs = timestampMs(report.time) || state.nowMs;
  const intervalMs = Math.min(MAX_INTERVAL_MS, Math.max(100, (report.interval_ns ?? 0) / 1e6 || 1000));
  const counts = countsOf(state, report);
  for (const nodeReport of report.nodes ?? []) {
    const name = scrub(nodeReport.name ?? '', 63);
    let node = state.nodes.get(name);
    if (node === undefined) {
      if (state.nodes.size >= MAX_NODES) continue;
      node = newNode(name, state.nodes.size);
      state.nodes.set(name, node);
      state.edges.blink(state.nowMs);
    }
    const wasAway = node.trouble !== '';
    const delta = applyNodeReport(node, nodeReport, { seconds: intervalMs / 1000, nowMs: state.nowMs });
    if (wasAway && node.trouble === '') state.edges.blink(state.nowMs);
    counts.happened += delta.happened;
    counts.lost += delta.lost;
    // what happens on a node that nobody hears of is in no figure: they are lower bounds
    if (node.trouble !== '' && node.trouble !== 'NODE_GONE') counts.isPartial = true;
    for (const [key, count] of delta.losses) {
      addLoss(counts, `${name} ${key}`, count);
      noteFirst(state, `lost ${name} ${key}`, toMs);
    }
  }
  for (const [name, node] of state.nodes) if (node.heardMs > 0 && node.trouble === '' && state.nowMs - node.heardMs > FORGET_MS) state.nodes.delete(name);
  takeRelays(state, report);
  for (const change of report.changes ?? []) state.changes.report(change, state.nowMs);
  for (const fact of report.policies ?? []) {
    state.policies.take(fact, state.nowMs);
    state.changes.fact(fact, state.nowMs);
  }
  state.fromTelemetry.spread(counts, startOf(state, toMs, intervalMs), toMs);
  seeEdges(state, counts, { second: Math.floor((toMs - 1) / 1000), floorBytes: report.pairs_floor_bytes ?? 0 });
  state.lastReportMs = Math.max(state.lastReportMs, toMs);
  state.reports++;
}

// what was only dropped is no talk
function seeEdges(state: State, { pairs }: Bucket, report: { second: number; floorBytes: number }): void {
  state.edges.floorBytes = Math.max(state.edges.floorBytes * FLOOR_DECAY, report.floorBytes);
  for (let row = 0; row < pairs.size; row++) {
    const id = pairs.ids[row] ?? 0;
    if (pairs.value(id, PairColumn.skbs) > 0) state.edges.see(id, report.second);
  }
}

function takeRelays(state: State, report: Report): void {
  for (const { name = '', flows = 0, late = 0, malformed = 0 } of report.relays ?? []) {
    const key = scrub(name, 63);
    if (state.relays.has(key) || state.relays.size < MAX_RELAYS) state.relays.set(key, { flows, late, malformed });
  }
}

// reports that follow each other closely join, so that scheduling jitter leaves no hole and counts no second twice
function startOf(state: State, toMs: number, intervalMs: number): number {
  const from = toMs - intervalMs;
  const last = state.lastReportMs;
  return last > 0 && last < toMs && Math.abs(last - from) < intervalMs * 0.6 ? last : from;
}

function countsOf(state: State, report: Report): Bucket {
  const counts = emptyBucket();
  for (const { verdict = 0, flows = 0 } of report.verdicts ?? []) {
    const index = verdict >= 0 && verdict < VERDICTS ? verdict : 0;
    counts.verdicts[index] = (counts.verdicts[index] ?? 0) + flows;
    counts.flows += flows;
  }
  for (const drop of report.drops ?? []) takeDrop(state, counts, drop);
  for (const pair of report.tcp ?? []) takeTcp(state, counts, pair);
  for (const pair of report.pairs ?? []) takePair(state, counts, pair);
  return counts;
}

function takeDrop(state: State, counts: Bucket, drop: DropCount): void {
  const { directory } = state;
  const pair = directory.pair(directory.party(drop.source), directory.party(drop.destination), drop.port ?? 0, drop.protocol ?? 0);
  const kernel = drop.kernel_reason ?? '';
  const name = kernel === '' ? dropReasonName(drop.reason ?? 0) : scrub(kernel, 48);
  const key = dropKey(directory.reason(name), pair);
  const skbs = drop.skbs ?? 0;
  if (skbs <= 0) return;
  addDrops(counts, key, skbs);
  takeReportedDrop(state, { key, drop, timeMs: state.nowMs });
  addToPair(counts, pair, { dropped: skbs });
  noteFirst(state, `drop ${key}`);
}

function takePair(state: State, counts: Bucket, pair: PairCount): void {
  const { directory } = state;
  const id = directory.pair(directory.party(pair.source), directory.party(pair.destination), pair.port ?? 0, pair.protocol ?? 0);
  noteAllowed(state, { pair: id, timeMs: state.nowMs }, { policies: pair.allowed_by, direction: '' });
  const side = largerSide(pair.egress, pair.ingress);
  if (side === undefined) return;
  // what was dropped did not move; the drops themselves come by reason, in `drops`
  const moved = pair.verdict === DROPPED ? {} : { bytes: volumeBytes(side), skbs: (side.skbs ?? 0) + (side.reply_skbs ?? 0), replies: side.reply_skbs ?? 0 };
  addToPair(counts, id, { ...moved, connections: side.connections ?? 0, resets: side.resets ?? 0, flows: side.flows ?? 0 });
  counts.resets += side.resets ?? 0;
  if ((side.resets ?? 0) > 0) noteFirst(state, `resets ${id}`);
}

// both ends of a conversation may be counted, at the client's and at the server's device: never add the two
function largerSide(egress: Volume | undefined, ingress: Volume | undefined): Volume | undefined {
  if (egress === undefined || ingress === undefined) return egress ?? ingress;
  return volumeBytes(ingress) > volumeBytes(egress) ? ingress : egress;
}

function volumeBytes(volume: Volume): number {
  return (volume.bytes ?? 0) + (volume.reply_bytes ?? 0);
}
