// Not a test: a terminal in memory (@xterm/headless) with our Terminal on it.
import headless from '@xterm/headless';
import { EventEmitter } from 'node:events';
import { PassThrough } from 'node:stream';
import type { ColourChoice } from '../../../src/terminal/colour-depth.ts';
import { Terminal, type TerminalListener, type TerminalParts } from '../../../src/terminal/terminal.ts';

export const XTERM: Record<string, string> = { TERM: 'xterm-256color' };

/** An @xterm/headless terminal that notes every sequence a program should not send. */
export class Screen {
  readonly xterm: InstanceType<typeof headless.Terminal>;
  /** Numbers of the OSC sequences seen, and the final bytes of DCS sequences. */
  readonly foreign: string[] = [];

  constructor(readonly size: { columns: number; rows: number }) {
    this.xterm = new headless.Terminal({ cols: size.columns, rows: size.rows, allowProposedApi: true, scrollback: 200 });
    for (const id of [0, 1, 2, 4, 7, 8, 9, 10, 11, 12, 50, 52, 104, 133, 777, 1337]) {
      this.xterm.parser.registerOscHandler(id, () => {
        this.foreign.push(`OSC ${id}`);
        return true;
      });
    }
    for (const final of ['p', 'q', 'r', 's', 't', 'u', '|', '{']) {
      this.xterm.parser.registerDcsHandler({ final }, () => {
        this.foreign.push(`DCS ${final}`);
        return true;
      });
    }
  }

  async write(text: string): Promise<void> {
    await new Promise<void>((resolve) => { this.xterm.write(text, resolve); });
  }

  /** The rows as text, each of the full width. */
  rows(): string[] {
    return Array.from({ length: this.size.rows }, (_, y) => this.line(y)?.translateToString(false, 0, this.size.columns) ?? '');
  }

  private line(y: number): ReturnType<typeof this.xterm.buffer.active.getLine> {
    const { active } = this.xterm.buffer;
    return active.getLine(active.baseY + y);
  }

  /** The rows as cells with their looks, blanks by their background alone. */
  looks(): string[][] {
    return Array.from({ length: this.size.rows }, (_, y) => {
      const line = this.line(y);
      return Array.from({ length: this.size.columns }, (_cell, x) => {
        const cell = line?.getCell(x);
        if (cell === undefined) return '';
        const behind = `${cell.isBgDefault() ? 'own' : cell.getBgColor()}${cell.isInverse() > 0 ? 'i' : ''}${cell.isUnderline() > 0 ? 'u' : ''}`;
        const text = cell.getChars() || ' ';
        return text === ' ' && !behind.endsWith('i') && !behind.endsWith('u') ? ` ${behind}` : `${text} ${cell.isFgDefault() ? 'own' : cell.getFgColor()} ${behind}${cell.isBold() > 0 ? 'b' : ''}`;
      });
    });
  }
}

/** What a virtual terminal is like. */
export interface VirtualOptions {
  env?: Record<string, string>;
  colour?: ColourChoice;
  /** What the terminal says when it is looked at without waiting, one text each time. */
  answers?: string[];
  /** Its xterm.js answers nothing by itself. */
  isMute?: boolean;
  listener?: Partial<TerminalListener>;
}

/** The parts of a terminal in memory, and what was sent to it. */
export function virtualParts(cols: number, rows: number, options: VirtualOptions = {}) {
  const size = { columns: cols, rows };
  const screen = new Screen(size);
  const tty = { sent: '', all: '', isRaw: false, room: Infinity, resized: (): void => {} };
  const input = Object.assign(new PassThrough(), { isTTY: true, setRawMode: (isRaw: boolean) => { tty.isRaw = isRaw; } });
  const owner = new EventEmitter();
  // what xterm.js answers to questions comes in as from any terminal
  if (options.isMute !== true) screen.xterm.onData((text) => input.write(text));
  const answers = [...(options.answers ?? [])];
  const parts: TerminalParts = {
    sink: {
      tryWrite: (chunk) => {
        const taken = chunk.subarray(0, tty.room);
        tty.room -= taken.length;
        const text = Buffer.from(taken).toString('utf8');
        tty.sent += text;
        tty.all += text;
        return taken.length;
      },
    },
    input: input as unknown as TerminalParts['input'], size: () => size, env: options.env ?? XTERM, owner: owner as unknown as TerminalParts['owner'],
    ...(options.answers === undefined ? {} : { readWaiting: () => Buffer.from(answers.shift() ?? '') }),
    onResize: (listener) => {
      tty.resized = listener;
      return () => { tty.resized = () => {}; };
    },
  };
  /** Lets what was sent reach the screen, and gives its rows. */
  const settle = async (): Promise<string[]> => {
    await turn();
    const text = tty.sent;
    tty.sent = '';
    await screen.write(text);
    return screen.rows();
  };
  return { parts, screen, xterm: screen.xterm, tty, input, owner, size, settle };
}

/** A virtual terminal with our Terminal on it, and what its listener heard. */
export function virtual(cols: number, rows: number, options: VirtualOptions = {}) {
  const world = virtualParts(cols, rows, options);
  const heard: string[] = [];
  const terminal = new Terminal(world.parts, {
    onKey: (key) => heard.push(key), onPaste: (text) => heard.push(`paste:${text}`), onResize: () => heard.push('resize'), onGone: () => heard.push('gone'),
    onBackground: (background) => heard.push(`background:${background}`), onOddGlyphs: () => heard.push('odd'), onReady: () => heard.push('ready'), ...options.listener,
  }, options.colour);
  return { ...world, terminal, heard };
}

/** One turn of the event loop: output of this turn is sent. */
export function turn(): Promise<void> {
  return new Promise((resolve) => { setImmediate(resolve); });
}
