// The agent's hot path: ring to history, history to wire. Threads' CPU comes
// from /proc (schedstat), so the last row needs Linux.
import { readFileSync } from 'node:fs';
import { Worker } from 'node:worker_threads';
import { emptyCatalog } from '../../agent/decode/facts.ts';
import { EVENT_BYTES, EVENT_VERSION, EVENT_WORDS, EventType, OFFSET, Point } from '../../agent/decode/event.ts';
import { RingReader } from '../../agent/decode/ring-reader.ts';
import { createSharedRing, openSharedRing } from '../../agent/decode/shared-ring.ts';
import { EndpointVersions } from '../../agent/enrich/endpoint-versions.ts';
import { type RowContext, makeUuidPrefix } from '../../agent/enrich/row-context.ts';
import { RowView } from '../../agent/enrich/row-view.ts';
import { RowWriter } from '../../agent/enrich/row-writer.ts';
import { HistoryReader, allocateHistory } from '../../agent/history/history.ts';
import { NodeDrain } from '../../agent/history/node-drain.ts';
import { WholeFlows } from '../../agent/history/whole-flows.ts';
import { type FlowStreamSource, streamFlows } from '../../agent/server/flow-stream.ts';
import { GapList } from '../../agent/server/gap-list.ts';
import { Turns } from '../../agent/server/turns.ts';
import { WakeUp } from '../../agent/server/wake-up.ts';
import { timestampOf } from '../../src/wire/timestamp.ts';
import { runKernelStorm } from './agent-kernel.ts';
import type { BenchRow } from './row.ts';

const RING_BYTES = 16 << 20;
const RECORD_SPAN = EVENT_BYTES + 8;
const ROUNDS = 24;
const CAPACITY = 4095;
const LANES = 2;
const STORM_PER_SECOND = 1_000_000;
const STORM_SECONDS = 5;
const DRAIN_PAUSE_MS = 5;

/** Runs every part. */
export async function run(report: (row: BenchRow) => void): Promise<void> {
  benchReader(report);
  benchDrain(report);
  benchWriter(report);
  await benchStream(report);
  await benchStorm(report);
  await runKernelStorm(report);
}

interface Filled {
  rings: ReturnType<typeof createSharedRing>[];
  records: number;
}

/** Two lanes, full to the brim, times alternating between them. */
function fillRings(): Filled {
  const rings = Array.from({ length: LANES }, (_, lane) => createSharedRing(lane, RING_BYTES));
  const records = Math.floor(RING_BYTES / RECORD_SPAN);
  for (const ring of rings) {
    const view = new DataView(ring.data);
    for (let index = 0; index < records; index++) {
      const at = index * RECORD_SPAN;
      view.setUint32(at, EVENT_BYTES, true);
      fillRecord(view, at + 8, index, ring.lane);
    }
    new BigUint64Array(ring.positions, 64, 1)[0] = BigInt(records * RECORD_SPAN);
  }
  return { rings, records: records * LANES };
}

function fillRecord(view: DataView, at: number, index: number, lane: number): void {
  view.setUint32(at, EVENT_VERSION | (EventType.trace << 8) | (Point.toStack << 16), true);
  view.setUint8(at + OFFSET.direction, 2);
  view.setUint8(at + OFFSET.why, 4);
  view.setUint8(at + OFFSET.protocol, 6);
  view.setBigUint64(at + OFFSET.time_ns, BigInt(index * LANES + lane), true);
  view.setUint32(at + OFFSET.sequence, index, true);
  view.setUint8(at + OFFSET.lane, lane);
  view.setUint16(at + OFFSET.tcp_flags, 0x18, true);
  view.setUint32(at + OFFSET.ifindex, 12, true);
  view.setUint32(at + OFFSET.source_ref, 1 + (index % 40), true);
  view.setUint32(at + OFFSET.destination_ref, 1 + (index % 37), true);
  view.setUint32(at + OFFSET.source_ip, 0x0501_000a + index * 7, true);
  view.setUint32(at + OFFSET.destination_ip, 0x0702_000a + index * 3, true);
  view.setUint16(at + OFFSET.source_port, 1024 + (index % 60_000), true);
  view.setUint16(at + OFFSET.destination_port, 8080, true);
  view.setUint32(at + OFFSET.skbs, 4, true);
  view.setUint32(at + OFFSET.segments, 4, true);
  view.setUint32(at + OFFSET.bytes, 1400, true);
}

