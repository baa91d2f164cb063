import blessed from 'blessed';
import { EventEmitter } from 'node:events';
import { PassThrough } from 'node:stream';
import type { Size } from '../screen/line.ts';
import { cellChanges } from './cell-changes.ts';
import type { Cell, CellRow, Scroll } from './painter.ts';

// what we use of blessed's screen beyond its published types
interface BlessedScreen {
  /** Cells as they should be, and as the terminal shows them. */
  lines: CellRow[];
  olines: Cell[][];
  /** Scroll sequences that wait for the next draw. */
  _buf: string;
  append(child: unknown): void;
  realloc(): void;
  deleteLine(count: number, y: number, top: number, bottom: number): void;
  insertLine(count: number, y: number, top: number, bottom: number): void;
  program: { cols: number; rows: number };
}

/** What we use of a box of blessed's. */
export interface WidgetBox {
  append(child: unknown): void;
  remove(child: unknown): void;
  detach(): void;
  render(): void;
}

const CLEAR = '\x1b[m\x1b[r\x1b[H\x1b[2J';

/** Blessed's grid of cells: what should be on the screen, what is, and the bytes between the two. */
export class CellGrid {
  private readonly screen: BlessedScreen;
  private clear = '';

  constructor(size: Size) {
    this.screen = makeScreen(size);
  }

  /** Cells to paint into; rows that changed carry a mark. */
  get lines(): readonly CellRow[] {
    return this.screen.lines;
  }

  /** Whether the grid has this size. */
  fits(size: Size): boolean {
    return this.screen.program.cols === size.cols && this.screen.program.rows === size.rows;
  }

  /** Forgets what the terminal shows: the next changes begin with a clear and draw all. */
  reset(size: Size): void {
    this.screen.program.cols = size.cols;
    this.screen.program.rows = size.rows;
    this.screen.realloc();
    this.screen._buf = '';
    this.clear = CLEAR;
  }

  /** Moves a block of full rows; the terminal will scroll it rather than be sent it again. */
  scroll({ top, bottom, by }: Scroll): void {
    if (by > 0) this.screen.deleteLine(by, top, top, bottom);
    else this.screen.insertLine(-by, top, top, bottom);
  }

  /** A box for widgets between the first `top` and the last `bottom` rows; its render() draws them into the cells. */
  addBox({ top, bottom }: { top: number; bottom: number }): WidgetBox {
    const box = blessed.box({ top, bottom, left: 0, right: 0 }) as unknown as WidgetBox;
    this.screen.append(box);
    return box;
  }

  /** What the terminal has to be sent; '' when it shows all already. Whoever takes it must send it. */
  takeChanges(): string {
    const text = this.clear + this.screen._buf + cellChanges(this.screen.lines, this.screen.olines);
    this.clear = '';
    this.screen._buf = '';
    return text;
  }
}

// blessed reads nothing, writes nothing, restores nothing and asks the environment nothing: input, output, exits and colours are ours
function makeScreen(size: Size): BlessedScreen {
  compileLazily();
  const before = new Map(HANDLED.map((event) => [event, new Set(process.listeners(event as 'exit'))]));
  const input = Object.assign(new PassThrough(), { isTTY: true, setRawMode: () => {} });
  const output = Object.assign(new EventEmitter(), { isTTY: true, writable: true, columns: size.cols, rows: size.rows, write: () => true, end: () => {} });
  const screen = blessed.screen({
    input, output: output as unknown as NodeJS.WriteStream,
    terminal: 'xterm-256color', fullUnicode: false, forceUnicode: true, smartCSR: false, warnings: false, dockBorders: false, resizeTimeout: 1e9,
  } as blessed.Widgets.IScreenOptions) as unknown as BlessedScreen;
  for (const event of HANDLED) {
    for (const listener of process.listeners(event as 'exit')) if (before.get(event)?.has(listener) !== true) process.removeListener(event, listener);
  }
  return screen;
}

interface Capabilities {
  _compile(info: unknown, key: string, text: unknown): unknown;
}

let isLazy = false;

// blessed makes a function of each of the terminal's 400 strings at start, 15 ms before the first frame; it uses ten of them
function compileLazily(): void {
  if (isLazy) return;
  isLazy = true;
  const { prototype } = (blessed as unknown as { tput: { prototype: Capabilities } }).tput;
  const compile = prototype._compile;
  prototype._compile = function (this: unknown, info, key, text) {
    if (typeof text !== 'string' || text === '' || key.endsWith('_file')) return compile.call(this, info, key, text);
    let made: ((...args: unknown[]) => unknown) | undefined;
    return function (this: unknown, ...args: unknown[]): unknown {
      made ??= compile.call(this, info, key, text) as (...args: unknown[]) => unknown;
      return made.apply(this, args);
    };
  };
}

const HANDLED = ['exit', 'uncaughtException', 'SIGTERM', 'SIGINT', 'SIGQUIT'];
