import type { ChipField } from '../model/chips.ts';
import { cursorOf, selectedIndex } from '../model/cursors.ts';
import type { Target } from '../model/finding.ts';
import type { Action } from '../model/messages.ts';
import type { State } from '../model/state.ts';
import type { Subject } from '../model/subject.ts';
import type { KeyBinding, ViewName } from '../screen/keymap.ts';
import type { Line, Size } from '../screen/line.ts';

/** What a view may know besides the state. */
export interface ViewContext {
  views: readonly ViewName[];
  bindings: readonly KeyBinding[];
}

/** A row that the cursor can stand on. */
export interface Item {
  /** Identity of the row: stays while its numbers and its place change. */
  key: string;
  /** What the pivot keys read from it. */
  subject: Subject;
  /** Where Enter leads. */
  target?: Target;
  /** Where other keys lead that open a view: 3 from a row with drops shows them explained. */
  leads?: Partial<Record<Action, Target>>;
  /** What `y` copies: a name, or the command to type next. */
  copy?: string;
}

/** A list inside a view. */
export interface Panel {
  title: string;
  /** What its rule says, where that is not the title. */
  heading?: string;
  /** Rows in the order they are drawn. */
  items(state: State): readonly Item[];
}

/** One screen of the dashboard: the rows between the filter line and the status line. Pure; any size from 40x4 on. */
export interface View extends ViewName {
  /** Actions whose keys the footer shows, most wanted first. */
  footer: readonly Action[];
  /** Lists the cursor moves in, top to bottom; Tab goes from one to the next. */
  panels: readonly Panel[];
  render(state: State, size: Size, context: ViewContext): Line[];
  /** Keys that mean something of its own here. */
  acts?: Partial<Record<Action, (state: State) => void>>;
  /** A cursor that is no row of a panel: how it moves, and what it stands on. */
  move?(state: State, action: Action): void;
  enter?(state: State): void;
  subject?(state: State): Subject;
  /** Field of the column under the cursor, for + and -. */
  columnField?(state: State, subject: Subject): ChipField | undefined;
  /** Draws the whole screen: no bar, tabs, filter or keys around it. */
  isWhole?: boolean;
  /** Sees every key before all others; false = the key leaves the view. */
  takesAll?(state: State, action: Action): boolean;
  /** Closes what is open inside the view; true if something was. */
  close?(state: State): boolean;
}

/** The row under the cursor of a view. */
export function itemOf(view: View, state: State): Item | undefined {
  const cursor = cursorOf(state, view.id);
  const items = view.panels[cursor.panel]?.items(state) ?? [];
  return items[selectedIndex(cursor, cursor.panel, items.map((item) => item.key))];
}

/** What the pivot keys read where the cursor stands. */
export function subjectOf(view: View, state: State): Subject {
  return view.subject?.(state) ?? itemOf(view, state)?.subject ?? {};
}

/** Index of the selected row of a panel, and whether the panel has the focus. */
export function panelCursor(state: State, view: string, shape: { panel: number; keys: readonly string[] }): { at: number; isFocused: boolean } {
  const cursor = cursorOf(state, view);
  return { at: selectedIndex(cursor, shape.panel, shape.keys), isFocused: cursor.panel === shape.panel };
}
