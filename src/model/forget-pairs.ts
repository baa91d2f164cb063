import type { AllowedBook } from './allowed-by.ts';
import { dropKeyParts } from './directory.ts';
import type { DropFacts } from './drop-facts.ts';
import type { EdgeBook } from './edge-book.ts';
import type { ResetTracker } from './resets.ts';
import type { StrayTracker } from './stray-tracker.ts';

/** What is noted by pair. */
interface NotedByPair {
  firstSeenMs: Map<string, number>;
  resets: ResetTracker;
  strays: StrayTracker;
  edges: EdgeBook;
  dropFacts: DropFacts;
  allowedBy: AllowedBook;
}

/** Forgets what was noted of pairs whose ids will mean others. */
export function forgetPairs(state: NotedByPair, pairs: ReadonlySet<number>): void {
  state.resets.forget(pairs);
  state.strays.forget(pairs);
  state.edges.forget(pairs);
  state.allowedBy.forget(pairs);
  state.dropFacts.forget((key) => pairs.has(dropKeyParts(key).pair));
  for (const key of state.firstSeenMs.keys()) {
    const [kind, id] = key.split(' ');
    const pair = kind === 'drop' ? dropKeyParts(Number(id)).pair : kind === 'resets' ? Number(id) : undefined;
    if (pair !== undefined && pairs.has(pair)) state.firstSeenMs.delete(key);
  }
}
