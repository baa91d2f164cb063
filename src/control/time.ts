import { say } from '../model/changes.ts';
import { packetRows } from '../model/packet-rows.ts';
import { figuresOf, type State } from '../model/state.ts';

/** Stops time for all views: figures and the stream stay where they are, reception goes on. */
export function pause(state: State): void {
  state.pausedAtMs = state.nowMs;
  state.stream.bottom = state.rows.next - 1;
  say(state, 'paused: Space or G goes on, nothing is lost meanwhile');
}

/** Back to now, in all views. */
export function goLive(state: State): void {
  state.pausedAtMs = 0;
  state.stream.bottom = -1;
  state.stream.selected = -1;
  state.stream.isDetailOpen = false;
  say(state, '');
}

/** A step back or forward from the moment shown; forward beyond now is live. */
export function moveTime(state: State, stepMs: number): void {
  if (state.pausedAtMs === 0) {
    if (stepMs > 0) return say(state, 'already live');
    pause(state);
  }
  goTo(state, state.pausedAtMs + stepMs);
}

/** Shows a moment of the past in all views; what lies before all that is known is the beginning. */
export function goTo(state: State, wantedMs: number): void {
  const earliest = Math.min(state.pausedAtMs || state.nowMs, figuresOf(state).firstSecond * 1000);
  const moment = Math.max(wantedMs, earliest);
  if (moment >= state.nowMs) return goLive(state);
  if (wantedMs < earliest) say(state, 'nothing is known of the time before this');
  state.pausedAtMs = moment;
  state.stream.bottom = rowAt(state, moment);
  // the line that the row is part of
  state.stream.selected = packetRows(state, state.stream.bottom, 1)[0]?.row.id ?? state.stream.bottom;
}

// the last row of a moment; times in the stream are nearly in order, so that a page may be a few rows off
function rowAt(state: State, momentMs: number): number {
  const { rows } = state;
  let low = rows.first;
  let high = rows.next - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if ((rows.get(middle)?.timeMs ?? 0) <= momentMs) low = middle;
    else high = middle - 1;
  }
  return low;
}
