import { DROP_SORTS, dropSort, hidesHarmless, reasonTable } from '../model/drop-table.ts';
import { say } from '../model/changes.ts';
import { figures } from '../model/figures.ts';
import type { State } from '../model/state.ts';
import { tableOf } from '../model/tables.ts';
import { copyHubble } from '../model/take-away.ts';
import { exactly, type Size } from '../screen/line.ts';
import { dropChips, reasonRowItems, selectedDrop, selectedReason, stepItems, whoItems } from './drop-items.ts';
import { reasonsList, whoList } from './drops-lists.ts';
import { timelineSection } from './drops-timeline.ts';
import { whyHeight, whySection } from './drops-why.ts';
import { shareRows } from './share-rows.ts';
import type { View } from './view.ts';
import { writeRule } from './write-rule.ts';

/** Why was it dropped: reason, who, why and what to do; each list follows the cursor of the one above. */
export const drops: View = {
  id: 'drops',
  title: 'Drops',
  short: 'Drop',
  digit: '3',
  footer: ['panel-next', 'enter', 'copy', 'noise', 'sort', 'source-workload', 'source-pod', 'copy-hubble', 'pause', 'time-back', 'window'],
  panels: [{ title: 'reasons', items: reasonRowItems }, { title: 'who', items: whoItems }, { title: 'what to do', heading: 'WHY AND WHAT TO DO', items: stepItems }],
  acts: {
    sort(state) {
      const next = DROP_SORTS[(DROP_SORTS.indexOf(dropSort(state)) + 1) % DROP_SORTS.length] ?? 'count';
      tableOf(state, 'drops').sort = next;
      say(state, `sorted by ${SORT_WORDS[next]}`);
    },
    noise(state) {
      tableOf(state, 'drops').isNoiseFlipped = !hidesHarmless(state);
      const { hiddenRows } = reasonTable(state);
      say(state, hidesHarmless(state) ? `usually harmless reasons are left out: ${hiddenRows} now` : 'every reason is shown');
    },
    rule(state) {
      const drop = selectedDrop(state);
      if (drop === undefined) return say(state, 'no drop is selected');
      writeRule(state, drop);
    },
    'copy-hubble'(state) {
      const drop = selectedDrop(state);
      copyHubble(state, drop === undefined ? state.chips : dropChips(drop));
    },
  },
  render(state, size) {
    const sections = [reasonsList, whoList, whySection, timelineSection];
    const shares = heights(state, size);
    return exactly(sections.flatMap((section, i) => {
      const rows = shares[i] ?? 0;
      return rows < 1 ? [] : exactly(section(state, { cols: size.cols, rows }), { cols: size.cols, rows });
    }), size);
  },
};

const SORT_WORDS = { count: 'how many', now: 'how many a second now', since: 'what began last', name: 'name' } as const;

const TIMELINE = 3;

function heights(state: State, size: Size): number[] {
  const isWide = size.cols >= 110;
  const head = isWide ? 2 : 1;
  const reasons = reasonTable(state).rows.length;
  const pairs = selectedReason(state)?.drops.length ?? 0;
  if (figures(state).drops.length === 0) return [3, 0, 0, 0];
  const isTall = size.rows >= 30;
  return shareRows(size.rows, [
    { least: head + Math.min(reasons, isTall ? 4 : 3), wanted: head + Math.min(reasons, isTall ? 8 : 3) },
    { least: head + Math.min(pairs, isTall ? 4 : 2), wanted: head + Math.min(pairs, isTall ? 8 : 2) },
    { least: Math.min(isTall ? 10 : 7, whyHeight(state, size.cols)), wanted: whyHeight(state, size.cols) },
    { least: 3, wanted: 4 },
  ], TIMELINE);
}
