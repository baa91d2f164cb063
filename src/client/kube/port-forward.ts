import { Backoff } from '../../lib/backoff.ts';
import { sleep } from '../../rpc/sleep.ts';
import { startForwardProcess, type ForwardProcess, type ForwardTarget } from './forward-process.ts';
import type { KubeOptions } from './kubectl.ts';

const RESTART_BACKOFF = { firstMs: 250, longestMs: 10_000, jitter: 0.3 };
/** A way through that held so long was a good one: the next break begins with short waits again. */
const HELD_MS = 30_000;

/** A port-forward that is started again whenever it breaks. */
export interface PortForward {
  /** Ports on 127.0.0.1, in the order of the target's; the same for as long as it lives. */
  readonly ports: readonly number[];
  /** Why there is no way through at the moment; empty while there is one. */
  readonly failure: string;
  /** Resolves when kubectl is gone. */
  close(): Promise<void>;
}

/** Options of a forward; the rest is for tests. */
export interface PortForwardOptions {
  signal?: AbortSignal | undefined;
  random?: (() => number) | undefined;
  firstWaitMs?: number | undefined;
}

/** Starts kubectl port-forward and keeps it running until close(); rejects with a KubectlError when it does not come up the first time. */
export async function openPortForward(target: ForwardTarget, kube: KubeOptions, options: PortForwardOptions = {}): Promise<PortForward> {
  const stop = new AbortController();
  let process = startForwardProcess(target, kube);
  const cancel = (): void => process.stop();
  options.signal?.addEventListener('abort', cancel, { once: true });
  if (options.signal?.aborted === true) cancel();
  let ports: number[];
  try {
    ports = await process.listening;
  } finally {
    options.signal?.removeEventListener('abort', cancel);
  }
  const again: ForwardTarget = { ...target, ports: target.ports.map(({ remote }, i) => ({ local: ports[i] ?? 0, remote })) };
  let failure = '';
  const running = keepRunning(process, {
    start: () => { process = startForwardProcess(again, kube); return process; },
    onFailure: (words) => { failure = words; },
    backoff: new Backoff({ ...RESTART_BACKOFF, firstMs: options.firstWaitMs ?? RESTART_BACKOFF.firstMs }, options.random ?? Math.random),
    signal: stop.signal,
  });
  return {
    ports,
    get failure() { return failure; },
    close: () => {
      stop.abort();
      process.stop();
      return running;
    },
  };
}

async function keepRunning(first: ForwardProcess, options: { start: () => ForwardProcess; onFailure: (words: string) => void; backoff: Backoff; signal: AbortSignal }): Promise<void> {
  const { signal, backoff, onFailure } = options;
  let process = first;
  for (;;) {
    const startedMs = performance.now();
    const isUp = await process.listening.then(() => true, () => false);
    if (isUp) onFailure('');
    const reason = await process.ended;
    if (signal.aborted) return;
    onFailure(reason);
    if (performance.now() - startedMs > HELD_MS) backoff.reset();
    await sleep(backoff.next(), signal);
    if (signal.aborted) return;
    process = options.start();
  }
}

/** What was thrown as one line. */
export function kubectlReason(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
