import { CountedRing } from './counted-slot.ts';
import { RouteTable, type Route } from './l7-routes.ts';
import { SeenSides } from './l7-sides.ts';
import { RecentTexts } from './recent-texts.ts';

/** Everything counted of requests and answers, for an hour. */
export interface L7Book {
  /** Counts of all traffic, made while there was no filter; and of what passed the filter. */
  all: CountedRing;
  filtered: CountedRing;
  routes: RouteTable;
  /** Routes by the bytes of what was last called. */
  calls: RecentTexts<Route>;
  sides: SeenSides;
  /** Records of applications that were counted, DNS among them. */
  records: number;
  /** Counts of details (latencies, pods, callers) that found no room in their slot. */
  refused: number;
}

/** A book without entries. */
export function newL7Book(): L7Book {
  return { all: new CountedRing(), filtered: new CountedRing(), routes: new RouteTable(), calls: new RecentTexts(), sides: new SeenSides(), records: 0, refused: 0 };
}

/** The counts that stand for what the reader looks at. */
export function ringOf(book: { all: CountedRing; filtered: CountedRing }, chips: readonly unknown[]): CountedRing {
  return chips.length > 0 ? book.filtered : book.all;
}
