import type { Chip } from './chips.ts';
import type { Pair } from './directory.ts';
import { figures } from './figures.ts';
import type { Action } from './messages.ts';
import { pairChips, problems } from './problems.ts';
import type { State } from './state.ts';

/** Panels of the overview that hold a cursor: problems, drop reasons, pairs. */
export const OVERVIEW_PANELS = 3;

/** A row of the overview as the cursor sees it. */
export interface OverviewItem {
  key: string;
  chips: Chip[];
  pair?: Pair;
}

/** Rows of the panel with the focus, in the order they are drawn. */
export function overviewItems(state: State, panel: number): OverviewItem[] {
  if (panel === 0) {
    const drops = new Map(figures(state).drops.map((drop) => [`drop ${drop.key}`, drop]));
    return problems(state).map((problem) => {
      const drop = drops.get(problem.key);
      if (drop === undefined) return { key: problem.key, chips: problem.chips };
      return { key: problem.key, chips: problem.chips, pair: drop.pair };
    });
  }
  if (panel === 1) {
    return figures(state).reasons.map((reason) => ({
      key: reason.reason,
      chips: [{ field: 'verdict', value: 'DROPPED', isNegated: false }, { field: 'drop-reason', value: reason.reason, isNegated: false }],
    }));
  }
  return figures(state).pairs.map((pair) => ({ key: String(pair.id), chips: pairChips(pair.pair), pair: pair.pair }));
}

/** Index of the selected row of a panel: where its row went, else where it was. */
export function overviewIndex(state: State, panel: number, keys: readonly string[]): number {
  const wanted = state.overview.selected[panel];
  const found = wanted === undefined ? -1 : keys.indexOf(wanted);
  return found >= 0 ? found : Math.max(0, Math.min(keys.length - 1, state.overview.index[panel] ?? 0));
}

/** The row under the cursor. */
export function overviewItem(state: State): OverviewItem | undefined {
  const { panel } = state.overview;
  const items = overviewItems(state, panel);
  return items[overviewIndex(state, panel, items.map((item) => item.key))];
}

const STEPS: Partial<Record<Action, number>> = { up: -1, down: 1, 'page-up': -8, 'page-down': 8, 'half-up': -4, 'half-down': 4, first: -Infinity, last: Infinity };

/** Moves the cursor in the panel with the focus. */
export function moveOverview(state: State, action: Action): void {
  const { panel } = state.overview;
  const keys = overviewItems(state, panel).map((item) => item.key);
  if (keys.length === 0) return;
  const index = Math.max(0, Math.min(keys.length - 1, overviewIndex(state, panel, keys) + (STEPS[action] ?? 0)));
  state.overview.index[panel] = index;
  state.overview.selected[panel] = keys[index] ?? '';
}
