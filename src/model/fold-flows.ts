// hot path: every received flow passes here once (bench: screen, flows folded)
import { tryDecode } from '../wire/codec.ts';
import { EndpointInterner } from '../wire/endpoint-interner.ts';
import { FlowScan, scanResponse } from '../wire/flow-scan.ts';
import { EndpointCodec } from '../wire/gen/flow.ts';
import { addDrops, addLoss, type Bucket } from './bucket.ts';
import { goesToClient } from './conversation-side.ts';
import { dropKey } from './directory.ts';
import { DROP_REASON_NUMBERS, dropReasonName, KERNEL_DROP } from './drop-words.ts';
import { passesEnds, type Ends } from './ends.ts';
import { noteFirst } from './first-seen.ts';
import { noteIdentity } from './note-identity.ts';
import { ROW_FLOW, ROW_GAP, ROW_NOTE, type RowBytes, type RowColumns } from './flow-rows.ts';
import { runsHere } from './chips.ts';
import { mayOpen, Opening, openingOf } from './openings.ts';
import { PairColumn } from './pair-table.ts';
import { readAllowed } from './read-allowed.ts';
import { noteDropped, readDropped, type DroppedFlow } from './read-drop.ts';
import { forgetDnsUnderWay } from './dns-fold.ts';
import { ringOf } from './l7-book.ts';
import { isAnswer } from './l7-ends.ts';
import { foldL7 } from './l7-fold.ts';
import { RowMark } from './row-mark.ts';
import { pushText } from './row-text.ts';
import type { State } from './state.ts';
import { noteStockLoss } from './stock-ledger.ts';

const FLOW = 1;
const NODE_STATUS = 2;
const LOST_EVENTS = 3;
const DROPPED = 2;
const RST = 0x004;
/** event_type of what a policy said to a new connection. */
const POLICY_VERDICT = 5;
/** The compressed flag and the length before each gRPC message. */
const PREFIX_BYTES = 5;
/** Rows before the last one on a reader's screen that stay with it. */
const ROWS_BEFORE = 4_096;
/** How far from now a flow's time may be before it is not believed. */
const MAX_SKEW_MS = 3_600_000;
/** IP protocol numbers of the scan's small protocol numbers. */
const IP_PROTOCOLS = [0, 6, 17, 1, 58, 132, 112, 2] as const;

const scan = new FlowScan();
const row: RowColumns = { kind: ROW_FLOW, timeMs: 0, verdict: 0, count: 1, source: 0, destination: 0, node: 0, mark: 0 };
const kept: RowBytes = { from: 0, cut: 0, cutEnd: 0, secondCut: 0, secondCutEnd: 0, to: 0 };
const dropped: DroppedFlow = { key: 0, timeMs: 0, source: 0, destination: 0, node: 0, isVerdict: false };
const KERNEL_SUMMARY = 'kernel: ';
/** Bytes of a summary that can hold a kernel's reason. */
const MAX_SUMMARY = 64;

/** Stages of loss by Hubble's LostEventSource. */
const LOST_SOURCES: readonly (string | undefined)[] = [undefined, 'perf-ring', 'observer-queue', 'hubble-ring'];

/** Takes whole framed GetFlowsResponse messages in: rows, counts, resets, lost events. */
export function foldFlows(state: State, bytes: Uint8Array): void {
  if (state.endpoints.isFull) beginAnew(state);
  keepPage(state);
  let at = 0;
  while (at + PREFIX_BYTES <= bytes.length) {
    const length = (((bytes[at + 1] ?? 0) << 24) | ((bytes[at + 2] ?? 0) << 16) | ((bytes[at + 3] ?? 0) << 8) | (bytes[at + 4] ?? 0)) >>> 0;
    const start = at + PREFIX_BYTES;
    at = start + length;
    if (at > bytes.length || !scanResponse(bytes, start, at, scan)) state.flows.malformed++;
    else if (scan.kind === FLOW) foldFlow(state, bytes);
    else if (scan.kind === LOST_EVENTS) foldLost(state, bytes);
    else if (scan.kind !== NODE_STATUS) state.flows.malformed++;
  }
}

// a flood fills the buffer in a second: whoever stopped to read keeps the page, and what there was before it
function keepPage(state: State): void {
  const { rows, stream } = state;
  rows.keptFrom = stream.bottom < 0 || state.replay !== undefined ? Infinity : stream.bottom - ROWS_BEFORE;
  if (rows.passed === 0 || rows.isHeld) return;
  const words = `${rows.passed} flows were counted but not kept, for the page that was read`;
  rows.mend();
  pushText(state, ROW_GAP, words);
}

