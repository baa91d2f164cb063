import { momentMs } from '../model/moment.ts';
import { isKnownAt, nodeMoment, type NodeMoment } from '../model/node-moment.ts';
import type { State } from '../model/state.ts';
import { age, count, percent } from '../screen/format.ts';
import { left, line, right, type Line, type Piece, type Size } from '../screen/line.ts';
import { rule } from './rule.ts';

const CELL = 29;

/** NODES: one cell a node, troubled ones first; what does not fit is summed up in the last cell. */
export function nodesSection(state: State, size: Size): Line[] {
  const { cols } = size;
  const nodes = [...state.nodes.values()].filter((node) => isKnownAt(state, node)).map((node) => nodeMoment(state, node)).sort((one, other) => trouble(other) - trouble(one) || (one.name < other.name ? -1 : 1));
  const troubled = nodes.filter((node) => trouble(node) > 0).length;
  const perRow = Math.max(1, Math.floor((cols - 1) / CELL));
  const room = perRow * (size.rows - 1);
  const shown = nodes.length <= room ? nodes : nodes.slice(0, Math.max(0, room - 1));
  const cells: Piece[][] = shown.map((node) => nodeCell(state, node));
  const lines: Line[] = [];
  if (shown.length < nodes.length && size.rows === 2) {
    lines.push(stripLine(state, nodes, cols));
    cells.length = 0;
  } else if (shown.length < nodes.length) cells.push(moreCell(nodes.slice(shown.length)));
  for (let row = 0; lines.length < size.rows - 1 && row * perRow < cells.length; row++) lines.push(line(cols, [' ', ...cells.slice(row * perRow, (row + 1) * perRow).flat()]));
  if (nodes.length === 0) lines.push(line(cols, [[state.telemetry === 'absent' ? '   this server tells nothing about its nodes' : '   no node has reported yet', 'dim']]));
  const summary = troubled > 0 ? `${troubled} in trouble` : nodes.length > 0 ? (state.telemetry === 'absent' ? 'all connected' : 'all reporting') : '';
  return [rule(cols, 'NODES', String(nodes.length), summary), ...lines];
}

// 0 = well; the more the worse
function trouble(node: NodeMoment): number {
  if (node.trouble !== '') return node.trouble === 'silent' ? 2 : 3;
  return node.lostPerSecond > 0 ? 1 : 0;
}

// one glyph a node, in the order of names so that a node keeps its place, then the worst in words
function stripLine(state: State, nodes: readonly NodeMoment[], cols: number): Line {
  const worst = nodes.filter((node) => trouble(node) > 0);
  const byName = [...nodes].sort((one, other) => (one.name < other.name ? -1 : 1)).slice(0, cols >> 1);
  const busiest = nodes.reduce<NodeMoment | undefined>((top, node) => (node.flowsPerSecond > (top?.flowsPerSecond ?? -1) ? node : top), undefined);
  const words: Piece[] = worst.length === 0
    ? [[`${state.telemetry === 'absent' ? 'all connected' : 'all reporting'}, busiest ${busiest?.name ?? ''} ${count(busiest?.flowsPerSecond ?? 0)}/s`, 'dim']]
    : worst.slice(0, 3).flatMap((node) => nodeCell(state, node));
  return line(cols, [' ', ...byName.map((node) => glyphOf(trouble(node))), '  ', ...words]);
}

function glyphOf(level: number): Piece {
  return level >= 2 ? ['×', 'bad'] : level === 1 ? ['▲', 'warn'] : ['●', 'good'];
}

function nodeCell(state: State, node: NodeMoment): Piece[] {
  return [glyphOf(trouble(node)), ' ', left(node.name, 10), ' ', ...cellDetail(state, node), ' '];
}

function cellDetail(state: State, node: NodeMoment): Piece[] {
  if (node.trouble !== '') return [[left(`${node.trouble} ${node.sinceMs > 0 ? age(momentMs(state) - node.sinceMs) : ''}`, CELL - 14), 'bad']];
  if (node.lostPerSecond > 0) return [[left(`lost ${count(node.lostPerSecond)}/s`, CELL - 14), 'warn']];
  if (!node.hasReported) return [[left('connected', CELL - 14), 'dim']];
  const conntrack = node.conntrack === undefined ? '' : `ct ${percent(node.conntrack)}`;
  return [[right(`${count(node.flowsPerSecond)}/s`, 7), 'text'], [left(` ${conntrack}`, CELL - 21), 'dim']];
}

function moreCell(hidden: readonly NodeMoment[]): Piece[] {
  const bad = hidden.filter((node) => trouble(node) > 0).length;
  return [[left(`… ${hidden.length} more, ${bad > 0 ? `${bad} in trouble` : 'all ok'}`, CELL), bad > 0 ? 'bad' : 'dim']];
}
