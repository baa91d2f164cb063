import { parentPort, workerData } from 'node:worker_threads';

/** Runs what this worker thread was started for: the bundle starts itself as a worker, and workerData.role says what to be. */
export async function runWorkerRole(): Promise<void> {
  const role: unknown = (workerData as { role?: unknown } | null)?.role;
  if (parentPort === null) throw new Error(`worker role ${String(role)} outside a worker thread`);
  const port = parentPort;
  if (role === 'catalog') {
    const { hostCatalog } = await import('../../agent/catalog/catalog-host.ts');
    const { paths } = workerData as { paths: string[] };
    const host = await hostCatalog(paths, (message) => { port.postMessage(message); });
    // listening also keeps this thread alive: the host's timers do not
    port.on('message', () => { host.close(); });
    return;
  }
  if (role === 'drain') {
    const { runDrainWorker } = await import('../../agent/drain-worker.ts');
    runDrainWorker(port);
    return;
  }
  throw new Error(`unknown worker role ${String(role)}`);
}
