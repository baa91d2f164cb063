import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { runDashboard, type DashboardLook } from '../../../src/app/dashboard.ts';
import type { DashboardSource } from '../../../src/app/session.ts';
import type { ClientMessage } from '../../../src/client/client-message.ts';
import { themeNamed } from '../../../src/theme/theme.ts';
import { busyMessages } from './busy-messages.ts';
import { turn, virtualParts, XTERM, type VirtualOptions } from '../terminal/virtual-terminal.ts';

/** A source that says what it is told to. */
class ToldSource implements DashboardSource {
  readonly server = 'told:4245';
  listener: (message: ClientMessage) => void = () => {};
  isClosed = false;
  subscribe(listener: (message: ClientMessage) => void): () => void {
    this.listener = listener;
    return () => { this.listener = () => {}; };
  }
  setFlowsRequest(): void {}
  close(): void {
    this.isClosed = true;
  }
}

const ends: (() => void)[] = [];
afterEach(() => { for (const end of ends.splice(0)) end(); });

/** A dashboard in a terminal in memory. */
function running(options: VirtualOptions & { look?: Partial<DashboardLook>; cols?: number; rows?: number } = {}) {
  const world = virtualParts(options.cols ?? 100, options.rows ?? 30, { env: XTERM, ...options });
  const source = new ToldSource();
  const controller = new AbortController();
  const code = runDashboard({
    client: source, terminal: world.parts, signal: controller.signal,
    ...(options.look === undefined ? {} : { look: { theme: undefined, colour: 'auto' as const, isAscii: undefined, ...options.look } }),
  });
  ends.push(() => controller.abort());
  /** Lets time pass until the screen shows it. */
  const shows = async (pattern: RegExp): Promise<string> => {
    for (const until = Date.now() + 5_000; Date.now() < until;) {
      const text = (await world.settle()).join('\n');
      if (pattern.test(text)) return text;
      await new Promise((resolve) => { setTimeout(resolve, 5); });
    }
    throw new Error(`never showed ${pattern}:\n${(await world.settle()).join('\n')}`);
  };
  const press = (keys: string): void => { world.input.write(keys); };
  return { ...world, source, controller, code, shows, press };
}

const light = '\x1b]11;rgb:ffff/ffff/ffff\x07\x1b[?62c';
const dark = '\x1b]11;rgb:0000/0000/0000\x07\x1b[?62c';
/** What the truth bar's state word is written with: warn, as long as there is no server. */
const warnOf = (name: string): string => `38;5;${themeNamed(name)?.roles.warn['256'].fg}m`;

describe('the look of the dashboard', () => {
  test.each([
    ['light where the terminal is', { answers: [light] }, 'light'], ['dark where the terminal is', { answers: [dark] }, 'dark'], ['dark where nobody says', {}, 'dark'],
    ['light where the environment says so', { env: { ...XTERM, COLORFGBG: '0;15' } }, 'light'],
    ['what was asked for, whatever the terminal is', { answers: [light], look: { theme: themeNamed('tritanopia') } }, 'tritanopia'],
  ] as const)('is %s', async (_what, options, name) => {
    const { shows, tty } = running({ ...options, ...('answers' in options ? { answers: [...options.answers] } : {}) } as VirtualOptions);
    await shows(/CONNECTING/);
    expect(tty.all).toContain(warnOf(name));
  });

  test('asks the terminal nothing when a theme was asked for', async () => {
    const { shows, tty } = running({ answers: [], look: { theme: themeNamed('wall') } });
    await shows(/CONNECTING/);
    expect(tty.all).not.toContain('\x1b]11');
  });

  test('becomes light with an answer that comes late, but not once a theme was chosen', async () => {
    const late = running({ answers: [], isMute: true });
    await late.shows(/CONNECTING/);
    late.press(light);
    while (!late.tty.all.includes(warnOf('light'))) await late.settle();
    const chosen = running({ answers: [], isMute: true });
    await chosen.shows(/CONNECTING/);
    chosen.press('TT');
    await chosen.shows(/theme: deuteranopia,/);
    chosen.tty.all = '';
    chosen.press(`${light}j`);
    await new Promise((resolve) => { setTimeout(resolve, 60); });
    await chosen.settle();
    expect(chosen.tty.all).not.toContain('38;5;94m');
  });

  test('T says which theme it is now', async () => {
    const { shows, press } = running();
    await shows(/CONNECTING/);
    press('T');
    await shows(/theme: light, blue, green/);
  });

  test.each([['\x1b[1;3R', {}, true], ['\x1b[1;4R', {}, true], ['\x1b[1;2R', {}, false], ['\x1b[1;3R', { isAscii: false }, false]])('a terminal that answers %j is drawn in ASCII (%j): %s', async (answer, look, isAscii) => {
    const { shows, tty } = running({ answers: [`${answer}${dark}`], isMute: true, look });
    expect(/[^\x20-\x7e\n]/.test(await shows(/CONNECTING/))).toBe(!isAscii);
    if (isAscii) await shows(/ASCII, as this terminal/);
    expect(tty.all.includes('\x1b[6n')).toBe(!('isAscii' in look));
  });

  test('a terminal that says late that it reads no UTF-8 is drawn again as a whole', async () => {
    const { shows, press, tty } = running({ answers: [], isMute: true });
    await shows(/─/);
    tty.all = '';
    press(`\x1b[1;4R${dark}`);
    const text = await shows(/ASCII, as this terminal/);
    expect(text).toMatch(/^[\x20-\x7e\n]*$/);
    expect(tty.all).toContain('\x1b[2J');
  });

  test.each([[{ isAscii: true }, XTERM, true], [{}, { ...XTERM, LANG: 'C' }, true], [{ isAscii: false }, { ...XTERM, LANG: 'C' }, false]])('ASCII: %j with %j', async (look, env, isAscii) => {
    const { shows } = running({ look, env });
    expect(/[^\x20-\x7e\n]/.test(await shows(/CONNECTING/))).toBe(!isAscii);
  });
});