function rewind(filled: Filled): void {
  for (const ring of filled.rings) new BigUint64Array(ring.positions, 0, 1)[0] = 0n;
}

/** Least nanoseconds an item of many rounds: the machine's noise only ever adds. */
function leastNs(items: number, round: () => void): number {
  let best = Number.POSITIVE_INFINITY;
  for (let count = 0; count < ROUNDS; count++) {
    const start = process.hrtime.bigint();
    round();
    best = Math.min(best, Number(process.hrtime.bigint() - start) / items);
  }
  return best;
}

function benchReader(report: (row: BenchRow) => void): void {
  const filled = fillRings();
  let sum = 0;
  const ns = leastNs(filled.records, () => {
    rewind(filled);
    for (const ring of filled.rings) {
      const reader = new RingReader(openSharedRing(ring));
      reader.refresh();
      for (; reader.peek(); reader.take()) sum += reader.words[reader.recordWord + 25] ?? 0;
      reader.publish();
    }
  });
  report({ name: 'ring drain', value: ns, unit: 'ns/event', note: `one reader, every record looked at, ${sum > 0 ? EVENT_BYTES : 0} bytes each` });
}

/** A figure about records that nobody took would be worse than none. */
function requireRows(rows: number, expected: number): void {
  if (rows !== expected) throw new Error(`${rows} rows where ${expected} were expected: the bench's records are not as the reader wants them`);
}

function benchDrain(report: (row: BenchRow) => void): void {
  const filled = fillRings();
  const history = allocateHistory({ rows: CAPACITY });
  const ns = leastNs(filled.records, () => {
    rewind(filled);
    const drain = new NodeDrain(filled.rings.map((ring) => openSharedRing(ring)), history);
    while (drain.drain(1n << 62n, 1_763_791_453_000_000_000n) > 0);
    requireRows(drain.counts().rows, filled.records);
  });
  report({ name: 'agent ring to history', value: 1e9 / ns, unit: 'events/CPU-s', note: `two lanes merged by time, sequence checked, ${ns.toFixed(1)} ns/event` });
}

/** Forty pods like real ones. */
/** What rows mean on a node that knows forty pods. */
export function benchContext(): RowContext {
  const versions = new EndpointVersions('node-a');
  const endpoints = Array.from({ length: 40 }, (_, index) => ({
    ips: [`10.1.0.${index + 1}`], namespace: 'payments', pod_name: `checkout-api-7d4b9c-x9h${index}`, identity: 1000 + index,
    labels: ['k8s:app=checkout-api', 'k8s:io.cilium.k8s.namespace.labels.kubernetes.io/metadata.name=payments', 'k8s:io.cilium.k8s.policy.cluster=default', 'k8s:io.kubernetes.pod.namespace=payments'],
    workloads: [{ name: 'checkout-api', kind: 'Deployment' }], node_name: 'node-a', hostNetwork: false, uid: String(index),
  }));
  versions.apply({ ...emptyCatalog, endpoints }, 0n);
  return {
    nodeName: 'node-a', nodeLabels: [], versions, emitterVersion: '1.19.4', uuidPrefix: makeUuidPrefix('node-a', 'boot'),
    deviceName: () => 'cali12345678', dropReasonName: () => ({ name: 'NO_SOCKET', subsystem: 'core' }),
    service: () => undefined, serviceOf: () => undefined, hasServices: () => true,
  };
}

