import { update } from '../control/update.ts';
import { actionOfKey, keymap } from '../screen/keymap.ts';
import type { Line, Size } from '../screen/line.ts';
import { themeAt, themeFor, themeNamed, type Theme } from '../theme/theme.ts';
import type { Background } from '../terminal/background.ts';
import { isOverSsh, wantsAscii, type ColourChoice } from '../terminal/colour-depth.ts';
import { processTerminal, Terminal, type TerminalParts } from '../terminal/terminal.ts';
import { streamPageRows } from '../views/flows.ts';
import { CHROME_ROWS, frame } from '../views/frame.ts';
import { wallAround } from '../views/wall.ts';
import { wallPage } from '../views/wall-page.ts';
import { VIEWS } from '../views/view-list.ts';
import { textCopier } from './copy-text.ts';
import { runEffect } from './effects.ts';
import { FRAME_MS, frameGapMs, IDLE_MS, KEY_FRAME_MS } from './frame-pace.ts';
import { JobControl } from './job-control.ts';
import { Recorder } from './recorder.ts';
import { keepHeapSmall } from './small-heap.ts';
import { Session, type DashboardSource } from './session.ts';

/** Smallest screen for the wall's widgets: on a smaller one their segments are harder to read than text five rows high. */
const LEAST_GRID: Size = { cols: 110, rows: 32 };
/** How long the first frame waits for the terminal to say what it is like. */
const ANSWER_MS = 50;

/** How the dashboard looks; undefined = as the terminal is. */
export interface DashboardLook {
  theme: Theme | undefined;
  colour: ColourChoice;
  isAscii: boolean | undefined;
  /** Most frames a second that nobody at the keyboard asked for; undefined = as the line allows. */
  mostFramesPerSecond?: number | undefined;
}

/** How to run the dashboard. */
export interface DashboardOptions {
  client: DashboardSource;
  /** Id of the first view. */
  view?: string | undefined;
  /** Whether it hangs on a wall: a key that leaves the wall leads back to it after a while. */
  isWall?: boolean | undefined;
  look?: DashboardLook | undefined;
  /** Ends the dashboard, such as by SIGTERM. */
  signal?: AbortSignal | undefined;
  /** Default: the process's own terminal. */
  terminal?: TerminalParts | undefined;
}

/** Runs the full-screen dashboard until it is quit; resolves with the exit code. The terminal is given back on every way out. */
export async function runDashboard(options: DashboardOptions): Promise<number> {
  return new Promise((resolve) => {
    const dashboard = new Dashboard(options, resolve);
    dashboard.start();
  });
}

class Dashboard {
  private readonly session: Session;
  private readonly terminal: Terminal;
  private readonly job: JobControl;
  private readonly bindings = keymap(VIEWS);
  private readonly timer: NodeJS.Timeout;
  private readonly copyText: (text: string) => string;
  private readonly isRemote: boolean;
  private firstTheme: Theme;
  private recorder: Recorder | undefined;
  private keyTimer: NodeJS.Timeout | undefined;
  private lastFrameMs = 0;
  private lastCostMs = Date.now();
  private lastCpu = process.cpuUsage();
  private lastBytes = 0;
  private bytesAtFrame = 0;
  /** Id of the first row that the last frame could not show yet. */
  private rowsAtFrame = 0;
  /** Whether the page is a part of the rows that came since the one before. */
  private isSample = false;
  private lastPlayMs = Date.now();
  private isOver = false;

