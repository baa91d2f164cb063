// hot path: every L7 record passes here once (bench: screen/fold-l7)
import { scrub } from '../lib/scrub.ts';
import { latencyIndex } from '../tally/latency-index.ts';
import { ScanL7, type FlowScan } from '../wire/flow-scan.ts';
import { RecordScan, scanRecord } from '../wire/record-scan.ts';
import type { CountedSlot } from './counted-slot.ts';
import { foldDns } from './dns-fold.ts';
import { ringOf, type L7Book } from './l7-book.ts';
import { classOfCode, grpcCode, httpCode, kafkaCode, L7Kind, l7Key, POD_OCTAVES } from './l7-cells.ts';
import { isAnswer, type L7Ends } from './l7-ends.ts';
import { pathOfUrl, pathTemplate } from './l7-path.ts';
import { countedUnder, podPlace, type Call, type Route } from './l7-routes.ts';
import type { State } from './state.ts';

const DROPPED = 2;
const FORBIDDEN = 403;
/** Requests in a row without an answer from which on nobody is believed to tell of answers. */
const ANSWERS_UNTOLD = 64;
/** Longest raw URL, method, topic that is kept. */
const MAX_RAW = 200;
const MAX_METHOD = 16;
const MAX_TOPIC = 60;

const record = new RecordScan();
const decoder = new TextDecoder();

/** Counts an L7 record: under its route or its name, once even if two parsers saw it. History is not counted, since nobody knows what is missing of it. */
export function foldL7(state: State, bytes: Uint8Array, scan: FlowScan, ends: L7Ends): void {
  const { l7 } = state;
  if (ends.timeMs < state.flows.openedMs) return;
  if (!l7.sides.counts(bytes, scan, Math.floor(ends.timeMs / 1000))) return;
  l7.records++;
  scanRecord(bytes, scan.l7Start, scan.l7End, record);
  if (scan.l7 === ScanL7.DNS) return foldDns(state, bytes, { scan, record, ends });
  if (scan.l7 !== ScanL7.HTTP && scan.l7 !== ScanL7.KAFKA) return;
  const slot = ringOf(l7, state.chips).at(ends.timeMs);
  if (slot === undefined) return;
  const second = Math.floor(ends.timeMs / 1000);
  const route = scan.l7 === ScanL7.HTTP ? httpRoute(l7, bytes, ends.serverParty, second) : l7.routes.route(ends.serverParty, kafkaCall(bytes), second);
  l7.routes.touch(route, second);
  if (isAnswer(scan)) countAnswer(state, slot, { route, scan, ends, second });
  else countRequest(state, slot, { route, scan, ends, second });
}

interface Counted {
  route: Route;
  scan: FlowScan;
  ends: L7Ends;
  second: number;
}

function countRequest(state: State, slot: CountedSlot, { route, scan, ends, second }: Counted): void {
  slot.cells.add(l7Key(route.id, L7Kind.REQUESTS, 0), ends.count, true);
  // a proxy that refuses answers itself, and tells of no answer
  const isDenied = scan.verdict === DROPPED;
  if (isDenied) slot.cells.add(l7Key(route.id, L7Kind.CODE, httpCode(FORBIDDEN)), ends.count, true);
  route.unanswered++;
  if (route.unanswered < ANSWERS_UNTOLD && !isDenied) return;
  addDetail(state.l7, slot, l7Key(route.id, L7Kind.CALLER, ends.clientParty), ends.count);
  addDetail(state.l7, slot, l7Key(route.id, L7Kind.POD, placeOf(state, route, ends, second)), ends.count);
}

