// A day of the wall, with the clock made fast: real model, detectors, dashboard, widgets and terminal output.
// HUBTOP_SOAK_HOURS=24 npx vitest run test/src/app/wall-soak.test.ts
import { EventEmitter } from 'node:events';
import { PassThrough } from 'node:stream';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import headless from '@xterm/headless';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { runDashboard } from '../../../src/app/dashboard.ts';
import type { DashboardSource } from '../../../src/app/session.ts';
import type { ClientMessage } from '../../../src/client/client-message.ts';
import type { TerminalParts } from '../../../src/terminal/terminal.ts';
import { secondOfFlows } from '../views/scenes.ts';
import { reportOf } from './fake-cluster.ts';

const HOURS = Number(process.env['HUBTOP_SOAK_HOURS'] ?? 0.35);
const START_MS = Date.UTC(2026, 2, 1);
/** The relay goes away this often, for so many seconds; a node every other hour; a burst of losses now and then. */
const [OUTAGE_EVERY_S, OUTAGE_S] = [600, 45];
const SECONDS_PER_STEP = 10;

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

/** A relay that talks once a second of the fake clock and breaks every ten minutes. */
class FaultySource implements DashboardSource {
  readonly server = 'soak:4245';
  outages = 0;
  private listener: (message: ClientMessage) => void = () => {};
  private second = 0;

  subscribe(listener: (message: ClientMessage) => void): () => void {
    this.listener = listener;
    this.connect();
    return () => {};
  }

  setFlowsRequest(): void {}
  close(): void {}

  tick(): void {
    const second = this.second++;
    const inCycle = second % OUTAGE_EVERY_S;
    if (second > 0 && inCycle === 0) {
      this.outages++;
      this.listener({ type: 'flows-state', isOpen: false });
      this.listener({ type: 'connection', state: 'lost', error: 'UNAVAILABLE: connection refused', retryInMs: 5_000 });
    }
    if (second >= OUTAGE_EVERY_S && inCycle < OUTAGE_S) return;
    if (second > OUTAGE_EVERY_S && inCycle === OUTAGE_S) this.connect();
    const nowMs = Date.now();
    const isBad = Math.floor(second / 600) % 3 === 1;
    this.listener({ type: 'telemetry', report: reportOf(second, nowMs, { lostPerSecond: isBad ? 3 : 0, ...(Math.floor(second / 3_600) % 2 === 1 && inCycle < 300 ? { down: 'node-09' } : {}) }) });
    if (second % 2 === 0) this.listener({ type: 'flows', bytes: secondOfFlows(second, nowMs) });
  }

  private connect(): void {
    this.listener({ type: 'connection', state: 'connecting' });
    this.listener({ type: 'connection', state: 'live' });
    this.listener({ type: 'flows-state', isOpen: true });
  }
}

beforeEach(() => {
  vi.useFakeTimers({ now: START_MS, toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'Date'] });
});

afterEach(() => {
  vi.useRealTimers();
});

test(`${HOURS} simulated hours of the wall: no growth, no drift, every reconnect survived`, { timeout: Math.max(2, HOURS) * 120_000 }, async () => {
  const source = new FaultySource();
  const xterm = new headless.Terminal({ cols: 120, rows: 40, allowProposedApi: true });
  let written = 0;
  const input = Object.assign(new PassThrough(), { isTTY: true, setRawMode: () => {} });
  const owner = new EventEmitter();
  const parts: TerminalParts = {
    sink: { tryWrite: (chunk) => { written += chunk.length; xterm.write(chunk); return chunk.length; } },
    input: input as unknown as TerminalParts['input'], size: () => ({ columns: 120, rows: 40 }), env: { TERM: 'xterm-256color', LANG: 'C.UTF-8' },
    owner: owner as unknown as TerminalParts['owner'], onResize: () => () => {},
  };
  const stop = new AbortController();
  const done = runDashboard({ client: source, view: 'wall', isWall: true, signal: stop.signal, terminal: parts });
  const screen = async (): Promise<string> => {
    const isWritten = new Promise<void>((resolve) => { xterm.write('', resolve); });
    // the emulator waits by the same fake clock
    await vi.advanceTimersByTimeAsync(20);
    await isWritten;
    return Array.from({ length: 40 }, (_, y) => xterm.buffer.active.getLine(y)?.translateToString(true) ?? '').join('\n');
  };
  // the widgets are loaded in real time
  await vi.advanceTimersByTimeAsync(1_000);
  await import('../../../src/terminal/wall-grid.ts');

  const heaps: number[] = [];
  const listeners = (): number => process.listenerCount('SIGCONT') + owner.listenerCount('exit') + input.listenerCount('data');
  let before = 0;
  const stale: number[] = [];
  for (let second = 0; second < HOURS * 3_600; second += SECONDS_PER_STEP) {
    for (let i = 0; i < SECONDS_PER_STEP; i++) {
      source.tick();
      await vi.advanceTimersByTimeAsync(1_000);
    }
    if (second % 1_800 === 0) {
      collect();
      heaps.push(process.memoryUsage().heapUsed);
      before ||= listeners();
    }
    // right after an outage began and right before the next one
    if (second > 0 && second % OUTAGE_EVERY_S === SECONDS_PER_STEP) stale.push((await screen()).includes('STALE') ? 1 : 0);
    if (second > 0 && second % OUTAGE_EVERY_S === OUTAGE_EVERY_S - SECONDS_PER_STEP) {
      const text = await screen();
      expect(text).not.toContain('STALE');
      // no drift: the clock of the wall is the clock
      expect(text).toContain(new Date(Date.now()).toISOString().slice(11, 17));
    }
  }
  expect(source.outages).toBe(Math.ceil((HOURS * 3_600) / OUTAGE_EVERY_S) - 1);
  expect(stale.reduce((sum, one) => sum + one, 0)).toBe(source.outages);
  expect(listeners()).toBe(before);
  // buffers fill in the first hour and ten minutes; after that the heap is flat within a tenth
  const [settled = 0] = heaps.slice(Math.min(3, heaps.length - 1));
  expect(Math.max(...heaps.slice(3), 0)).toBeLessThanOrEqual(settled * 1.1 + 2e6);
  console.log(JSON.stringify({ hours: HOURS, outages: source.outages, heapMB: heaps.map((heap) => Math.round(heap / 1e6)), rssMB: Math.round(process.memoryUsage.rss() / 1e6), bytesPerSecond: Math.round(written / (HOURS * 3_600)) }));
  stop.abort();
  await vi.advanceTimersByTimeAsync(1_000);
  expect(await done).toBe(0);
});
