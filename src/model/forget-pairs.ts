import { dropKeyParts } from './directory.ts';
import type { ResetTracker } from './resets.ts';

/** Forgets what was noted of pairs whose ids will mean others. */
export function forgetPairs(state: { firstSeenMs: Map<string, number>; resets: ResetTracker }, pairs: ReadonlySet<number>): void {
  state.resets.forget(pairs);
  for (const key of state.firstSeenMs.keys()) {
    const [kind, id] = key.split(' ');
    const pair = kind === 'drop' ? dropKeyParts(Number(id)).pair : kind === 'resets' ? Number(id) : undefined;
    if (pair !== undefined && pairs.has(pair)) state.firstSeenMs.delete(key);
  }
}
