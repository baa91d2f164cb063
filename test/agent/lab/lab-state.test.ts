import { spawn } from 'node:child_process';
import { existsSync, lstatSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { cleanLabs, folderPrefix, parseState } from '../../../agent/lab/lab-state.ts';
import { isAlive, markOf } from '../../../agent/lab/processes.ts';

const state = { id: 'abc', owner: { pid: 1, startTicks: '1' }, namespaces: ['ht-lab-abc-a'], processes: [{ pid: 2, startTicks: '5' }], folder: '/tmp/hubtop-lab-x' };

test.each([
  ['a state', {}, true],
  ['no owner', { owner: undefined }, false],
  ['an id with a way up', { id: '../../etc/x' }, false],
  ['a process that is none', { processes: [{ pid: '1', startTicks: '2' }] }, false],
  ['minus one, which is everybody', { processes: [{ pid: -1, startTicks: '2' }] }, false],
  ['namespaces that are no list', { namespaces: 'ht-lab' }, false],
])('parseState() on %s', (_name, change, isState) => {
  expect(parseState(JSON.stringify({ ...state, ...change })) !== undefined).toBe(isState);
});

test.each(['', 'null', '[]', '{', '"x"', '7'])('parseState() refuses %j', (text) => {
  expect(parseState(text)).toBeUndefined();
});

const isRoot = process.getuid?.() === 0 && existsSync('/proc/self/ns/net');

test.skipIf(!isRoot)('cleanLabs() kills no process and removes no folder that is not a lab\'s, whatever a state file says (needs root)', async () => {
  const id = `zz${process.pid.toString(36)}`;
  const bystander = spawn('sleep', ['60'], { stdio: 'ignore' });
  const mark = markOf(bystander.pid ?? 0);
  const precious = mkdtempSync(join(tmpdir(), 'precious-'));
  const link = `${folderPrefix}${id}`;
  symlinkSync(precious, link);
  mkdirSync('/run/hubtop-lab', { recursive: true, mode: 0o700 });
  try {
    for (const [suffix, folder] of [['a', `${folderPrefix}x/../${precious.split('/').at(-1)}`], ['b', link], ['c', '/etc']] as const) {
      const hostile = { ...state, id: `${id}${suffix}`, owner: { pid: 1, startTicks: 'gone' }, processes: [mark], folder };
      writeFileSync(`/run/hubtop-lab/${id}${suffix}.json`, JSON.stringify(hostile), { mode: 0o600 });
    }
    expect(await cleanLabs()).toEqual(expect.arrayContaining([`${id}a`, `${id}b`, `${id}c`]));
    expect(mark && isAlive(mark)).toBe(true);
    expect(lstatSync(precious).isDirectory()).toBe(true);
    expect(lstatSync('/etc').isDirectory()).toBe(true);
  } finally {
    bystander.kill('SIGKILL');
    rmSync(link, { force: true });
    rmSync(precious, { recursive: true, force: true });
  }
});