function countAnswer(state: State, slot: CountedSlot, { route, scan, ends, second }: Counted): void {
  const { l7 } = state;
  route.unanswered = 0;
  const code = codeOf(route, scan);
  const pod = placeOf(state, route, ends, second);
  slot.cells.add(l7Key(route.id, L7Kind.CODE, code), ends.count, true);
  addDetail(l7, slot, l7Key(route.id, L7Kind.CALLER, ends.clientParty), ends.count);
  addDetail(l7, slot, l7Key(route.id, L7Kind.POD, pod), ends.count);
  if (classOfCode(code) === 'server') {
    addDetail(l7, slot, l7Key(route.id, L7Kind.CALLER_BAD, ends.clientParty), ends.count);
    addDetail(l7, slot, l7Key(route.id, L7Kind.POD_BAD, pod), ends.count);
  }
  if (scan.latencyNs <= 0) return;
  const latencyUs = scan.latencyNs / 1000;
  addDetail(l7, slot, l7Key(route.id, L7Kind.LATENCY, latencyIndex(latencyUs)), ends.count);
  addDetail(l7, slot, l7Key(route.id, L7Kind.POD_OCTAVE, pod * POD_OCTAVES + octaveOf(latencyUs)), ends.count);
}

function addDetail(l7: L7Book, slot: CountedSlot, key: number, count: number): void {
  if (!slot.cells.add(key, count)) l7.refused += count;
}

/** The power of two at or below a latency. */
function octaveOf(latencyUs: number): number {
  return 31 - Math.clz32(Math.max(1, Math.min(2 ** 30, latencyUs)));
}

function codeOf(route: Route, scan: FlowScan): number {
  if (route.protocol === 'Kafka') return kafkaCode(record.kafkaError);
  return route.protocol === 'gRPC' && record.grpcStatus >= 0 ? grpcCode(record.grpcStatus) : httpCode(scan.httpCode);
}

function placeOf(state: State, route: Route, { server }: L7Ends, second: number): number {
  return podPlace(route, server, second, () => scrub(state.endpoints.get(server)?.pod_name ?? '', 120) || 'no pod');
}

function httpRoute(l7: L7Book, bytes: Uint8Array, server: number, second: number): Route {
  const { methodStart, urlStart, methodEnd, urlEnd } = record;
  const isHttp2 = isSecondVersion(bytes);
  const make = (): Route => {
    const url = decoder.decode(bytes.subarray(urlStart, urlEnd));
    const route = l7.routes.route(server, httpCall(decoder.decode(bytes.subarray(methodStart, methodEnd)), url, isHttp2), second);
    route.rawUrl = scrub(url, MAX_RAW);
    return route;
  };
  // written one after the other, by everybody: one range names both
  if (methodEnd === methodStart || urlStart < methodEnd || urlStart > methodEnd + 6) return make();
  const range = { start: methodStart, end: urlEnd, salt: (server << 2) | (isHttp2 ? 1 : 0) | (record.isGrpc ? 2 : 0) };
  const route = l7.calls.get(bytes, range, make);
  if (l7.routes.at(route.id) === route) return countedUnder(route);
  // its number went to another route meanwhile
  l7.calls.clear();
  return l7.calls.get(bytes, range, make);
}

// HTTP/2 and HTTP/2.0
function isSecondVersion(bytes: Uint8Array): boolean {
  return record.protocolEnd - record.protocolStart >= 6 && bytes[record.protocolStart + 5] === 0x32;
}

const GRPC_PATH = /^\/([\w.]+)\/(\w+)$/;

function httpCall(method: string, url: string, isHttp2: boolean): Call {
  const path = pathOfUrl(url);
  const parts = isHttp2 && method === 'POST' ? GRPC_PATH.exec(path) : null;
  const [, service = '', call = ''] = parts ?? [];
  // by convention: a package with a dot, or names of types and methods, which begin with a capital
  if (parts !== null && (record.isGrpc || (/^[A-Z]/.test(call) && (service.includes('.') || /^[A-Z]/.test(service))))) {
    return { protocol: 'gRPC', method: '', path: scrub(`${service}/${call}`, MAX_RAW) };
  }
  return { protocol: 'HTTP', method: scrub(method, MAX_METHOD), path: url === '' ? '(no path)' : scrub(pathTemplate(path), MAX_RAW) };
}

function kafkaCall(bytes: Uint8Array): Call {
  const apiKey = decoder.decode(bytes.subarray(record.apiKeyStart, record.apiKeyEnd));
  const topic = decoder.decode(bytes.subarray(record.topicStart, record.topicEnd));
  return { protocol: 'Kafka', method: scrub(apiKey, MAX_METHOD), path: scrub(topic, MAX_TOPIC) };
}
