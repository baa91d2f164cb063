import headless from '@xterm/headless';
import { EventEmitter } from 'node:events';
import { PassThrough } from 'node:stream';
import { describe, expect, test } from 'vitest';
import type { Line } from '../../../src/screen/line.ts';
import { lineText } from '../../../src/screen/line.ts';
import { findScroll } from '../../../src/terminal/painter.ts';
import { colourDepth, wantsAscii } from '../../../src/terminal/colour-depth.ts';
import { Terminal, type TerminalParts } from '../../../src/terminal/terminal.ts';
import { THEMES, themeAt } from '../../../src/theme/theme.ts';
import { update } from '../../../src/control/update.ts';
import { frame } from '../../../src/views/frame.ts';
import { busyScene, EVIL, hostileScene } from '../views/scenes.ts';

/** A virtual terminal with our Terminal on it. */
function virtual(cols: number, rows: number, env: Record<string, string> = { TERM: 'xterm-256color' }) {
  const xterm = new headless.Terminal({ cols, rows, allowProposedApi: true });
  const osc: number[] = [];
  for (const id of [0, 1, 2, 4, 7, 8, 10, 11, 12, 50, 52, 133, 777, 1337]) xterm.parser.registerOscHandler(id, () => { osc.push(id); return true; });
  let bytes = '';
  let raw = false;
  const input = Object.assign(new PassThrough(), { isTTY: true, setRawMode: (isRaw: boolean) => { raw = isRaw; } });
  const owner = new EventEmitter();
  const keys: string[] = [];
  const size = { columns: cols, rows };
  let resized: () => void = () => {};
  const parts: TerminalParts = {
    sink: { tryWrite: (chunk) => { bytes += Buffer.from(chunk).toString('utf8'); return chunk.length; } },
    input: input as unknown as TerminalParts['input'], size: () => size, env, owner: owner as unknown as TerminalParts['owner'],
    onResize: (listener) => { resized = listener; return () => {}; },
  };
  const terminal = new Terminal(parts, { onKey: (key) => keys.push(key), onPaste: (text) => keys.push(`paste:${text}`), onResize: () => keys.push('resize'), onGone: () => keys.push('gone') });
  const settle = async (): Promise<string[]> => {
    await new Promise((resolve) => { setImmediate(resolve); });
    await new Promise<void>((resolve) => { xterm.write(bytes, resolve); });
    bytes = '';
    return Array.from({ length: size.rows }, (_, y) => xterm.buffer.active.getLine(y)?.translateToString(false, 0, size.columns) ?? '');
  };
  return { terminal, settle, osc, keys, input, owner, size, xterm, isRaw: () => raw, sent: () => bytes, resize: () => resized() };
}

const rowsOf = (lines: readonly Line[]): string[] => lines.map(lineText);

