import { CountedRing } from './counted-slot.ts';
import { MAX_RESOLVERS } from './dns-cells.ts';
import { DnsNames } from './dns-names.ts';
import { PendingQuestions } from './dns-pending.ts';
import { SearchPaths } from './dns-search.ts';
import { RecentTexts } from './recent-texts.ts';
import { RecycledNames } from './recycled-names.ts';

/** Who tells of DNS, in the agents' words; more are not kept. */
export const MAX_SOURCES = 4;

/** Everything counted of lookups, for an hour. */
export interface DnsBook {
  /** Counts of all traffic, made while there was no filter; and of what passed the filter. */
  all: CountedRing;
  filtered: CountedRing;
  names: DnsNames;
  resolvers: RecycledNames;
  /** Node of a resolver by its number, where its own side told of it. */
  resolverNodes: Map<number, string>;
  /** Names by the bytes of what was last asked. */
  asked: RecentTexts<string>;
  pending: PendingQuestions;
  search: SearchPaths;
  sources: Set<string>;
  /** Counts of details that found no room in their slot. */
  refused: number;
}

/** A book without entries. */
export function newDnsBook(): DnsBook {
  const resolverNodes = new Map<number, string>();
  return {
    all: new CountedRing(), filtered: new CountedRing(), names: new DnsNames(),
    resolvers: new RecycledNames(MAX_RESOLVERS, (id) => resolverNodes.delete(id)), resolverNodes,
    asked: new RecentTexts(), pending: new PendingQuestions(), search: new SearchPaths(), sources: new Set(), refused: 0,
  };
}
