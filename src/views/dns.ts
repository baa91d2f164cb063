import { tableOf } from '../model/tables.ts';
import { say } from '../model/changes.ts';
import { exactly, line, middle, type Line } from '../screen/line.ts';
import { answerRows, answersSection } from './dns-answers.ts';
import { failingSection, slowSection } from './dns-names.ts';
import { dnsSightWords, readingSection } from './dns-reading.ts';
import { resolversSection } from './dns-resolvers.ts';
import { failingNames, FAILING_SORTS, failingSort, nameItems, resolverItems, resolverRows, slowNames } from './dns-rows.ts';
import { shareRows } from './share-rows.ts';
import type { View } from './view.ts';

/** Rows from which the first line is spent on how much is visible at all, and slow names have a place. */
const TALL = 26;

/** Lookups: how they end, which names fail and for whom, and whether it is one resolver. */
export const dns: View = {
  id: 'dns',
  title: 'DNS',
  short: 'DNS',
  digit: '6',
  footer: ['enter', 'panel-next', 'sort', 'noise', 'window', 'source-workload', 'copy', 'pause'],
  panels: [
    { title: 'failing names', items: (state) => nameItems(state, failingNames(state)) },
    { title: 'slow names', items: (state) => nameItems(state, slowNames(state)) },
    { title: 'resolvers', items: resolverItems },
  ],
  acts: {
    sort: (state) => {
      const next = FAILING_SORTS[(FAILING_SORTS.indexOf(failingSort(state)) + 1) % FAILING_SORTS.length] ?? 'fail/s';
      tableOf(state, 'dns').sort = next;
      say(state, `failing names sorted by ${next}`);
    },
    noise: (state) => {
      const table = tableOf(state, 'dns');
      table.isNoiseFlipped = !table.isNoiseFlipped;
    },
  },
  render(state, size) {
    const { cols } = size;
    const isTall = size.rows >= TALL;
    const first: Line[] = isTall ? [line(cols, [' ', [middle(dnsSightWords(state), cols - 2), 'dim']])] : [];
    const [failing, slow, resolvers] = [failingNames(state).length, slowNames(state).length, resolverRows(state).length];
    const heads = cols >= 110 ? 2 : 1;
    const sections = [answersSection, failingSection, slowSection, resolversSection, readingSection];
    const shares = shareRows(size.rows - first.length, [
      { least: Math.min(5, answerRows(state)), wanted: Math.min(isTall ? 8 : 6, answerRows(state)) },
      { least: 3, wanted: Math.max(1, Math.min(failing, isTall ? 8 : 4)) + 2 },
      { least: isTall ? 3 : 0, wanted: isTall ? Math.max(1, Math.min(slow, 5)) + 2 : 0 },
      { least: 1 + heads, wanted: Math.max(1, Math.min(resolvers, isTall ? 6 : 3)) + heads },
      { least: 3, wanted: isTall ? 9 : 4 },
    ], 1);
    return exactly([...first, ...sections.flatMap((section, i) => {
      const rows = shares[i] ?? 0;
      return rows < 2 ? [] : exactly(section(state, { cols, rows }), { cols, rows });
    })], size);
  },
};
