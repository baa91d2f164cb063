import type { State } from './state.ts';

/** Age of the newest report from which data counts as stale. */
export const STALE_MS = 5_000;

/** How old the newest data is; undefined while there is none. */
export function dataAgeMs(state: State): number | undefined {
  const newest = Math.max(state.lastReportMs, state.telemetry === 'absent' ? state.flows.newestMs : 0);
  return newest === 0 ? undefined : Math.max(0, state.nowMs - newest);
}
