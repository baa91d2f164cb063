import { Backoff } from '../../lib/backoff.ts';
import { sleep } from '../../rpc/sleep.ts';
import type { ClientTls } from '../../rpc/tls-files.ts';
import { CILIUM_METRICS, CiliumMetrics } from './cilium-metrics.ts';
import { MetricsPage } from './metrics-page.ts';
import type { MetricsMessage } from '../client-message.ts';
import { readSamples } from './prometheus-text.ts';

/** Time between two looks at a page that answers; Cilium counts its tables every 30 s at most. */
const POLL_MS = 5_000;
const POLL_BACKOFF = { firstMs: 5_000, longestMs: 60_000, jitter: 0.3 };

/** A page of metrics to poll. */
export interface MetricsTarget {
  url: URL;
  /** How people are told which page it is: without credentials. */
  source: string;
  /** Whose figures they are where no label says so. */
  node: string;
  tls?: ClientTls | undefined;
}

/** Polls a page until the way out it gives is taken; a failure is told once and tried again ever more seldom. Throws when a TLS file cannot be read. */
export function pollMetrics(target: MetricsTarget, emit: (message: MetricsMessage) => void, waits: { pollMs?: number; random?: () => number } = {}): () => void {
  const stop = new AbortController();
  const page = new MetricsPage(target.url, target.tls);
  const reader = new CiliumMetrics(target.node);
  const backoff = new Backoff(POLL_BACKOFF, waits.random ?? Math.random);
  let said: string | undefined;
  const tell = (error: string): void => {
    if (error !== said && !stop.signal.aborted) emit({ type: 'metrics-state', source: target.source, error });
    said = error;
  };
  const look = async (): Promise<number> => {
    try {
      const { samples, malformed, left } = readSamples(await page.fetch(stop.signal), CILIUM_METRICS);
      if (samples.length === 0 && malformed === 0) throw new Error('has none of the metrics that hubtop reads');
      for (const metrics of reader.read(samples, Date.now())) if (!stop.signal.aborted) emit({ type: 'metrics', source: target.source, metrics });
      tell(malformed + left === 0 ? '' : `metrics of ${target.source}: lines not read: ${malformed} malformed, ${left} beyond the limit`);
      backoff.reset();
      return waits.pollMs ?? POLL_MS;
    } catch (error) {
      tell(`metrics of ${target.source}: ${error instanceof Error ? error.message : String(error)}`);
      return backoff.next();
    }
  };
  const run = async (): Promise<void> => {
    while (!stop.signal.aborted) await sleep(await look(), stop.signal);
    page.close();
  };
  void run();
  return () => stop.abort();
}
