import type { Cause } from './cause.ts';

/** A policy that has to do with a drop. */
export interface PolicyLine {
  name: string;
  /** Short resource name, such as cnp; empty where nobody says what it is. */
  resource: string;
  /** What it does here, such as `selects it` or `denies it`. */
  role: string;
  /** Revision and last change. */
  change: string;
}

/** A drop in words. Every sentence says no more than the data bears; texts are scrubbed. */
export interface Explanation {
  /** What kind of refusal it is, such as `default deny at the source`. */
  title: string;
  /** Who may not do what. */
  what: string;
  /** Why, as far as the kind of refusal says, one sentence each. */
  words: readonly string[];
  /** The raw fields that were read and what follows from them. */
  says: readonly string[];
  policies: readonly PolicyLine[];
  /** How the pair fared before and since; empty where nothing is known. */
  before: string;
  after: string;
  /** Most likely first; empty where nothing that was seen explains it. */
  causes: readonly Cause[];
  /** What nobody here can tell. */
  unknown: readonly string[];
  /** Commands that look and change nothing. */
  next: readonly string[];
  /** What would take the cause back, and a note on it; empty where there is no such thing. */
  undo: string;
  undoNote: string;
  /** The same drops with hubble. */
  hubble: string;
}
