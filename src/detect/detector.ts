import type { Figures } from '../model/figures.ts';
import type { Finding } from '../model/finding.ts';
import type { State } from '../model/state.ts';

/** Something that looks for one kind of trouble at the moment the figures are for. Pure; runs about once a second. */
export interface Detector {
  id: string;
  /** What it looks for, for a list. */
  title: string;
  find(state: State, now: Figures): Finding[];
}
