import type { DashboardLook } from '../app/dashboard.ts';
import type { DashboardSource } from '../app/session.ts';
import type { State } from '../model/state.ts';
import { CommandError, type CommandContext, UsageError } from './command.ts';
import type { Flag, FlagValues } from './flags.ts';
import { lookFlags, readLook } from './look-flags.ts';

/** Flags of every command that opens the dashboard. */
export const screenFlags: readonly Flag[] = [
  { name: 'view', kind: 'text', value: 'ID', help: 'first view; hubtop views lists them' },
  // needs no keyboard, turns its pages, never ends by itself
  { name: 'wall', kind: 'bool', help: 'big figures for a screen on a wall; 0 leads there, too' },
  ...lookFlags,
];

/** Sentences instead of a screen. */
export const linearFlag: Flag = { name: 'linear', kind: 'bool', help: 'for screen readers: what happens as sentences, one below the other; nothing is drawn' };

/** Flags of frames as text. */
export const batchFlags: readonly Flag[] = [
  { name: 'batch', kind: 'bool', help: 'print frames as text, no terminal needed' },
  { name: 'frames', short: 'n', kind: 'count', value: 'N', help: 'with --batch: so many frames, then end' },
  { name: 'interval', kind: 'text', value: 'SECONDS', help: 'with --batch: what a frame stands for (default 5)' },
  { name: 'size', kind: 'text', value: 'COLSxROWS', help: 'with --batch: size of a frame (default 120x40)' },
  { name: 'output', short: 'o', kind: 'text', value: 'FORMAT', help: 'with --batch: text; json: each frame one object on a line; md or html: an incident to send on (default text)' },
];

/** Smallest and largest frame, and shortest and longest interval, that are taken for meant. */
const [minCols, minRows, maxCells] = [20, 5, 1000];
const [minIntervalMs, maxIntervalMs] = [100, 24 * 3600 * 1000];

/** What the screen flags say. */
export interface ScreenChoice {
  view: string | undefined;
  isWall: boolean;
  look: DashboardLook;
  batch: BatchChoice | undefined;
  isLinear: boolean;
}

/** What the flags of frames as text say. */
export interface BatchChoice {
  n: number | undefined;
  intervalMs: number | undefined;
  size: { cols: number; rows: number } | undefined;
  /** A frame as data; undefined = as lines of a screen. */
  render: ((state: State) => string) | undefined;
}

/** Reads and checks the screen flags and what the environment says of them, before anything is started; throws UsageError. */
export async function readScreen(values: FlagValues, env: CommandContext['env']): Promise<ScreenChoice> {
  const isWall = values.bool('wall');
  if (isWall && values.has('view')) throw new UsageError('--wall is a view: leave --view out');
  const view = isWall ? 'wall' : values.text('view');
  if (view !== undefined) {
    const { VIEWS } = await import('../views/view-list.ts');
    if (!VIEWS.some(({ id }) => id === view)) throw new UsageError(`unknown view "${view}": there is ${VIEWS.map(({ id }) => id).join(', ')}`);
  }
  const isLinear = values.bool('linear');
  const screens = ['wall', 'view', 'batch'].find((name) => values.has(name));
  if (isLinear && screens !== undefined) throw new UsageError(`--linear draws nothing: leave --${screens} out`);
  const stray = ['frames', 'interval', 'size', 'output'].find((name) => values.has(name) && !values.bool('batch'));
  if (stray !== undefined) throw new UsageError(`--${stray} goes with --batch`);
  const look = readLook(values, env);
  if (!values.bool('batch')) return { view, isWall, look, batch: undefined, isLinear };
  const n = values.count('frames');
  if (n === 0) throw new UsageError('invalid argument "0" for "-n, --frames" flag: expected at least 1');
  return { view, isWall, look, isLinear, batch: { n, intervalMs: readInterval(values.text('interval')), size: readSize(values.text('size')), render: await readRender(values.text('output') ?? 'text', view) } };
}

async function readRender(format: string, view = 'overview'): Promise<BatchChoice['render']> {
  if (format === 'text') return undefined;
  if (format === 'md' || format === 'html') {
    const { exportIncident } = await import('../export/incident.ts');
    return (state) => exportIncident(state, format).text;
  }
  if (format !== 'json') throw new UsageError(`invalid output format: ${format}: expected text, json, md or html`);
  const [{ DATA_VIEWS, frameJson }, { VIEWS }] = await Promise.all([import('../export/frame-data.ts'), import('../views/view-list.ts')]);
  if (!DATA_VIEWS.includes(view)) throw new UsageError(`view "${view}" has no data: there is ${VIEWS.map(({ id }) => id).filter((id) => DATA_VIEWS.includes(id)).join(', ')}`);
  return (state) => `${frameJson(state, view)}\n`;
}

function readInterval(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const intervalMs = /^\d+(\.\d+)?$/.test(text) ? Math.round(Number(text) * 1000) : Number.NaN;
  if (!(intervalMs >= minIntervalMs && intervalMs <= maxIntervalMs)) throw new UsageError(`invalid argument "${text}" for "--interval" flag: expected seconds, 0.1 to 86400`);
  return intervalMs;
}

function readSize(text: string | undefined): { cols: number; rows: number } | undefined {
  if (text === undefined) return undefined;
  const parts = /^(\d{1,4})x(\d{1,4})$/.exec(text);
  const [cols, rows] = [Number(parts?.[1]), Number(parts?.[2])];
  if (!(cols >= minCols && cols <= maxCells && rows >= minRows && rows <= maxCells)) {
    throw new UsageError(`invalid argument "${text}" for "--size" flag: expected COLSxROWS, ${minCols}x${minRows} to ${maxCells}x${maxCells}`);
  }
  return { cols, rows };
}

/** Throws when the dashboard would have no terminal; call it before anything is started for it. */
export function requireTerminal(context: CommandContext, instead: string): void {
  if (!context.stdoutIsTty || !context.stdinIsTty) throw new CommandError(`${context.stdoutIsTty ? 'stdin' : 'stdout'} is no terminal: ${instead}`);
  const term = context.env['TERM'] ?? '';
  if (term === 'dumb' || term === 'unknown') throw new CommandError(`this terminal (TERM=${term}) cannot move its cursor: ${instead}`);
}

/** What to show: where its server is said to be, and how to open it. */
export interface ScreenSource {
  name: string;
  open(): Promise<DashboardSource>;
}

/** Runs the dashboard or the batch on a source; resolves with the exit code. The dashboard draws before the source is open. */
export async function runScreen(source: ScreenSource, choice: ScreenChoice, context: CommandContext): Promise<number> {
  if (choice.batch !== undefined) {
    const [client, { runBatch }] = await Promise.all([source.open(), import('../app/batch.ts')]);
    try {
      return await runBatch({ ...choice.batch, client, view: choice.view, isAscii: choice.look.isAscii, signal: context.signal, write: (text) => context.print(text) });
    } finally {
      client.close();
    }
  }
  if (choice.isLinear) {
    const [client, { runLinear }] = await Promise.all([source.open(), import('../app/linear.ts')]);
    return runLinear({ client, signal: context.signal, write: (text) => context.print(text) });
  }
  const [{ runDashboard }, { LaterSource }] = await Promise.all([import('../app/dashboard.ts'), import('../app/later-source.ts')]);
  const client = new LaterSource(source.name, () => source.open());
  try {
    const exitCode = await runDashboard({ client, view: choice.view, isWall: choice.isWall, look: choice.look, signal: AbortSignal.any([context.signal, client.failed]) });
    if (client.failed.aborted) throw client.failure;
    return exitCode;
  } finally {
    client.close();
  }
}
