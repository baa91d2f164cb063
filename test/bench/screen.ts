import { update } from '../../src/control/update.ts';
import { themeAt } from '../../src/theme/theme.ts';
import { frame } from '../../src/views/frame.ts';
import { VIEWS } from '../../src/views/view-list.ts';
import { flowOf, framed, joined, NODES, random, reportOf, TALKS } from '../src/app/fake-cluster.ts';
import { dnsRecords, fakeLatency, httpRecords } from '../src/app/fake-l7.ts';
import { busyScene } from '../src/views/scenes.ts';
import { countingTerminal, sent } from './counting-terminal.ts';
import type { BenchRow } from './row.ts';

const SIZE = { cols: 120, rows: 40 };
const FRAMES = 400;
/** Frames before anything counts: the first one draws all, and ten seconds of a dashboard that hangs for weeks are compiling. */
const WARM_UP = 100;
const ROUNDS = 5;

/** The screen: what a frame costs in CPU and bytes at 120x40 on a busy cluster, and what folding flows costs. */
export async function run(report: (row: BenchRow) => void): Promise<void> {
  for (const { id } of VIEWS) await benchFrames(id, report);
  benchFold(report);
  benchL7(report);
}

function cpuMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

// each frame is of a state that really changed: a second of telemetry and its flows
async function benchFrames(view: string, report: (row: BenchRow) => void): Promise<void> {
  const { terminal, bytes } = countingTerminal(SIZE);
  const state = busyScene();
  state.view = view;
  let spentMs = 0;
  let warmBytes = 0;
  for (let i = 0; i < FRAMES; i++) {
    const timeMs = state.nowMs + 100;
    update(state, { type: 'tick', nowMs: timeMs });
    if (i % 10 === 0) update(state, { type: 'telemetry', report: reportOf(100 + i, timeMs) });
    update(state, { type: 'flows', bytes: joined(TALKS.slice(i % 5, (i % 5) + 4).map((talk) => framed(flowOf(talk, timeMs)))) });
    const before = cpuMs();
    terminal.draw(frame(state, SIZE), themeAt(0));
    if (i > WARM_UP) spentMs += cpuMs() - before;
    await sent();
    if (i === WARM_UP) warmBytes = bytes();
  }
  terminal.close();
  report({ name: `screen/frame/${view}`, value: round(spentMs / (FRAMES - WARM_UP - 1)), unit: 'ms CPU a frame', note: '120x40, a change in every frame' });
  report({ name: `screen/bytes/${view}`, value: Math.round((bytes() - warmBytes) / (FRAMES - WARM_UP - 1)), unit: 'bytes a frame', note: view === 'flows' ? '4 new rows a frame' : 'figures change once in 10 frames' });
}

function benchFold(report: (row: BenchRow) => void): void {
  const next = random(1);
  const flows = Array.from({ length: 20_000 }, (_, i) => framed(flowOf(TALKS[i % TALKS.length] ?? TALKS[0] as (typeof TALKS)[number], 1_772_366_490_000 + i / 20, { node: NODES[Math.floor(next() * 12)] ?? '', sourcePort: 30_000 + Math.floor(next() * 9_999) })));
  const batch = joined(flows);
  const state = busyScene();
  let best = 0;
  for (let round_ = 0; round_ < ROUNDS; round_++) {
    const before = cpuMs();
    for (let i = 0; i < 5; i++) update(state, { type: 'flows', bytes: batch });
    best = Math.max(best, (5 * flows.length * 1000) / (cpuMs() - before));
  }
  report({ name: 'screen/fold', value: Math.round(best), unit: 'flows/CPU-s', note: `${Math.round(batch.length / flows.length)}-byte frames into counts, rows and resets` });
}

// requests, their answers and lookups as they come: half of the latencies and callers differ
function benchL7(report: (row: BenchRow) => void): void {
  const next = random(2);
  const startMs = 1_772_366_490_000;
  const frames = Array.from({ length: 5_000 }, (_, i): Uint8Array[] => {
    const timeMs = startMs + i / 5;
    const clientPort = 30_000 + Math.floor(next() * 9_999);
    const latencyMs = fakeLatency(next, 20);
    return i % 4 === 0
      ? dnsRecords({ from: 'payments/checkout-api', to: 'kube-system/kube-dns', timeMs, clientPort, latencyMs: 1, query: `name${i % 40}.payments.svc.cluster.local.` })
      : httpRecords({ from: 'ingress/istio-gateway', to: 'payments/checkout-api', timeMs, clientPort, latencyMs, method: 'POST', url: `http://checkout/v1/payments/${i % 500}/status?token=${i % 900}` });
  }).flat();
  const batch = joined(frames);
  const state = busyScene();
  update(state, { type: 'flows-state', isOpen: false });
  update(state, { type: 'tick', nowMs: startMs });
  update(state, { type: 'flows-state', isOpen: true });
  let best = 0;
  for (let round_ = 0; round_ < ROUNDS; round_++) {
    const before = cpuMs();
    for (let i = 0; i < 5; i++) update(state, { type: 'flows', bytes: batch });
    best = Math.max(best, (5 * frames.length * 1000) / (cpuMs() - before));
  }
  report({ name: 'screen/fold-l7', value: Math.round(best), unit: 'flows/CPU-s', note: `${Math.round(batch.length / frames.length)}-byte records of HTTP and DNS into routes, latencies and lookups` });
}

function round(value: number): number {
  return Math.round(value * 1000) / 1000;
}
