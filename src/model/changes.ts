import { MAX_UNDO } from './chips.ts';
import { forgetDnsUnderWay } from './dns-fold.ts';
import type { State } from './state.ts';

/** Puts one sentence on the status line. */
export function say(state: State, words: string): void {
  state.status = { text: words, atMs: state.nowMs };
}

/** Replaces the chips; the old ones can be had back. */
export function setChips(state: State, chips: State['chips']): void {
  state.undo.push(state.chips);
  if (state.undo.length > MAX_UNDO) state.undo.shift();
  replaceChips(state, chips);
}

/** Replaces the chips without a trace: used by undo. Counts made under another filter would lie, so they go. */
export function replaceChips(state: State, chips: State['chips']): void {
  state.chips = chips;
  state.fromFlows.clear();
  state.denials.clear();
  // live again: the rows that the cursor stood in belong to the old filter; a file is folded again up to its end
  if (state.replay === undefined) state.pausedAtMs = 0;
  // what was counted without a filter stays: it means the same when the filter is gone
  state.l7.filtered.clear();
  state.dns.filtered.clear();
  forgetDnsUnderWay(state);
}
