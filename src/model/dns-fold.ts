// hot path: every DNS record passes here once (bench: screen/fold-l7)
import { scrub } from '../lib/scrub.ts';
import { latencyIndex } from '../tally/latency-index.ts';
import type { FlowScan } from '../wire/flow-scan.ts';
import type { RecordScan } from '../wire/record-scan.ts';
import type { Chip, ChipField } from './chips.ts';
import type { CountedSlot } from './counted-slot.ts';
import { MAX_SOURCES, type DnsBook } from './dns-book.ts';
import { dnsKey, DnsKind, EVERY_NAME, NO_ANSWER, NOERROR, NXDOMAIN, resolverEntity } from './dns-cells.ts';
import { dnsName } from './dns-names.ts';
import { ANSWER_MS, type Question } from './dns-pending.ts';
import type { SearchOutcome, Try } from './dns-search.ts';
import { ringOf } from './l7-book.ts';
import { isAnswer, type L7Ends } from './l7-ends.ts';
import type { State } from './state.ts';

/** How much later than its question an answer may be passed on, beside what it took. */
const LAG_MS = 1_000;
const INGRESS = 1;

const decoder = new TextDecoder();

/** A record of DNS with what its scans found. */
export interface DnsRecord {
  scan: FlowScan;
  record: RecordScan;
  ends: L7Ends;
}

/** Counts a question or an answer. */
export function foldDns(state: State, bytes: Uint8Array, dns: DnsRecord): void {
  const { dns: book } = state;
  const { scan, record, ends } = dns;
  const name = book.asked.get(bytes, { start: record.queryStart, end: record.queryEnd, salt: 0 }, () => dnsName(decoder.decode(bytes.subarray(record.queryStart, record.queryEnd))));
  const type = record.typeEnd > record.typeStart ? decoder.decode(bytes.subarray(record.typeStart, record.typeEnd)).slice(0, 8) : '';
  const question: Question = {
    client: ends.client, namespace: scrub(state.endpoints.get(ends.client)?.namespace ?? '', 63), clientParty: ends.clientParty,
    resolver: resolverNumber(state, bytes, dns), name, type, timeMs: ends.timeMs, arrivedMs: state.nowMs,
  };
  noteSource(book, bytes, record);
  if (!isAnswer(scan)) {
    // one that stands for many cannot be told from its answer
    if (ends.count === 1 && seesAnswers(state.chips)) book.pending.ask(scan.sourcePort, question);
    return;
  }
  const asked = book.pending.answer(scan.destinationPort, question);
  const latencyUs = scan.latencyNs > 0 ? scan.latencyNs / 1000 : asked === undefined ? 0 : Math.max(0, ends.timeMs - asked.timeMs) * 1000;
  const tried: Try = { ...question, rcode: scan.dnsRcode, latencyUs, count: ends.count };
  countAtResolver(state, tried);
  book.search.take(tried, outcomeIn(state));
}

function outcomeIn(state: State): SearchOutcome {
  return { onLookup: (ended) => countLookup(state, ended), onNoise: (tried, suffix) => countNoise(state, tried, suffix) };
}

/** Lets the time of DNS go on: questions that stay without an answer, lookups without a next try. */
export function passDnsTime(state: State): void {
  const { dns, nowMs } = state;
  dns.search.expire(nowMs, outcomeIn(state));
  dns.pending.expire(nowMs - LAG_MS, (question) => {
    // counted when it is known
    const lost: Try = { ...question, name: dns.search.wantedName(question), rcode: NO_ANSWER, latencyUs: ANSWER_MS * 1000, timeMs: question.timeMs + ANSWER_MS, count: 1 };
    countAtResolver(state, lost);
    countLookup(state, lost);
  });
}

/** Something of the stream is missing: what waits will never be known. */
export function forgetDnsUnderWay(state: State): void {
  state.dns.pending.clear();
  state.dns.search.clear();
}

// under other filters the answer to a question may not pass, or the question
const BOTH_PASS: readonly ChipField[] = ['from-pod', 'to-pod', 'from-workload', 'to-workload', 'from-namespace', 'to-namespace', 'protocol', 'port', 'node', 'dns-query'];

