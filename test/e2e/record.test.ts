import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { bundle, hasTmux, pause, type Running, runHubtop, startHubtop } from './hubtop-process.ts';
import { TmuxTerminal } from './tmux.ts';

const folder = mkdtempSync(join(tmpdir(), 'hubtop-record-'));
let demo: Running;
let address = '';

beforeAll(async () => {
  demo = startHubtop(['demo', '--no-tui', '--listen', '127.0.0.1:0', '--nodes', '3', '--rate', '500']);
  [, address = ''] = await demo.waitFor(/ready (\S+)/, 30_000);
}, 40_000);
afterAll(async () => {
  await demo.stop();
  rmSync(folder, { recursive: true, force: true });
});

const linesOf = (path: string): string[] => gunzipSync(readFileSync(path)).toString().trimEnd().split('\n');

test('hubtop record writes what observe -o jsonpb prints, and replay shows it', () => {
  const path = join(folder, 'a.jsonl.gz');
  const record = runHubtop(['record', path, '--server', address, '--for', '4s'], { timeoutMs: 40_000 });
  expect([record.status, record.stderr]).toEqual([0, '']);
  expect(record.stdout).toMatch(/a\.jsonl\.gz: [\d ]+ flows and \d+ reports in \d+ s, /);
  const flows = linesOf(path).filter((line) => line.startsWith('{"flow"'));
  expect(flows.length).toBeGreaterThan(100);
  expect(flows.filter((line) => line.includes('"extensions"'))).toEqual([]);
  const again = runHubtop(['observe', '--input-file', path, '-o', 'jsonpb']);
  expect(again.stdout.trimEnd().split('\n').filter((line) => line.startsWith('{"flow"'))).toEqual(flows);
  const frame = runHubtop(['replay', path, '--batch', '--size', '120x40']);
  expect([frame.status, frame.stderr]).toEqual([0, '']);
  expect(frame.stdout).toMatch(/\[REPLAY\] {3}a {3}[\d:]+Z of [\d:]+-[\d:]+ .* nodes 3\/3/);
  expect(runHubtop(['record', path, '--server', address, '--for', '1s']).status).toBe(1);
}, 90_000);

test.each(['SIGKILL', 'SIGTERM', 'SIGHUP'] as const)('a recording ended by %s can be read to its end', async (signal) => {
  const path = join(folder, `${signal}.jsonl.gz`);
  const record = startHubtop(['record', path, '--server', address]);
  while (!existsSync(path)) await pause(100);
  await pause(2500);
  await record.stop(signal);
  expect(linesOf(path).length).toBeGreaterThan(50);
  expect(runHubtop(['observe', '--input-file', path, '--last', '1']).stderr).toBe('');
}, 60_000);

test('hubtop record says why nothing was recorded, and leaves no file', () => {
  const path = join(folder, 'never.jsonl');
  const record = runHubtop(['record', path, '--server', '127.0.0.1:1'], { timeoutMs: 30_000 });
  expect([record.status, record.stderr]).toEqual([1, expect.stringMatching(/^hubtop: nothing recorded: .*127\.0\.0\.1:1/) as string]);
  expect(existsSync(path)).toBe(false);
}, 40_000);

test.skipIf(!hasTmux)('a recorded incident is stepped through, filtered and played in a terminal', async () => {
  const terminal = new TmuxTerminal({ cols: 120, rows: 40 }, 'replay');
  try {
    terminal.type(`${process.execPath} ${bundle} replay ${join(import.meta.dirname, '../../snapshots/policy-edit/flows.jsonl.gz')} --speed 8\n`);
    await terminal.waitFor(/\[REPLAY\] {3}policy-edit {3}21:31:40Z of 21:26:00-21:31:40/, 30_000);
    terminal.press('{');
    await terminal.waitFor(/21:30:08Z (?:DROPS|POLICY) default\/commentary-fanout/, 10_000);
    terminal.press('{');
    await terminal.waitFor(/21:30:00Z policy changed default\/chat-relay-ingress rev 42/, 10_000);
    terminal.press('m', 'a', '2', 'v');
    await terminal.waitFor(/21:30:01Z of .*[\s\S]*verdict=FORWARDED/, 10_000);
    terminal.press('x', 'Space');
    await terminal.waitFor(/\[REPLAY ×8\] {3}policy-edit {3}21:3(0:[1-5]|1:[0-3])\dZ of/, 15_000);
    terminal.press('Space', "'", 'a');
    await terminal.waitFor(/\[REPLAY\] {3}policy-edit {3}21:30:01Z of/, 10_000);
    terminal.press('q');
    await terminal.waitFor(/[#$]\s*$/, 10_000);
  } finally {
    terminal.close();
  }
}, 120_000);
