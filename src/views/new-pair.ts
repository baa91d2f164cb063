import { lateEdges } from '../detect/late-edges.ts';
import { figures } from '../model/figures.ts';
import type { State } from '../model/state.ts';
import { clock } from '../screen/format.ts';

/** How long a pair that never talked before is told to be new. */
const NEW_SECONDS = 3_600;

/** `new since 12:07:41` of pairs of which one never talked before; empty where all of them are known. */
export function newWords(state: State, pairs: readonly number[]): string {
  if (state.edges.late.length === 0) return '';
  const [first] = lateEdges(state, figures(state), NEW_SECONDS).filter(({ id }) => pairs.includes(id));
  return first === undefined ? '' : `new since ${clock(first.edge.firstSecond * 1000)}`;
}
