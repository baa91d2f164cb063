import { initialState, type State } from '../../../src/model/state.ts';
import { update } from '../../../src/control/update.ts';
import { flowOf, framed, joined, NODES, random, reportOf, TALKS, type FakeTalk } from '../app/fake-cluster.ts';
import { dnsRecords, httpRecords, kafkaRecords } from '../app/fake-l7.ts';
import { requestsOfSecond } from '../app/fake-requests.ts';
import { hdrQuantiles } from '../../../src/app/hdr-quantiles.ts';
import { GetFlowsResponseCodec } from '../../../src/wire/gen/observer.ts';
import { copyOfState } from './copy-of-state.ts';

/** 2026-03-01 12:00:00 UTC. */
export const START_MS = 1_772_366_400_000;

/** Names an attacker would choose: escape sequences, C1, bidi, wide characters, braces, line breaks. */
export const EVIL = ['\x1b]52;c;aGk=\x07', '\u009d0;PWN\u009c', '\u202eevil', '{red-bg}{bold}x{/}', 'a\r\nb\tc', '漢字🍌', '\x00\x7f', 'x'.repeat(400)] as const;

const SECONDS = 90;

/** A dashboard that was just started. */
export function emptyScene(): State {
  return initialState({ server: '127.0.0.1:4245', nowMs: START_MS, view: 'overview' });
}

/**
 * A scene of so many seconds. Telling it takes a second or two: that is done once, and each caller gets a copy of its own. The last
 * second is told to the copy, since views show figures that were made at its tick.
 */
function toldOnce(seconds: number, begin: (state: State) => void, tell: (state: State, second: number) => void): () => State {
  let told: State | undefined;
  const tellMost = (): State => {
    const state = emptyScene();
    begin(state);
    for (let second = 0; second < seconds - 1; second++) tell(state, second);
    return state;
  };
  return () => {
    const state = copyOfState(told ??= tellMost());
    tell(state, seconds - 1);
    return state;
  };
}

/** A minute and a half of the payments fleet. */
export const busyScene = toldOnce(SECONDS, connect, (state, second) => runSecond(state, second, {}));

/** The same where nobody parses a request: packets alone. */
export const packetsScene = toldOnce(SECONDS, connect, (state, second) => runSecond(state, second, { hasNoRequests: true }));

/** The same with a lost connection, lost events, and a node that is away. */
export const gapScene = toldOnce(SECONDS, connect, (state, second) => {
  if (second === 60) update(state, { type: 'connection', state: 'lost', error: 'UNAVAILABLE: connection refused', retryInMs: 1000 });
  if (second > 60 && second < 67) update(state, { type: 'tick', nowMs: START_MS + second * 1000 });
  else {
    if (second === 67) connect(state);
    runSecond(state, second, { lostPerSecond: second > 70 ? 8 : 0, ...(second > 60 ? { down: 'node-09' } : {}) });
    if (second === 75) update(state, { type: 'flows', bytes: lostEvents(12) });
  }
});

/** A stock Hubble relay: flows, node states and its list of nodes, a page of Cilium's metrics, no telemetry. */
export const stockScene = toldOnce(SECONDS, connectToStock, (state, second) => {
  for (let tenth = 1; tenth <= 10; tenth++) update(state, { type: 'tick', nowMs: endOf(second) - 1000 + tenth * 100 });
  if (second % 10 === 0) askStock(state, second);
  update(state, { type: 'flows', bytes: flowBytes(second) });
});

function connectToStock(state: State): void {
  connect(state);
  update(state, { type: 'telemetry-absent' });
  for (const node of NODES) update(state, { type: 'node-status', node, state: node === 'node-07' ? 'NODE_UNAVAILABLE' : 'NODE_CONNECTED' });
}

function askStock(state: State, second: number): void {
  update(state, { type: 'nodes', status: { version: 'hubble-relay v1.19.4', flows_rate: 20 }, nodes: NODES.map((name, i) => (name === 'node-07' ? { name, state: 2 } : {
    name, state: 1, version: 'cilium v1.19.4+gabc123', address: `192.0.2.${i + 1}:4244`, tls: { enabled: true }, uptime_ns: BigInt(i === 3 ? second + 4 : 86_400 + second) * 1_000_000_000n,
    num_flows: 4_095n, max_flows: 4_095n, seen_flows: BigInt((second + 1) * (i + 1)),
  })) });
  update(state, { type: 'metrics', source: 'http://192.0.2.3:9962/metrics', metrics: { node: '192.0.2.3', atMs: state.nowMs, lost: [], drops: [], kernelRefused: undefined, gauges: [
    { name: 'ct4_global', kind: 'conntrack', fill: 0.91, rawFill: 0.91, entries: 477_102, maxEntries: 524_288, measuredMs: state.nowMs - 12_000, isOlder: false },
    { name: 'lb4_services_v2', kind: 'map', fill: 1, rawFill: 1.25, measuredMs: state.nowMs, isOlder: false },
  ] } });
  update(state, { type: 'metrics-state', source: 'http://192.0.2.4:9962/metrics', error: 'metrics of http://192.0.2.4:9962/metrics: connection refused (nothing listens there)' });
}