  constructor(private readonly options: DashboardOptions, private readonly done: (exitCode: number) => void) {
    const parts = options.terminal ?? processTerminal();
    this.isRemote = isOverSsh(parts.env);
    this.firstTheme = options.look?.theme ?? (options.isWall === true ? themeNamed('wall') : undefined) ?? themeAt(0);
    this.session = new Session(options.client, { view: options.view ?? 'overview', now: Date.now });
    this.session.state.wall.isHome = options.isWall === true;
    this.session.state.isAscii = options.look?.isAscii ?? wantsAscii(parts.env);
    this.terminal = new Terminal(parts, {
      onKey: (key) => this.onKey(key),
      onPaste: (text) => this.onInput(() => this.session.take({ type: 'paste', text })),
      onResize: () => this.drawAll(),
      onBackground: (background) => this.onBackground(background),
      onOddGlyphs: () => this.onOddGlyphs(),
      onReady: () => {
        if (this.session.isDirty) this.draw();
      },
      onGone: () => this.finish(1),
    }, options.look?.colour);
    this.copyText = textCopier({ send: (text) => this.terminal.copy(text), env: parts.env });
    this.job = new JobControl({ onStop: () => this.terminal.suspend(), onContinue: () => this.onContinue() });
    this.timer = setInterval(() => this.tick(), FRAME_MS);
    options.signal?.addEventListener('abort', this.onAbort);
  }

  start(): void {
    if (this.options.signal?.aborted === true) return this.finish(0);
    keepHeapSmall();
    this.terminal.ask({ background: this.isThemeOpen, glyphs: this.isGlyphOpen, waitMs: ANSWER_MS });
    this.draw();
  }

  private readonly onAbort = (): void => this.finish(0);

  private onContinue(): void {
    this.terminal.resume();
    this.drawAll();
  }

  private drawAll(): void {
    this.session.isDirty = true;
    this.draw();
  }

  // whoever chose a theme has one, whatever the terminal says afterwards
  private get isThemeOpen(): boolean {
    return this.options.look?.theme === undefined && this.options.isWall !== true && this.session.state.themeStep === 0;
  }

  private onBackground(background: Background): void {
    if (!this.isThemeOpen) return;
    this.firstTheme = themeFor(background);
    if (this.lastFrameMs > 0) this.drawAll();
  }

  private get isGlyphOpen(): boolean {
    return this.options.look?.isAscii === undefined && !this.session.state.isAscii;
  }

  private onOddGlyphs(): void {
    if (!this.isGlyphOpen) return;
    this.session.state.isAscii = true;
    this.say('ASCII, as this terminal reads no UTF-8 or draws our signs two cells wide: A changes it');
    // what was drawn with them stands in wrong places
    this.terminal.redraw();
    if (this.lastFrameMs > 0) this.drawAll();
  }

  private onKey(key: string): void {
    if (this.isOver) return;
    if (key === 'C-c') return this.finish(0);
    if (key === 'C-z') return this.job.stop();
    const { state } = this.session;
    if (state.prompt !== undefined || state.pendingKey !== undefined) return this.onInput(() => this.session.take({ type: 'key', key }));
    const action = actionOfKey(this.bindings, key);
    if (action !== undefined) this.onInput(() => this.session.take({ type: 'action', action }));
  }

  // what a reader did: its effects on the world, and a frame soon, one for all keys that came together
  private onInput(take: () => void): void {
    const { state } = this.session;
    const { themeStep } = state;
    take();
    if (state.wantsQuit) return this.finish(0);
    if (state.wantsRedraw) this.terminal.redraw();
    state.wantsRedraw = false;
    if (state.themeStep !== themeStep) this.say(`theme: ${this.theme.name}, ${this.theme.about}`);
    for (const effect of state.effects.splice(0)) {
      if (effect.type === 'record') this.record(effect.isOn);
      else this.say(runEffect(effect, this.copyText));
    }
    this.keyTimer ??= setTimeout(() => {
      this.keyTimer = undefined;
      this.draw();
    }, Math.max(0, KEY_FRAME_MS - (Date.now() - this.lastFrameMs)));
  }

  private record(isOn: boolean): void {
    if (!isOn) return this.recorder?.stop();
    const { state } = this.session;
    this.recorder = new Recorder({
      source: this.options.client, isLive: state.connection.state === 'live', nowMs: Date.now,
      onState: (recording, words) => {
        this.session.take({ type: 'recording', recording });
        if (words !== undefined) this.say(words);
      },
    });
    void this.recorder.start();
  }

