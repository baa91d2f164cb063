import { lineText, type Line, type Size } from '../screen/line.ts';
import type { ColourDepth, Theme } from '../theme/theme.ts';
import { backgroundOfEnvironment, type Background } from './background.ts';
import { CellGrid } from './cell-grid.ts';
import { clipboardSequence } from './clipboard.ts';
import { colourDepth, isOverSsh, speaksXterm, type ColourChoice } from './colour-depth.ts';
import { ESCAPE_MS, ESCAPE_SSH_MS, InputDecoder } from './input-decoder.ts';
import { findScroll, paint } from './painter.ts';
import { paletteOf, type Palette } from './palette.ts';
import type { WallPage } from '../views/wall-page.ts';
import { printedFrame } from './printed-frame.ts';
import { Questions, type Wanted } from './questions.ts';
import { TerminalGuard, type GuardedProcess, type RawInput } from './terminal-guard.ts';
import { SLOW_MS, TtyOut } from './tty-out.ts';
import { WallScreen, type WallRows } from './wall-screen.ts';
import { readWaiting, ttySink, waitUntil, type ByteSink } from './tty-sink.ts';

/** Resizes within this time are one resize. */
const RESIZE_MS = 50;

/** What a terminal is made of; tests bring their own. */
export interface TerminalParts {
  sink: ByteSink;
  input: RawInput & Pick<NodeJS.ReadStream, 'on' | 'removeListener' | 'resume' | 'pause'>;
  /** What the terminal has said that `input` has not seen yet, without waiting. */
  readWaiting?(): Uint8Array;
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
  /** The terminal told its background, at once or later. */
  onBackground?(background: Background): void;
  /** One of our glyphs does not take one cell: the terminal reads no UTF-8, or draws them wide. */
  onOddGlyphs?(): void;
  /** A frame that was skipped could be drawn now. */
  onReady?(): void;
  /** The terminal is gone, such as a dropped SSH line. */
  onGone(): void;
}

/** The terminal as few functions: size, draw, copy, take, give back, close. Blessed's screen is the cell grid behind it. */
export class Terminal {
  /** Frames that were not drawn because the terminal had not taken those before. */
  skippedFrames = 0;
  readonly depth: ColourDepth;
  private readonly out: TtyOut;
  private readonly guard: TerminalGuard;
  private readonly grid: CellGrid;
  private readonly decoder: InputDecoder;
  private readonly stops: (() => void)[] = [];
  private previous: string[] = [];
  private isStale = false;
  private readonly questions = new Questions();
  private isSkipping = false;
  private palette: { theme: Theme; palette: Palette } | undefined;
  private resizeTimer: NodeJS.Timeout | undefined;
  private wall: WallScreen | undefined;

  constructor(private readonly parts: TerminalParts, private readonly listener: TerminalListener, colour: ColourChoice = 'auto') {
    const { env, input, owner } = parts;
    this.depth = colourDepth(env, colour);
    this.out = new TtyOut(parts.sink, { marksUpdates: speaksXterm(env) });
    this.guard = new TerminalGuard({ out: this.out, input, owner, settle: () => this.settle() });
    this.decoder = this.makeDecoder();
    this.guard.take();
    this.grid = new CellGrid(this.size);
    this.listen();
  }

  get size(): Size {
    const { columns, rows } = this.parts.size();
    return { cols: Math.max(1, columns || 80), rows: Math.max(1, rows || 24) };
  }

  /** Bytes sent so far. */
  get bytesWritten(): number {
    return this.out.bytesWritten;
  }

  /** Whether the terminal takes our output too slowly, or shows it too late. */
  isSlow(nowMs: number): boolean {
    return this.out.stalledMs(nowMs) > SLOW_MS || this.questions.behindMs(nowMs) > SLOW_MS;
  }

  /**
   * Asks the terminal whether it answers, and what is wanted of it; call it before the first frame. The process waits
   * `waitMs` for the answers, so that the first frame is right; the listener is told, then or later.
   */
  ask({ waitMs, ...wanted }: Wanted & { waitMs: number }): void {
    const { env } = this.parts;
    const told = wanted.background ? backgroundOfEnvironment(env) : undefined;
    if (told !== undefined) this.listener.onBackground?.(told);
    if (!speaksXterm(env)) return;
    // without colours dark and light are the same
    const background = wanted.background && told === undefined && this.depth !== 'mono';
    this.out.write(this.questions.ask(Date.now(), { ...wanted, background }));
    this.out.flush();
    this.takeAnswers(waitMs);
  }

  /** Draws a frame of the current size, or skips it while the frame before is still on its way. Says whether it drew. */
  draw(lines: readonly Line[], theme: Theme): boolean {
    if (!this.isReady()) return false;
    if (this.wall !== undefined) this.leaveWall();
    this.freshen();
    const keys = lines.map((line) => `${line.fill ?? ''}${lineText(line)}`);
    const scroll = findScroll(this.previous, keys);
    if (scroll !== undefined) this.grid.scroll(scroll);
    this.previous = keys;
    paint(this.grid.lines, lines, this.paletteFor(theme));
    return this.send();
  }

