import { figures } from '../model/figures.ts';
import { findings } from '../detect/findings.ts';
import type { State } from '../model/state.ts';
import { exactly, type Size } from '../screen/line.ts';
import { pairItems, problemItems, reasonItems } from './overview-items.ts';
import { changesAt } from './incident-items.ts';
import { recentChanges } from './overview-changes.ts';
import { nodesSection } from './overview-nodes.ts';
import { pairsSection } from './overview-pairs.ts';
import { pressureSection } from './overview-pressure.ts';
import { causeRows, problemsSection } from './overview-problems.ts';
import { ratesSection } from './overview-rates.ts';
import { reasonsSection } from './overview-reasons.ts';
import { shareRows } from './share-rows.ts';
import type { View } from './view.ts';

/** What is wrong, since when, did I lose sight, who talks: in this order. */
export const overview: View = {
  id: 'overview',
  title: 'Overview',
  short: 'Ovr',
  digit: '1',
  footer: ['enter', 'panel-next', 'source-workload', 'source-namespace', 'verdict', 'protocol', 'drop-reason', 'pause', 'window'],
  panels: [{ title: 'what is wrong', items: problemItems }, { title: 'drop reasons', items: reasonItems }, { title: 'top pairs', items: pairItems }],
  render(state, size) {
    const sections = [problemsSection, ratesSection, reasonsSection, pairsSection, recentChanges, pressureSection, nodesSection];
    const shares = heights(state, size);
    const lines = sections.flatMap((section, i) => {
      const rows = shares[i] ?? 0;
      return rows < 2 ? [] : exactly(section(state, { cols: size.cols, rows }), { cols: size.cols, rows });
    });
    return exactly(lines, size);
  },
};

const PAIRS = 3;

function heights(state: State, size: Size): number[] {
  const isTall = size.rows >= 33;
  const { reasons } = figures(state);
  const nodesPerRow = Math.max(1, Math.floor((size.cols - 1) / 29));
  const nodeRows = Math.ceil(state.nodes.size / nodesPerRow);
  const told = causeRows(state, size.cols);
  const changes = changesAt(state).length;
  // rows beyond the smallest screen
  const spare = Math.max(0, size.rows - 19);
  // fixed shapes, so that the screen does not jump when a problem comes or goes
  const problemRows = Math.min(findings(state).length, isTall ? Math.floor(size.rows / 5.5) : 3 + (spare >> 1));
  return shareRows(size.rows, [
    { least: isTall ? 5 : 1 + Math.max(1, Math.min(problemRows, 3)) + told, wanted: problemRows + 1 + told },
    { least: isTall ? 6 : 3, wanted: isTall ? (size.rows >= 42 ? 10 : 7) : 3 + (spare >> 3) },
    { least: isTall ? 4 : told > 1 ? 2 : 3, wanted: isTall ? Math.min(reasons.length + 1, 7) : 3 + (spare >> 2) },
    { least: isTall ? 7 : told > 0 ? 3 : 4, wanted: isTall ? 8 : 4 },
    { least: isTall && changes > 0 ? 2 : 0, wanted: isTall && changes > 0 ? Math.min(changes, 3) + 1 : 0 },
    { least: isTall ? 5 : 3, wanted: isTall ? 6 : 3 },
    { least: isTall ? Math.min(nodeRows, 3) + 1 : 2, wanted: Math.min(nodeRows, isTall ? Math.floor(size.rows / 6) : 1) + 1 },
  ], PAIRS);
}
