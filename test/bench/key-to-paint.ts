import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { random } from '../src/app/fake-cluster.ts';
import { Pty } from './pty.ts';
import { Role } from './role.ts';
import type { BenchRow } from './row.ts';
import { median, quantile, scaled } from './scale.ts';

const FLOWS_PER_SECOND = 100_000;
const KEYS = 200;
/** Rest between two keys, in ms: at no fixed place between two frames. */
const [LEAST_REST_MS, MORE_REST_MS] = [120, 250];
const WARM_MS = 3_000;
const LIMIT_MS = 20_000;
const AIM_MS = 50;

/** A key and what only its own frame shows. */
interface Step {
  key: string;
  paints: RegExp;
}

/** A reader's round: views, a pause in the stream, a walk through its rows, help. */
const ROUND: readonly Step[] = [
  { key: '2', paints: /\[2 Flows/ },
  { key: 'k', paints: /PAUSED/ },
  { key: 'k', paints: /►/ },
  { key: 'j', paints: /►/ },
  { key: 'G', paints: /LIVE/ },
  { key: '7', paints: /\[7 Nodes/ },
  { key: 'j', paints: /►/ },
  { key: 'k', paints: /►/ },
  { key: '1', paints: /\[1 Overview/ },
  { key: '?', paints: /\[\? Help/ },
  { key: '9', paints: /\[9 Incidents/ },
];

/** From a key on the terminal's line to the first bytes of the frame that shows what it did, while a server sends as fast as it is paced. */
export async function benchKeyToPaint(report: (row: BenchRow) => void): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'hubtop-bench-'));
  const server = new Role();
  try {
    const { addresses = [] } = await server.ask({ do: 'pace', flowsPerSecond: FLOWS_PER_SECOND });
    const gaps = join(folder, 'gaps');
    const { delays, flowsPerSecond, beganAtMs } = await session(addresses[0] ?? '', { HUBTOP_TEST_GAPS: gaps }, server);
    const note = `${delays.length} keys, ${Math.round(flowsPerSecond / 1000)} k flows/s`;
    report({ name: 'key to paint, p50', value: median(delays), unit: 'ms', note });
    report({ name: 'key to paint, p99', value: quantile(delays, 0.99), unit: 'ms', note: `${note}; aim ${AIM_MS}` });
    report({ name: "longest gap of the dashboard's loop", value: longestGap(gaps, beganAtMs), unit: 'ms', note: 'without its wait for a processor' });
  } finally {
    server.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

interface Session {
  delays: number[];
  /** What the server really got rid of. */
  flowsPerSecond: number;
  /** When the first key was due, by the wall clock. */
  beganAtMs: number;
}

async function session(address: string, env: NodeJS.ProcessEnv, server: Role): Promise<Session> {
  const root = join(dirname(__filename), '..', '..');
  const pty = new Pty(`exec ${process.execPath} -r ${join(root, 'test/e2e/preload.cjs')} ${join(root, 'dist/hubtop.js')} --server ${address}`, env);
  try {
    await pty.until(/LIVE/, LIMIT_MS);
    await rest(WARM_MS);
    const before = await server.ask({ do: 'sent' });
    const [beganMs, beganAtMs] = [performance.now(), Date.now()];
    const delays = await pressAll(pty);
    const after = await server.ask({ do: 'sent' });
    const flowsPerSecond = (((after.flows ?? 0) - (before.flows ?? 0)) * 1000) / (performance.now() - beganMs);
    pty.press('q');
    await pty.end();
    return { delays, flowsPerSecond, beganAtMs };
  } finally {
    pty.kill();
  }
}

async function pressAll(pty: Pty): Promise<number[]> {
  const next = random(7);
  const keys = scaled(KEYS, ROUND.length);
  const delays: number[] = [];
  for (let i = 0; i < keys; i++) {
    const step = ROUND[i % ROUND.length];
    if (step === undefined) continue;
    await rest(LEAST_REST_MS + next() * MORE_REST_MS);
    const pressedMs = pty.press(step.key);
    delays.push((await pty.until(step.paints, LIMIT_MS)) - pressedMs);
  }
  return delays;
}

// lines of the time, the gap, and the gap without the wait for a processor; the start is no part of it
function longestGap(path: string, sinceMs: number): number {
  try {
    const gaps = readFileSync(path, 'utf8').trim().split('\n').map((line) => line.split(' ').map(Number));
    return Math.max(0, ...gaps.filter(([atMs = 0]) => atMs > sinceMs).map(([, , gapMs = 0]) => gapMs));
  } catch {
    // no gap, no file
    return 0;
  }
}

function rest(ms: number): Promise<void> {
  return new Promise((resolve) => { setTimeout(resolve, ms); });
}
