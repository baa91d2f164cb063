import { dropTarget } from '../detect/drop-target.ts';
import { figures, type DropFigure } from '../model/figures.ts';
import type { State } from '../model/state.ts';
import type { Item } from './view.ts';

/** What of some pairs is dropped most; undefined where nothing is. */
export function worstDrop(state: State, pairs: ReadonlySet<number>): DropFigure | undefined {
  return figures(state).drops.filter(({ pairId }) => pairs.has(pairId)).reduce<DropFigure | undefined>((most, drop) => (most === undefined || drop.count > most.count ? drop : most), undefined);
}

/** Where 3 leads from a row of some pairs: to the explanation of what is dropped of them. */
export function dropLead(state: State, pairs: readonly number[]): Pick<Item, 'leads'> {
  const worst = pairs.length === 0 ? undefined : worstDrop(state, new Set(pairs));
  return worst === undefined ? {} : { leads: { 'view-drops': dropTarget(state, worst) } };
}
