import { hubbleCommand } from '../model/hubble-command.ts';
import type { State } from '../model/state.ts';
import { tableOf } from '../model/tables.ts';
import { say } from '../model/changes.ts';
import { exactly, line, middle, type Line } from '../screen/line.ts';
import { routeDetail } from './l7-detail.ts';
import { l7Rows, SORTS, sortOf } from './l7-rows.ts';
import { routesSection, sightWords } from './l7-table.ts';
import { shareRows } from './share-rows.ts';
import { panelCursor, type Item, type View } from './view.ts';

/** Rows from which the first line is spent on how much is visible at all. */
const TALL = 26;
/** Rows of the list that a batch of the busiest needs, with its rule and head. */
const LIST_ROWS = 17;

/** Requests by route: rates, errors, latencies, and whether the network below is to blame. */
export const l7: View = {
  id: 'l7',
  title: 'L7',
  short: 'L7',
  digit: '5',
  footer: ['enter', 'sort', 'group', 'chart', 'window', 'reveal', 'copy', 'pause'],
  panels: [{ title: 'routes', items: routeItems }],
  acts: {
    sort: (state) => {
      const { by } = sortOf(state);
      const next = SORTS[(SORTS.indexOf(by) + 1) % SORTS.length] ?? 'trouble';
      tableOf(state, 'l7').sort = next;
      say(state, `sorted by ${next === 'trouble' ? 'trouble, then requests' : next}: s again for the next column, r reverses`);
    },
    group: (state) => {
      const table = tableOf(state, 'l7');
      table.group = table.group === 'server' ? '' : 'server';
    },
    chart: (state) => {
      const table = tableOf(state, 'l7');
      table.chart = table.chart === 'heatmap' ? '' : 'heatmap';
    },
  },
  render(state, size) {
    const { cols } = size;
    const rows = l7Rows(state);
    const { at } = panelCursor(state, 'l7', { panel: 0, keys: rows.map(({ key }) => key) });
    const selected = rows[at];
    const first: Line[] = size.rows >= TALL ? [line(cols, [' ', [middle(sightWords(state).long, cols - 2), 'dim']])] : [];
    const body = size.rows - first.length;
    if (selected === undefined) return exactly([...first, ...routesSection(state, { cols, rows: body })], size);
    const [listRows = 0, detailRows = 0] = shareRows(body, [
      { least: Math.min(8, rows.length + 2), wanted: Math.min(LIST_ROWS, rows.length + 2) }, { least: 10, wanted: 20 },
    ], 1);
    return exactly([
      ...first, ...exactly(routesSection(state, { cols, rows: listRows }), { cols, rows: listRows }),
      ...routeDetail(state, selected, { cols, rows: detailRows, isHeatmap: tableOf(state, 'l7').chart === 'heatmap' }),
    ], size);
  },
};

function routeItems(state: State): Item[] {
  return l7Rows(state).map(({ key, subject, chips }) => ({ key, subject, target: { view: 'flows', chips }, copy: hubbleCommand(chips.filter(({ field }) => field !== 'to-workload')).line }));
}
