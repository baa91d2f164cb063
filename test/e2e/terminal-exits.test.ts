import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, test } from 'vitest';
import { bundle, hasTmux, pause } from './hubtop-process.ts';
import { TmuxTerminal } from './tmux.ts';

if (!hasTmux) console.warn('skipped: ways out of the dashboard (needs tmux)');

const folder = mkdtempSync(join(tmpdir(), 'hubtop-exits-'));
const preload = join(import.meta.dirname, 'preload.cjs');
let terminal: TmuxTerminal | undefined;
afterEach(() => { terminal?.close(); });
afterAll(() => { rmSync(folder, { recursive: true, force: true }); });

/** Process id of what runs in front in a terminal: the leader of its foreground group. */
function inFront(at: TmuxTerminal): number {
  return Number(execFileSync('ps', ['-o', 'tpgid=', '-p', String(at.pids().shell)], { encoding: 'utf8' }));
}

function isAlive(pid: number): boolean {
  return existsSync(`/proc/${pid}`) && !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
}

async function gone(pid: number, limitMs: number): Promise<boolean> {
  for (const until = Date.now() + limitMs; Date.now() < until; await pause(20)) if (!isAlive(pid)) return true;
  return false;
}

/** A dashboard that looks for its server in an 80x24 pane, in a shell that tells afterwards how it found the terminal. */
async function start(name: string, failure = 'throw'): Promise<{ at: TmuxTerminal; pid: number; before: string }> {
  const at = new TmuxTerminal({ cols: 80, rows: 24 }, `exit-${name}`);
  terminal = at;
  at.type(`PS1='$ '; ulimit -c 0; stty -a > ${folder}/before; clear\n`);
  await at.waitFor(/^\$ $|^\$$/m, 5_000);
  const before = at.modes();
  at.type(`export HUBTOP_TEST_FAILURE=${failure}; clear\n`);
  at.type(`${process.execPath} -r ${preload} ${bundle} --server 127.0.0.1:9\n`);
  await at.waitFor(/CONNECTING[\s\S]*svc\/hubble-relay/, 10_000);
  return { at, pid: inFront(at), before };
}

/** Asks the shell how it found its terminal; gives what is on its screen. */
async function asked(at: TmuxTerminal): Promise<string> {
  await at.waitFor(/^\$$/m, 8_000);
  const text = at.screen();
  at.type(`echo code $?; stty -a > ${folder}/after; cmp ${folder}/before ${folder}/after && echo same terminal\n`);
  return text + (await at.waitFor(/^same terminal\s+\$\s*$/m, 5_000));
}

const press = (...keys: string[]) => ({ at }: { at: TmuxTerminal }): void => at.press(...keys);
const signal = (name: NodeJS.Signals) => ({ pid }: { pid: number }): void => { process.kill(pid, name); };

/** Stops it, looks whether the shell has its terminal, and brings it back. */
const stopped = (stop: (world: { at: TmuxTerminal; pid: number }) => void) => async (world: { at: TmuxTerminal; pid: number; before: string }): Promise<void> => {
  stop(world);
  await world.at.waitFor(/Stopped/, 5_000);
  await pause(100);
  world.at.type('fg\n');
  await world.at.waitFor(/^ \[CONNECTING\][\s\S]*q quit\s*$/, 5_000);
  expect(world.at.show('alternate_on', 'cursor_flag')).toBe('alternate_on=1 cursor_flag=0');
  world.at.press('q');
};

const ways: { way: string; leave: (world: { at: TmuxTerminal; pid: number; before: string }) => void | Promise<void>; code: number; says?: RegExp; failure?: string }[] = [
  { way: 'q', leave: press('q'), code: 0 },
  { way: 'Q', leave: press('Q'), code: 0, says: /CONNECTING[\s\S]*svc\/hubble-relay/ },
  { way: '^c', leave: press('C-c'), code: 0 },
  { way: 'SIGTERM', leave: signal('SIGTERM'), code: 0 },
  { way: 'SIGINT', leave: signal('SIGINT'), code: 0 },
  { way: 'SIGHUP', leave: signal('SIGHUP'), code: 129 },
  { way: 'SIGQUIT', leave: signal('SIGQUIT'), code: 131 },
  { way: 'an error', leave: signal('SIGUSR2'), code: 1, says: /^hubtop: boom in the middle$/m },
  { way: 'a rejected promise', leave: signal('SIGUSR2'), code: 1, failure: 'reject', says: /^hubtop: boom in a promise$/m },
  { way: 'a bug', leave: signal('SIGUSR2'), code: 1, failure: 'bug', says: /^hubtop: internal error: TypeError/m },
  { way: 'stdin at its end', leave: signal('SIGUSR2'), code: 1, failure: 'stdin-end' },
  { way: 'stdin that fails', leave: signal('SIGUSR2'), code: 1, failure: 'stdin-error' },
  { way: '^z and fg', leave: stopped(press('C-z')), code: 0 },
  { way: 'SIGTSTP and fg', leave: stopped(signal('SIGTSTP')), code: 0 },
  { way: 'SIGSTOP and fg', leave: stopped(signal('SIGSTOP')), code: 0 },
];

