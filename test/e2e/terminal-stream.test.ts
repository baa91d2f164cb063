import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, test } from 'vitest';
import { update } from '../../src/control/update.ts';
import { lineText, type Line } from '../../src/screen/line.ts';
import { themeAt, THEMES } from '../../src/theme/theme.ts';
import { frame } from '../../src/views/frame.ts';
import { VIEWS } from '../../src/views/view-list.ts';
import { virtual, turn } from '../src/terminal/virtual-terminal.ts';
import { busyScene, EVIL, hostileScene } from '../src/views/scenes.ts';
import { bundle, hasTmux, pause, startHubtop, type Running } from './hubtop-process.ts';
import { TmuxTerminal } from './tmux.ts';

if (!hasTmux) console.warn('skipped: the screen in tmux (needs tmux)');

const folder = mkdtempSync(join(tmpdir(), 'hubtop-stream-'));
let terminal: TmuxTerminal | undefined;
let demo: Running | undefined;
afterEach(() => { terminal?.close(); });
afterAll(async () => {
  await demo?.stop('SIGKILL');
  rmSync(folder, { recursive: true, force: true });
});

/** Frames of every view on quiet and hostile data, in changing themes, with rows that scroll. */
function* frames(size: { cols: number; rows: number }): Generator<{ what: string; lines: Line[]; theme: number }> {
  let theme = 0;
  for (const [name, state] of [['busy', busyScene()], ['hostile', hostileScene()]] as const) {
    for (const { id } of VIEWS) {
      state.view = id;
      yield { what: `${id} ${name}`, lines: frame(state, size), theme: theme++ };
      if (id !== 'flows') continue;
      for (let step = 0; step < 3; step++) {
        update(state, { type: 'action', action: 'up' });
        yield { what: `${id} ${name} ${step} up`, lines: frame(state, size), theme };
      }
    }
  }
  yield { what: 'text that passed every door but the painter', lines: EVIL.map((evil): Line => ({ spans: [{ text: evil.padEnd(size.cols), role: 'text' }] })).slice(0, size.rows), theme };
}

/** A pane that shows what is written to its files, one with each step. */
async function replayer(size: { cols: number; rows: number }): Promise<{ show(bytes: string): Promise<string> }> {
  const at = new TmuxTerminal(size, `replay-${size.cols}`);
  terminal = at;
  at.set('-s', 'set-clipboard', 'on');
  const done = join(folder, `done-${size.cols}`);
  at.type(`stty -echo -opost; n=0; while read -r line; do cat ${folder}/step; n=$((n+1)); echo $n > ${done}; done\n`);
  await pause(300);
  let steps = 0;
  const show = async (bytes: string): Promise<string> => {
    writeFileSync(join(folder, 'step'), bytes);
    at.press('Enter');
    steps++;
    while (!existsSync(done) || readFileSync(done, 'utf8').trim() !== String(steps)) await pause(5);
    // tmux reads what cat wrote before it answers
    return at.screen();
  };
  return { show };
}

describe.skipIf(!hasTmux)('the bytes of a session are the same screen in tmux and in xterm.js', () => {
  test.each([{ cols: 80, rows: 24 }, { cols: 120, rows: 40 }, { cols: 200, rows: 60 }, { cols: 60, rows: 12 }])('$cols x $rows', async (size) => {
    const { terminal: ours, tty, screen, settle } = virtual(size.cols, size.rows);
    const { show } = await replayer(size);
    for (const { what, lines, theme } of frames(size)) {
      ours.draw(lines, themeAt(theme % THEMES.length));
      await turn();
      const bytes = tty.sent;
      const inXterm = await settle();
      const wanted = Array.from({ length: size.rows }, (_, y) => (lines[y] === undefined ? '' : lineText(lines[y])).slice(0, size.cols).trimEnd());
      if (!what.startsWith('text')) expect([what, inXterm.map((row) => row.trimEnd())]).toEqual([what, wanted]);
      const inTmux = (await show(bytes)).replace(/\n$/, '').split('\n').map((row) => row.trimEnd());
      expect([what, inTmux]).toEqual([what, inXterm.map((row) => row.trimEnd())]);
    }
    expect(screen.foreign).toEqual([]);
    expect(terminal?.buffers()).toBe('');
    expect(terminal?.show('pane_title')).not.toContain('PWN');
    ours.close();
  });
});

/** The dashboard on a demo in a pane. */
async function start(size: { cols: number; rows: number }, options: { name: string; env?: string; flags?: string }): Promise<TmuxTerminal> {
  if (demo === undefined) demo = startHubtop(['demo', '--no-tui', '--listen', '127.0.0.1:0']);
  const [, address = ''] = await demo.waitFor(/ready (\S+)/, 15_000);
  const at = new TmuxTerminal(size, options.name);
  terminal = at;
  at.set('-s', 'set-clipboard', 'on');
  at.type(`PS1='$ '; XDG_STATE_HOME=${folder} ${options.env ?? ''} ${process.execPath} ${bundle} --server ${address} ${options.flags ?? ''}\n`);
  return at;
}

/** A screen without its head, where clocks run. */
function bodyOf(screen: string): string {
  return screen.split('\n').slice(3).join('\n');
}

