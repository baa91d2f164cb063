import { reasonKey } from '../model/drop-table.ts';
import type { DropFigure } from '../model/figures.ts';
import type { Target } from '../model/finding.ts';
import type { State } from '../model/state.ts';

/** Panels of the drops view, top to bottom. */
export const [REASONS, WHO, STEPS] = [0, 1, 2] as const;

/** Key of the row of a drop. */
export function dropRowKey(drop: Pick<DropFigure, 'key'>): string {
  return String(drop.key);
}

/** Where a drop is explained: its reason and its pair selected. */
export function dropTarget(state: State, drop: DropFigure): Target {
  return { view: 'drops', select: [{ panel: REASONS, key: reasonKey(state, drop) }, { panel: WHO, key: dropRowKey(drop) }] };
}
