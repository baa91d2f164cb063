import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { expect, test } from 'vitest';
import type { CatalogMessage } from '../../agent/catalog/catalog-host.ts';
import { bundle } from './hubtop-process.ts';

test('the catalog worker of the bundle goes on following its files (it once ended after the first look)', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'hubtop-worker-'));
  const pod = (ip: string): string => `kind: Pod\nmetadata: {name: web, namespace: shop}\nstatus: {podIP: ${ip}}\n`;
  writeFileSync(join(folder, 'pods.yaml'), pod('10.0.0.1'));
  const worker = new Worker(bundle, { workerData: { role: 'catalog', paths: [folder] } });
  const next = (): Promise<string> => new Promise((resolve, reject) => {
    worker.once('message', (message: CatalogMessage) => { resolve(message.type === 'snapshot' ? message.snapshot.endpoints.flatMap(({ ips }) => ips).join() : message.error); });
    worker.once('exit', () => { reject(new Error('the worker ended')); });
  });
  try {
    expect(await next()).toBe('10.0.0.1');
    writeFileSync(join(folder, 'pods.yaml'), pod('10.0.0.22'));
    expect(await next()).toBe('10.0.0.22');
  } finally {
    await worker.terminate();
    rmSync(folder, { recursive: true, force: true });
  }
});
