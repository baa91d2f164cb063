import { say } from '../model/changes.ts';
import { chipsText } from '../model/chip-words.ts';
import type { Action } from '../model/messages.ts';
import { newPrompt } from '../model/prompt.ts';
import type { State } from '../model/state.ts';
import { tableOf } from '../model/tables.ts';
import { copyHubble } from '../model/take-away.ts';
import { itemOf } from '../views/view.ts';
import { viewOf } from '../views/view-list.ts';
import { enter, follow, goBack, maximise, movePanel, moveRow, showView } from './move.ts';
import { addColumn, addPivot, clearChips, cycleChip, pivotOf, undo } from './pivot.ts';
import { copyRow, exportFile } from './take-away.ts';
import { askMark, goToEvent } from './marks.ts';
import { mayQuit, toggleRecording } from './record.ts';
import { goLive, nextWindow, stepTime, togglePause, zoom } from './time.ts';

const MOVES: readonly string[] = ['up', 'down', 'page-up', 'page-down', 'half-up', 'half-down', 'first', 'last', 'column-left', 'column-right'];

/** Does what a key asks for. Keys that mean nothing where the cursor stands say so and do nothing. */
export function act(state: State, action: Action): void {
  const { takesAll } = viewOf(state.view);
  if (!action.startsWith('quit')) state.isQuitAsked = false;
  state.wall.leftMs = state.nowMs;
  if (takesAll !== undefined) return takesAll(state, action) ? undefined : leaveWall(state, action);
  // the clock of a file stands still: words would stay for ever
  if (state.replay !== undefined) say(state, '');
  const own = viewOf(state.view).acts?.[action];
  if (own !== undefined) return own(state);
  const pivot = pivotOf(action);
  if (pivot !== undefined) return addPivot(state, pivot);
  if (action.startsWith('view-')) return openView(state, action);
  if (MOVES.includes(action)) return moveRow(state, action);
  const run = ACTS[action];
  if (run === undefined) return say(state, 'this key means nothing in this view: ? lists what does');
  run(state);
}

// from a row that has more to say there: with that row of the other view selected
function openView(state: State, action: Action): void {
  const lead = itemOf(viewOf(state.view), state)?.leads?.[action];
  if (lead === undefined) showView(state, action.slice('view-'.length));
  else follow(state, lead);
}

// any key leads back to the screens; a digit to its own
function leaveWall(state: State, action: Action): void {
  showView(state, action.startsWith('view-') && action !== 'view-wall' ? action.slice('view-'.length) : 'overview');
  state.trail.length = 0;
}

const ACTS: Partial<Record<Action, (state: State) => void>> = {
  help: (state) => (state.view === 'help' ? goBack(state) : showView(state, 'help')),
  back: goBack,
  quit: (state) => {
    if (state.view === 'help') return goBack(state);
    state.wantsQuit = mayQuit(state);
  },
  'quit-keep': (state) => {
    state.wantsQuit = mayQuit(state);
    state.keepsScreen = state.wantsQuit;
  },
  redraw: (state) => {
    state.wantsRedraw = true;
  },
  pause: togglePause,
  live: goLive,
  'time-back': (state) => stepTime(state, -1),
  'time-forward': (state) => stepTime(state, 1),
  'event-previous': (state) => goToEvent(state, -1),
  'event-next': (state) => goToEvent(state, 1),
  'zoom-out': (state) => zoom(state, 1),
  'zoom-in': (state) => zoom(state, -1),
  record: toggleRecording,
  mark: (state) => askMark(state, 'mark'),
  jump: (state) => askMark(state, 'jump'),
  window: nextWindow,
  'panel-next': (state) => movePanel(state, 1),
  'panel-previous': (state) => movePanel(state, -1),
  maximise,
  enter,
  verdict: (state) => cycleChip(state, 'verdict'),
  protocol: (state) => cycleChip(state, 'protocol'),
  only: (state) => addColumn(state, false),
  not: (state) => addColumn(state, true),
  undo,
  clear: clearChips,
  filter: (state) => {
    state.prompt = newPrompt('filter', chipsText(state.chips));
  },
  palette: (state) => {
    state.prompt = newPrompt('palette');
  },
  export: exportFile,
  copy: copyRow,
  'copy-hubble': (state) => copyHubble(state),
  reverse: (state) => {
    const table = tableOf(state, state.view);
    table.isReversed = !table.isReversed;
  },
  reveal: (state) => {
    state.isRevealed = !state.isRevealed;
    say(state, state.isRevealed ? 'query strings and user info are shown on this screen until the end of this session, never in exports' : 'query strings and user info are hidden again');
  },
  theme: (state) => {
    state.themeStep++;
  },
  addresses: (state) => {
    state.showsAddresses = !state.showsAddresses;
    const words = state.showsAddresses ? 'flows show addresses and identities' : 'flows show names again';
    say(state, state.view === 'flows' ? words : `${words}: 2 has them`);
  },
  units: (state) => {
    state.isInBits = !state.isInBits;
    say(state, state.isInBits ? 'volume is told in bits a second' : 'volume is told in bytes a second again');
  },
  ascii: (state) => {
    state.isAscii = !state.isAscii;
  },
};