// after weeks of pods that come and go: the rows name endpoints by number, so they go together
function beginAnew(state: State): void {
  state.rows.clear();
  state.endpoints = new EndpointInterner();
  state.partyOfEndpoint = [];
  state.dropFacts.forgetEndpoints();
  state.l7.routes.forgetEndpoints();
  state.strays.clear();
  Object.assign(state.stream, { selected: -1, bottom: -1, isDetailOpen: false });
  pushText(state, ROW_NOTE, 'older flows are forgotten: the table of endpoints was full');
}

function foldFlow(state: State, bytes: Uint8Array): void {
  const { flows, nowMs, directory } = state;
  // a watermark, or a flow without a time: nothing to show
  if (scan.timeSeconds === 0) return;
  let timeMs = scan.timeSeconds * 1000 + scan.timeNanos / 1e6;
  if (Math.abs(timeMs - nowMs) > MAX_SKEW_MS) timeMs = nowMs;
  flows.received++;
  if (timeMs > flows.newestMs) flows.newestMs = timeMs;
  const source = state.endpoints.intern(bytes, scan.sourceStart, scan.sourceEnd);
  const destination = state.endpoints.intern(bytes, scan.destinationStart, scan.destinationEnd);
  const sourceParty = source === 0 ? foreignParty(state, bytes, scan.sourceStart, scan.sourceEnd) : partyOf(state, source, timeMs);
  const destinationParty = destination === 0 ? foreignParty(state, bytes, scan.destinationStart, scan.destinationEnd) : partyOf(state, destination, timeMs);
  const reason = scan.verdict === DROPPED ? reasonOf(state, bytes) : '';
  const isReply = goesToClient(scan);
  if (state.chips.length > 0 && !passes(state, reason, isReply
    ? { client: destination, clientParty: destinationParty, server: source, serverParty: sourceParty, port: scan.sourcePort }
    : { client: source, clientParty: sourceParty, server: destination, serverParty: destinationParty, port: scan.destinationPort })) return;
  if (scan.l7 !== 0) {
    const [client, server] = isAnswer(scan) ? [destination, source] : [source, destination];
    const [clientParty, serverParty] = isAnswer(scan) ? [destinationParty, sourceParty] : [sourceParty, destinationParty];
    foldL7(state, bytes, scan, { timeMs, count: scan.aggregateCount > 0 ? scan.aggregateCount : 1, client, clientParty, server, serverParty });
    // every request comes so that it is counted: rows are for what matters
    if (flows.scope === 'matter' && !isTrouble()) return;
  }
  const protocol = IP_PROTOCOLS[scan.protocol] ?? 0;
  const pair = isReply
    ? directory.pair(destinationParty, sourceParty, scan.sourcePort, protocol)
    : directory.pair(sourceParty, destinationParty, scan.destinationPort, protocol);
  row.timeMs = timeMs;
  row.verdict = scan.verdict;
  row.count = scan.aggregateCount > 0 ? scan.aggregateCount : 1;
  row.source = source;
  row.destination = destination;
  row.node = state.nodeNames.intern(bytes, scan.nodeNameStart, scan.nodeNameEnd);
  row.mark = pair | (isReply ? RowMark.REPLY : 0);
  const opening = !mayOpen(scan) ? 0 : openingOf(state.seenPackets, scan, bytes, { isReply, timeMs, reason });
  if (opening !== 0) noteOpening(state, opening, pair, isReply ? destination : source);
  if ((scan.tcpFlags & RST) !== 0 && scan.verdict !== DROPPED) noteReset(state, pair, timeMs);
  if (scan.eventType === POLICY_VERDICT || scan.verdict === DROPPED) state.flowPolicies.take(state, { bytes, start: scan.flowStart, end: scan.flowEnd, node: state.nodeNames.get(row.node), timeMs });
  if (reason !== '') takeDropped(state, bytes, dropKey(directory.reason(reason), pair));
  else if (scan.eventType === POLICY_VERDICT && state.allowedBy.mayRead(pair, nowMs)) readAllowed(state, { pair, timeMs, node: row.node }, bytes.subarray(scan.flowStart, scan.flowEnd));
  // what is older than the stream is history: a row, but no count
  if (timeMs >= flows.openedMs) countFlow(state, pair, reason, opening);
  else if (reason !== '') noteFirst(state, `drop ${dropKey(directory.reason(reason), pair)}`, timeMs);
  cutEndpoints(source !== 0, destination !== 0);
  state.rows.push(row, bytes, kept);
}

