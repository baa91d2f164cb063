import { explainDrop } from '../detect/explain-drop.ts';
import type { Explanation } from '../detect/explanation.ts';
import { figures } from '../model/figures.ts';
import type { State } from '../model/state.ts';
import { type Data, timeData } from './data.ts';
import { pairData } from './pair-data.ts';

/** Drops that are explained. */
const MAX_EXPLAINED = 10;

/** Why the most frequent drops happened, as far as the data bears it. */
export function explanationsData(state: State): Data {
  return figures(state).drops.slice(0, MAX_EXPLAINED).map((drop) => ({ ...pairData(drop.pair), reason: drop.reason, ...explanationData(explainDrop(state, drop)) }));
}

function explanationData(told: Explanation): { readonly [key: string]: Data } {
  const { title, words, says, policies, before, after, causes, unknown, next, undo, undoNote, hubble } = told;
  return {
    title, words, says, before, after, not_known: unknown, next, undo, undo_note: undoNote, hubble,
    policies: policies.map(({ name, resource, role, change }) => ({ name, resource, role, change })),
    causes: causes.map((cause) => ({ kind: cause.kind, text: cause.text, reason: cause.reason, is_certain: cause.isCertain, time: timeData(cause.timeMs) })),
  };
}
