// `npm run bench [PART…]`: one JSON line per figure. Ratios come from
// interleaved runs inside one part; absolute figures depend on the machine.
import { cpus, release } from 'node:os';
import type { BenchRow } from './row.ts';

type Part = { run(report: (row: BenchRow) => void): Promise<void> };

const parts: Record<string, () => Promise<Part>> = {
  wire: () => import('./wire.ts'),
  kernel: () => import('./kernel.ts'),
  datapath: () => import('./datapath.ts'),
  throughput: () => import('./throughput.ts'),
  agent: () => import('./agent.ts'),
  burst: () => import('./burst.ts'),
  process: () => import('./agent-process.ts'),
  catalog: () => import('./catalog.ts'),
  rpc: () => import('./rpc.ts'),
  screen: () => import('./screen.ts'),
  dashboard: () => import('./dashboard.ts'),
  observe: () => import('./observe.ts'),
  recording: () => import('./recording.ts'),
};

async function main(): Promise<void> {
  const wanted = process.argv.slice(2).filter((word) => !word.startsWith('-'));
  const unknown = wanted.filter((name) => parts[name] === undefined);
  if (unknown.length > 0) {
    console.error(`bench: no part named ${unknown.join(', ')}; there are ${Object.keys(parts).join(', ')}`);
    process.exitCode = 2;
    return;
  }
  console.log(JSON.stringify({ machine: cpus()[0]?.model, cores: cpus().length, kernel: release(), node: process.version }));
  for (const [name, load] of Object.entries(parts)) {
    if (wanted.length > 0 && !wanted.includes(name)) continue;
    const part = await load();
    await part.run((row) => console.log(JSON.stringify({ part: name, ...row, value: Number.isInteger(row.value) ? row.value : Number(row.value.toPrecision(4)) })));
  }
}

// parts fork this file, so that every process measures its own CPU, or stands in a network namespace of its own
if (process.argv[2] === '--role') void import('./rpc-roles.ts').then(({ runRole }) => runRole());
else if (process.argv[2] === '--throughput') void import('./throughput-sink.ts').then(({ runThroughputSink }) => runThroughputSink(Number(process.argv[3])));
else void main();
