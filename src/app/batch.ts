import { figures } from '../model/figures.ts';
import type { State } from '../model/state.ts';
import { preferPods } from '../model/talkers.ts';
import { update } from '../control/update.ts';
import { lineText, type Size } from '../screen/line.ts';
import { streamPageRows } from '../views/flows.ts';
import { CHROME_ROWS, frame } from '../views/frame.ts';
import { Session, type DashboardSource } from './session.ts';

/** How often the batch looks whether its frame is due. */
const LOOK_MS = 50;
/** Reports a frame needs: the first one of a server only sets the start. */
const LEAST_REPORTS = 2;
/** Data on its way when an interval ends, and how long a frame waits for the last of it. */
const SETTLE_MS = 300;
const GRACE_MS = 2_500;

/** How to print frames as text. */
export interface BatchOptions {
  client: DashboardSource;
  /** Frames to print; undefined = until the signal. */
  n?: number | undefined;
  intervalMs?: number | undefined;
  view?: string | undefined;
  size?: Size | undefined;
  isAscii?: boolean | undefined;
  /** A frame as something else than lines of a screen, such as data; undefined = a screen. */
  render?: ((state: State) => string) | undefined;
  /** Takes a whole frame; frames wait for it. */
  write(text: string): void | Promise<void>;
  signal?: AbortSignal | undefined;
  /** How long to wait for a server at first before giving up. */
  connectMs?: number | undefined;
}

/** Default length of what a frame stands for. */
export const BATCH_INTERVAL_MS = 5_000;
const CONNECT_MS = 5_000;

/**
 * Prints frames as plain text, like `top -b`: the same frames as the dashboard's, each after one full interval of data.
 * Resolves with the exit code; throws an Error with one clear line when no server answers.
 */
export async function runBatch(options: BatchOptions): Promise<number> {
  const session = new Session(options.client, { view: options.view ?? 'overview', now: Date.now });
  const { state } = session;
  const intervalMs = options.intervalMs ?? BATCH_INTERVAL_MS;
  const size = options.size ?? { cols: 120, rows: 40 };
  state.isAscii = options.isAscii ?? false;
  state.windowSeconds = Math.max(1, Math.round(intervalMs / 1000));
  preferPods(state);
  update(state, { type: 'page-rows', rows: streamPageRows(state, size.rows - CHROME_ROWS) });
  try {
    await waitFor(options, () => {
      session.tick();
      return hasStarted(state);
    }, options.connectMs ?? CONNECT_MS, state);
    for (let printed = 0; options.n === undefined || printed < options.n; printed++) {
      const until = Date.now() + intervalMs + (printed === 0 ? SETTLE_MS : 0);
      await waitFor(options, () => {
        session.tick();
        return Date.now() >= until && (hasInterval(state) || Date.now() >= until + GRACE_MS);
      });
      if (options.signal?.aborted === true) break;
      session.tick();
      await session.ready();
      await options.write(options.render?.(state) ?? `${printed > 0 ? '\n' : ''}${frameText(state, size)}`);
    }
    return 0;
  } finally {
    session.close();
  }
}

/** A frame as text, trailing spaces kept: every line has exactly size.cols characters. */
export function frameText(state: State, size: Size): string {
  return frame(state, size).map((line) => `${lineText(line)}\n`).join('');
}

function hasStarted(state: State): boolean {
  return state.reports > 0 || (state.telemetry === 'absent' && state.connection.state === 'live');
}

// all of the interval is observed, but for a report that is on its way
function hasInterval(state: State): boolean {
  if (state.telemetry === 'absent' || state.connection.state !== 'live') return true;
  return state.reports >= LEAST_REPORTS && figures(state).seconds >= state.windowSeconds * 0.95;
}

async function waitFor(options: BatchOptions, isDone: () => boolean, limitMs?: number, state?: State): Promise<void> {
  const giveUpAt = limitMs === undefined ? Infinity : Date.now() + limitMs;
  while (options.signal?.aborted !== true && !isDone()) {
    if (Date.now() >= giveUpAt) {
      const cause = state === undefined || state.connection.error === '' ? 'no answer; is a relay or an agent running there?' : state.connection.error;
      throw new Error(cause.includes(options.client.server) ? cause : `cannot get data from ${options.client.server}: ${cause}`);
    }
    await new Promise((resolve) => {
      setTimeout(resolve, LOOK_MS);
    });
  }
}
