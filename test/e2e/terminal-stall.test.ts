import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, test } from 'vitest';
import { bundle, hasTmux, pause, startHubtop, type Running } from './hubtop-process.ts';
import { TmuxTerminal } from './tmux.ts';

if (!hasTmux) console.warn('skipped: a terminal that does not read (needs tmux)');

/** Longest time the event loop may stand still while the terminal takes nothing. */
const MAX_GAP_MS = 100;
const STALL_MS = 3_000;

const folder = mkdtempSync(join(tmpdir(), 'hubtop-stall-'));
let terminal: TmuxTerminal | undefined;
let demo: Running | undefined;
let server = 0;
afterEach(async () => {
  if (server > 0) process.kill(server, 'SIGCONT');
  server = 0;
  terminal?.close();
  await demo?.stop('SIGKILL');
  demo = undefined;
});
afterAll(() => { rmSync(folder, { recursive: true, force: true }); });

/** Gaps of the event loop between two times, as the preload noted them. */
function gaps(file: string, fromMs: number, toMs: number): number[] {
  if (!existsSync(file)) return [];
  const noted = readFileSync(file, 'utf8').trim().split('\n').map((line) => line.split(' ').map(Number));
  return noted.filter(([endMs = 0, gapMs = 0]) => endMs - gapMs >= fromMs && endMs <= toMs).map(([, , ownMs = 0]) => ownMs);
}

function isAlive(pid: number): boolean {
  return existsSync(`/proc/${pid}`) && !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
}

/** The dashboard on a busy demo in another process, in a pane whose tmux can be stopped. */
async function start(name: string): Promise<{ at: TmuxTerminal; pid: number; gapFile: string }> {
  demo = startHubtop(['demo', '--no-tui', '--rate', '2000', '--listen', '127.0.0.1:0']);
  const [, address = ''] = await demo.waitFor(/ready (\S+)/, 15_000);
  const gapFile = join(folder, `${name}.gaps`);
  const at = new TmuxTerminal({ cols: 200, rows: 60 }, `stall-${name}`);
  terminal = at;
  at.type(`PS1='$ '; stty -a > ${folder}/before; HUBTOP_TEST_GAPS=${gapFile} ${process.execPath} -r ${join(import.meta.dirname, 'preload.cjs')} ${bundle} --server ${address} --view flows\n`);
  await at.waitFor(/LIVE[\s\S]*payments\//, 15_000);
  const { server: tmux, shell } = at.pids();
  server = tmux;
  return { at, pid: Number(execFileSync('ps', ['-o', 'tpgid=', '-p', String(shell)], { encoding: 'utf8' })), gapFile };
}

/** Stops the terminal and makes the dashboard send whole screens until it holds no more. */
async function stall(pid: number, forMs: number): Promise<{ fromMs: number; toMs: number }> {
  process.kill(server, 'SIGSTOP');
  const fromMs = Date.now();
  for (let i = 0; i < 8; i++) {
    await pause(120);
    process.kill(pid, 'SIGCONT');
  }
  await pause(Math.max(0, fromMs + forMs - Date.now()));
  return { fromMs, toMs: Date.now() };
}

describe.skipIf(!hasTmux)('a terminal that takes nothing', () => {
  test('does not stop the event loop; frames are skipped and the newest one is shown afterwards', async () => {
    const { at, pid, gapFile } = await start('newest');
    const { fromMs, toMs } = await stall(pid, STALL_MS);
    process.kill(server, 'SIGCONT');
    await pause(1_500);
    const clock = (at.screen().match(/(\d\d):(\d\d):(\d\d)Z/) ?? []).slice(1).map(Number);
    const nowS = Math.floor(Date.now() / 1000) % 86_400;
    const [hours = 0, minutes = 0, seconds = 0] = clock;
    expect(Math.abs(nowS - (hours * 3600 + minutes * 60 + seconds))).toBeLessThanOrEqual(2);
    expect(Math.max(0, ...gaps(gapFile, fromMs, toMs))).toBeLessThan(MAX_GAP_MS);
    at.press('7');
    await at.waitFor(/frames skipped [1-9]|[1-9]\d* frames? skipped|skipped [1-9]/, 5_000);
  });

  test.each(['SIGTERM', 'SIGHUP', 'SIGUSR2'] as const)('does not keep it alive after %s, and the shell has its modes back', async (signal) => {
    const { at, pid } = await start(signal);
    await stall(pid, 1_500);
    const before = Date.now();
    process.kill(pid, signal);
    while (isAlive(pid) && Date.now() - before < 5_000) await pause(20);
    expect(Date.now() - before).toBeLessThan(2_500);
    process.kill(server, 'SIGCONT');
    at.type(`clear; stty -a > ${folder}/after; cmp ${folder}/before ${folder}/after && echo same terminal\n`);
    await at.waitFor(/^same terminal/m, 5_000);
  });
});
