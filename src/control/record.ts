import { say } from '../model/changes.ts';
import type { State } from '../model/state.ts';
import { askFor } from '../model/take-away.ts';

/** Begins to record what is seen, or ends it. */
export function toggleRecording(state: State): void {
  if (state.replay !== undefined) return say(state, 'this is a recording already');
  askFor(state, { type: 'record', isOn: state.recording === undefined });
}

/** Whether to quit now: while something is recorded the first time only asks. */
export function mayQuit(state: State): boolean {
  if (state.recording === undefined || state.isQuitAsked) return true;
  state.isQuitAsked = true;
  say(state, `still recording to ${state.recording.file}: the same key again ends it and quits, S only ends it`);
  return false;
}
