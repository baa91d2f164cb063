import { forgetPairs } from './forget-pairs.ts';
import { initialState, type State } from './state.ts';

/** What a reader has set up; all else is made of what was folded in. */
const OF_THE_READER = [
  'server', 'replay', 'chips', 'undo', 'view', 'trail', 'pausedAtMs', 'windowSeconds', 'cursors', 'tables', 'mapTrail', 'prompt', 'pendingKey', 'marks', 'recording', 'isQuitAsked', 'effects', 'helpTop', 'status', 'ownCost', 'isAscii', 'themeStep',
  'wantsQuit', 'keepsScreen', 'wantsRedraw', 'wall', 'isRevealed', 'quantiles',
] as const satisfies readonly (keyof State)[];

/**
 * Forgets all that was folded in and nothing that the reader did, so that the file can be folded again under another
 * filter. What was wrong and what changed stays as it was found, once the file was read to its end.
 */
export function restartReplay(state: State, nowMs: number): void {
  const { replay, incidents, changes } = state;
  if (replay === undefined) return;
  const kept = Object.fromEntries(OF_THE_READER.map((key) => [key, state[key]]));
  const stream = { ...state.stream, selected: -1, bottom: -1, isDetailOpen: false };
  const fresh = initialState({ server: state.server, nowMs, view: state.view, replay });
  // ids of rows are never used twice: what is remembered of the old ones must not be told of the new
  fresh.rows.next = state.rows.next;
  Object.assign(state, fresh, kept, { stream }, replay.isLogged ? { incidents, changes, incidentSecond: Infinity } : {});
  state.directory.onForget = (pairs) => forgetPairs(state, pairs);
}