function takeDropped(state: State, bytes: Uint8Array, key: number): void {
  dropped.key = key;
  dropped.timeMs = row.timeMs;
  dropped.source = row.source;
  dropped.destination = row.destination;
  dropped.node = row.node;
  dropped.isVerdict = scan.eventType === POLICY_VERDICT;
  const fact = noteDropped(state, dropped);
  if (state.dropFacts.mayRead(fact, dropped.isVerdict, state.nowMs)) readDropped(state, fact, { bytes: bytes.subarray(scan.flowStart, scan.flowEnd), dropped });
}

const [FORWARDED, REDIRECTED, NXDOMAIN, SERVER_ERROR] = [1, 5, 3, 500];

// names that do not exist are the usual noise of search paths
function isTrouble(): boolean {
  return (scan.verdict !== FORWARDED && scan.verdict !== REDIRECTED) || scan.httpCode >= SERVER_ERROR || (scan.dnsRcode !== 0 && scan.dnsRcode !== NXDOMAIN);
}

function countFlow(state: State, pair: number, reason: string, opening: number): void {
  const second = Math.floor(row.timeMs / 1000);
  const bucket = state.fromFlows.at(second);
  if (bucket === undefined) return;
  row.mark |= RowMark.COUNTED;
  const { count } = row;
  bucket.flows += count;
  const at = bucket.pairs.at(pair);
  const { values } = bucket.pairs;
  values[at] = (values[at] ?? 0) + count;
  if (opening !== 0) countOpening(values, at, opening);
  if (scan.verdict === DROPPED) return countDrop(state, bucket, pair, reason);
  if (state.flows.seesAll) state.edges.see(pair, second);
  const verdict = scan.verdict < bucket.verdicts.length ? scan.verdict : 0;
  bucket.verdicts[verdict] = (bucket.verdicts[verdict] ?? 0) + count;
  if ((row.mark & RowMark.REPLY) !== 0) values[at + PairColumn.replies] = (values[at + PairColumn.replies] ?? 0) + count;
  if ((row.mark & RowMark.RESET) === 0) return;
  values[at + PairColumn.resets] = (values[at + PairColumn.resets] ?? 0) + count;
  bucket.resets += count;
}

function countDrop(state: State, bucket: Bucket, pair: number, reason: string): void {
  const key = dropKey(state.directory.reason(reason), pair);
  const packets = state.denials.add(Math.floor(row.timeMs / 1000), { key, isVerdict: scan.eventType === POLICY_VERDICT, count: row.count });
  if (packets === 0) return;
  row.mark |= RowMark.DROPS;
  bucket.verdicts[DROPPED] = (bucket.verdicts[DROPPED] ?? 0) + packets;
  addDrops(bucket, key, packets);
  const at = bucket.pairs.at(pair) + PairColumn.dropped;
  bucket.pairs.values[at] = (bucket.pairs.values[at] ?? 0) + packets;
  // the text of the key is made once a second at most
  if (bucket.drops.get(key) === packets) noteFirst(state, `drop ${key}`, row.timeMs);
}

function countOpening(values: Float64Array, at: number, opening: number): void {
  const add = (column: number): void => {
    values[at + column] = (values[at + column] ?? 0) + 1;
  };
  if ((opening & Opening.OPENS) !== 0) add(PairColumn.connections);
  if ((opening & Opening.SYN) !== 0) add(PairColumn.syns);
  if ((opening & Opening.SYN_ACK) !== 0) add(PairColumn.synAcks);
  if ((opening & Opening.STRAY) !== 0) add(PairColumn.strays);
}

function noteOpening(state: State, opening: number, pair: number, client: number): void {
  if ((opening & Opening.OPENS) !== 0) row.mark |= RowMark.OPENS;
  if ((opening & Opening.STRAY) === 0) return;
  row.mark |= RowMark.STRAY;
  const end = scan.verdict === DROPPED ? 'dropped' : (scan.tcpFlags & RST) !== 0 ? 'reset' : 'passed';
  state.strays.add(pair, { timeMs: row.timeMs, client, end, node: row.node });
}

