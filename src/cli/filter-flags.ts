import { kindConflicts } from './filter-conflicts.ts';
import { type FilterPart, filterFlagTable, mergePart } from './filter-flag-table.ts';
import { applyNamespaces, emptyNamespaces, type NamespaceChoice } from './filter-namespaces.ts';
import { type FlowFilter, FlowFilterCodec } from '../wire/gen/flow.ts';
import { UsageError } from './command.ts';
import type { GivenFlag } from './flags.ts';

/** The two lists of a request. */
export interface FilterLists {
  whitelist: FlowFilter[];
  blacklist: FlowFilter[];
}

/** Filters of one sign. "Either side" flags ask the source in `left` and the destination in `right`; all others are in both. */
class Tracker {
  readonly left: FlowFilter = {};
  readonly right: FlowFilter = {};
  readonly #used = new Set<string>();
  readonly #namespaces: NamespaceChoice = emptyNamespaces();

  add(flag: GivenFlag): void {
    for (const other of this.#used) {
      if (kindConflicts(other, flag.name)) throw new UsageError(`filters --${other} and --${flag.name} cannot be combined`);
    }
    this.#used.add(flag.name);
    const entry = filterFlagTable.get(flag.name);
    if (entry === undefined) return;
    if ('namespaces' in entry) {
      this.#namespaces[entry.namespaces].push(entry.isAll ? '' : flag.value);
      return;
    }
    const [left, right]: readonly [FilterPart, FilterPart] = entry.parts(flag.value);
    mergePart(this.left, left);
    mergePart(this.right, right);
  }

  filters(): FlowFilter[] {
    if (this.#used.size === 0) return [];
    applyNamespaces(this.left, this.right, this.#namespaces);
    return isEqual(this.left, this.right) ? [this.left] : [this.left, this.right];
  }
}

function isEqual(one: FlowFilter, other: FlowFilter): boolean {
  return Buffer.compare(FlowFilterCodec.encode(one), FlowFilterCodec.encode(other)) === 0;
}

/** Turns the filter flags, in their order, into the lists of a request. `--not` turns round the next filter flag only. Throws UsageError with hubble's words. */
export function filtersFromFlags(given: readonly GivenFlag[]): FilterLists {
  const allow = new Tracker();
  const deny = new Tracker();
  let isNegated = false;
  for (const flag of given) {
    if (flag.name === 'not') {
      if (isNegated) throw new UsageError('consecutive --not statements');
      isNegated = true;
      continue;
    }
    if (!filterFlagTable.has(flag.name)) continue;
    (isNegated ? deny : allow).add(flag);
    isNegated = false;
  }
  if (isNegated) throw new UsageError('trailing --not found in the arguments');
  return { whitelist: allow.filters(), blacklist: deny.filters() };
}
