import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

interface Output { entryPoint?: string; imports: { path: string; kind: string }[]; inputs: Record<string, { bytesInOutput: number }> }
interface Metafile { inputs: Record<string, { imports: { path: string; kind: string; external?: boolean }[] }>; outputs: Record<string, Output> }

const dist = join(import.meta.dirname, '../../dist');

/** Files reached from the entry without passing an import(). */
function loadedAtStart(meta: Metafile): string[] {
  const seen = new Set<string>();
  const queue = ['src/main.ts', 'src/cli/dashboard.ts'];
  for (let path = queue.pop(); path !== undefined; path = queue.pop()) {
    if (seen.has(path)) continue;
    seen.add(path);
    for (const imported of meta.inputs[path]?.imports ?? []) {
      if (imported.kind !== 'dynamic-import' && imported.external !== true) queue.push(imported.path);
    }
  }
  return [...seen];
}

test('the bundle is plain ASCII: V8 keeps it at a byte a character', () => {
  expect(readFileSync(join(dist, 'hubtop.js')).every((byte) => byte < 0x80)).toBe(true);
});

test('the bundle is one file of at most 1.5 MB', () => {
  expect(statSync(join(dist, 'hubtop.js')).size).toBeLessThanOrEqual(1_500_000);
});

test('what the dashboard loads at start has no grpc-js, histogram, Kubernetes parser or koffi in it', () => {
  const meta = JSON.parse(readFileSync(join(dist, 'meta.json'), 'utf8')) as Metafile;
  const start = loadedAtStart(meta);
  expect(start.length).toBeGreaterThan(5);
  expect(start.filter((path) => /@grpc\/grpc-js|hdr-histogram|js-yaml|koffi|^agent\//.test(path))).toEqual([]);
});
