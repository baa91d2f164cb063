import { figures } from '../model/figures.ts';
import { nodeRows, type NodeRow } from '../model/node-rows.ts';
import type { State } from '../model/state.ts';
import { age, bytes, clock, count, memory, percent } from '../screen/format.ts';
import { exactly, left, line, right, type Line, type Piece, type Size } from '../screen/line.ts';
import type { Role } from '../theme/theme.ts';
import { nodeDetail } from './node-detail.ts';
import { rule } from './rule.ts';
import { scrollTop } from './scroll.ts';
import { shareRows } from './share-rows.ts';
import { panelCursor, type Item, type View } from './view.ts';

/** Can I trust what I see: every node, the worst first, and what its figures mean. */
export const nodes: View = {
  id: 'nodes',
  title: 'Nodes',
  short: 'Node',
  digit: '7',
  footer: ['enter', 'node', 'copy', 'pause', 'time-back', 'window', 'undo'],
  panels: [{ title: 'nodes', heading: 'CAN I TRUST WHAT I SEE', items: nodeItems }],
  render(state, size) {
    const rows = nodeRows(state);
    const { at } = panelCursor(state, 'nodes', { panel: 0, keys: rows.map((row) => row.node.name) });
    const selected = rows[at];
    const detail = selected === undefined ? [] : nodeDetail(state, selected, size.cols);
    const [listRows = 0, detailRows = 0, ownRows = 0] = shareRows(size.rows, [
      { least: 8, wanted: size.rows < 30 ? 8 : Math.min(rows.length, 14) + 2 }, { least: 6, wanted: detail.length }, { least: 3, wanted: 3 },
    ], 2);
    return exactly([
      ...exactly(tableSection(state, rows, { cols: size.cols, rows: listRows }), { cols: size.cols, rows: listRows }),
      ...exactly(detail, { cols: size.cols, rows: detailRows }),
      ...exactly(ownSection(state, size.cols), { cols: size.cols, rows: ownRows }),
    ], size);
  },
};

function nodeItems(state: State): Item[] {
  return nodeRows(state).map(({ node }) => ({
    key: node.name, subject: { node: node.name }, target: { view: 'flows', chips: [{ field: 'node', value: node.name, isNegated: false }] },
    copy: `kubectl -n kube-system get pods -o wide --field-selector spec.nodeName=${node.name}`,
  }));
}

interface Column {
  title: string;
  width: number;
  /** Least screen that has it. */
  from: number;
  isLeft?: boolean;
  cell(row: NodeRow): string;
  role?(row: NodeRow): Role;
}

const isHigh = (fill: number | undefined): Role => ((fill ?? 0) >= 0.95 ? 'bad' : (fill ?? 0) >= 0.8 ? 'warn' : 'text');
const filled = (fill: number | undefined): string => (fill === undefined ? '-' : percent(fill));

const COLUMNS: readonly Column[] = [
  { title: 'SEEN', width: 7, from: 0, cell: (row) => (row.seen === undefined ? '?' : percent(row.seen)), role: (row) => (row.seen !== undefined && row.seen < 0.5 ? 'bad' : row.seen !== undefined && row.seen < 0.995 ? 'warn' : 'text') },
  { title: 'FLOW/s', width: 7, from: 0, cell: (row) => (row.seen === 0 ? '-' : count(row.flowsPerSecond)) },
  { title: 'LOST/s', width: 7, from: 0, cell: (row) => (row.lostPerSecond > 0 ? count(row.lostPerSecond) : '0'), role: (row) => (row.lostPerSecond > 0 ? 'bad' : 'dim') },
  { title: 'WHERE', width: 16, from: 110, isLeft: true, cell: (row) => ` ${row.lostAt}` },
  { title: 'RING', width: 6, from: 0, cell: (row) => filled(row.ring), role: (row) => isHigh(row.ring) },
  { title: 'CT', width: 6, from: 0, cell: (row) => filled(row.conntrack), role: (row) => isHigh(row.conntrack) },
  { title: 'NF', width: 6, from: 0, cell: (row) => filled(row.kernelConntrack), role: (row) => isHigh(row.kernelConntrack) },
  { title: 'MAP', width: 6, from: 0, cell: (row) => filled(row.map), role: (row) => isHigh(row.map) },
  { title: 'HOLDS', width: 7, from: 110, cell: ({ node }) => (node.historySpanMs > 0 ? age(node.historySpanMs) : '-'), role: () => 'dim' },
  { title: 'CPU', width: 6, from: 0, cell: (row) => (row.cpu === undefined ? '-' : percent(row.cpu)), role: () => 'dim' },
  { title: 'PODS', width: 8, from: 110, cell: ({ node }) => (node.totalPods > 0 ? `${node.attachedPods}/${node.totalPods}` : '-'), role: ({ node }) => (node.attachedPods < node.totalPods ? 'warn' : 'dim') },
  { title: 'RSS', width: 6, from: 130, cell: ({ node }) => (node.rssBytes > 0 ? memory(node.rssBytes) : '-'), role: () => 'dim' },
  { title: 'UP', width: 8, from: 110, cell: ({ node }) => (node.uptimeMs > 0 ? age(node.uptimeMs) : '-'), role: () => 'dim' },
  { title: 'VERSION', width: 10, from: 130, isLeft: true, cell: ({ node }) => ` ${node.version === '' ? '?' : node.version}`, role: () => 'dim' },
];

