import type { Chip } from './chips.ts';
import type { Pair } from './directory.ts';

/** A row of a view. */
export interface RowPlace {
  panel: number;
  key: string;
}

/** Where Enter leads from a row: a view, with a filter, rows of it selected, or a moment. */
export interface Target {
  view: string;
  /** Added to the filter. */
  chips?: readonly Chip[];
  /** Row to select; of several first the ones that lists below depend on. The last one gets the focus. */
  select?: RowPlace | readonly RowPlace[];
  momentMs?: number;
}

/** One thing that is wrong, as a reader is told it. Made by a detector. Texts are scrubbed. */
export interface Finding {
  /** Identity of the problem: stays while its numbers change. */
  key: string;
  severity: 'crit' | 'warn' | 'note';
  /** One word: DROPS, REFUSED, RESETS, LOST, NODE, CT, MAP. */
  word: string;
  /** On what: a pair, a node. */
  subject: string;
  /** How much, with its unit, such as `412/s`. */
  amount: { value: number; unit: '/s' | '%' | ''; text?: string };
  /** Against before: how many times as much; undefined = cannot tell or not more. */
  timesMore: number | undefined;
  /** Why, in words. */
  why: string;
  /** The same in at most BRIEF_LENGTH characters, so that a narrow screen need not cut a sentence. */
  brief: string;
  sinceMs: number;
  /** When it was seen last, once it has been quiet for a while. */
  lastMs?: number;
  /** Comes like a clock: the strongest hint there is. */
  isRegular?: boolean;
  /** Filter that shows the flows of it. */
  chips: readonly Chip[];
  pair?: Pair;
  /** Where Enter leads; absent = to the flows of `chips`. */
  target?: Target;
  /** What it is inferred from, a short sentence each, strongest first. */
  evidence?: readonly string[];
  /** The likely cause with its reason; certain only where the data says so. */
  cause?: { text: string; isCertain: boolean };
  /** Keys of findings that this one tells better: they are left out while it is there. */
  claims?: readonly string[];
  /** Commands to copy that tell more; none of them changes anything. */
  next?: readonly string[];
}

/** Longest `brief`. */
export const BRIEF_LENGTH = 15;
