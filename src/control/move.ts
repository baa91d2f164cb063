import { say, setChips } from '../model/changes.ts';
import { withChip, type Chip } from '../model/chips.ts';
import { cursorOf, moveCursor, select } from '../model/cursors.ts';
import type { RowPlace, Target } from '../model/finding.ts';
import type { Action } from '../model/messages.ts';
import { MAX_TRAIL, type State } from '../model/state.ts';
import { itemOf } from '../views/view.ts';
import { viewOf } from '../views/view-list.ts';
import { goTo } from './time.ts';

/** Moves the cursor of the view: its own way where it has one, else from row to row of the panel with the focus. */
export function moveRow(state: State, action: Action): void {
  const view = viewOf(state.view);
  if (view.move !== undefined) return view.move(state, action);
  const cursor = cursorOf(state, view.id);
  const panel = view.panels[cursor.panel];
  if (panel === undefined) return;
  moveCursor(cursor, action, panel.items(state).map((item) => item.key));
  cursor.movedMs = state.nowMs;
}

/** Gives the focus to another panel of the view. */
export function movePanel(state: State, step: number): void {
  const { id, panels } = viewOf(state.view);
  if (panels.length < 2) return;
  const cursor = cursorOf(state, id);
  cursor.panel = (cursor.panel + step + panels.length) % panels.length;
}

/** Gives the whole screen to the panel with the focus, and back. */
export function maximise(state: State): void {
  if (viewOf(state.view).panels.length === 0) return say(state, 'this view has one panel: Enter opens what is selected');
  state.isMaximised = !state.isMaximised;
  say(state, state.isMaximised ? 'only this panel: Tab goes to the next, z or Esc shows all' : '');
}

/** Opens another view; filter and moment stay. */
export function showView(state: State, view: string): void {
  if (view === state.view) return;
  if (state.view !== 'help') {
    state.trail.push(state.view);
    if (state.trail.length > MAX_TRAIL) state.trail.shift();
  }
  state.view = view;
  state.isMaximised = false;
  state.helpTop = 0;
}

/** Closes what is open, then leads back to the view before. Never quits, never changes the filter. */
export function goBack(state: State): void {
  if (viewOf(state.view).close?.(state) === true) return;
  if (state.isMaximised) return maximise(state);
  const before = state.trail.pop();
  if (before !== undefined) state.view = before;
}

/** Explains or drills down: what the selected row leads to. */
export function enter(state: State): void {
  const view = viewOf(state.view);
  if (view.enter !== undefined) return view.enter(state);
  const target = itemOf(view, state)?.target;
  if (target === undefined) return say(state, 'nothing more is known of this row');
  follow(state, target);
}

/** Goes where a row leads. */
export function follow(state: State, target: Target): void {
  const { chips = [], select: rows = [], momentMs } = target;
  if (chips.length > 0) {
    setChips(state, chips.reduce<Chip[]>((all, chip) => withChip(all, chip), [...state.chips]));
    say(state, 'filtered to this row: b takes a step back, x shows everything');
  }
  if (momentMs !== undefined) goTo(state, momentMs);
  showView(state, target.view);
  for (const row of [rows].flat()) standOn(state, target.view, row);
}

// where the row is gone, the cursor stays where it was: the panel is right all the same
function standOn(state: State, viewId: string, row: RowPlace): void {
  const view = viewOf(viewId);
  const keys = view.panels[row.panel]?.items(state).map((item) => item.key) ?? [];
  const cursor = cursorOf(state, view.id);
  cursor.panel = row.panel;
  cursor.movedMs = state.nowMs;
  if (keys.includes(row.key)) select(cursor, row.panel, keys, keys.indexOf(row.key));
}