describe.skipIf(!hasTmux)('the shell has its terminal back as it was after', () => {
  test.each(ways)('$way', async ({ way, leave, code, says, failure }) => {
    const world = await start(way.replaceAll(/\W+/g, ''), failure);
    await leave(world);
    const text = await asked(world.at);
    expect(text).toMatch(new RegExp(`^code ${code}$`, 'm'));
    expect(world.at.modes()).toBe(world.before);
    if (says === undefined) expect(text).not.toMatch(/CONNECTING/);
    else expect(text).toMatch(says);
    // nothing that the terminal answered, and no key of ours, stands on the command line
    expect(text.trimEnd().split('\n').at(-1)).toBe('$');
  });
});

describe.skipIf(!hasTmux)('job control', () => {
  test('^z gives the shell its terminal, and bg draws nothing over it', async () => {
    const { at, before } = await start('bg');
    at.press('C-z');
    await at.waitFor(/Stopped/, 5_000);
    await pause(100);
    at.type(`stty -a > ${folder}/stopped; cmp ${folder}/before ${folder}/stopped && echo same while stopped\n`);
    await at.waitFor(/^same while stopped/m, 5_000);
    expect(at.modes()).toBe(before);
    at.type('bg\n');
    await pause(600);
    expect(at.show('alternate_on')).toBe('alternate_on=0');
    expect(at.screen()).not.toMatch(/CONNECTING/);
    at.type('fg\n');
    await at.waitFor(/^ \[CONNECTING\]/, 5_000);
    at.press('q');
    expect(await asked(at)).toMatch(/^code 0$/m);
  });

  test('a terminal that is closed ends it at once, and it does not spin', async () => {
    const { at, pid } = await start('closed');
    at.close();
    expect(await gone(pid, 3_000)).toBe(true);
  });

  test('a terminal that is closed without a signal ends it as well', async () => {
    const at = new TmuxTerminal({ cols: 80, rows: 24 }, 'nohup');
    terminal = at;
    // in a session of its own nobody sends it SIGHUP
    const complaints = join(folder, 'complaints');
    at.type(`setsid --wait ${process.execPath} ${bundle} --server 127.0.0.1:9 2>${complaints}\n`);
    await at.waitFor(/CONNECTING[\s\S]*svc\/hubble-relay/, 10_000);
    const pid = Number(execFileSync('ps', ['-o', 'pid=', '--ppid', String(inFront(at))], { encoding: 'utf8' }));
    expect(isAlive(pid)).toBe(true);
    at.close();
    expect(await gone(pid, 3_000)).toBe(true);
    // node's own end would abort with a native trace: it wants to set a terminal back that is gone
    expect(readFileSync(complaints, 'utf8')).toBe('');
  });
});

test.skipIf(!hasTmux)('--reset-terminal tidies up after a dashboard that was killed on the spot', async () => {
  const { at, pid, before } = await start('killed');
  process.kill(pid, 'SIGKILL');
  expect(await gone(pid, 3_000)).toBe(true);
  expect(at.modes()).not.toBe(before);
  at.type(`${process.execPath} ${bundle} --reset-terminal\n`);
  for (const until = Date.now() + 5_000; at.modes() !== before && Date.now() < until;) await pause(50);
  expect(at.modes()).toBe(before);
  expect(await asked(at)).toMatch(/^code 0$/m);
});

test.skipIf(!hasTmux)('without an alternate screen the last frame stays, and the shell goes on in a row of its own', async () => {
  const at = new TmuxTerminal({ cols: 80, rows: 24 }, 'noalt');
  terminal = at;
  at.set('-g', 'alternate-screen', 'off');
  at.type(`PS1='$ '; ${process.execPath} ${bundle} --server 127.0.0.1:9\n`);
  await at.waitFor(/CONNECTING[\s\S]*svc\/hubble-relay/, 10_000);
  at.press('q');
  const text = await at.waitFor(/^\$$/m, 5_000);
  expect(text).toMatch(/svc\/hubble-relay/);
  expect(text.trimEnd().split('\n').at(-1)).toBe('$');
});
