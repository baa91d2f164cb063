import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { readRecording } from '../../src/client/recording-reader.ts';
import { GetFlowsResponseCodec } from '../../src/wire/gen/observer.ts';
import { toJson } from '../../src/wire/json.ts';
import { busyFlow } from './busy-flow.ts';
import type { BenchRow } from './row.ts';

const LINES = 50_000;
const ROUNDS = 5;

/** What reading a recording costs: lines of flows to wire bytes, from a plain file and from a packed one. */
export async function run(report: (row: BenchRow) => void): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'hubtop-bench-'));
  try {
    const lines = Array.from({ length: LINES }, (_, i) => {
      const flow = busyFlow(i);
      return `${toJson(GetFlowsResponseCodec, { flow, node_name: flow.node_name, time: flow.time })}\n`;
    }).join('');
    const plain = join(folder, 'flows.jsonl');
    const packed = join(folder, 'flows.jsonl.gz');
    writeFileSync(plain, lines);
    writeFileSync(packed, gzipSync(lines));
    for (const [name, path] of [['lines read', plain], ['lines read, gzip', packed]] as const) {
      let best = 0;
      for (let round = 0; round < ROUNDS; round++) best = Math.max(best, await linesPerCpuSecond(path));
      report({ name: `recording/${name}`, value: best, unit: 'lines/CPU-s', note: `${Math.round(lines.length / LINES)}-byte lines of flows to wire bytes` });
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
}

async function linesPerCpuSecond(path: string): Promise<number> {
  const before = process.cpuUsage();
  let read = 0;
  for await (const batch of readRecording(path, { say: (words) => { throw new Error(words); } })) read += batch.length;
  const { user, system } = process.cpuUsage(before);
  if (read !== LINES) throw new Error(`${read} lines of ${LINES}`);
  return (read * 1e6) / (user + system);
}
