import { replaceChips, say, setChips } from './changes.ts';
import { chipText, nextInCycle, PROTOCOL_CHIPS, VERDICT_CHIPS, withChip, type Chip, type ChipField } from './chips.ts';
import type { Action } from './messages.ts';
import { moveOverview, overviewItem, OVERVIEW_PANELS } from './overview-cursor.ts';
import { packetRows } from './packet-rows.ts';
import { pairChips } from './problems.ts';
import { isColumnMove, moveColumn, moveStream, STREAM_COLUMNS, streamSubject, type Subject } from './stream-cursor.ts';
import { figuresOf, WINDOWS_SECONDS, type State } from './state.ts';

const PIVOTS: Partial<Record<Action, ChipField>> = {
  'source-pod': 'from-pod', 'destination-pod': 'to-pod', 'source-workload': 'from-workload', 'destination-workload': 'to-workload',
  'source-namespace': 'from-namespace', 'destination-namespace': 'to-namespace', 'drop-reason': 'drop-reason', port: 'port', node: 'node',
};

const MOVES: readonly string[] = ['up', 'down', 'page-up', 'page-down', 'half-up', 'half-down', 'first', 'last'];
const TIME_STEP_MS = 5_000;

/** Does what a key asks for. Keys that mean nothing where the cursor stands say so and do nothing. */
export function act(state: State, action: Action): void {
  const pivot = PIVOTS[action];
  if (pivot !== undefined) return addPivot(state, pivot);
  if (action.startsWith('view-') && action !== 'view-next' && action !== 'view-previous') return showView(state, action.slice('view-'.length));
  if (MOVES.includes(action)) return move(state, action);
  if (isColumnMove(action)) return moveColumn(state, action);
  switch (action) {
    case 'help': return showView(state, state.view === 'help' ? state.previousView : 'help');
    case 'back': return goBack(state);
    case 'quit':
      if (state.view === 'help') return goBack(state);
      state.wantsQuit = true;
      return;
    case 'redraw':
      state.wantsRedraw = true;
      return;
    case 'pause': return state.pausedAtMs > 0 ? goLive(state) : pause(state);
    case 'live': return goLive(state);
    case 'time-back': return moveTime(state, -TIME_STEP_MS);
    case 'time-forward': return moveTime(state, TIME_STEP_MS);
    case 'window':
      state.windowSeconds = WINDOWS_SECONDS[(WINDOWS_SECONDS.indexOf(state.windowSeconds) + 1) % WINDOWS_SECONDS.length] ?? 60;
      return say(state, `figures cover ${state.windowSeconds} s`);
    case 'panel-next':
      state.overview.panel = (state.overview.panel + 1) % OVERVIEW_PANELS;
      return;
    case 'panel-previous':
      state.overview.panel = (state.overview.panel + OVERVIEW_PANELS - 1) % OVERVIEW_PANELS;
      return;
    case 'enter': return enter(state);
    case 'verdict': return cycle(state, 'verdict', VERDICT_CHIPS.map((verdict) => verdict.name));
    case 'protocol': return cycle(state, 'protocol', PROTOCOL_CHIPS);
    case 'only': return addColumn(state, false);
    case 'not': return addColumn(state, true);
    case 'undo': return undo(state);
    case 'clear': return state.chips.length === 0 ? say(state, 'there is no filter') : setChips(state, []);
    case 'theme':
      state.themeStep++;
      return;
    case 'ascii':
      state.isAscii = !state.isAscii;
      return;
  }
}

/** Stops time for all views: figures and the stream stay where they are, reception goes on. */
export function pause(state: State): void {
  state.pausedAtMs = state.nowMs;
  state.stream.bottom = state.rows.next - 1;
  say(state, 'paused: Space or G goes on, nothing is lost meanwhile');
}

function goLive(state: State): void {
  state.pausedAtMs = 0;
  state.stream.bottom = -1;
  state.stream.selected = -1;
  state.stream.isDetailOpen = false;
  say(state, '');
}

