import { EventEmitter } from 'node:events';
import { PassThrough } from 'node:stream';
import type { Size } from '../../src/screen/line.ts';
import { Terminal, type TerminalParts } from '../../src/terminal/terminal.ts';

/** The dashboard's own terminal, on a line that takes everything at once and counts it. */
export interface CountingTerminal {
  terminal: Terminal;
  /** Bytes taken so far. */
  bytes(): number;
}

/** Opens one of this size with 256 colours. What was drawn is counted a microtask later. */
export function countingTerminal(size: Size): CountingTerminal {
  const input = Object.assign(new PassThrough(), { isTTY: true, setRawMode: () => {} });
  const parts: TerminalParts = {
    sink: { tryWrite: (chunk) => chunk.length },
    input: input as unknown as TerminalParts['input'], size: () => ({ columns: size.cols, rows: size.rows }), onResize: () => () => {},
    env: { TERM: 'xterm-256color' }, owner: new EventEmitter() as unknown as TerminalParts['owner'],
  };
  const terminal = new Terminal(parts, { onKey: () => {}, onPaste: () => {}, onResize: () => {}, onGone: () => {} });
  return { terminal, bytes: () => terminal.bytesWritten };
}

/** Lets what was drawn go out. */
export function sent(): Promise<void> {
  return new Promise((resolve) => { setImmediate(resolve); });
}
