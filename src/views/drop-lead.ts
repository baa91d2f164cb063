import { dropTarget } from '../detect/drop-target.ts';
import { figures, type DropFigure, type Figures } from '../model/figures.ts';
import type { State } from '../model/state.ts';
import type { Item } from './view.ts';

const caches = new WeakMap<Figures, ReadonlyMap<number, DropFigure>>();

// drops come sorted by count: the first of a pair is its worst
function worstByPair(now: Figures): ReadonlyMap<number, DropFigure> {
  const known = caches.get(now);
  if (known !== undefined) return known;
  const worst = new Map<number, DropFigure>();
  for (const drop of now.drops) if (!worst.has(drop.pairId)) worst.set(drop.pairId, drop);
  caches.set(now, worst);
  return worst;
}

/** What of some pairs is dropped most; undefined where nothing is. */
export function worstDrop(state: State, pairs: readonly number[]): DropFigure | undefined {
  const worst = worstByPair(figures(state));
  return pairs.map((pair) => worst.get(pair)).reduce((most, drop) => (drop !== undefined && drop.count > (most?.count ?? 0) ? drop : most), undefined);
}

/** Where 3 leads from a row of some pairs: to the explanation of what is dropped of them. */
export function dropLead(state: State, pairs: readonly number[]): Pick<Item, 'leads'> {
  const worst = worstDrop(state, pairs);
  return worst === undefined ? {} : { leads: { 'view-drops': dropTarget(state, worst) } };
}