describe('Terminal', () => {
  test('shows a frame cell by cell, and scrolls without leaving anything behind', async () => {
    const { terminal, settle } = virtual(120, 40);
    const state = busyScene();
    state.view = 'flows';
    for (let step = 0; step < 6; step++) {
      state.stream.bottom = 60 + step;
      const lines = frame(state, { cols: 120, rows: 40 });
      terminal.draw(lines, themeAt(0));
      expect(await settle()).toEqual(rowsOf(lines));
    }
    terminal.close();
  });

  test.each(THEMES.map(({ name }, step) => ({ name, step })))('one new row in the stream costs at most 300 bytes at 120x40 ($name)', async ({ step }) => {
    const { terminal, settle, sent } = virtual(120, 40);
    const state = busyScene();
    state.view = 'flows';
    state.stream.bottom = 60;
    terminal.draw(frame(state, { cols: 120, rows: 40 }), themeAt(step));
    await settle();
    state.stream.bottom = 61;
    terminal.draw(frame(state, { cols: 120, rows: 40 }), themeAt(step));
    await new Promise((resolve) => { setImmediate(resolve); });
    expect(sent()).toContain('\x1b[5;38r');
    expect(Buffer.byteLength(sent())).toBeLessThanOrEqual(300);
    terminal.close();
  });

  test.each(['overview', 'flows', 'help'])('a second in which nothing but the clock moves costs at most 60 bytes in %s', async (view) => {
    const { terminal, settle, sent } = virtual(120, 40);
    const state = busyScene();
    state.view = view;
    terminal.draw(frame(state, { cols: 120, rows: 40 }), themeAt(0));
    await settle();
    const costs: number[] = [];
    for (let second = 0; second < 5; second++) {
      update(state, { type: 'tick', nowMs: state.nowMs + 1000 });
      terminal.draw(frame(state, { cols: 120, rows: 40 }), themeAt(0));
      await new Promise((resolve) => { setImmediate(resolve); });
      costs.push(Buffer.byteLength(sent()));
      await settle();
    }
    // the charts move on as well where a view has some: the cheapest second is the clock alone
    const cheapest = Math.min(...costs);
    expect(cheapest).toBeGreaterThan(0);
    expect(cheapest).toBeLessThanOrEqual(60);
    terminal.close();
  });

  test('an unchanged frame costs nothing', async () => {
    const { terminal, settle, sent } = virtual(80, 24);
    const lines = frame(busyScene(), { cols: 80, rows: 24 });
    terminal.draw(lines, themeAt(0));
    await settle();
    terminal.draw(lines, themeAt(0));
    await new Promise((resolve) => { setImmediate(resolve); });
    expect(sent()).toBe('');
    terminal.close();
  });

  test('hostile text executes nothing, even if it passed every door but the painter', async () => {
    const { terminal, settle, osc } = virtual(120, 40);
    for (const view of ['overview', 'flows', 'help']) {
      const state = hostileScene();
      state.view = view;
      terminal.draw(frame(state, { cols: 120, rows: 40 }), themeAt(0));
      await settle();
    }
    const lines = EVIL.map((evil): Line => ({ spans: [{ text: evil.padEnd(120), role: 'text' }] }));
    terminal.draw([...lines, ...Array.from({ length: 40 - lines.length }, (): Line => ({ spans: [] }))], themeAt(0));
    await settle();
    expect(osc).toEqual([]);
    terminal.close();
  });

  test.each(['close', 'exit'] as const)('gives the terminal back on %s, once', async (way) => {
    const { terminal, settle, owner, isRaw, xterm, sent } = virtual(80, 24);
    terminal.draw(frame(busyScene(), { cols: 80, rows: 24 }), themeAt(0));
    await settle();
    expect(isRaw()).toBe(true);
    expect(xterm.buffer.active.type).toBe('alternate');
    if (way === 'close') terminal.close();
    else owner.emit('exit');
    expect(sent()).toContain('\x1b[?1049l');
    expect(sent()).toContain('\x1b[?25h');
    await settle();
    expect(isRaw()).toBe(false);
    expect(xterm.buffer.active.type).toBe('normal');
    terminal.close();
    expect(sent()).toBe('');
  });

  test('comes back after a suspend with everything drawn', async () => {
    const { terminal, settle, xterm } = virtual(80, 24);
    const lines = frame(busyScene(), { cols: 80, rows: 24 });
    terminal.draw(lines, themeAt(0));
    await settle();
    terminal.suspend();
    await settle();
    expect(xterm.buffer.active.type).toBe('normal');
    terminal.resume();
    await settle();
    terminal.draw(lines, themeAt(0));
    expect(await settle()).toEqual(rowsOf(lines));
    terminal.close();
  });

  test('draws the whole frame in the new size after a resize', async () => {
    const { terminal, settle, size, xterm, resize, keys } = virtual(120, 40);
    terminal.draw(frame(busyScene(), { cols: 120, rows: 40 }), themeAt(0));
    await settle();
    Object.assign(size, { columns: 90, rows: 30 });
    xterm.resize(90, 30);
    for (let i = 0; i < 20; i++) resize();
    while (!keys.includes('resize')) await new Promise((resolve) => { setTimeout(resolve, 10); });
    const lines = frame(busyScene(), { cols: 90, rows: 30 });
    await settle();
    terminal.draw(lines, themeAt(0));
    expect(await settle()).toEqual(rowsOf(lines));
    expect(keys).toEqual(['resize']);
    terminal.close();
  });

  test('leaves no listener of blessed on the process', () => {
    const events = ['exit', 'uncaughtException', 'SIGTERM', 'SIGINT', 'SIGQUIT'] as const;
    const before = events.map((event) => process.listenerCount(event));
    virtual(80, 24).terminal.close();
    expect(events.map((event) => process.listenerCount(event))).toEqual(before);
  });

  test('sends no colour under NO_COLOR', async () => {
    const { terminal, sent } = virtual(80, 24, { TERM: 'xterm-256color', NO_COLOR: '1' });
    terminal.draw(frame(busyScene(), { cols: 80, rows: 24 }), themeAt(0));
    await new Promise((resolve) => { setImmediate(resolve); });
    expect(sent()).not.toMatch(/\x1b\[[0-9;]*(3[0-8]|4[0-8]|9[0-7])[;m]/);
    terminal.close();
  });
});

describe('findScroll()', () => {
  const rows = (from: number): string[] => ['head', ...Array.from({ length: 10 }, (_, i) => `row ${from + i}`), 'foot'];
  test.each([[1], [2], [4]])('finds a block that moved by %i', (by) => {
    expect(findScroll(rows(0), rows(by))).toEqual({ top: 1, bottom: 10, by });
  });
  test('finds nothing where nothing moved', () => {
    expect(findScroll(rows(0), rows(0))).toBeUndefined();
    expect(findScroll(rows(0), rows(50))).toBeUndefined();
  });
});

describe('the environment', () => {
  test.each([
    [{ NO_COLOR: '1', TERM: 'xterm-256color' }, 'mono'], [{ TERM: 'tmux-256color' }, '256'], [{ TERM: 'xterm', COLORTERM: 'truecolor' }, '256'],
    [{ TERM: 'xterm' }, '16'], [{ TERM: 'linux' }, '16'], [{ TERM: 'vt220' }, 'mono'], [{}, '16'],
  ] as const)('colourDepth(%j) is %s', (env, depth) => {
    expect(colourDepth(env)).toBe(depth);
  });
  test.each([[{ LANG: 'C' }, true], [{ LANG: 'en_US.UTF-8' }, false], [{ LC_ALL: 'C', LANG: 'en_US.UTF-8' }, true], [{}, false], [{ TERM: 'linux', LANG: 'en_US.UTF-8' }, true]] as const)('wantsAscii(%j) is %s', (env, expected) => {
    expect(wantsAscii(env)).toBe(expected);
  });
});
