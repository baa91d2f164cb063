import { say } from '../model/changes.ts';
import { momentMs } from '../model/moment.ts';
import type { State } from '../model/state.ts';
import { timeEvents } from '../model/time-events.ts';
import { clock } from '../screen/format.ts';
import { goLive, goTo } from './time.ts';

/** Goes to the event before (-1) or after (1) the moment shown, as far as the second that holds it. */
export function goToEvent(state: State, step: 1 | -1): void {
  const second = Math.floor(momentMs(state) / 1000);
  // figures of a moment end before its second: the one after an event is the first to show it
  const events = timeEvents(state).map((event) => ({ ...event, second: Math.floor(event.timeMs / 1000) + 1 }));
  const event = step > 0 ? events.find((one) => one.second > second) : events.findLast((one) => one.second < second);
  if (event === undefined) {
    if (step > 0 && state.pausedAtMs > 0) goLive(state);
    return say(state, step > 0 ? `nothing more happened up to ${state.replay === undefined ? 'now' : 'the end'}` : 'no gap, change or trouble is known before this');
  }
  goTo(state, event.second * 1000);
  say(state, `${clock(event.timeMs)}Z ${event.text}`);
}

/** Waits for the letter of a mark to set, or to go to. */
export function askMark(state: State, what: 'mark' | 'jump'): void {
  if (what === 'jump' && state.marks.size === 0) return say(state, 'there are no marks: m and a letter set one here');
  state.pendingKey = what;
  say(state, what === 'mark' ? 'mark this moment: which letter?' : `go to which mark? ${[...state.marks].map(([letter, timeMs]) => `${letter} ${clock(timeMs)}Z`).join('  ')}`);
}

/** Takes the letter that was asked for; any other key gives up. */
export function takeMark(state: State, key: string): void {
  const what = state.pendingKey;
  state.pendingKey = undefined;
  if (!/^[a-zA-Z]$/.test(key)) return say(state, '');
  if (what === 'mark') {
    state.marks.set(key, momentMs(state));
    return say(state, `${clock(momentMs(state))}Z is mark ${key}: ' and ${key} come back here`);
  }
  const timeMs = state.marks.get(key);
  if (timeMs === undefined) return say(state, `there is no mark ${key}`);
  goTo(state, timeMs);
}