function moveTime(state: State, stepMs: number): void {
  if (state.pausedAtMs === 0) {
    if (stepMs > 0) return say(state, 'already live');
    pause(state);
  }
  const earliest = Math.min(state.pausedAtMs, figuresOf(state).firstSecond * 1000);
  const moment = Math.max(state.pausedAtMs + stepMs, earliest);
  if (moment >= state.nowMs) return goLive(state);
  if (stepMs < 0 && moment === earliest) say(state, 'nothing is known of the time before this');
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

function showView(state: State, view: string): void {
  if (view === state.view) return;
  if (state.view !== 'help') state.previousView = state.view;
  state.view = view;
  state.helpTop = 0;
}

function goBack(state: State): void {
  if (state.view === 'help') return showView(state, state.previousView);
  if (state.stream.isDetailOpen) state.stream.isDetailOpen = false;
  else if (state.view === 'flows') showView(state, 'overview');
}

function move(state: State, action: Action): void {
  if (state.view === 'flows') return moveStream(state, action);
  if (state.view === 'help') {
    state.helpTop = action === 'first' ? 0 : Math.max(0, state.helpTop + (/up/.test(action) ? -1 : 1) * (/page|half/.test(action) ? 10 : 1));
    return;
  }
  moveOverview(state, action);
}

function enter(state: State): void {
  if (state.view === 'flows') {
    if (state.stream.selected < 0) moveStream(state, 'up');
    state.stream.isDetailOpen = !state.stream.isDetailOpen;
    return;
  }
  if (state.view !== 'overview') return;
  const item = overviewItem(state);
  if (item === undefined || item.chips.length === 0) return say(state, 'no flows to show for this row');
  setChips(state, item.chips.reduce<Chip[]>((chips, chip) => withChip(chips, chip), [...state.chips]));
  showView(state, 'flows');
  goLive(state);
  say(state, 'filtered to this row: b takes a step back, x shows everything');
}

function addPivot(state: State, field: ChipField): void {
  const value = subject(state)[field];
  if (value === undefined || value === '') return say(state, `this row has no ${field.replace('-', ' ')}`);
  addChip(state, { field, value, isNegated: false });
}

// a condition that gives way says so: the line may be too full to notice
function addChip(state: State, added: Chip): void {
  const before = state.chips.find((chip) => !chip.isNegated && !added.isNegated && chip.field === added.field && chip.value !== added.value);
  setChips(state, withChip(state.chips, added));
  if (before !== undefined) say(state, `instead of ${chipText(before)}: b takes it back`);
}

function addColumn(state: State, isNegated: boolean): void {
  const found = subject(state);
  const field = state.view === 'flows' ? STREAM_COLUMNS[state.stream.column]?.field(found) : undefined;
  const value = field === undefined ? undefined : found[field];
  if (field === undefined || value === undefined) return say(state, state.view === 'flows' ? 'this column is empty here: h and l move it' : '+ and - work in the flows view (2)');
  addChip(state, { field, value, isNegated });
}

function cycle(state: State, field: ChipField, values: readonly string[]): void {
  const current = state.chips.find((chip) => chip.field === field && !chip.isNegated)?.value;
  // the first press takes what the row has, as any other pivot does
  const next = current === undefined ? (subject(state)[field] ?? values[0]) : nextInCycle(values, current);
  const others = state.chips.filter((chip) => chip.field !== field || chip.isNegated);
  setChips(state, next === undefined ? others : withChip(others, { field, value: next, isNegated: false }));
}

function undo(state: State): void {
  const before = state.undo.pop();
  if (before === undefined) return say(state, 'nothing to take back');
  replaceChips(state, before);
}

function subject(state: State): Subject {
  if (state.view === 'flows') return streamSubject(state);
  if (state.view !== 'overview') return {};
  const item = overviewItem(state);
  if (item === undefined) return {};
  const found: Subject = Object.fromEntries((item.pair === undefined ? item.chips : [...item.chips, ...pairChips(item.pair)]).map((chip) => [chip.field, chip.value]));
  if (item.pair === undefined) return found;
  if (item.pair.source.namespace !== '') found['from-namespace'] = item.pair.source.namespace;
  if (item.pair.destination.namespace !== '') found['to-namespace'] = item.pair.destination.namespace;
  return found;
}