describe('keys', () => {
  test('a key is on the screen long before the next frame of the clock; many at once are one frame', async () => {
    const { shows, press, tty, settle } = running();
    await shows(/CONNECTING/);
    await new Promise((resolve) => { setTimeout(resolve, 30); });
    await settle();
    tty.all = '';
    const before = performance.now();
    press('?jjjjjjjj');
    while (tty.all === '') await turn();
    expect(performance.now() - before).toBeLessThan(80);
    await settle();
    const sent = tty.all.split('\x1b[?2026h').length - 1;
    expect(sent).toBeLessThanOrEqual(1);
    await shows(/Help/);
  });

  test('pasted text runs no key', async () => {
    const { shows, press, code } = running();
    await shows(/CONNECTING/);
    press('\x1b[200~q?2T\x03\x1a\x1b[201~');
    await shows(/pasted/);
    press('?');
    await shows(/\[\? Help\]/);
    press('\x03');
    expect(await code).toBe(0);
  });

  test('y copies to the terminal and to a file', async () => {
    const state = mkdtempSync(join(tmpdir(), 'hubtop-state-'));
    try {
      const { shows, press, source, tty } = running({ env: { ...XTERM, XDG_STATE_HOME: state }, cols: 120, rows: 40 });
      for (const message of busyMessages(5)) source.listener(message);
      await shows(/LIVE/);
      press('y');
      await shows(/copied if the terminal allows it; also in /);
      const sequence = /\x1b\]52;c;([\w+/=]+)\x07/.exec(tty.all)?.[1] ?? '';
      expect(sequence).not.toBe('');
      expect(Buffer.from(sequence, 'base64').toString()).toBe(readFileSync(join(state, 'hubtop/clip.txt'), 'utf8'));
    } finally {
      rmSync(state, { recursive: true, force: true });
    }
  });
});

describe('ways out', () => {
  test.each([['q', 'q'], ['^c', '\x03'], ['Q', 'Q']])('%s ends with 0, the terminal is given back and the source closed', async (_name, key) => {
    const { shows, press, code, tty, source, settle, xterm } = running();
    await shows(/CONNECTING/);
    press(key);
    expect(await code).toBe(0);
    const left = (await settle()).join('\n');
    expect(tty.isRaw).toBe(false);
    expect(xterm.buffer.active.type).toBe('normal');
    expect(source.isClosed).toBe(true);
    expect(/CONNECTING/.test(left)).toBe(key === 'Q');
  });

  test.each([['end'], ['error']])('stdin that comes to its %s ends with 1', async (event) => {
    const { shows, code, input, tty } = running();
    await shows(/CONNECTING/);
    input.emit(event, new Error('read EIO'));
    expect(await code).toBe(1);
    expect(tty.isRaw).toBe(false);
  });

  test('a signal ends with 0, also before the first frame', async () => {
    const { controller, code, tty } = running();
    controller.abort();
    expect(await code).toBe(0);
    expect(tty.isRaw).toBe(false);
  });
});

test('all that reaches the terminal in a session with hostile data is ours: CSI of a short list, two OSC, no DCS, APC or C1', async () => {
  const state = mkdtempSync(join(tmpdir(), 'hubtop-state-'));
  const { shows, press, source, tty, code } = running({ env: { ...XTERM, XDG_STATE_HOME: state }, answers: [dark], cols: 120, rows: 40 });
  for (const message of busyMessages(8, { isHostile: true })) source.listener(message);
  await shows(/LIVE/);
  press('2');
  await shows(/\\x1b\]52;c;aGk=\\x07/);
  for (const key of [ 'kkk', '\r', '\x1b', '1', 'j', 'y', '7', '9', '\r', '\x1b', '?', '\x1b', 'T', 'A', ':', 'x', '\x1b', '/', 'ns=a\r', '\x1b', 'b', 'x', '\x0c', 'Q']) {
    press(key);
    await new Promise((resolve) => { setTimeout(resolve, 70); });
  }
  expect(await code).toBe(0);
  rmSync(state, { recursive: true, force: true });
  const left = tty.all
    .replaceAll(/\x1b\[H●\x1b\[6n\r\x1b\[K|\x1b\]11;\?\x07|\x1b\[c|\x1b\[5n/g, '')
    .replaceAll(/\x1b\[[\d;]*[mHKCMLJr]/g, '')
    .replaceAll(/\x1b\[\?(1|7|25|1000|1002|1003|1004|1005|1006|1015|1049|2004|2026)[hl]/g, '')
    .replaceAll(/\x1b(>|\(B)/g, '')
    .replaceAll(/\x1b\]52;c;[\w+/=]+\x07/g, '');
  // CAN before the restore, line ends of the frame that Q leaves behind
  expect([...left.replace(/\x18/, '').replaceAll('\r\n', '')].filter((character) => character < ' ' || (character >= '\x7f' && character <= '\x9f'))).toEqual([]);
});
