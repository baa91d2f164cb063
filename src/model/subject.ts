import type { ChipField } from './chips.ts';

/** What the pivot keys can read from a row; a missing value means the row has no such thing. */
export type Subject = Partial<Record<ChipField, string>>;
