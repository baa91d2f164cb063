/** What heaviest() kept and what it cut. */
export interface Heaviest<Item> {
  kept: Item[];
  /** Weight of the heaviest item that was cut; 0 when none was. */
  cutWeight: number;
  cutCount: number;
}

/**
 * The `limit` heaviest items, heaviest first, and beyond them those that must stay (up to `limit` more).
 * Equal weights keep the order they came in, so that the same input gives the same list.
 */
export function heaviest<Item>(items: readonly Item[], limit: number, options: { weight: (item: Item) => number; mustStay?: (item: Item) => boolean }): Heaviest<Item> {
  const { weight, mustStay = () => false } = options;
  if (items.length <= limit) return { kept: items.toSorted((one, other) => weight(other) - weight(one)), cutWeight: 0, cutCount: 0 };
  const sorted = items.toSorted((one, other) => weight(other) - weight(one));
  const kept = sorted.slice(0, limit);
  let cutWeight = 0;
  let stayed = 0;
  for (const item of sorted.slice(limit)) {
    if (stayed < limit && mustStay(item)) {
      kept.push(item);
      stayed++;
    } else cutWeight = Math.max(cutWeight, weight(item));
  }
  return { kept, cutWeight, cutCount: items.length - kept.length };
}
