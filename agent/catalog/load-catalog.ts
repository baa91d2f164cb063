import { Worker } from 'node:worker_threads';
import { deferred } from '../../src/lib/deferred.ts';
import { type CatalogSnapshot, emptyCatalog } from '../decode/facts.ts';
import { type CatalogMessage, hostCatalog } from './catalog-host.ts';

declare const HUBTOP_BUNDLE: boolean | undefined;

/** A catalog that follows its files. */
export interface Catalog {
  /** The last good state; replaced, never changed. */
  readonly snapshot: CatalogSnapshot;
  close(): void;
}

/** What loadCatalog needs. onWarning gets each line once for as long as it holds. */
export interface CatalogOptions {
  /** Files or folders. */
  paths: readonly string[];
  onChange(snapshot: CatalogSnapshot): void;
  onWarning(line: string): void;
  signal: AbortSignal;
}

/** Loads objects from files and follows them, in a worker thread when bundled. Rejects when a path cannot be read at the start. */
export async function loadCatalog(options: CatalogOptions): Promise<Catalog> {
  let snapshot = emptyCatalog;
  let isFirst = true;
  let told = new Set<string>();
  const first = deferred<void>();
  const receive = (message: CatalogMessage): void => {
    if (message.type === 'failed') {
      if (isFirst) first.reject(new Error(message.error));
      else options.onWarning(`objects: ${message.error}; their last good state stays`);
      return;
    }
    snapshot = message.snapshot;
    for (const line of snapshot.warnings) if (!told.has(line)) options.onWarning(line);
    told = new Set(snapshot.warnings);
    if (isFirst) first.resolve(undefined);
    else options.onChange(snapshot);
    isFirst = false;
  };
  const host = typeof HUBTOP_BUNDLE === 'undefined' ? await hostCatalog(options.paths, receive) : startWorker(options.paths, receive);
  const close = (): void => {
    options.signal.removeEventListener('abort', close);
    host.close();
  };
  options.signal.addEventListener('abort', close);
  try {
    await first.promise;
  } catch (error) {
    close();
    throw error;
  }
  return { get snapshot() { return snapshot; }, close };
}

/** A worker that a file has brought down (by its size) is started again, not at once: the file may be the same. */
const restartMs = 30_000;
/** Enough for the objects of 100,000 pods. */
const maxWorkerMegabytes = 1_536;

function startWorker(paths: readonly string[], receive: (message: CatalogMessage) => void): { close(): void } {
  let worker: Worker | undefined;
  let timer: NodeJS.Timeout | undefined;
  const start = (): void => {
    worker = new Worker(__filename, { workerData: { role: 'catalog', paths }, resourceLimits: { maxOldGenerationSizeMb: maxWorkerMegabytes } });
    worker.on('message', receive);
    worker.on('error', (error) => {
      receive({ type: 'failed', error: error.message });
      timer = setTimeout(start, restartMs).unref();
    });
  };
  start();
  return {
    close: () => {
      clearTimeout(timer);
      void worker?.terminate();
    },
  };
}
