import { dropKey } from '../model/directory.ts';
import { dropClass } from '../model/drop-words.ts';
import { figures, type DropFigure } from '../model/figures.ts';
import type { RowView } from '../model/flow-rows.ts';
import { flowReason } from '../model/flow-words.ts';
import { pairOfMark } from '../model/row-mark.ts';
import type { State } from '../model/state.ts';
import type { Flow } from '../wire/gen/flow.ts';

/** The drop a row belongs to, with its figures where the window has some; undefined for flows that were not dropped. */
export function dropOfFlow(state: State, row: RowView, flow: Flow): DropFigure | undefined {
  const reason = flowReason(flow);
  const id = state.directory.knownReason(reason);
  if (reason === '' || id === undefined) return undefined;
  const pairId = pairOfMark(row.mark);
  const key = dropKey(id, pairId);
  return figures(state).drops.find((drop) => drop.key === key)
    ?? { key, reason, class: dropClass(reason), pair: state.directory.pairAt(pairId), pairId, count: 0, perSecond: 0, nowPerSecond: 0, baselinePerSecond: 0 };
}
