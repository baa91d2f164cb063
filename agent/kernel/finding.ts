/** How something stands: it works, it works with less, or the agent cannot run. */
export type Standing = 'ok' | 'less' | 'missing';

/** One thing the agent needs or meets, what was found, and what to do where that is not well. */
export interface Finding {
  what: string;
  standing: Standing;
  says: string;
  advice?: string;
}