const LEVEL_ROLES: readonly Role[] = ['good', 'warn', 'warn', 'bad'];

function tableSection(state: State, list: readonly NodeRow[], size: Size): Line[] {
  const { cols } = size;
  const columns = COLUMNS.filter((column) => cols >= column.from);
  const stateWidth = 13;
  const nameWidth = Math.min(30, cols - 3 - stateWidth - columns.reduce((sum, column) => sum + column.width, 0));
  const { at, isFocused } = panelCursor(state, 'nodes', { panel: 0, keys: list.map((row) => row.node.name) });
  const rows = size.rows - 2;
  const top = scrollTop(at, list.length, rows);
  const lines = list.slice(top, top + rows).map((row, i) => {
    const isSelected = isFocused && top + i === at;
    const cells = columns.map((column): Piece => {
      const text = column.cell(row);
      return [column.isLeft === true ? left(text, column.width) : right(text, column.width), column.role?.(row) ?? 'text'];
    });
    return line(cols, [isSelected ? [' ► ', 'accent'] : '   ', left(row.node.name, nameWidth - 1), ' ', [left(row.word, stateWidth), LEVEL_ROLES[row.level] ?? 'text'], ...cells], isSelected ? 'selected' : undefined);
  });
  if (list.length === 0) lines.push(line(cols, [[state.telemetry === 'absent' ? '   this server tells nothing about its nodes' : '   no node has reported yet', 'dim']]));
  const heading = line(cols, [[`   ${left('NODE', nameWidth)}${left('STATE', stateWidth)}${columns.map((column) => (column.isLeft === true ? left(` ${column.title}`, column.width) : right(column.title, column.width))).join('')}`, 'dim']]);
  const bad = list.filter((row) => row.level > 0).length;
  const more = list.length > rows ? `, ${list.length - rows} more` : '';
  return [rule(cols, 'CAN I TRUST WHAT I SEE', state.pausedAtMs > 0 ? `at ${clock(state.pausedAtMs)}Z` : 'worst first', `${list.length} nodes, ${bad === 0 ? 'all well' : `${bad} in trouble`}${more}`), heading, ...lines];
}

// flows that its agents decoded, by their own count: what came here is to be near it while no filter is set
function hubbleWords({ hubble }: State): string {
  return [hubble.version, hubble.flowsPerSecond === undefined ? '' : `its agents decode ${count(hubble.flowsPerSecond)} flows/s`].filter((word) => word !== '').join('   ');
}

function ownSection(state: State, cols: number): Line[] {
  const { ownCost, flows, connection } = state;
  const relays = state.telemetry === 'absent' ? hubbleWords(state) : [...state.relays].map(([name, relay]) => `${name === '' ? 'relay' : name} passed ${count(relay.flows)} flows, ${relay.late} late, ${relay.malformed} malformed`).join('   ');
  const stream = connection.state === 'live' ? `stream up ${age(state.nowMs - connection.sinceMs)}` : `${connection.state} for ${age(state.nowMs - connection.sinceMs)}`;
  const skipped = ownCost.skippedFrames > 0 ? 'warn' : 'dim';
  return [
    rule(cols, 'RELAY AND HUBTOP', relays, figures(state).isLowerBound ? 'counts are ≥' : ''),
    line(cols, [' ', [stream, 'text'], [`   flows received ${count(flows.received)}`, 'dim'], [flows.malformed > 0 ? `   ${flows.malformed} malformed` : '', 'warn'], [state.directory.overflowCount > 0 ? `   ${count(state.directory.overflowCount)} names without a place` : '', 'warn']]),
    line(cols, [' ', 'hubtop itself', [`   ${Math.round(ownCost.cpuPercent)}% cpu   ${memory(ownCost.rssBytes)}   ${bytes(ownCost.bytesPerSecond)}/s to this terminal`, 'dim'], [`   frames skipped ${ownCost.skippedFrames}`, skipped]]),
  ];
}
