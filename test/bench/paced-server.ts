import type { FlowsOut } from '../../src/rpc/batch-out.ts';
import { frameStream, serverStream } from '../../src/rpc/binding.ts';
import { serve } from '../../src/rpc/serve.ts';
import { sleep } from '../../src/rpc/sleep.ts';
import { ObserverService, TelemetryService } from '../../src/wire/services.ts';
import { reportOf, type FakeTalk } from '../src/app/fake-cluster.ts';
import { VariedFlows } from './varied-flows.ts';

const STEP_MS = 5;
/** Flows a write, as our relay packs them. */
const FLOWS_A_BATCH = 50;
/** A client further behind than this gets no flows for the time that passed. */
const MOST_BEHIND_MS = 500;
const TALKERS = 60;

/** A server of flows at a steady rate to whoever asks, whatever he asks for, and of a report a second. */
export interface PacedServer {
  address: string;
  /** Flows sent so far, to all. */
  sent(): number;
}

/** The talks a report tells of where so many flows a second pass. */
export function busyTalks(flowsPerSecond: number): FakeTalk[] {
  return Array.from({ length: TALKERS }, (_, i) => ({
    from: `shop/web-${i}`, to: `payments/api-${i % 7}`, port: 8080 + (i % 5), protocol: 6 as const,
    perSecond: ((flowsPerSecond * 2) / TALKERS) * ((i + 0.5) / TALKERS), bytes: 9_000 * (i + 1), ...(i % 20 === 3 ? { drop: 133 } : {}),
  }));
}

/** Serves on loopback until the process ends. */
export async function servePaced(flowsPerSecond: number): Promise<PacedServer> {
  let sent = 0;
  const talks = busyTalks(flowsPerSecond);
  const server = await serve({
    listen: ['127.0.0.1:0'],
    services: [
      frameStream(ObserverService.GetFlows, (_request, out, signal) => pour(out, { flowsPerSecond, signal, onSent: (count) => { sent += count; } })),
      serverStream(TelemetryService.Watch, async (_request, out, signal) => {
        for (let second = 0; !signal.aborted; second++) {
          out.write(reportOf(second, Date.now(), { talks }));
          await sleep(1000, signal);
        }
      }),
    ],
  });
  return { address: server.addresses[0] ?? '', sent: () => sent };
}

async function pour(out: FlowsOut, options: { flowsPerSecond: number; signal: AbortSignal; onSent: (count: number) => void }): Promise<void> {
  const { flowsPerSecond, signal } = options;
  const flows = new VariedFlows();
  let untilMs = performance.now();
  while (!signal.aborted) {
    await sleep(STEP_MS, signal);
    untilMs = Math.max(untilMs, performance.now() - MOST_BEHIND_MS);
    for (let due = Math.floor(((performance.now() - untilMs) * flowsPerSecond) / 1000); due > 0 && !signal.aborted; due -= FLOWS_A_BATCH) {
      const count = Math.min(due, FLOWS_A_BATCH);
      const now = Date.now();
      const hasRoom = out.write(flows.take(count, now - 1, now));
      untilMs += (count * 1000) / flowsPerSecond;
      options.onSent(count);
      if (!hasRoom) await out.drain();
    }
  }
}