function benchWriter(report: (row: BenchRow) => void): void {
  const filled = fillRings();
  const memory = allocateHistory({ rows: CAPACITY });
  new NodeDrain(filled.rings.map((ring) => openSharedRing(ring)), memory).drain(1n << 62n, 1_763_791_453_000_000_000n);
  const reader = new HistoryReader(memory);
  requireRows(reader.head() - reader.oldest(), CAPACITY);
  const context = benchContext();
  const view = new RowView(context);
  const writer = new RowWriter(context);
  let bytes = 0;
  const ns = leastNs(CAPACITY * 4, () => {
    for (let pass = 0; pass < 4; pass++) {
      writer.frames.reset();
      for (let number = reader.oldest(); number < reader.head(); number++) {
        if (reader.copy(number, view.words)) writer.write(view.moved(), false);
      }
      bytes = writer.frames.length;
    }
  });
  report({ name: 'agent flows written', value: 1e9 / ns, unit: 'flows/CPU-s', note: `history row to gRPC frame of ${Math.round(bytes / CAPACITY)} bytes, ${ns.toFixed(0)} ns/flow` });
}

const STREAM_CALLS = 20;
/** Records among the rows of the merged call: one in so many. */
const RECORD_EVERY = 20;

/** A whole call: cursor, order, frames; the client takes everything and drops it. Three ways in turn, as the machine's speed varies. */
async function benchStream(report: (row: BenchRow) => void): Promise<void> {
  const ways = { 'agent flows streamed': streamSource('closed'), 'agent flows streamed, door open': streamSource('open'), 'agent flows streamed, one in 20 a record': streamSource('used') };
  const best = new Map<string, number>();
  const out = { write: () => true, drain: () => Promise.resolve() };
  for (let round = 0; round < ROUNDS * 3; round++) {
    for (const [name, source] of Object.entries(ways)) {
      const start = process.hrtime.bigint();
      for (let call = 0; call < STREAM_CALLS; call++) await streamFlows(source, {}, out, new AbortController().signal);
      const ns = Number(process.hrtime.bigint() - start) / (STREAM_CALLS * (CAPACITY + source.whole.head()));
      best.set(name, Math.min(best.get(name) ?? Infinity, ns));
    }
  }
  for (const [name, ns] of best) report({ name, value: 1e9 / ns, unit: 'flows/CPU-s', note: `GetFlows of a full history, ${ns.toFixed(0)} ns/flow` });
}

function streamSource(door: 'closed' | 'open' | 'used'): FlowStreamSource {
  const filled = fillRings();
  const history = allocateHistory({ rows: CAPACITY });
  new NodeDrain(filled.rings.map((ring) => openSharedRing(ring)), history).drain(1n << 62n, 1_763_791_453_000_000_000n);
  const whole = new WholeFlows();
  const reader = new HistoryReader(history);
  requireRows(reader.head() - reader.oldest(), CAPACITY);
  const row = new Uint32Array(EVENT_WORDS);
  if (door !== 'closed') whole.complete(1n);
  const end = door === 'used' ? reader.head() : 0;
  for (let number = reader.oldest(); number < end; number += RECORD_EVERY) {
    if (reader.copy(number, row)) whole.add({ time: timestampOf((BigInt(row[3] ?? 0) << 32n) | BigInt(row[2] ?? 0)), verdict: 1, Summary: 'HTTP/1.1 200 4ms (GET http://api/v1/items)' });
  }
  return { context: benchContext(), history, whole, gaps: new GapList(), news: new WakeUp(() => {}), turns: new Turns(), wallNs: () => 0n, onOvertaken: () => {} };
}

