import { describe, expect, test } from 'vitest';
import { update } from '../../../src/control/update.ts';
import type { Line } from '../../../src/screen/line.ts';
import { lineText } from '../../../src/screen/line.ts';
import type { State } from '../../../src/model/state.ts';
import { Terminal } from '../../../src/terminal/terminal.ts';
import { THEMES, themeAt, themeNamed } from '../../../src/theme/theme.ts';
import { frame } from '../../../src/views/frame.ts';
import { busyScene, EVIL, hostileScene } from '../views/scenes.ts';
import { turn, virtual } from './virtual-terminal.ts';

const rowsOf = (lines: readonly Line[]): string[] => lines.map(lineText);
/** Made once: a minute and a half of a fleet takes two seconds. */
let busyState: State | undefined;
const busyFrame = (cols: number, rows: number): Line[] => frame(busyState ??= busyScene(), { cols, rows });

describe('Terminal', () => {
  test('shows a frame cell by cell, and scrolls up and down without leaving anything behind', async () => {
    const { terminal, settle } = virtual(120, 40);
    const state = busyScene();
    state.view = 'flows';
    for (const step of [0, 1, 2, 3, 5, 4, 3, 1, 0]) {
      state.stream.bottom = 60 + step;
      const lines = frame(state, { cols: 120, rows: 40 });
      terminal.draw(lines, themeAt(0));
      expect(await settle()).toEqual(rowsOf(lines));
    }
    terminal.close();
  });

  test.each(THEMES.map(({ name }, step) => ({ name, step })))('one new row in the stream costs at most 300 bytes at 120x40 ($name)', async ({ step }) => {
    const { terminal, settle, tty } = virtual(120, 40);
    const state = busyScene();
    state.view = 'flows';
    state.stream.bottom = 60;
    terminal.draw(frame(state, { cols: 120, rows: 40 }), themeAt(step));
    await settle();
    state.stream.bottom = 61;
    terminal.draw(frame(state, { cols: 120, rows: 40 }), themeAt(step));
    await turn();
    expect(tty.sent).toMatch(/\x1b\[\d+;\d+r/);
    expect(Buffer.byteLength(tty.sent)).toBeLessThanOrEqual(300);
    terminal.close();
  });

  test.each(['overview', 'flows', 'help'])('a second in which nothing but the clock moves costs at most 60 bytes in %s', async (view) => {
    const { terminal, settle, tty } = virtual(120, 40);
    const state = busyScene();
    state.view = view;
    terminal.draw(frame(state, { cols: 120, rows: 40 }), themeAt(0));
    await settle();
    const costs: number[] = [];
    for (let second = 0; second < 5; second++) {
      update(state, { type: 'tick', nowMs: state.nowMs + 1000 });
      terminal.draw(frame(state, { cols: 120, rows: 40 }), themeAt(0));
      await turn();
      costs.push(Buffer.byteLength(tty.sent));
      await settle();
    }
    // the charts move on as well where a view has some: the cheapest second is the clock alone
    const cheapest = Math.min(...costs);
    expect(cheapest).toBeGreaterThan(0);
    expect(cheapest).toBeLessThanOrEqual(60);
    terminal.close();
  });

  test('an unchanged frame costs nothing, and the screen is cleared once, not with each frame', async () => {
    const { terminal, settle, tty } = virtual(80, 24);
    const lines = busyFrame(80, 24);
    terminal.draw(lines, themeAt(0));
    await settle();
    terminal.draw(lines, themeAt(0));
    await turn();
    expect(tty.sent).toBe('');
    for (const cols of [1, 2, 3]) terminal.draw(frame(hostileScene(), { cols: 80, rows: 24 }).slice(cols), themeAt(cols));
    await turn();
    expect(tty.all.split('\x1b[2J').length - 1).toBe(1);
    terminal.close();
  });

  test('hostile text executes nothing, even if it passed every door but the painter', async () => {
    const { terminal, settle, screen } = virtual(120, 40);
    for (const view of ['overview', 'flows', 'help']) {
      const state = hostileScene();
      state.view = view;
      terminal.draw(frame(state, { cols: 120, rows: 40 }), themeAt(0));
      await settle();
    }
    const lines = EVIL.map((evil): Line => ({ spans: [{ text: evil.padEnd(120), role: 'text' }] }));
    terminal.draw([...lines, ...Array.from({ length: 40 - lines.length }, (): Line => ({ spans: [] }))], themeAt(0));
    await settle();
    expect(screen.foreign).toEqual([]);
    terminal.close();
  });

  test('leaves no listener of blessed on the process', () => {
    const events = ['exit', 'uncaughtException', 'SIGTERM', 'SIGINT', 'SIGQUIT'] as const;
    const before = events.map((event) => process.listenerCount(event));
    virtual(80, 24).terminal.close();
    expect(events.map((event) => process.listenerCount(event))).toEqual(before);
  });

  test.each([[{ TERM: 'xterm-256color', NO_COLOR: '1' }, 'auto'], [{ TERM: 'xterm-256color' }, 'mono'], [{ TERM: 'vt100' }, 'auto']] as const)('sends no colour with %j and --color %s', async (env, colour) => {
    const { terminal, tty } = virtual(80, 24, { env, colour });
    for (let step = 0; step < THEMES.length; step++) terminal.draw(busyFrame(80, 24), themeAt(step));
    await turn();
    expect(tty.sent).not.toMatch(/\x1b\[[0-9;]*(3[0-8]|4[0-8]|9[0-7]|10[0-7])[;m]/);
    terminal.close();
  });

  test('sends 16 colours and no more where there are 16', async () => {
    const { terminal, tty } = virtual(80, 24, { env: { TERM: 'xterm' } });
    for (let step = 0; step < THEMES.length; step++) terminal.draw(busyFrame(80, 24), themeAt(step));
    await turn();
    expect(tty.sent).toMatch(/\x1b\[[0-9;]*9[0-7][;m]/);
    expect(tty.sent).not.toMatch(/\x1b\[[0-9;]*[34]8;/);
    terminal.close();
  });

  test('sends nothing but what old terminals know to a console', async () => {
    const { terminal, tty, settle } = virtual(80, 24, { env: { TERM: 'linux' }, answers: [] });
    terminal.ask({ background: true, glyphs: true, waitMs: 10 });
    terminal.draw(busyFrame(80, 24), themeAt(0));
    expect(terminal.copy('text')).toBe(false);
    await settle();
    expect(tty.all).not.toContain('\x1b]');
    expect(tty.all).not.toContain('\x1b[?2026h');
    terminal.close();
  });

  test('keys and mouse: no mouse report is asked for, leftovers of another program are switched off', () => {
    const { terminal, tty } = virtual(80, 24);
    terminal.close();
    expect(tty.all).not.toMatch(/\x1b\[\?(9|1000|1002|1003|1005|1006|1015|1004)h/);
    for (const mode of [1000, 1002, 1003, 1004, 1006]) expect(tty.all.indexOf(`\x1b[?${mode}l`)).toBeLessThan(200);
  });
});

describe('Terminal gives back', () => {
  test.each(['close', 'exit'] as const)('everything on %s, once', async (way) => {
    const { terminal, settle, owner, xterm, tty } = virtual(80, 24);
    await settle();
    await new Promise<void>((resolve) => { xterm.write('', resolve); });
    terminal.draw(busyFrame(80, 24), themeAt(0));
    await settle();
    expect(tty.isRaw).toBe(true);
    expect(xterm.buffer.active.type).toBe('alternate');
    expect(xterm.modes).toMatchObject({ bracketedPasteMode: true, wraparoundMode: false });
    if (way === 'close') terminal.close();
    else owner.emit('exit');
    await settle();
    expect(tty.isRaw).toBe(false);
    expect(xterm.buffer.active.type).toBe('normal');
    expect(xterm.modes).toMatchObject({ bracketedPasteMode: false, wraparoundMode: true, applicationCursorKeysMode: false, applicationKeypadMode: false, mouseTrackingMode: 'none', originMode: false, sendFocusMode: false });
    terminal.close();
    expect(tty.sent).toBe('');
  });

  test('what was on the shell\'s screen, with the cursor where it stood', async () => {
    const { screen, tty, settle, terminal } = virtual(80, 24);
    terminal.close();
    tty.sent = '';
    await screen.write('\x1b[?1049l\x1b[2J\x1b[H$ hubtop\r\n');
    const other = virtual(80, 24);
    other.terminal.draw(busyFrame(80, 24), themeAt(0));
    await turn();
    other.terminal.close();
    await screen.write(other.tty.all);
    await settle();
    expect(screen.rows().map((row) => row.trimEnd()).filter((row) => row !== '')).toEqual(['$ hubtop']);
    expect([screen.xterm.buffer.active.cursorX, screen.xterm.buffer.active.cursorY]).toEqual([0, 1]);
  });

  test('comes back after a suspend with everything drawn, and again after a stop nobody told of', async () => {
    const { terminal, settle, xterm, tty, screen } = virtual(80, 24);
    const lines = busyFrame(80, 24);
    terminal.draw(lines, themeAt(0));
    await settle();
    terminal.suspend();
    await settle();
    expect(xterm.buffer.active.type).toBe('normal');
    expect(tty.isRaw).toBe(false);
    terminal.draw(lines, themeAt(0));
    await turn();
    expect(tty.sent).toBe('');
    terminal.resume();
    terminal.draw(lines, themeAt(0));
    expect(await settle()).toEqual(rowsOf(lines));
    // the shell's own words on our screen
    await screen.write('\x1b[?1049l[1]+  Stopped\r\n$ fg\r\n');
    terminal.resume();
    terminal.draw(lines, themeAt(0));
    expect(await settle()).toEqual(rowsOf(lines));
    expect(tty.isRaw).toBe(true);
    terminal.close();
  });

  test('the last frame as text in the scrollback, in the colours it had', async () => {
    const { terminal, settle, xterm, screen } = virtual(80, 24);
    const lines = busyFrame(80, 24);
    const theme = themeNamed('dark') ?? themeAt(0);
    terminal.draw(lines, theme);
    await settle();
    const looks = screen.looks();
    terminal.close({ lines, theme });
    await settle();
    expect(xterm.buffer.active.type).toBe('normal');
    // its own last row is the line of the shell's prompt
    const shown = screen.rows().slice(0, 23).map((row) => row.trimEnd());
    expect(shown).toEqual(rowsOf(lines).slice(1).map((row) => row.trimEnd()));
    expect(screen.looks().slice(0, 23)).toEqual(looks.slice(1));
    expect(screen.foreign).toEqual([]);
  });

  test('a terminal that takes nothing is left within the deadline, with or without a last frame', () => {
    const { terminal, tty } = virtual(80, 24);
    tty.room = 0;
    terminal.close({ lines: busyFrame(80, 24), theme: themeAt(0) });
    expect(tty.isRaw).toBe(false);
  });

  test('a terminal that is gone is told once to whoever listens, and closing it throws nothing', async () => {
    const { terminal, heard, input, parts } = virtual(80, 24);
    input.emit('error', new Error('read EIO'));
    expect(heard).toEqual(['gone']);
    Object.assign(parts.input, { setRawMode: () => { throw new Error('EIO'); } });
    expect(() => terminal.close()).not.toThrow();
    expect(() => input.emit('error', new Error('setRawMode EIO'))).not.toThrow();
    await turn();
  });
});

describe('Terminal and sizes', () => {
  test('draws the whole frame in the new size after a resize', async () => {
    const { terminal, settle, size, xterm, tty, heard } = virtual(120, 40);
    terminal.draw(busyFrame(120, 40), themeAt(0));
    await settle();
    Object.assign(size, { columns: 90, rows: 30 });
    xterm.resize(90, 30);
    for (let i = 0; i < 20; i++) tty.resized();
    while (!heard.includes('resize')) await new Promise((resolve) => { setTimeout(resolve, 10); });
    const lines = busyFrame(90, 30);
    await settle();
    terminal.draw(lines, themeAt(0));
    expect(await settle()).toEqual(rowsOf(lines));
    expect(heard).toEqual(['resize']);
    terminal.close();
  });

  test('a storm of sizes, drawn in between, ends in an exact frame each time', async () => {
    const { terminal, settle, size, xterm } = virtual(80, 24);
    for (const [columns, rows] of [[200, 60], [1, 1], [79, 24], [80, 23], [20, 3], [2, 40], [300, 2], [80, 24], [120, 40]] as const) {
      Object.assign(size, { columns, rows });
      xterm.resize(columns, rows);
      const lines = busyFrame(columns, rows);
      terminal.draw(lines, themeAt(0));
      expect([columns, rows, await settle()]).toEqual([columns, rows, rowsOf(lines)]);
    }
    terminal.close();
  });

  test('a frame of another size than the terminal harms nothing', async () => {
    const { terminal, settle } = virtual(80, 24);
    terminal.draw(busyFrame(120, 40), themeAt(0));
    expect((await settle()).length).toBe(24);
    terminal.draw(busyFrame(40, 10), themeAt(0));
    await settle();
    const lines = busyFrame(80, 24);
    terminal.draw(lines, themeAt(0));
    expect(await settle()).toEqual(rowsOf(lines));
    terminal.close();
  });
});

describe('Terminal and slow lines', () => {
  test('skips frames while one is on its way, and shows the newest afterwards', async () => {
    const { terminal, settle, tty, heard } = virtual(80, 24);
    await settle();
    tty.room = 10;
    const state = busyScene();
    expect(terminal.draw(frame(state, { cols: 80, rows: 24 }), themeAt(0))).toBe(true);
    await turn();
    for (let second = 0; second < 20; second++) {
      update(state, { type: 'tick', nowMs: state.nowMs + 1000 });
      expect(terminal.draw(frame(state, { cols: 80, rows: 24 }), themeAt(0))).toBe(false);
    }
    expect(terminal.skippedFrames).toBe(20);
    expect(terminal.isSlow(Date.now() + 3000)).toBe(true);
    tty.room = Infinity;
    const newest = frame(state, { cols: 80, rows: 24 });
    while (!terminal.draw(newest, themeAt(0))) await new Promise((resolve) => { setTimeout(resolve, 5); });
    expect(await settle()).toEqual(rowsOf(newest));
    expect(terminal.bytesWritten).toBe(Buffer.byteLength(tty.all));
    expect(heard).toEqual(['ready']);
    terminal.close();
  });
});

const device = '\x1b[?62;4c';

describe('Terminal.ask()', () => {
  const dark = '\x1b]11;rgb:1e1e/1e1e/1e1e\x07';
  const light = '\x1b]11;rgb:ffff/ffff/dddd\x1b\\';
  test.each([
    ['dark', [dark + device], ['background:dark']], ['light', [light + device], ['background:light']], ['in pieces', ['\x1b]11;rg', 'b:ff/ff', '/ff\x07\x1b[?6', '2c'], ['background:light']],
    ['with a key typed in between', ['j', light, 'k', device], ['j', 'background:light', 'k']], ['a terminal that only knows what it is', [device], []],
    ['a terminal that draws our glyphs in one cell', [`\x1b[1;2R${dark}${device}`], ['background:dark']], ['in two', [`\x1b[1;3R${dark}${device}`], ['odd', 'background:dark']], ['in bytes', [`\x1b[1;4R${device}`], ['odd']],
  ])('%s', (_name, answers, expected) => {
    const { terminal, heard, tty } = virtual(80, 24, { answers });
    const before = Date.now();
    terminal.ask({ background: true, glyphs: true, waitMs: 2_000 });
    expect(Date.now() - before).toBeLessThan(1_000);
    expect(heard).toEqual(expected);
    expect(tty.all).toContain('\x1b[H●\x1b[6n\r\x1b[K\x1b]11;?\x07\x1b[c');
    terminal.close();
  });

  test('waits no longer than told, and still takes an answer that comes later', async () => {
    const { terminal, heard, input } = virtual(80, 24, { answers: [] });
    const before = Date.now();
    terminal.ask({ background: true, glyphs: true, waitMs: 40 });
    expect(Date.now() - before).toBeLessThan(150);
    expect(heard).toEqual([]);
    input.write(`${light}${device}`);
    await turn();
    await turn();
    expect(heard).toEqual(['background:light']);
    terminal.close();
  });

  test('an answer without a question changes nothing', async () => {
    const { terminal, heard, input } = virtual(80, 24);
    input.write(light);
    await turn();
    await turn();
    expect(heard).toEqual([]);
    terminal.close();
  });

  test('asks for no background where the environment knows, nobody wants it or there are no colours', () => {
    const { terminal, heard, tty } = virtual(80, 24, { env: { TERM: 'rxvt-unicode-256color', COLORFGBG: '0;default;15' }, answers: [] });
    terminal.ask({ background: true, glyphs: true, waitMs: 40 });
    expect(heard).toEqual(['background:light']);
    expect(tty.all).not.toContain('\x1b]11');
    terminal.close();
    for (const [options, background] of [[{ colour: 'mono' as const }, true], [{}, false]] as const) {
      const other = virtual(80, 24, { ...options, answers: [] });
      const before = Date.now();
      other.terminal.ask({ background, glyphs: false, waitMs: 20 });
      expect(Date.now() - before).toBeLessThan(1_000);
      expect(other.tty.all).not.toContain('\x1b]11');
      expect(other.tty.all).toContain('\x1b[c');
      other.terminal.close();
    }
  });

  test('a way out takes in an answer that is still on its way: it would stand on the shell\'s command line', () => {
    let looks = 0;
    const { terminal, heard, parts, tty } = virtual(80, 24, { answers: [] });
    terminal.ask({ background: true, glyphs: true, waitMs: 5 });
    parts.readWaiting = () => Buffer.from(++looks === 20 ? `${light}${device}` : '');
    const before = Date.now();
    terminal.close();
    expect(looks).toBe(20);
    expect(heard).toEqual(['background:light']);
    expect(Date.now() - before).toBeLessThan(400);
    expect(tty.isRaw).toBe(false);
  });

  test('a way out does not wait for a terminal that answered', () => {
    const { terminal, parts } = virtual(80, 24, { answers: [dark + device] });
    terminal.ask({ background: true, glyphs: true, waitMs: 500 });
    parts.readWaiting = () => { throw new Error('asked again'); };
    terminal.close();
  });
});

describe('Terminal and terminals that show late what they take at once', () => {
  test('sends no more than two frames ahead of what is shown, and draws the newest when it is', async () => {
    const { terminal, heard, input, tty } = virtual(80, 24, { answers: [device] });
    terminal.ask({ background: true, glyphs: true, waitMs: 500 });
    const state = busyScene();
    let drawn = 0;
    for (let i = 0; i < 30; i++) {
      state.view = i % 2 === 0 ? 'flows' : 'overview';
      if (terminal.draw(frame(state, { cols: 80, rows: 24 }), themeAt(0))) drawn++;
      await turn();
    }
    expect([drawn, terminal.skippedFrames]).toEqual([2, 28]);
    expect(tty.all.split('\x1b[5n').length - 1).toBe(2);
    expect(terminal.isSlow(Date.now() + 3_000)).toBe(true);
    heard.length = 0;
    input.write('\x1b[0n');
    await turn();
    await turn();
    expect(heard).toEqual(['ready']);
    expect(terminal.draw(busyFrame(80, 24), themeAt(1))).toBe(true);
    terminal.close();
  });

  test('asks nothing of a terminal that never answered, and draws every frame', async () => {
    const { terminal, tty } = virtual(80, 24, { answers: [] });
    terminal.ask({ background: true, glyphs: true, waitMs: 5 });
    for (let step = 0; step < 9; step++) {
      expect(terminal.draw(busyFrame(80, 24), themeAt(step))).toBe(true);
      await turn();
    }
    expect(tty.all).not.toContain('\x1b[5n');
    terminal.close();
  });

  test('a way out waits for answers that are on their way', async () => {
    const { terminal, parts, heard } = virtual(80, 24, { answers: [device] });
    terminal.ask({ background: true, glyphs: true, waitMs: 500 });
    terminal.draw(busyFrame(80, 24), themeAt(0));
    await turn();
    let looks = 0;
    parts.readWaiting = () => Buffer.from(++looks === 10 ? '\x1b[0n' : '');
    terminal.close();
    expect(looks).toBe(10);
    expect(heard).toEqual([]);
  });
});

describe('Terminal.copy()', () => {
  test('sends plain OSC 52 with the text in base64', async () => {
    const { terminal, tty, screen, settle } = virtual(80, 24);
    expect(terminal.copy('kubectl get pods -o "wide" ✓')).toBe(true);
    await turn();
    expect(tty.sent).toContain(`\x1b]52;c;${Buffer.from('kubectl get pods -o "wide" ✓').toString('base64')}\x07`);
    await settle();
    expect(screen.foreign).toEqual(['OSC 52']);
    terminal.close();
  });

  test('sends nothing that terminals would cut: 74,994 bytes of base64 at most', async () => {
    const { terminal, tty } = virtual(80, 24);
    expect(terminal.copy('a'.repeat(56_244))).toBe(true);
    await turn();
    tty.sent = '';
    expect(terminal.copy('a'.repeat(56_247))).toBe(false);
    await turn();
    expect(tty.sent).toBe('');
    terminal.close();
  });

  test('says so when the terminal is given back already', () => {
    const { terminal } = virtual(80, 24);
    terminal.close();
    expect(terminal.copy('late')).toBe(false);
    expect(terminal).toBeInstanceOf(Terminal);
  });
});
