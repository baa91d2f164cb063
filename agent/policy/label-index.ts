import type { Label } from '../../src/flow/label-selector.ts';
import type { Selector } from './selector.ts';

/** Ends by their labels, so that a selector need not look at all of them. */
export class LabelIndex {
  private readonly byLabel = new Map<string, number[]>();

  constructor(ends: readonly (readonly Label[])[]) {
    for (const [index, labels] of ends.entries()) {
      for (const text of new Set(labels.map(({ key, value }) => `${key}=${value}`))) kept<string, number[]>(this.byLabel, text, () => []).push(index);
    }
  }

  /** Indexes, in order, of all ends that may fit, and of some that do not; undefined where no condition narrows them down. */
  narrow(selector: Selector): readonly number[] | undefined {
    let best: readonly (readonly number[])[] | undefined;
    let bestCount = Number.POSITIVE_INFINITY;
    for (const { operator, key, values } of selector) {
      if (operator !== 'In') continue;
      const lists = [...new Set(values)].map((value) => this.byLabel.get(`${key}=${value}`) ?? []);
      const count = lists.reduce((sum, list) => sum + list.length, 0);
      if (count < bestCount) [best, bestCount] = [lists, count];
    }
    return best === undefined || best.length === 1 ? best?.[0] : [...new Set(best.flat())].sort((one, other) => one - other);
  }
}

/** Gives each thing a number of its own. */
export class Numbers<Thing> {
  private readonly numbers = new Map<Thing, number>();

  of(thing: Thing): number {
    return kept(this.numbers, thing, () => this.numbers.size);
  }
}

/** What a map has for a key; made, and kept, where it has nothing. */
export function kept<Key, Value>(map: Map<Key, Value>, key: Key, make: () => Value): Value {
  const known = map.get(key);
  if (known !== undefined) return known;
  const made = make();
  map.set(key, made);
  return made;
}
