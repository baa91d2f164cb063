import { EndpointInterner } from '../../src/wire/endpoint-interner.ts';
import { FlowScan, peekTime, scanResponse } from '../../src/wire/flow-scan.ts';
import { FlowRow, FlowWriter, endpointChunk, interfaceChunk, serviceChunk } from '../../src/wire/flow-template.ts';
import { FrameSplitter, forEachMessage } from '../../src/wire/frame-splitter.ts';
import { GetFlowsResponseCodec } from '../../src/wire/gen/observer.ts';
import type { GetFlowsResponse } from '../../src/wire/gen/observer.ts';
import { JsonLines } from '../../src/wire/json-lines.ts';
import { toJson } from '../../src/wire/json.ts';
import type { BenchRow } from './row.ts';

const FLOWS = 4096;
const PAIRS = 64;
const ROUNDS = 15;

/** Rows of a busy node: 64 pairs of endpoints with a Cilium cluster's usual labels, both directions. */
function makeRows(): FlowRow[] {
  const endpoint = (name: string, i: number): Uint8Array => endpointChunk({
    ID: 100 + i, identity: 20_000 + i, namespace: 'payments', pod_name: `${name}-7d4b9c-x${i}`, workloads: [{ name, kind: 'Deployment' }],
    labels: [`k8s:app=${name}`, 'k8s:io.cilium.k8s.namespace.labels.kubernetes.io/metadata.name=payments', 'k8s:io.cilium.k8s.policy.cluster=default', 'k8s:io.kubernetes.pod.namespace=payments'],
  });
  const sources = Array.from({ length: PAIRS }, (_, i) => endpoint('checkout-api', i));
  const destinations = Array.from({ length: PAIRS }, (_, i) => endpoint('ledger-svc', PAIRS + i));
  const device = interfaceChunk(14, 'lxc3f2a71be');
  const service = serviceChunk({ name: 'ledger-svc', namespace: 'payments' });
  return Array.from({ length: FLOWS }, (_, i) => {
    const row = new FlowRow();
    Object.assign(row, {
      timeSeconds: 1_772_615_702, timeNanos: i * 1000, verdict: 1, eventType: 4, eventSubType: i % 2 === 0 ? 3 : 0, direction: 1 + (i % 2), isReply: i % 2, tracePoint: i % 2 === 0 ? 3 : 101,
      traceReason: 2, ipVersion: 4, sourceMacAt: 0, destinationMacAt: 6, sourceIpAt: 12, destinationIpAt: 16, protocol: 6, sourcePort: 40_000 + i, destinationPort: 8080, tcpFlags: 0x10,
      source: sources[i % PAIRS], destination: destinations[(i * 7) % PAIRS], interface: device, destinationService: service,
      bytes: Uint8Array.from([10, 88, 10, 1, 0, 7, 10, 88, 10, 1, 0, 1, 10, 244, i >> 8, i & 255, 10, 244, 3, i % PAIRS]),
    });
    row.uuid.set([i >> 8, i & 255], 14);
    return row;
  });
}

/** Runs the candidates in turn, ROUNDS times; gives the median nanoseconds a flow of each. */
function interleaved(candidates: Record<string, () => void>): Record<string, number> {
  const times = new Map(Object.keys(candidates).map((name) => [name, [] as number[]]));
  for (let round = 0; round < ROUNDS; round++) {
    for (const [name, work] of Object.entries(candidates)) {
      const start = process.hrtime.bigint();
      work();
      times.get(name)?.push(Number(process.hrtime.bigint() - start) / FLOWS);
    }
  }
  return Object.fromEntries([...times].map(([name, list]) => [name, list.toSorted((a, b) => a - b)[ROUNDS >> 1] ?? 0]));
}

/** Nanoseconds a flow for each way through the wire code, interleaved in one run. */
export function run(report: (row: BenchRow) => void): Promise<void> {
  const rows = makeRows();
  const writer = new FlowWriter({ nodeName: 'prod/node-a', nodeLabels: ['kubernetes.io/os=linux', 'topology.kubernetes.io/zone=eu-1'], emitter: { name: 'Hubble', version: '1.19.4' } });
  const template = (): void => {
    writer.reset();
    for (const row of rows) writer.write(row);
  };
  template();
  const frames = writer.bytes().slice();
  const messages: Uint8Array[] = [];
  forEachMessage(frames, (start, end) => messages.push(frames.slice(start, end)));
  const objects: GetFlowsResponse[] = messages.map((message) => GetFlowsResponseCodec.decode(message));
  const interner = new EndpointInterner();
  const scan = new FlowScan();
  const lines = new JsonLines(GetFlowsResponseCodec);
  const ranges: number[] = [];
  forEachMessage(frames, (start, end) => {
    scanResponse(frames, start, end, scan);
    ranges.push(scan.sourceStart, scan.sourceEnd, scan.destinationStart, scan.destinationEnd);
  });
  const time = { seconds: 0, nanos: 0 };
  const times = interleaved({
    template,
    'scan and intern': () => forEachMessage(frames, (start, end) => {
      scanResponse(frames, start, end, scan);
      interner.intern(frames, scan.sourceStart, scan.sourceEnd);
      interner.intern(frames, scan.destinationStart, scan.destinationEnd);
    }),
    'intern only': () => {
      for (let i = 0; i < messages.length; i++) {
        interner.intern(frames, ranges[i * 4] ?? 0, ranges[i * 4 + 1] ?? 0);
        interner.intern(frames, ranges[i * 4 + 2] ?? 0, ranges[i * 4 + 3] ?? 0);
      }
    },
    'scan only': () => forEachMessage(frames, (start, end) => scanResponse(frames, start, end, scan)),
    'peek time': () => forEachMessage(frames, (start, end) => peekTime(frames, start, end, time)),
    split: () => {
      const splitter = new FrameSplitter();
      // a usual read of an HTTP/2 data frame
      for (let at = 0; at < frames.length; at += 16_384) splitter.push(frames.subarray(at, at + 16_384), () => undefined);
    },
    'codec decode': () => { for (const message of messages) GetFlowsResponseCodec.decode(message); },
    'codec encode': () => { for (const object of objects) GetFlowsResponseCodec.encode(object); },
    'JSON lines': () => {
      lines.reset();
      forEachMessage(frames, (start, end) => lines.write(frames, start, end));
    },
    'decoded to JSON': () => { for (const object of objects) toJson(GetFlowsResponseCodec, object); },
  });
  const note = `${(frames.length / FLOWS).toFixed(0)} bytes a flow, median of ${ROUNDS} interleaved rounds`;
  for (const [name, value] of Object.entries(times)) report({ name, value, unit: 'ns/flow', note });
  report({ name: 'template against codec encode', value: (times['codec encode'] ?? 0) / (times['template'] ?? 1), unit: 'x' });
  report({ name: 'scan and intern against codec decode', value: (times['codec decode'] ?? 0) / (times['scan and intern'] ?? 1), unit: 'x' });
  return Promise.resolve();
}
