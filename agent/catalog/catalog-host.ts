import { type FSWatcher, statSync, watch } from 'node:fs';
import { basename, dirname } from 'node:path';
import type { CatalogSnapshot } from '../decode/facts.ts';
import { ObjectFiles } from './object-files.ts';

/** Files are looked at this often; a watch on the folder only makes it sooner. */
const pollMs = 1000;
/** Editors and volume swaps touch several names in a row. */
const settleMs = 100;

/** What the host of a catalog says; plain data, so that it can cross threads. */
export type CatalogMessage =
  | { type: 'snapshot'; snapshot: CatalogSnapshot }
  | { type: 'failed'; error: string };

/** Reads the paths, posts a snapshot, and another one after each change, until closed. Meant for a worker thread: parsing blocks. */
export async function hostCatalog(paths: readonly string[], post: (message: CatalogMessage) => void): Promise<{ close(): void }> {
  const files = new ObjectFiles(paths);
  const closing = new AbortController();
  let isScanning = false;
  let isWanted = false;
  const scan = async (): Promise<void> => {
    isWanted = true;
    if (isScanning) return;
    isScanning = true;
    try {
      while (isWanted && !closing.signal.aborted) {
        isWanted = false;
        if ((await files.scan()) && !closing.signal.aborted) post({ type: 'snapshot', snapshot: files.snapshot() });
      }
    } catch (error) {
      // such as a file longer than a text may be: the last good state stays, and the next change is looked at
      post({ type: 'failed', error: error instanceof Error ? error.message : String(error) });
    } finally {
      isScanning = false;
    }
  };
  try {
    await files.checkPaths();
    await files.scan();
    post({ type: 'snapshot', snapshot: files.snapshot() });
  } catch (error) {
    post({ type: 'failed', error: error instanceof Error ? error.message : String(error) });
  }
  let settle: NodeJS.Timeout | undefined;
  const soon = (): void => {
    clearTimeout(settle);
    settle = setTimeout(() => void scan(), settleMs);
    settle.unref();
  };
  const poll = setInterval(() => void scan(), pollMs);
  poll.unref();
  const watchers = paths.map((path) => watchPath(path, soon));
  return {
    close: () => {
      closing.abort();
      clearInterval(poll);
      clearTimeout(settle);
      for (const watcher of watchers) watcher?.close();
    },
  };
}

/** Files of a volume are links through this name, which is swapped. */
const volumeLink = '..data';

/**
 * A watch is a help, not a need: some file systems have none. Of a file the folder is watched: a watch on the file itself
 * stays with what was there first, and the second editor that puts a new one in its place would go unnoticed.
 */
function watchPath(path: string, onEvent: () => void): FSWatcher | undefined {
  try {
    const isFolder = statSync(path).isDirectory();
    const watcher = watch(isFolder ? path : dirname(path), { persistent: false }, (_event, name) => {
      if (isFolder || name === null || name === basename(path) || name === volumeLink) onEvent();
    });
    watcher.on('error', () => { watcher.close(); });
    return watcher;
  } catch {
    return undefined;
  }
}
