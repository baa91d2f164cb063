import { spawn, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { expect, test } from 'vitest';
import { isAlive, markOf, startProcess, stopProcesses } from '../../../agent/lab/processes.ts';

const hasProc = existsSync('/proc/self/stat');

test.skipIf(!hasProc)('isAlive() knows this process, and is not taken in by a number that is used again', () => {
  const mark = markOf(process.pid);
  expect(mark?.pid).toBe(process.pid);
  expect(mark && isAlive(mark)).toBe(true);
  expect(isAlive({ pid: process.pid, startTicks: '1' })).toBe(false);
  expect(isAlive({ pid: 2 ** 30, startTicks: '' })).toBe(false);
});

test.skipIf(!hasProc)('stopProcesses() ends a process that listens to SIGTERM, and leaves others with its number alone', async () => {
  const child = spawn('sleep', ['60'], { stdio: 'ignore' });
  const ended = new Promise((resolve) => { child.once('exit', (_code, signal) => { resolve(signal); }); });
  const mark = markOf(child.pid ?? 0);
  expect(mark).toBeDefined();
  await stopProcesses([{ pid: process.pid, startTicks: '1' }, ...(mark === undefined ? [] : [mark])]);
  expect(await ended).toBe('SIGTERM');
});

const hasSetpriv = spawnSync('setpriv', ['true']).status === 0;

test.skipIf(!hasProc || !hasSetpriv)('startProcess() says what killed a process that had nothing to say itself', async () => {
  const started = startProcess('sleeper', ['sh', '-c', 'kill -KILL $$']);
  await started.ended;
  expect([started.hasEnded(), started.complaint()]).toEqual([true, 'killed by SIGKILL']);
});