describe.skipIf(!hasTmux)('the dashboard in tmux', () => {
  test('keys in pieces are keys', async () => {
    const at = new TmuxTerminal({ cols: 80, rows: 24 }, 'pieces');
    terminal = at;
    at.type(`PS1='$ '; ${process.execPath} ${bundle} --server 127.0.0.1:9\n`);
    await at.waitFor(/CONNECTING[\s\S]*svc\/hubble-relay/, 10_000);
    at.press('?');
    const top = bodyOf(await at.waitFor(/\[\? Help\]/, 5_000));
    // ESC [ waits for the rest as long as it takes
    for (const [pieces, isTop] of [[[[0x1b, 0x5b], [0x46]], false], [[[0x1b, 0x5b], [0x48]], true], [[[0x1b, 0x5b, 0x36], [0x7e]], false], [[[0x1b, 0x5b, 0x35], [0x7e]], true]] as const) {
      for (const piece of pieces) {
        at.bytes([...piece]);
        await pause(250);
      }
      expect(bodyOf(at.screen()) === top).toBe(isTop);
      expect(at.screen()).toMatch(/\[\? Help\]/);
    }
    at.press('C-c');
    await at.waitFor(/^\$$/m, 5_000);
  });

  test('pasted text and what a terminal answers run no key', async () => {
    const at = await start({ cols: 80, rows: 24 }, { name: 'input' });
    await at.waitFor(/LIVE[\s\S]*WHAT IS WRONG/, 15_000);
    at.press('2');
    await at.waitFor(/SOURCE +DESTINATION[\s\S]*fwd/, 5_000);
    at.paste('q?T9:ns=x\r\u0003\u001a');
    await at.waitFor(/pasted/, 5_000);
    expect(at.screen()).toMatch(/LIVE[\s\S]*SOURCE +DESTINATION/);
    at.bytes([...Buffer.from('\x1b[5;1R\x1b[?62;4c\x1b[?2026;2$y\x1b]11;rgb:0000/0000/0000\x1b\\\x1b[I\x1b[<0;10;5M')]);
    await pause(200);
    expect(at.screen()).toMatch(/LIVE[\s\S]*SOURCE +DESTINATION/);
    at.press('q');
    await at.waitFor(/^\$ *$/m, 5_000);
  });

  test('copies through tmux to the clipboard, and to a file', async () => {
    const at = await start({ cols: 120, rows: 40 }, { name: 'copy' });
    await at.waitFor(/LIVE[\s\S]*►/, 15_000);
    at.press('y');
    await at.waitFor(/set -s set-clipboard on; also in /, 5_000);
    await pause(200);
    expect(at.buffers()).toBe(readFileSync(join(folder, 'hubtop/clip.txt'), 'utf8').replaceAll('\n', '\\n'));
  });

  test('a storm of resizes ends in a whole frame; below 80x24 there is the strip, at 1x1 it lives', async () => {
    const at = await start({ cols: 120, rows: 40 }, { name: 'resize' });
    await at.waitFor(/LIVE[\s\S]*WHAT IS WRONG/, 15_000);
    for (let i = 0; i < 12; i++) at.resize(60 + i * 12, 12 + i * 4);
    at.resize(79, 24);
    await at.waitFor(/this terminal is 79x24; whole views need 80x24/, 5_000);
    at.resize(1, 1);
    await pause(300);
    at.resize(200, 60);
    const text = await at.waitFor(/LIVE[\s\S]*WHAT IS WRONG[\s\S]*q quit/, 5_000);
    expect(text.replace(/\n$/, '').split('\n')).toHaveLength(60);
    at.resize(80, 24);
    await at.waitFor(/^ \[LIVE[\s\S]*q quit *$/m, 5_000);
  });

  test.each([
    ['256 colours where tmux has them', 'TERM=tmux-256color', '', /38;5;\d/, /$^/],
    ['16 colours on a plain screen', 'TERM=screen COLORTERM=', '', /\[(1;)?9[1-7]m/, /[34]8;5;/],
    ['no colour with NO_COLOR', 'NO_COLOR=1', '', /\[1m/, /\[[\d;]*(3[0-7]|38;5;\d+|9[0-7])m/],
    ['the depth that was asked for', 'NO_COLOR=1', '--color 256', /38;5;\d/, /$^/],
    ['the theme that was asked for', 'HUBTOP_THEME=quiet', '--theme wall', /48;5;16m/, /$^/],
    ['ASCII alone without UTF-8', 'LC_ALL=C', '', /WHAT IS WRONG/, /[^\0-\x7f]/],
    ['ASCII alone when asked', '', '--ascii', /WHAT IS WRONG/, /[^\0-\x7f]/],
  ])('shows %s', async (_what, env, flags, has, hasNot) => {
    const at = await start({ cols: 80, rows: 24 }, { name: 'look', env, flags });
    await at.waitFor(/LIVE[\s\S]*WHAT IS WRONG/, 15_000);
    await pause(200);
    expect(at.screenWithLooks()).toMatch(has);
    expect(at.screenWithLooks()).not.toMatch(hasNot);
  });

  test('says in one line that a terminal without a cursor is none for it', async () => {
    const at = await start({ cols: 80, rows: 24 }, { name: 'dumb', env: 'TERM=dumb' });
    await at.waitFor(/^hubtop: this terminal \(TERM=dumb\) cannot move its cursor: use --batch/m, 5_000);
  });

  test('names all themes when one is not there', async () => {
    const at = await start({ cols: 200, rows: 24 }, { name: 'theme', flags: '--theme nonsense' });
    await at.waitFor(new RegExp(`unknown theme "nonsense": there is ${THEMES.map(({ name }) => name).join(', ')}`), 5_000);
  });
});