/** The other end of the ring, in a thread of its own: so many records a second, or as many as fit. */
const producer = `
const { workerData, parentPort } = require('node:worker_threads');
const { data, positions, size, span, perSecond, seconds, eventBytes, timeAt, sequenceAt, record } = workerData;
const bytes = new Uint8Array(data), words = new Uint32Array(data), source = new Uint32Array(record);
const consumer = new BigUint64Array(positions, 0, 1), written = new BigUint64Array(positions, 64, 1);
const pause = new Int32Array(new SharedArrayBuffer(4));
let position = 0, known = 0, sequence = 0, refused = 0;
const start = process.hrtime.bigint();
for (;;) {
  const now = process.hrtime.bigint(), elapsed = Number(now - start) / 1e9;
  if (elapsed >= seconds) break;
  const due = Math.floor(elapsed * perSecond);
  const low = Number(now & 0xffffffffn), high = Number(now >> 32n);
  for (; sequence < due; sequence++) {
    if (position + span - known > size) known = Number(Atomics.load(consumer, 0));
    if (position + span - known > size) { refused++; continue; }
    for (const copy of [position % size, position % size + size]) {
      const at = copy / 4;
      if (at + span / 4 > words.length) continue;
      words.set(source, at + 2);
      words[at + 2 + timeAt / 4] = low; words[at + 3 + timeAt / 4] = high;
      words[at + 2 + sequenceAt / 4] = sequence;
      words[at] = eventBytes;
    }
    // what sticks out at the end continues at the front
    const over = position % size + span - size;
    if (over > 0) bytes.copyWithin(0, size, size + over);
    position += span;
  }
  Atomics.store(written, 0, BigInt(position));
  Atomics.wait(pause, 0, 0, 1);
}
parentPort.postMessage({ sequence, refused });
`;

async function benchStorm(report: (row: BenchRow) => void): Promise<void> {
  const ring = createSharedRing(1, RING_BYTES);
  const record = new ArrayBuffer(EVENT_BYTES);
  fillRecord(new DataView(record), 0, 0, 1);
  const history = allocateHistory({ rows: CAPACITY });
  const drain = new NodeDrain([openSharedRing(ring)], history);
  const worker = new Worker(producer, {
    eval: true,
    workerData: {
      data: ring.data, positions: ring.positions, size: RING_BYTES, span: RECORD_SPAN, perSecond: STORM_PER_SECOND, seconds: STORM_SECONDS,
      eventBytes: EVENT_BYTES, timeAt: OFFSET.time_ns, sequenceAt: OFFSET.sequence, record: new Uint32Array(record, 0, EVENT_WORDS).buffer,
    },
  });
  const startNs = process.hrtime.bigint();
  const startCpu = threadCpuNs();
  const timer = setInterval(() => { drain.drain(process.hrtime.bigint(), 0n); }, DRAIN_PAUSE_MS);
  const made = await new Promise<{ sequence: number; refused: number }>((resolve, reject) => {
    worker.once('message', resolve);
    worker.once('error', reject);
  });
  clearInterval(timer);
  drain.drain(1n << 62n, 0n);
  const cores = (threadCpuNs() - startCpu) / Number(process.hrtime.bigint() - startNs);
  const { rows, missing, rings } = drain.counts();
  const peak = Math.round(((rings[0]?.peakBytes ?? 0) / RING_BYTES) * 100);
  report({ name: 'storm offered', value: made.sequence / STORM_SECONDS, unit: 'events/s', note: `${STORM_SECONDS} s, ring at most ${peak} % full` });
  report({ name: 'storm lost', value: made.sequence - rows, unit: 'events', note: `of ${made.sequence}; refused by a full ring ${made.refused}, proven by sequence numbers ${missing}` });
  report({ name: 'storm drain', value: cores, unit: 'cores', note: 'CPU of the draining thread, aim 0.4' });
}

/** Of the thread that asks, which here is the main one. */
function threadCpuNs(): number {
  const [ns] = readFileSync('/proc/thread-self/schedstat', 'utf8').split(' ');
  return Number(ns);
}
