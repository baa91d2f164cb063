import { say } from '../model/changes.ts';
import { foldMessage } from '../model/fold-message.ts';
import type { Message } from '../model/messages.ts';
import type { State } from '../model/state.ts';
import { findings, liveFindings } from '../detect/findings.ts';
import { forgetEnded, HOME_AFTER_MS } from '../model/wall.ts';
import { act } from './act.ts';
import { promptKey, promptPaste } from './type.ts';

/** Folds one message into the state, in place. The only thing that changes a state. */
export function update(state: State, message: Message): void {
  switch (message.type) {
    case 'action': return act(state, message.action);
    case 'key': return promptKey(state, message.key);
    case 'paste': return state.prompt === undefined ? say(state, 'pasted text is ignored: / or : take it') : promptPaste(state, message.text);
    case 'tick':
      foldMessage(state, message);
      return keepLog(state);
    default: return foldMessage(state, message);
  }
}

// somebody walked away from a wall that shows another view
function keepWall(state: State): void {
  forgetEnded(state.wall, findings(state));
  if (state.wall.isHome && state.view !== 'wall' && state.nowMs - state.wall.leftMs > HOME_AFTER_MS) {
    state.view = 'wall';
    state.pausedAtMs = 0;
  }
}

// once a second, with the figures of the seconds that are whole
function keepLog(state: State): void {
  const second = Math.floor(state.nowMs / 1000);
  if (second === state.incidentSecond) return;
  state.incidentSecond = second;
  keepWall(state);
  if (state.reports > 0 || state.flows.received > 0) state.incidents.take(liveFindings(state), state.nowMs);
}
