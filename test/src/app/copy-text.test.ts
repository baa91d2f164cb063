import { chmodSync, lstatSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { shortPath, stateFolder, writeClip } from '../../../src/app/clip-file.ts';
import { textCopier } from '../../../src/app/copy-text.ts';

let home = '';
beforeEach(() => { home = mkdtempSync(join(tmpdir(), 'hubtop-clip-')); });
afterEach(() => { rmSync(home, { recursive: true, force: true }); });

const modeOf = (path: string): string => (statSync(path).mode & 0o777).toString(8);

describe('stateFolder()', () => {
  test.each([
    [{ HOME: '/home/ada' }, '/home/ada/.local/state/hubtop'], [{ HOME: '/home/ada', XDG_STATE_HOME: '/var/ada' }, '/var/ada/hubtop'], [{ HOME: '/home/ada', XDG_STATE_HOME: 'relative' }, '/home/ada/.local/state/hubtop'], [{ HOME: '/home/ada', XDG_STATE_HOME: '' }, '/home/ada/.local/state/hubtop'],
  ])('of %j is %s', (env, folder) => {
    expect(stateFolder(env)).toBe(folder);
  });
  test('shortPath() writes the home folder as people do', () => {
    expect(shortPath('/home/ada/x', { HOME: '/home/ada' })).toBe('~/x');
    expect(shortPath('/home/adam/x', { HOME: '/home/ada' })).toBe('/home/adam/x');
    expect(shortPath('/x', { HOME: '/' })).toBe('/x');
  });
});

describe('writeClip()', () => {
  test('writes for its owner alone, and replaces what was there', () => {
    const path = writeClip('one', { HOME: home });
    expect(path).toBe(join(home, '.local/state/hubtop/clip.txt'));
    writeClip('two\n', { HOME: home });
    expect(readFileSync(path, 'utf8')).toBe('two\n');
    expect([modeOf(path), modeOf(join(path, '..'))]).toEqual(['600', '700']);
    expect(readdirSync(join(path, '..'))).toEqual(['clip.txt']);
  });

  test('makes a folder that others may read its owner\'s alone', () => {
    const folder = join(home, '.local/state/hubtop');
    mkdirSync(folder, { recursive: true });
    chmodSync(folder, 0o755);
    writeClip('text', { HOME: home });
    expect(modeOf(folder)).toBe('700');
  });

  test('never writes through a link in the file\'s place, or in its draft\'s', () => {
    const folder = join(home, 'hubtop');
    mkdirSync(folder, { mode: 0o700 });
    const victim = join(home, 'victim');
    writeFileSync(victim, 'precious');
    symlinkSync(victim, join(folder, 'clip.txt'));
    symlinkSync(victim, join(folder, `clip.${process.pid}.tmp`));
    writeClip('text', { XDG_STATE_HOME: home });
    expect(readFileSync(victim, 'utf8')).toBe('precious');
    expect(lstatSync(join(folder, 'clip.txt')).isSymbolicLink()).toBe(false);
    expect(readFileSync(join(folder, 'clip.txt'), 'utf8')).toBe('text');
  });

  test('refuses a folder that is a link', () => {
    mkdirSync(join(home, 'elsewhere'));
    symlinkSync(join(home, 'elsewhere'), join(home, 'hubtop'));
    expect(() => writeClip('text', { XDG_STATE_HOME: home })).toThrow(/link/);
    expect(readdirSync(join(home, 'elsewhere'))).toEqual([]);
  });
});

describe('textCopier()', () => {
  const copier = (options: { env?: Record<string, string>; isSent?: boolean } = {}) => {
    const sent: string[] = [];
    const copy = textCopier({ send: (text) => { sent.push(text); return options.isSent ?? true; }, env: { HOME: home, ...options.env } });
    return { copy, sent };
  };

  test('sends and writes the same text, and claims no more than it knows', () => {
    const { copy, sent } = copier();
    expect(copy('kubectl get cnp')).toBe('copied if the terminal allows it; also in ~/.local/state/hubtop/clip.txt');
    expect(sent).toEqual(['kubectl get cnp']);
    expect(readFileSync(join(home, '.local/state/hubtop/clip.txt'), 'utf8')).toBe('kubectl get cnp');
  });

  test('scrubs what is no text, and keeps the lines', () => {
    const { copy, sent } = copier();
    copy('a: 1\r\n  b: \u001b]52;c;x\u0007\u009b31m\u202e\n');
    expect(sent).toEqual(['a: 1\n  b: \\x1b]52;c;x\\x07\\x9b31m\\u{202e}\n']);
  });

  test.each([[{ TMUX: '/tmp/tmux-0/default,1,0' }], [{ TERM: 'tmux-256color' }]])('says once what tmux needs (%j)', (env) => {
    const { copy } = copier({ env });
    expect(copy('one')).toBe('tmux needs: set -s set-clipboard on; also in ~/.local/state/hubtop/clip.txt');
    expect(copy('two')).toMatch(/^copied if the terminal allows it/);
  });

  test('its sentences fit 80 columns', () => {
    for (const options of [{}, { env: { TMUX: 'x' } }, { isSent: false }]) expect(copier(options).copy('x').length).toBeLessThan(78);
  });

  test('says so when only the file has it, or nothing', () => {
    expect(copier({ isSent: false }).copy('x')).toBe('only in ~/.local/state/hubtop/clip.txt: too long, or no clipboard here');
    writeFileSync(join(home, 'file'), '');
    const blocked = { XDG_STATE_HOME: join(home, 'file') };
    expect(copier({ env: blocked }).copy('x')).toMatch(/^copied if the terminal allows it; no file: /);
    expect(copier({ env: blocked, isSent: false }).copy('x')).toMatch(/^not copied: no file: /);
  });
});
