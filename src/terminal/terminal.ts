import blessed from 'blessed';
import { PassThrough } from 'node:stream';
import { lineText, type Line, type Size } from '../screen/line.ts';
import type { ColourDepth, Theme } from '../theme/theme.ts';
import { colourDepth } from './colour-depth.ts';
import { ESCAPE_MS, ESCAPE_SSH_MS, InputDecoder } from './input-decoder.ts';
import { findScroll, paint, paletteOf, type CellRow, type Palette } from './painter.ts';
import { TerminalGuard, type GuardedProcess, type RawInput } from './terminal-guard.ts';
import { SLOW_MS, TtyOut, ttySink, type ByteSink } from './tty-out.ts';

/** Resizes within this time are one resize. */
const RESIZE_MS = 50;

/** What a terminal is made of; tests bring their own. */
export interface TerminalParts {
  sink: ByteSink;
  input: RawInput & Pick<NodeJS.ReadStream, 'on' | 'removeListener' | 'resume' | 'pause'>;
  size: () => { columns: number; rows: number };
  /** Calls back when the size changed; gives the way to stop. */
  onResize(listener: () => void): () => void;
  env: Readonly<Record<string, string | undefined>>;
  owner: GuardedProcess;
}

/** Who listens to a terminal. */
export interface TerminalListener {
  onKey(key: string): void;
  onPaste(text: string): void;
  onResize(): void;
  /** The terminal is gone, such as a dropped SSH line. */
  onGone(): void;
}

// what we use of blessed's screen beyond its published types
interface Grid {
  lines: CellRow[];
  alloc(isDirty?: boolean): void;
  realloc(): void;
  draw(start: number, end: number): void;
  deleteLine(count: number, y: number, top: number, bottom: number): void;
  program: { flush(): void; cols: number; rows: number };
  tput: { brokenACS: boolean };
}

/** The terminal as six functions: size, draw, flush state, take, give back, close. blessed's screen is the cell grid behind it. */
export class Terminal {
  /** Frames that were not drawn because the terminal had not taken the one before. */
  skippedFrames = 0;
  readonly depth: ColourDepth;
  private readonly out: TtyOut;
  private readonly guard: TerminalGuard;
  private readonly grid: Grid;
  private readonly decoder: InputDecoder;
  private readonly stops: (() => void)[] = [];
  private previous: string[] = [];
  private palette: { theme: Theme; palette: Palette } | undefined;
  private resizeTimer: NodeJS.Timeout | undefined;

  constructor(private readonly parts: TerminalParts, listener: TerminalListener) {
    const { env, input } = parts;
    this.depth = colourDepth(env);
    this.out = new TtyOut(parts.sink, parts.size);
    this.guard = new TerminalGuard(this.out, input, parts.owner);
    const isRemote = env['SSH_TTY'] !== undefined || env['SSH_CONNECTION'] !== undefined;
    this.decoder = new InputDecoder({
      onKey: (key) => listener.onKey(key),
      onPaste: (text) => listener.onPaste(text),
      later: (ms, run) => {
        const timer = setTimeout(run, ms);
        return () => clearTimeout(timer);
      },
      escapeMs: isRemote ? ESCAPE_SSH_MS : ESCAPE_MS,
    });
    this.guard.take();
    this.grid = makeGrid(this.out);
    const onData = (chunk: Buffer): void => this.decoder.feed(chunk);
    input.on('data', onData);
    input.resume();
    this.stops.push(() => input.removeListener('data', onData), () => input.pause());
    this.stops.push(parts.onResize(() => {
      clearTimeout(this.resizeTimer);
      this.resizeTimer = setTimeout(() => {
        this.redraw();
        listener.onResize();
      }, RESIZE_MS);
    }));
    this.out.on('gone', () => listener.onGone());
    input.on('end', () => listener.onGone());
  }

  get size(): Size {
    const { columns, rows } = this.parts.size();
    return { cols: Math.max(1, columns || 80), rows: Math.max(1, rows || 24) };
  }

  /** Bytes sent so far. */
  get bytesWritten(): number {
    return this.out.bytesWritten;
  }

  /** Whether the terminal takes our output too slowly. */
  isSlow(nowMs: number): boolean {
    return this.out.stalledMs(nowMs) > SLOW_MS;
  }

  /** Draws a frame of the current size, or skips it while the frame before is still on its way. Says whether it drew. */
  draw(lines: readonly Line[], theme: Theme): boolean {
    if (!this.out.isIdle) {
      this.skippedFrames++;
      return false;
    }
    if (this.palette?.theme !== theme) this.palette = { theme, palette: paletteOf(theme, this.depth) };
    const keys = lines.map((line) => `${line.fill ?? ''}${lineText(line)}`);
    if (keys.length === this.grid.lines.length && keys.length === this.previous.length) {
      const scroll = findScroll(this.previous, keys);
      if (scroll !== undefined) this.grid.deleteLine(scroll.by, scroll.top, scroll.top, scroll.bottom);
    }
    this.previous = keys;
    paint(this.grid.lines, lines, this.palette.palette);
    this.grid.draw(0, this.grid.lines.length - 1);
    this.grid.program.flush();
    return true;
  }

  /** The next frame is sent as a whole: after a resize, a resume, or when in doubt. */
  redraw(): void {
    this.previous = [];
    const { cols, rows } = this.size;
    this.grid.program.cols = cols;
    this.grid.program.rows = rows;
    this.grid.realloc();
    this.grid.program.flush();
  }

  /** Gives the terminal back for a while (^z), and takes it again. */
  suspend(): void {
    this.guard.giveBack();
  }

  resume(): void {
    this.guard.take();
    this.redraw();
  }

  /** Gives the terminal back for good. */
  close(): void {
    clearTimeout(this.resizeTimer);
    this.decoder.close();
    for (const stop of this.stops) stop();
    this.guard.close();
    this.parts.sink.close?.();
  }
}

/** The process's own terminal. Throws nothing; the caller has checked that it is one. */
export function processTerminal(): TerminalParts {
  const { stdin, stdout } = process;
  return {
    sink: ttySink(stdout.fd),
    input: stdin,
    size: () => ({ columns: stdout.columns, rows: stdout.rows }),
    onResize: (listener) => {
      stdout.on('resize', listener);
      return () => stdout.removeListener('resize', listener);
    },
    env: process.env,
    owner: process,
  };
}

// blessed reads nothing, restores nothing and asks the environment nothing: input, exits and colours are ours
function makeGrid(out: TtyOut): Grid {
  compileLazily();
  const input = new PassThrough();
  const before = new Map(HANDLED.map((event) => [event, new Set(process.listeners(event as 'exit'))]));
  const screen = blessed.screen({
    input: Object.assign(input, { isTTY: true, setRawMode: () => {} }), output: out as unknown as NodeJS.WriteStream,
    terminal: 'xterm-256color', fullUnicode: false, forceUnicode: true, smartCSR: false, warnings: false, dockBorders: false, resizeTimeout: 1e9,
  } as blessed.Widgets.IScreenOptions) as unknown as Grid;
  for (const event of HANDLED) {
    for (const listener of process.listeners(event as 'exit')) if (before.get(event)?.has(listener) !== true) process.removeListener(event, listener);
  }
  // line glyphs go out as UTF-8, never as the alternate character set, which terminals and their logs get wrong
  screen.tput.brokenACS = true;
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
