import { say } from '../model/changes.ts';
import { momentMs } from '../model/moment.ts';
import { packetRows } from '../model/packet-rows.ts';
import { figuresOf, WINDOWS_SECONDS, type State } from '../model/state.ts';
import { spanText } from '../model/time.ts';

/** Steps that one window has. */
const STEPS_PER_WINDOW = 12;

/** Space: stops time, and lets it go on; a file is played from the moment shown. */
export function togglePause(state: State): void {
  if (state.replay !== undefined) return togglePlay(state);
  if (state.pausedAtMs > 0) goLive(state);
  else pause(state);
}

/** Stops time for all views: figures and the stream stay where they are, reception goes on. */
export function pause(state: State): void {
  state.pausedAtMs = state.nowMs;
  state.stream.bottom = state.rows.next - 1;
  say(state, 'paused: Space or G goes on, all is counted meanwhile');
}

function togglePlay(state: State): void {
  const { replay } = state;
  if (replay === undefined) return;
  replay.isPlaying = !replay.isPlaying;
  if (!replay.isPlaying) return say(state, 'stopped: Space plays on');
  // from the end there is only the beginning to go to
  if (state.pausedAtMs === 0) goTo(state, earliestMs(state));
  say(state, `playing at ${replay.speed === 1 ? 'the speed of then' : `${replay.speed} times the speed of then`}: Space stops`);
}

/** Lets so much of our time pass while a file plays; at its end it stops. */
export function play(state: State, elapsedMs: number): void {
  const { replay } = state;
  if (replay?.isPlaying !== true) return;
  const wanted = momentMs(state) + elapsedMs * replay.speed;
  if (wanted < newestMs(state)) {
    goTo(state, wanted);
    // rows go by, none of them is looked at
    state.stream.selected = -1;
    return;
  }
  if (!replay.isRead) return;
  goLive(state);
  replay.isPlaying = false;
  say(state, 'the end of the file: Space plays it again');
}

/** Back to now, in all views; in a file, to its end. */
export function goLive(state: State): void {
  state.pausedAtMs = 0;
  state.stream.bottom = -1;
  state.stream.selected = -1;
  state.stream.isDetailOpen = false;
  say(state, '');
}

/** Some steps back or forward from the moment shown; forward beyond now is live. */
export function stepTime(state: State, steps: number): void {
  if (state.pausedAtMs === 0) {
    if (steps > 0) return say(state, state.replay === undefined ? 'already live' : 'this is the end of the file');
    if (state.replay === undefined) pause(state);
  }
  goTo(state, momentMs(state) + steps * (state.windowSeconds * 1000) / STEPS_PER_WINDOW);
}

// while a file is folded again its clock is behind the moment
function newestMs(state: State): number {
  return Math.max(state.nowMs, state.replay?.toMs ?? 0);
}

function earliestMs(state: State): number {
  return figuresOf(state).oldestSecond * 1000;
}

/** Shows a moment of the past in all views; what lies before all that is known is the beginning. */
export function goTo(state: State, wantedMs: number): void {
  const earliest = Math.min(momentMs(state), earliestMs(state));
  const moment = Math.max(wantedMs, earliest);
  if (moment >= newestMs(state)) return goLive(state);
  if (wantedMs < earliest) say(state, 'nothing is known of the time before this');
  state.pausedAtMs = moment;
  state.stream.bottom = rowAt(state, moment);
  // the line that the row is part of
  state.stream.selected = packetRows(state, state.stream.bottom, 1)[0]?.row.id ?? state.stream.bottom;
}

// the last row of a moment; times in the stream are nearly in order, so that a page may be a few rows off
function rowAt(state: State, wantedMs: number): number {
  const { rows } = state;
  let low = rows.first;
  let high = rows.next - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if ((rows.get(middle)?.timeMs ?? 0) <= wantedMs) low = middle;
    else high = middle - 1;
  }
  return low;
}

/** The next longer window of figures; after the longest the shortest. */
export function nextWindow(state: State): void {
  const at = WINDOWS_SECONDS.indexOf(state.windowSeconds);
  setWindow(state, WINDOWS_SECONDS[(at + 1) % WINDOWS_SECONDS.length]);
}

/** A longer (1) or shorter (-1) window, as far as there is one. */
export function zoom(state: State, step: 1 | -1): void {
  const wider = WINDOWS_SECONDS.find((seconds) => seconds > state.windowSeconds);
  const narrower = WINDOWS_SECONDS.findLast((seconds) => seconds < state.windowSeconds);
  const wanted = step > 0 ? wider : narrower;
  if (wanted === undefined) return say(state, `figures cover ${spanText(state.windowSeconds)}: there is no ${step > 0 ? 'longer' : 'shorter'} window`);
  setWindow(state, wanted);
}

function setWindow(state: State, seconds: number | undefined): void {
  state.windowSeconds = seconds ?? state.windowSeconds;
  say(state, `figures cover ${spanText(state.windowSeconds)}`);
}
