import type { State } from '../model/state.ts';
import type { KeyBinding, ViewName } from '../screen/keymap.ts';
import type { Line, Size } from '../screen/line.ts';

/** What a view may know besides the state. */
export interface ViewContext {
  views: readonly ViewName[];
  bindings: readonly KeyBinding[];
}

/** One screen of the dashboard: the rows between the filter line and the status line. Pure; any size from 40x4 on. */
export interface View extends ViewName {
  /** Actions whose keys the footer shows, most wanted first. */
  footer: readonly string[];
  render(state: State, size: Size, context: ViewContext): Line[];
}
