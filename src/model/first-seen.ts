import type { State } from './state.ts';

/** Problems whose beginning is remembered. */
const MAX_FIRST_SEEN = 8_192;

/** Remembers when something was first seen; bounded, the oldest note goes first. */
export function noteFirst(state: State, key: string, timeMs: number = state.nowMs): void {
  const known = state.firstSeenMs.get(key);
  if (known !== undefined && known <= timeMs) return;
  if (known === undefined && state.firstSeenMs.size >= MAX_FIRST_SEEN) {
    const oldest = state.firstSeenMs.keys().next();
    if (oldest.done !== true) state.firstSeenMs.delete(oldest.value);
  }
  state.firstSeenMs.set(key, timeMs);
}
