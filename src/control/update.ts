import { say } from '../model/changes.ts';
import { foldMessage } from '../model/fold-message.ts';
import type { Message } from '../model/messages.ts';
import type { ReplayProgress } from '../model/replay.ts';
import { restartReplay } from '../model/restart-replay.ts';
import { hidesTraffic, type State } from '../model/state.ts';
import { findings, liveFindings } from '../detect/findings.ts';
import { forgetEnded, HOME_AFTER_MS } from '../model/wall.ts';
import { act } from './act.ts';
import { takeMark } from './marks.ts';
import { goTo, play } from './time.ts';
import { promptKey, promptPaste } from './type.ts';

/** Folds one message into the state, in place. The only thing that changes a state. */
export function update(state: State, message: Message): void {
  switch (message.type) {
    case 'action': return act(state, message.action);
    case 'key': return state.pendingKey === undefined ? promptKey(state, message.key) : takeMark(state, message.key);
    case 'paste': return state.prompt === undefined ? say(state, 'pasted text is ignored: / or : take it') : promptPaste(state, message.text);
    case 'tick':
      foldMessage(state, message);
      return keepLog(state);
    case 'play': return play(state, message.elapsedMs);
    case 'replay': return takeProgress(state, message.progress);
    case 'replay-restart':
      restartReplay(state, message.nowMs);
      return foldMessage(state, { type: 'flows-requested' });
    default: return foldMessage(state, message);
  }
}

// somebody walked away from a wall that shows another view
function keepWall(state: State): void {
  if (state.wall.acknowledged.size > 0) forgetEnded(state.wall, findings(state));
  if (state.wall.isHome && state.view !== 'wall' && state.nowMs - state.wall.leftMs > HOME_AFTER_MS) {
    state.view = 'wall';
    state.pausedAtMs = 0;
  }
}

function takeProgress(state: State, progress: ReplayProgress): void {
  if (state.replay === undefined) return;
  Object.assign(state.replay, progress);
  if (!progress.isRead) return;
  state.replay.isLogged = true;
  // rows that were folded again have other numbers
  const wanted = state.replay.wantedMs ?? state.pausedAtMs;
  state.replay.wantedMs = undefined;
  if (wanted > 0) goTo(state, wanted);
}

// once a second, with the figures of the seconds that are whole
function keepLog(state: State): void {
  const second = Math.floor(state.nowMs / 1000);
  if (second === state.incidentSecond || state.incidentSecond === Infinity) return;
  state.incidentSecond = second;
  if (state.replay === undefined) keepWall(state);
  if (hidesTraffic(state)) state.incidents.holdOpen(state.nowMs);
  if (state.reports > 0 || state.flows.received > 0) state.incidents.take(liveFindings(state), state.nowMs);
}