  private say(text: string): void {
    this.session.take({ type: 'status', text });
  }

  private get theme(): Theme {
    return themeAt(this.session.state.themeStep, this.firstTheme);
  }

  private tick(): void {
    const now = Date.now();
    this.session.tick();
    this.play(now);
    if (now - this.lastCostMs >= IDLE_MS) this.measure(now);
    const { isWholePage } = this;
    const due = frameGapMs({
      isDirty: this.session.isDirty, isSlow: this.terminal.isSlow(now), isRemote: this.isRemote, frameBytes: this.terminal.bytesWritten - this.bytesAtFrame,
      isWholePage, mostFramesPerSecond: this.options.look?.mostFramesPerSecond,
    });
    // half a tick of grace: timers come late, never early
    if (now - this.lastFrameMs < due - FRAME_MS / 2) return;
    this.isSample = isWholePage;
    this.draw();
  }

  private get isWholePage(): boolean {
    const { view, stream, rows } = this.session.state;
    return view === 'flows' && stream.bottom < 0 && !stream.isDetailOpen && rows.next - this.rowsAtFrame > stream.pageRows;
  }

  private play(now: number): void {
    const elapsedMs = now - this.lastPlayMs;
    this.lastPlayMs = now;
    if (this.session.state.replay?.isPlaying === true) this.session.take({ type: 'play', elapsedMs });
  }

  private draw(): void {
    if (this.isOver || this.job.isStopped) return;
    this.session.isDirty = false;
    const bytesBefore = this.terminal.bytesWritten;
    const isDrawn = this.drawView();
    if (isDrawn) [this.lastFrameMs, this.bytesAtFrame, this.rowsAtFrame] = [Date.now(), bytesBefore, this.session.state.rows.next];
    else this.session.isDirty = true;
  }

  // the wall is a grid of widgets where the terminal can draw them, and text where it cannot or the screen is small
  private drawView(): boolean {
    const { state } = this.session;
    const { size } = this.terminal;
    const isGrid = state.view === 'wall' && !state.isAscii && size.cols >= LEAST_GRID.cols && size.rows >= LEAST_GRID.rows;
    const page = isGrid ? wallPage(state) : undefined;
    if (page !== undefined && page.stale === undefined) return this.terminal.drawWall(page, wallAround(state, page, size.cols), this.theme);
    return this.terminal.draw(this.frame(), this.theme);
  }

  private frame(): Line[] {
    const { state } = this.session;
    const { size } = this.terminal;
    update(state, { type: 'page-rows', rows: streamPageRows(state, size.rows - CHROME_ROWS), isSample: this.isSample });
    return frame(state, size);
  }

  private measure(now: number): void {
    const cpu = process.cpuUsage(this.lastCpu);
    const spentMs = Math.max(1, now - this.lastCostMs);
    const cpuPercent = (cpu.user + cpu.system) / 10 / spentMs;
    const bytesPerSecond = ((this.terminal.bytesWritten - this.lastBytes) * 1000) / spentMs;
    this.lastBytes = this.terminal.bytesWritten;
    this.lastCpu = process.cpuUsage();
    this.lastCostMs = now;
    this.recorder?.flush();
    const isDirty = this.session.isDirty;
    this.session.take({ type: 'own-cost', cpuPercent, rssBytes: process.memoryUsage.rss(), skippedFrames: this.terminal.skippedFrames, bytesPerSecond, isSlowTerminal: this.terminal.isSlow(now) });
    // our own cost alone is no reason for a frame
    this.session.isDirty = isDirty;
  }

  private finish(exitCode: number): void {
    if (this.isOver) return;
    this.isOver = true;
    this.recorder?.stop();
    clearInterval(this.timer);
    clearTimeout(this.keyTimer);
    this.job.close();
    this.options.signal?.removeEventListener('abort', this.onAbort);
    this.terminal.close(this.session.state.keepsScreen ? { lines: this.frame(), theme: this.theme } : undefined);
    this.session.close();
    this.done(exitCode);
  }
}