function noteReset(state: State, pair: number, timeMs: number): void {
  row.mark |= RowMark.RESET;
  state.resets.add(pair, timeMs);
  noteFirst(state, `resets ${pair}`, timeMs);
}

function passes(state: State, reason: string, ends: Ends): boolean {
  return passesHere(state, reason) && passesEnds(state, ends);
}

// the relay cannot tell kernel drops apart: their names are compared here
function passesHere(state: State, reason: string): boolean {
  for (const chip of state.chips) {
    if (runsHere(chip, DROP_REASON_NUMBERS) && (chip.value === reason) === chip.isNegated) return false;
  }
  return true;
}

function reasonOf(state: State, bytes: Uint8Array): string {
  if (scan.dropReason !== 0) return dropReasonName(scan.dropReason);
  if (scan.summaryEnd > scan.summaryStart) {
    const summary = state.summaries.get(state.summaries.intern(bytes, scan.summaryStart, Math.min(scan.summaryEnd, scan.summaryStart + MAX_SUMMARY)));
    if (summary.startsWith(KERNEL_SUMMARY)) return summary.slice(KERNEL_SUMMARY.length).split(' ')[0] ?? '';
  }
  return KERNEL_DROP;
}

function partyOf(state: State, endpoint: number, timeMs: number): number {
  const known = state.partyOfEndpoint[endpoint];
  if (known !== undefined) return known;
  const full = state.endpoints.get(endpoint);
  const party = state.directory.party(full);
  state.partyOfEndpoint[endpoint] = party;
  noteIdentity(state, { party, identity: full?.identity ?? 0, timeMs });
  return party;
}

// no endpoint, or one the interner has no room for: that one is somebody all the same
function foreignParty(state: State, bytes: Uint8Array, start: number, end: number): number {
  if (end <= start) return state.directory.party(undefined);
  const decoded = tryDecode(EndpointCodec, bytes.subarray(start, end));
  return state.directory.party(decoded.ok ? decoded.value : undefined);
}

// what is kept of a flow: all of it but the two endpoint fields (tag, length, bytes), which live in the interner
function cutEndpoints(hasSource: boolean, hasDestination: boolean): void {
  const { sourceStart, sourceEnd, destinationStart, destinationEnd } = scan;
  kept.from = kept.cut = kept.cutEnd = kept.secondCut = kept.secondCutEnd = scan.flowStart;
  kept.to = scan.flowEnd;
  if (sourceStart <= destinationStart) {
    if (hasSource) firstCut(sourceStart, sourceEnd);
    if (hasDestination) secondCut(destinationStart, destinationEnd);
  } else {
    if (hasDestination) firstCut(destinationStart, destinationEnd);
    if (hasSource) secondCut(sourceStart, sourceEnd);
  }
}

function firstCut(start: number, end: number): void {
  // both fields have one-byte tags
  kept.cut = start - 1 - varintLength(end - start);
  kept.cutEnd = kept.secondCut = kept.secondCutEnd = end;
}

function secondCut(start: number, end: number): void {
  kept.secondCut = start - 1 - varintLength(end - start);
  kept.secondCutEnd = end;
}

function varintLength(value: number): number {
  return value < 0x80 ? 1 : value < 0x4000 ? 2 : value < 0x20_0000 ? 3 : 4;
}

function foldLost(state: State, bytes: Uint8Array): void {
  const lost = scan.lostCount;
  const node = state.nodeNames.get(state.nodeNames.intern(bytes, scan.nodeNameStart, scan.nodeNameEnd));
  const bucket = state.fromFlows.at(Math.floor(state.nowMs / 1000));
  if (bucket !== undefined) {
    bucket.lost += lost;
    bucket.hasGap = true;
    const key = `${node} ${LOST_SOURCES[scan.lostSource] ?? 'flow-stream'}`.trim();
    addLoss(bucket, key, lost);
    if (state.telemetry === 'absent') noteFirst(state, `lost ${key}`);
  }
  noteStockLoss(state, bucket, { node, source: scan.lostSource, count: lost });
  for (const book of [state.l7, state.dns]) ringOf(book, state.chips).markGap(state.nowMs);
  // answers may be among them
  forgetDnsUnderWay(state);
  pushText(state, ROW_GAP, `${node === '' ? '' : `${node}: `}${lost} events lost`);
}
