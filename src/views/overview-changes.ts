import { changeText, changeWord } from '../model/change-words.ts';
import type { State } from '../model/state.ts';
import { clock } from '../screen/format.ts';
import { left, line, middle, type Line, type Size } from '../screen/line.ts';
import { changesAt } from './incident-items.ts';
import { rule } from './rule.ts';

/** WHAT CHANGED: the newest changes before the moment; the incidents view has all of them. */
export function recentChanges(state: State, size: Size): Line[] {
  const { cols } = size;
  const list = changesAt(state);
  const lines = list.slice(0, size.rows - 1).map((entry) => line(cols, ['   ', [left(clock(entry.timeMs), 9), 'dim'], [left(changeWord(entry), 18), entry.kind.startsWith('policy-') ? 'warn' : 'title'], middle(changeText(entry), cols - 31)]));
  const hidden = list.length - lines.length;
  return [rule(cols, 'WHAT CHANGED', '60 min', hidden > 0 ? `${hidden} more in 9` : '9 incidents'), ...lines];
}
