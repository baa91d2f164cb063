import { update } from '../control/update.ts';
import type { Size } from '../screen/line.ts';
import { actionOfKey, keymap } from '../screen/keymap.ts';
import { themeAt } from '../theme/theme.ts';
import { wantsAscii } from '../terminal/colour-depth.ts';
import { processTerminal, Terminal, type TerminalParts } from '../terminal/terminal.ts';
import { streamPageRows } from '../views/flows.ts';
import { CHROME_ROWS, frame } from '../views/frame.ts';
import { wallAround } from '../views/wall.ts';
import { wallPage } from '../views/wall-page.ts';
import { VIEWS } from '../views/view-list.ts';
import { Session, type DashboardSource } from './session.ts';

/** Frames a second at most, and how often the clock moves when nothing else does. */
const FRAME_MS = 100;
const IDLE_MS = 1_000;
const SLOW_FRAME_MS = 1_000;
/** Smallest screen for the wall's widgets: on a smaller one their segments are harder to read than text five rows high. */
const LEAST_GRID: Size = { cols: 110, rows: 32 };

/** How to run the dashboard. */
export interface DashboardOptions {
  client: DashboardSource;
  /** Id of the first view. */
  view?: string | undefined;
  /** Whether it hangs on a wall: a key that leaves the wall leads back to it after a while. */
  isWall?: boolean | undefined;
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
  private readonly bindings = keymap(VIEWS);
  private readonly timer: NodeJS.Timeout;
  private lastFrameMs = 0;
  private lastCostMs = Date.now();
  private lastCpu = process.cpuUsage();
  private lastBytes = 0;
  private isOver = false;
  private isSuspended = false;

  constructor(private readonly options: DashboardOptions, private readonly done: (exitCode: number) => void) {
    const parts = options.terminal ?? processTerminal();
    this.session = new Session(options.client, { view: options.view ?? 'overview', now: Date.now });
    this.session.state.wall.isHome = options.isWall === true;
    this.session.state.isAscii = wantsAscii(parts.env);
    this.terminal = new Terminal(parts, {
      onKey: (key) => this.onKey(key),
      onPaste: (text) => this.session.take({ type: 'paste', text }),
      onResize: () => {
        this.session.isDirty = true;
        this.draw();
      },
      onGone: () => this.finish(1),
    });
    this.timer = setInterval(() => this.tick(), FRAME_MS);
    options.signal?.addEventListener('abort', this.onAbort);
    process.on('SIGCONT', this.onContinue);
  }

  start(): void {
    if (this.options.signal?.aborted === true) this.finish(0);
    else this.draw();
  }

  private readonly onAbort = (): void => this.finish(0);

  private readonly onContinue = (): void => {
    if (!this.isSuspended || this.isOver) return;
    this.isSuspended = false;
    this.terminal.resume();
    this.session.isDirty = true;
    this.draw();
  };

  private onKey(key: string): void {
    if (key === 'C-c') return this.finish(0);
    if (key === 'C-z') return this.suspend();
    const { state } = this.session;
    if (state.prompt !== undefined) this.session.take({ type: 'key', key });
    else {
      const action = actionOfKey(this.bindings, key);
      if (action === undefined) return;
      this.session.take({ type: 'action', action });
    }
    if (state.wantsQuit) return this.finish(0);
    if (state.wantsRedraw) {
      state.wantsRedraw = false;
      this.terminal.redraw();
    }
  }

  private suspend(): void {
    this.isSuspended = true;
    this.terminal.suspend();
    // the whole job, as the terminal itself would do it: npm and the shell's wait for it stop too
    process.kill(0, 'SIGTSTP');
    setTimeout(this.onContinue, FRAME_MS);
  }

  private tick(): void {
    const now = Date.now();
    this.session.tick();
    if (now - this.lastCostMs >= IDLE_MS) this.measure(now);
    const due = this.terminal.isSlow(now) ? SLOW_FRAME_MS : this.session.isDirty ? FRAME_MS : IDLE_MS;
    // half a tick of grace: timers come late, never early
    if (now - this.lastFrameMs >= due - FRAME_MS / 2) this.draw();
  }

  private draw(): void {
    if (this.isOver || this.isSuspended) return;
    const { state } = this.session;
    const { size } = this.terminal;
    this.session.isDirty = false;
    update(state, { type: 'page-rows', rows: streamPageRows(state, size.rows - CHROME_ROWS) });
    const isDrawn = this.drawView(size);
    if (isDrawn) this.lastFrameMs = Date.now();
    else this.session.isDirty = true;
  }

  // the wall is a grid of widgets where the terminal can draw them, and text where it cannot or the screen is small
  private drawView(size: Size): boolean {
    const { state } = this.session;
    const theme = themeAt(state.themeStep);
    const isGrid = state.view === 'wall' && !state.isAscii && size.cols >= LEAST_GRID.cols && size.rows >= LEAST_GRID.rows;
    const page = isGrid ? wallPage(state) : undefined;
    if (page !== undefined && page.stale === undefined) return this.terminal.drawWall(page, wallAround(state, page, size.cols), theme);
    return this.terminal.draw(frame(state, size), theme);
  }

  private measure(now: number): void {
    const cpu = process.cpuUsage(this.lastCpu);
    const spentMs = Math.max(1, now - this.lastCostMs);
    const cpuPercent = (cpu.user + cpu.system) / 10 / spentMs;
    const bytesPerSecond = ((this.terminal.bytesWritten - this.lastBytes) * 1000) / spentMs;
    this.lastBytes = this.terminal.bytesWritten;
    this.lastCpu = process.cpuUsage();
    this.lastCostMs = now;
    const isDirty = this.session.isDirty;
    this.session.take({ type: 'own-cost', cpuPercent, rssBytes: process.memoryUsage.rss(), skippedFrames: this.terminal.skippedFrames, bytesPerSecond, isSlowTerminal: this.terminal.isSlow(now) });
    // our own cost alone is no reason for a frame
    this.session.isDirty = isDirty;
  }

  private finish(exitCode: number): void {
    if (this.isOver) return;
    this.isOver = true;
    clearInterval(this.timer);
    process.removeListener('SIGCONT', this.onContinue);
    this.options.signal?.removeEventListener('abort', this.onAbort);
    this.terminal.close();
    this.session.close();
    this.done(exitCode);
  }
}
