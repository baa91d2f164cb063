import { say } from '../model/changes.ts';
import { countsFlows, type State } from '../model/state.ts';
import { tableOf } from '../model/tables.ts';
import { TALKER_GROUPS, talkerGroup, talkers as talkersOf } from '../model/talkers.ts';
import { exactly, type Line, type Size } from '../screen/line.ts';
import { shareRows } from './share-rows.ts';
import { columnTitle, GROUP_WORDS, sortByNext } from './talker-columns.ts';
import { orderedTalkers, talkerItems } from './talker-rows.ts';
import { talkerSelected } from './talker-selected.ts';
import { byPort, bySource, countingBrief, talkerCounting, talkerTotals } from './talker-sums.ts';
import { talkerTable } from './talker-table.ts';
import type { View } from './view.ts';

/** Who talks to whom, how much, and whether anybody answers. */
export const talkers: View = {
  id: 'talkers',
  title: 'Talkers',
  short: 'Talk',
  digit: '4',
  footer: ['enter', 'sort', 'group', 'source-workload', 'source-namespace', 'verdict', 'protocol', 'port', 'pause', 'window'],
  panels: [{ title: 'pairs', heading: 'TOP PAIRS', items: talkerItems }],
  acts: {
    sort(state) {
      const column = sortByNext(state, talkersOf(state));
      say(state, column === undefined ? 'nothing to sort' : `sorted by ${columnTitle(state, column)}: r turns it round`);
    },
    reverse(state) {
      const table = tableOf(state, 'talkers');
      table.isReversed = !table.isReversed;
    },
    group(state) {
      const next = TALKER_GROUPS[(TALKER_GROUPS.indexOf(talkerGroup(state)) + 1) % TALKER_GROUPS.length] ?? 'workload';
      Object.assign(tableOf(state, 'talkers'), { group: next, sort: '', isReversed: false });
      const isNew = (next === 'node' || next === 'pod') && !countsFlows(state) && state.replay === undefined;
      say(state, `rows ${GROUP_WORDS[next]}${isNew ? ': counted from the flows that come from now on' : ''}`);
    },
  },
  render(state, size) {
    return exactly(size.rows >= 30 ? tall(state, size) : small(state, size), size);
  },
};

function tall(state: State, size: Size): Line[] {
  const { cols } = size;
  const ordered = orderedTalkers(state);
  const { all, rows, at } = ordered;
  const selected = talkerSelected(state, rows[at], all, cols);
  const counting = talkerCounting(state, all, cols);
  const wantedRows = Math.min(rows.length + 2, Math.floor(size.rows * 0.55));
  const [table = 0, chosen = 0, sources = 0, ports = 0, totals = 0, notes = 0] = shareRows(size.rows, [
    { least: 8, wanted: wantedRows }, { least: selected.length, wanted: selected.length }, { least: 2, wanted: 5 }, { least: 2, wanted: 3 }, { least: 3, wanted: 3 },
    { least: counting.length, wanted: counting.length },
  ], 0);
  const part = (lines: Line[], rows_: number): Line[] => exactly(lines, { cols, rows: rows_ });
  return [
    ...part(talkerTable(state, ordered, { cols, rows: table }), table), ...part(selected, chosen), ...part(bySource(state, all, { cols, rows: sources }), sources),
    ...part(byPort(state, all, { cols, rows: ports }), ports), ...part(talkerTotals(state, cols), totals), ...part(counting, notes),
  ];
}

// at 80x24 the note gives way to a line, sources to ports
function small(state: State, size: Size): Line[] {
  const { cols } = size;
  const ordered = orderedTalkers(state);
  const { all, rows, at } = ordered;
  const selected = talkerSelected(state, rows[at], all, cols);
  const below = [...selected, ...(all.group === 'pod' ? talkerTotals(state, cols) : byPort(state, all, { cols, rows: 2 })), countingBrief(state, all, cols)];
  const table = Math.max(4, size.rows - below.length);
  return [...exactly(talkerTable(state, ordered, { cols, rows: table }), { cols, rows: table }), ...below];
}
