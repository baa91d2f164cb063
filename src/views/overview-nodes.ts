import { share, type NodeState } from '../model/node-state.ts';
import { STALE_MS } from '../model/update.ts';
import type { State } from '../model/state.ts';
import type { Role } from '../theme/theme.ts';
import { age, count, percent } from '../screen/format.ts';
import { left, line, right, type Line, type Piece, type Size } from '../screen/line.ts';
import { rule } from './rule.ts';

const CELL = 29;

/** NODES: one cell a node, troubled ones first; what does not fit is summed up in the last cell. */
export function nodesSection(state: State, size: Size): Line[] {
  const { cols } = size;
  const nodes = [...state.nodes.values()].sort((one, other) => trouble(state, other) - trouble(state, one) || (one.name < other.name ? -1 : 1));
  const troubled = nodes.filter((node) => trouble(state, node) > 0).length;
  const perRow = Math.max(1, Math.floor((cols - 1) / CELL));
  const room = perRow * (size.rows - 1);
  const shown = nodes.length <= room ? nodes : nodes.slice(0, Math.max(0, room - 1));
  const cells: Piece[][] = shown.map((node) => nodeCell(state, node));
  if (shown.length < nodes.length) cells.push(moreCell(state, nodes.slice(shown.length)));
  const lines: Line[] = [];
  for (let row = 0; row < size.rows - 1 && row * perRow < cells.length; row++) lines.push(line(cols, [' ', ...cells.slice(row * perRow, (row + 1) * perRow).flat()]));
  if (nodes.length === 0) lines.push(line(cols, [[state.telemetry === 'absent' ? '   this server tells nothing about its nodes' : '   no node has reported yet', 'dim']]));
  const right_ = troubled > 0 ? `${troubled} in trouble` : nodes.length > 0 ? 'all reporting' : '';
  return [rule(cols, 'NODES', String(nodes.length), right_), ...lines];
}

// 0 = well; the more the worse
function trouble(state: State, node: NodeState): number {
  if (node.trouble !== '') return 3;
  if (node.lastReportMs > 0 && state.nowMs - node.lastReportMs > STALE_MS) return 2;
  return node.lostPerSecond > 0 ? 1 : 0;
}

function nodeCell(state: State, node: NodeState): Piece[] {
  const level = trouble(state, node);
  const role: Role = level >= 2 ? 'bad' : level === 1 ? 'warn' : 'good';
  const glyph = level >= 2 ? '×' : level === 1 ? '▲' : '●';
  return [[glyph, role], ' ', left(node.name, 11), ...cellDetail(state, node, level), '  '];
}

function cellDetail(state: State, node: NodeState, level: number): Piece[] {
  if (level === 3) return [[left(`${node.trouble.replace(/^NODE_/, '').toLowerCase()} ${age(state.nowMs - node.troubleSinceMs)}`, CELL - 15), 'bad']];
  if (level === 2) return [[left(`silent ${age(state.nowMs - node.lastReportMs)}`, CELL - 15), 'bad']];
  if (level === 1) return [[left(`lost ${count(node.lostPerSecond)}/s`, CELL - 15), 'warn']];
  const conntrack = node.conntrack === undefined ? '' : `ct ${percent(share(node.conntrack.entries, node.conntrack.maxEntries))}`;
  return [[right(`${count(node.flowsPerSecond)}/s`, 7), 'text'], [left(`  ${conntrack}`, CELL - 22), 'dim']];
}

function moreCell(state: State, hidden: readonly NodeState[]): Piece[] {
  const bad = hidden.filter((node) => trouble(state, node) > 0).length;
  return [[left(`… ${hidden.length} more, ${bad > 0 ? `${bad} in trouble` : 'all ok'}`, CELL), bad > 0 ? 'bad' : 'dim']];
}