const HOSTILE_TALKS = EVIL.map((evil, i): FakeTalk => ({ from: `${evil}/${evil}`, to: `ns/${evil}${i}`, port: 80 + i, protocol: 6, perSecond: 5 + i, bytes: 1000, ...(i % 2 === 0 ? { drop: evil } : {}) }));

const hostileSeconds = toldOnce(20, connect, (state, second) => {
  const timeMs = endOf(second);
  update(state, { type: 'tick', nowMs: timeMs });
  const report = reportOf(second, timeMs, { talks: HOSTILE_TALKS });
  update(state, { type: 'telemetry', report: { ...report, nodes: EVIL.map((name) => ({ name, state: second > 10 ? `NODE_GONE ${name}` : '', message: name })) } });
  update(state, { type: 'flows', bytes: joined(HOSTILE_TALKS.map((talk) => framed({ ...flowOf(talk, timeMs), node_name: talk.from, Summary: talk.from, source_names: [talk.from] }))) });
  update(state, { type: 'flows', bytes: joined(EVIL.flatMap((evil) => evilRequests(evil, timeMs))) });
});

/** Every text that comes from outside is hostile. */
export function hostileScene(): State {
  const state = hostileSeconds();
  update(state, { type: 'node-status', node: EVIL[0], state: 'NODE_ERROR', message: EVIL[1] });
  update(state, { type: 'status', text: EVIL.join(' ') });
  update(state, { type: 'chip', field: 'node', value: 'node-01', isNegated: true });
  update(state, { type: 'action', action: 'undo' });
  return state;
}

// in every text of a record: method, URL, header, topic, name, source
function evilRequests(evil: string, timeMs: number): Uint8Array[] {
  const ends = { from: `${evil}/${evil}`, to: `ns/${evil}`, timeMs: timeMs + 1, pod: evil };
  return [
    ...httpRecords({ ...ends, method: evil, url: `http://${evil}:${evil}@${evil}/${evil}/${evil}?${evil}`, protocol: evil, code: 599, headers: [{ key: evil, value: evil }, { key: 'grpc-status', value: evil }] }),
    ...kafkaRecords({ ...ends, apiKey: evil, topic: evil, error: -1 }), ...dnsRecords({ ...ends, query: `${evil}.`, type: evil, rcode: 23, ips: [evil] }),
    ...dnsRecords({ ...ends, query: `${evil}.${evil}.svc.cluster.local`, rcode: 3 }), ...dnsRecords({ ...ends, query: evil, records: 'request' }),
  ];
}

// what scenes have in common is encoded once; nobody writes to it
const requestBytes = madeOnce((second) => joined(requestsOfSecond(second, endOf(second))));
const flowBytes = madeOnce((second) => secondOfFlows(second, endOf(second)));

function madeOnce(make: (second: number) => Uint8Array): (second: number) => Uint8Array {
  const made: Uint8Array[] = [];
  return (second) => made[second] ??= make(second);
}

function endOf(second: number): number {
  return START_MS + (second + 1) * 1000;
}

function connect(state: State): void {
  update(state, { type: 'quantiles', quantiles: hdrQuantiles() });
  update(state, { type: 'flows-requested' });
  update(state, { type: 'connection', state: 'connecting' });
  update(state, { type: 'connection', state: 'live' });
  update(state, { type: 'flows-state', isOpen: true });
}

function runSecond(state: State, second: number, options: { lostPerSecond?: number; down?: string; hasNoRequests?: boolean }): void {
  const timeMs = endOf(second);
  update(state, { type: 'tick', nowMs: timeMs + 400 });
  update(state, { type: 'telemetry', report: reportOf(second, timeMs, options) });
  if (options.hasNoRequests !== true) update(state, { type: 'flows', bytes: requestBytes(second) });
  update(state, { type: 'flows', bytes: flowBytes(second) });
}

/** The flows of a second: some of each talk, one answer, a reset every four seconds, seen on both sides. */
export function secondOfFlows(second: number, timeMs: number): Uint8Array {
  const next = random(second + 1000);
  const parts: Uint8Array[] = [];
  for (const talk of TALKS) {
    if (next() < talk.perSecond / 30 || talk.drop !== undefined) parts.push(framed(flowOf(talk, timeMs - 400 + Math.floor(next() * 399), { node: NODES[Math.floor(next() * 12)] ?? '', sourcePort: 30_000 + Math.floor(next() * 9_999) })));
    if (talk.resetEveryS === undefined || second % talk.resetEveryS !== 0) continue;
    parts.push(framed(flowOf(talk, timeMs - 300, { isReset: true })), framed(flowOf(talk, timeMs - 299, { isReset: true, isAtServer: true, node: 'node-02' })));
  }
  const [first] = TALKS;
  if (first !== undefined) for (const isAtServer of [true, false]) parts.push(framed(flowOf(first, timeMs - 250, { isReply: true, isAtServer, node: isAtServer ? 'node-03' : 'node-10' })));
  return joined(parts);
}

function lostEvents(count: number): Uint8Array {
  const message = GetFlowsResponseCodec.encode({ node_name: 'node-05', lost_events: { source: 3, num_events_lost: BigInt(count) } });
  const out = new Uint8Array(message.length + 5);
  new DataView(out.buffer).setUint32(1, message.length);
  out.set(message, 5);
  return out;
}