  /**
   * Draws a page of the wall as widgets between rows of text; says false while the frame before is on its way, and while
   * the widgets are being loaded.
   */
  drawWall(page: WallPage, rows: WallRows, theme: Theme): boolean {
    if (!this.isReady()) return false;
    if (this.isStale || !this.grid.fits(this.size) || this.wall?.theme !== theme) this.leaveWall();
    this.freshen();
    this.wall ??= new WallScreen({ grid: this.grid, theme, depth: this.depth, rows });
    this.previous = [];
    return this.wall.paint(page, { rows, palette: this.paletteFor(theme) }) && this.send();
  }

  private leaveWall(): void {
    if (this.wall === undefined) return;
    this.wall.close();
    this.wall = undefined;
    this.isStale = true;
  }

  private isReady(): boolean {
    this.isSkipping = !this.out.isIdle || this.questions.isBehind(Date.now());
    if (this.isSkipping) this.skippedFrames++;
    return !this.isSkipping;
  }

  private freshen(): void {
    if (!this.isStale && this.grid.fits(this.size)) return;
    this.isStale = false;
    this.previous = [];
    this.grid.reset(this.size);
  }

  private send(): true {
    const changes = this.grid.takeChanges();
    if (changes !== '') this.out.write(changes + this.questions.after(changes.length, Date.now()));
    return true;
  }

  /** The next frame is sent as a whole: after a resize, a resume, or when in doubt. */
  redraw(): void {
    this.isStale = true;
  }

  /** Sends text to the clipboard of whoever sits at the terminal; says whether it was sent. Nobody can say whether it got there. */
  copy(text: string): boolean {
    const sequence = speaksXterm(this.parts.env) ? clipboardSequence(text) : undefined;
    return sequence !== undefined && this.out.write(sequence);
  }

  /** Gives the terminal back for a while (^z). */
  suspend(): void {
    this.guard.giveBack();
    this.questions.forget();
  }

  /** Takes the terminal again, whoever had it: after ^z, or after a stop that nobody told us of. */
  resume(): void {
    this.guard.retake();
    this.questions.forget();
    this.redraw();
  }

  /** Gives the terminal back for good; with a frame, leaves that as text on the shell's own screen. */
  close(left?: { lines: readonly Line[]; theme: Theme }): void {
    clearTimeout(this.resizeTimer);
    for (const stop of this.stops) stop();
    this.guard.close(left === undefined ? '' : printedFrame(left.lines, this.paletteFor(left.theme)));
    this.decoder.close();
    this.parts.sink.close?.();
  }

  private paletteFor(theme: Theme): Palette {
    if (this.palette?.theme !== theme) this.palette = { theme, palette: paletteOf(theme, this.depth) };
    return this.palette.palette;
  }

  private makeDecoder(): InputDecoder {
    const { env } = this.parts;
    return new InputDecoder({
      onKey: (key) => this.listener.onKey(key),
      onPaste: (text) => this.listener.onPaste(text),
      onReply: (reply) => this.takeReply(reply),
      later: (ms, run) => {
        const timer = setTimeout(run, ms);
        return () => clearTimeout(timer);
      },
      escapeMs: isOverSsh(env) ? ESCAPE_SSH_MS : ESCAPE_MS,
    });
  }

  private listen(): void {
    const { input } = this.parts;
    const onData = (chunk: Buffer): void => this.decoder.feed(chunk);
    const onGone = (): void => this.listener.onGone();
    input.on('data', onData);
    input.on('end', onGone);
    // stays until the end of the process: giving back a terminal that is gone is an error of its own
    input.on('error', onGone);
    input.resume();
    this.out.on('gone', onGone);
    this.out.on('idle', () => this.goOn());
    this.stops.push(() => input.removeListener('data', onData), () => input.pause());
    this.stops.push(this.parts.onResize(() => {
      clearTimeout(this.resizeTimer);
      this.resizeTimer = setTimeout(() => {
        this.redraw();
        this.listener.onResize();
      }, RESIZE_MS);
    }));
  }

  private takeReply(reply: string): void {
    const { background, glyphCells = 1 } = this.questions.take(reply, Date.now());
    if (background !== undefined) this.listener.onBackground?.(background);
    if (glyphCells !== 1) this.listener.onOddGlyphs?.();
    this.goOn();
  }

  private goOn(): void {
    if (!this.isSkipping || !this.out.isIdle || this.questions.isBehind(Date.now())) return;
    this.isSkipping = false;
    this.listener.onReady?.();
  }

  // what the decoder is given here and now is keys, too: they are not lost
  private takeAnswers(limitMs: number): void {
    const { parts, decoder } = this;
    if (parts.readWaiting === undefined || limitMs === 0) return;
    waitUntil(() => {
      const bytes = parts.readWaiting?.() ?? new Uint8Array();
      if (bytes.length > 0) decoder.feed(bytes);
      return !this.questions.isOpen;
    }, limitMs);
  }

  // an answer that comes after the shell has its terminal back would stand on its command line
  private settle(): void {
    this.takeAnswers(this.questions.settleMs(Date.now()));
  }
}

/** The process's own terminal. Throws nothing; the caller has checked that it is one. */
export function processTerminal(): TerminalParts {
  const { stdin, stdout } = process;
  return {
    sink: ttySink(stdout.fd),
    input: stdin,
    readWaiting: () => readWaiting(stdin.fd),
    size: () => ({ columns: stdout.columns, rows: stdout.rows }),
    onResize: (listener) => {
      stdout.on('resize', listener);
      return () => stdout.removeListener('resize', listener);
    },
    env: process.env,
    owner: process,
  };
}
