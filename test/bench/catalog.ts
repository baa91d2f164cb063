import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { dump } from 'js-yaml';
import type { CatalogMessage } from '../../agent/catalog/catalog-host.ts';
import { ObjectFiles } from '../../agent/catalog/object-files.ts';
import type { CatalogSnapshot } from '../../agent/decode/facts.ts';
import { nodeObject, podObject } from '../../agent/demo/kube-objects.ts';
import { EndpointVersions } from '../../agent/enrich/endpoint-versions.ts';
import { ServiceLookup } from '../../agent/enrich/row-context.ts';
import { AgentEvents } from '../../agent/server/agent-events.ts';
import { reportCompile } from './policy-compile.ts';
import type { BenchRow } from './row.ts';

const pods = 1_000;
const node = 'node-a';
const parseRounds = 5;
const reloads = 8;

/** A cluster's objects; another generation has other pods behind the same addresses. */
function objectsText(generation: number): string {
  const objects = [nodeObject(node, ['192.168.0.1'], ['10.0.0.0/16']), ...Array.from({ length: pods }, (_, index) => podObject({
    namespace: `team-${index % 20}`, name: `app-${index % 100}-${generation}-${index}`, node: index % 10 === 0 ? node : 'node-b',
    ips: [`10.0.${index >> 8}.${index & 255}`], labels: { app: `app-${index % 100}`, tier: 'backend', 'app.kubernetes.io/version': '1.2.3' },
    owner: { kind: 'ReplicaSet', name: `app-${index % 100}-7d9c` },
  }))];
  return objects.map((object) => dump(object)).join('---\n');
}

function median(values: readonly number[]): number {
  return values.toSorted((one, other) => one - other)[values.length >> 1] ?? 0;
}

async function measureParsing(path: string): Promise<number> {
  const times: number[] = [];
  for (let round = 0; round < parseRounds; round++) {
    const files = new ObjectFiles([path]);
    const start = performance.now();
    await files.scan();
    if (files.snapshot().endpoints.length !== pods) throw new Error('the catalog does not have its pods');
    times.push(performance.now() - start);
  }
  return median(times);
}

/** What an agent's thread does with a new catalog, but for the kernel's table. */
function agentOf(): (snapshot: CatalogSnapshot) => void {
  const versions = new EndpointVersions(node);
  const events = new AgentEvents(node);
  return (snapshot) => {
    events.endpoints(versions.apply(snapshot, BigInt(Date.now()) * 1_000_000n).changes);
    if (!new ServiceLookup(snapshot).isEmpty) throw new Error('there are no services here');
  };
}

/** The longest time that this thread was held up while a worker of the bundle reloaded all pods, several times over. */
async function measureGaps(path: string): Promise<{ longest: number; typical: number }> {
  const worker = new Worker(join(dirname(__filename), '..', 'hubtop.js'), { workerData: { role: 'catalog', paths: [path] } });
  const take = agentOf();
  const gaps: number[] = [];
  let longest = 0;
  let last = performance.now();
  const ticker = setInterval(() => {
    const now = performance.now();
    longest = Math.max(longest, now - last);
    last = now;
  }, 1);
  try {
    for (let generation = 0; generation <= reloads; generation++) {
      const arrived = new Promise<void>((resolve) => {
        worker.once('message', (message: CatalogMessage) => {
          if (message.type === 'snapshot') take(message.snapshot);
          setTimeout(resolve, 20);
        });
      });
      if (generation > 0) {
        longest = 0;
        writeFileSync(path, objectsText(generation));
        last = performance.now();
      }
      await arrived;
      if (generation > 0) gaps.push(longest);
    }
  } finally {
    clearInterval(ticker);
    await worker.terminate();
  }
  return { longest: Math.max(...gaps), typical: median(gaps) };
}

/** What a catalog of 1,000 pods costs: the reading, and what the agent's own thread feels when all of them change. */
export async function run(report: (row: BenchRow) => void): Promise<void> {
  reportCompile(report);
  const folder = mkdtempSync(join(tmpdir(), 'hubtop-bench-'));
  const path = join(folder, 'objects.yaml');
  try {
    writeFileSync(path, objectsText(0));
    report({ name: 'catalog parse', value: await measureParsing(path), unit: 'ms/1,000 pods', note: 'YAML to facts, in its worker' });
    const { longest, typical } = await measureGaps(path);
    report({ name: 'catalog reload, longest gap of the agent\'s loop', value: longest, unit: 'ms', note: `1,000 pods renamed ${reloads} times, median ${typical.toFixed(1)} ms; aim 50` });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