/** Whether a filter lets questions through with their answers, so that a missing answer means something. */
export function seesAnswers(chips: readonly Chip[]): boolean {
  return chips.every((chip) => BOTH_PASS.includes(chip.field));
}

function resolverNumber(state: State, bytes: Uint8Array, { scan, ends }: DnsRecord): number {
  const endpoint = state.endpoints.get(ends.server);
  const pod = endpoint?.pod_name ?? '';
  const name = pod !== '' ? scrub(`${endpoint?.namespace ?? ''}/${pod}`, 183) : addressOf(bytes, scan);
  const id = state.dns.resolvers.id(name === '' ? state.directory.partyAt(ends.serverParty).name : name, Math.floor(ends.timeMs / 1000));
  if (scan.direction === INGRESS && !state.dns.resolverNodes.has(id)) state.dns.resolverNodes.set(id, state.nodeNames.get(state.nodeNames.intern(bytes, scan.nodeNameStart, scan.nodeNameEnd)));
  return id;
}

function addressOf(bytes: Uint8Array, scan: FlowScan): string {
  const [start, end] = isAnswer(scan) ? [scan.sourceIpStart, scan.sourceIpEnd] : [scan.destinationIpStart, scan.destinationIpEnd];
  return scrub(decoder.decode(bytes.subarray(start, end)), 45);
}

function noteSource({ sources }: DnsBook, bytes: Uint8Array, { sourceStart, sourceEnd }: RecordScan): void {
  if (sources.size >= MAX_SOURCES || sourceEnd === sourceStart) return;
  sources.add(scrub(decoder.decode(bytes.subarray(sourceStart, sourceEnd)), 20));
}

function slotAt(state: State, timeMs: number): CountedSlot | undefined {
  return ringOf(state.dns, state.chips).at(timeMs);
}

function add(state: State, slot: CountedSlot, key: number, count: number): void {
  if (!slot.cells.add(key, count)) state.dns.refused += count;
}

function countAtResolver(state: State, { resolver, rcode, latencyUs, timeMs, count }: Try): void {
  const slot = slotAt(state, timeMs);
  if (slot === undefined) return;
  const entity = resolverEntity(resolver);
  slot.cells.add(dnsKey(entity, DnsKind.RCODE, rcode), count, true);
  if (latencyUs > 0) add(state, slot, dnsKey(entity, DnsKind.LATENCY, latencyIndex(latencyUs)), count);
}

function countLookup(state: State, { name, rcode, latencyUs, clientParty, resolver, timeMs, count }: Try): void {
  const slot = slotAt(state, timeMs);
  if (slot === undefined) return;
  const id = state.dns.names.id(name, Math.floor(timeMs / 1000));
  slot.cells.add(dnsKey(id, DnsKind.RCODE, rcode), count, true);
  slot.cells.add(dnsKey(EVERY_NAME, DnsKind.RCODE, rcode), count, true);
  add(state, slot, dnsKey(EVERY_NAME, DnsKind.ASKER, clientParty), count);
  add(state, slot, dnsKey(id, DnsKind.ASKER, clientParty), count);
  if (latencyUs > 0) add(state, slot, dnsKey(id, DnsKind.LATENCY, latencyIndex(latencyUs)), count);
  if (rcode === NOERROR) return;
  add(state, slot, dnsKey(id, DnsKind.FAILED, clientParty), count);
  add(state, slot, dnsKey(id, DnsKind.FAILED_AT, resolver), count);
  add(state, slot, dnsKey(EVERY_NAME, rcode === NXDOMAIN ? DnsKind.FAILED : rcode === NO_ANSWER ? DnsKind.UNANSWERED : DnsKind.BROKEN, clientParty), count);
}

function countNoise(state: State, { name, rcode, timeMs, count }: Try, suffix: string): void {
  const slot = slotAt(state, timeMs);
  if (slot === undefined) return;
  const id = state.dns.names.id(suffix === '' ? name : `*.${suffix}`, Math.floor(timeMs / 1000));
  add(state, slot, dnsKey(id, DnsKind.NOISE, rcode), count);
  slot.cells.add(dnsKey(EVERY_NAME, DnsKind.NOISE, rcode), count, true);
}
