import { STALE_MS } from './data-age.ts';
import { figures } from './figures.ts';
import { lossWords } from './loss-words.ts';
import type { NodeField } from './node-history.ts';
import { fillOf, troubleWord, type Gauge, type NodeState } from './node-state.ts';
import type { State } from './state.ts';

/** What a table says of one node, at the moment shown. */
export interface NodeRow {
  node: NodeState;
  /** One word or two: how far its figures can be trusted. */
  word: string;
  /** The worse the higher; 0 = well. */
  level: 0 | 1 | 2 | 3;
  /** Part of what happened in the window that was seen; undefined = nobody says. */
  seen: number | undefined;
  lostPerSecond: number;
  /** Where most of it was lost, empty = nothing was. */
  lostAt: string;
  flowsPerSecond: number;
  /** Shares 0 to 1; undefined = not said. */
  ring: number | undefined;
  conntrack: number | undefined;
  kernelConntrack: number | undefined;
  map: number | undefined;
  cpu: number | undefined;
}

const BLIND = 0.5;
const SAMPLED = 0.95;
const FULL_SOON = 0.9;
const RESTART_TOLD_MS = 600_000;

/** All nodes at the moment shown, the worst first. */
export function nodeRows(state: State): NodeRow[] {
  const now = figures(state);
  const losses = lossesByNode(state);
  const rows = [...state.nodes.values()].map((node) => nodeRow(state, node, { fromMs: now.fromSecond * 1000, toMs: now.toSecond * 1000, losses }));
  return rows.toSorted((one, other) => other.level - one.level || (one.seen ?? 1) - (other.seen ?? 1) || (one.node.name < other.node.name ? -1 : 1));
}

/** Lost events of the window by node, with the stages of each, the largest first. */
export function lossesByNode(state: State): Map<string, { stage: string; count: number }[]> {
  const byNode = new Map<string, { stage: string; count: number }[]>();
  for (const [key, count] of figures(state).ledger.losses) {
    const space = key.indexOf(' ');
    const [node, stage] = space < 0 ? [key, ''] : [key.slice(0, space), key.slice(space + 1)];
    if (count < 0.5) continue;
    const list = byNode.get(node) ?? [];
    list.push({ stage, count });
    byNode.set(node, list);
  }
  for (const list of byNode.values()) list.sort((one, other) => other.count - one.count);
  return byNode;
}

interface Shape {
  fromMs: number;
  toMs: number;
  losses: ReturnType<typeof lossesByNode>;
}

function nodeRow(state: State, node: NodeState, shape: Shape): NodeRow {
  const seconds = Math.max(1, figures(state).ledgerSeconds);
  const lost = (shape.losses.get(node.name) ?? []).filter(({ stage }) => !stage.startsWith('suppressed'));
  const total = lost.reduce((sum, { count }) => sum + count, 0);
  const happened = node.history?.sum(shape.fromMs, shape.toMs, 'happened') ?? 0;
  const flows = node.history?.sum(shape.fromMs, shape.toMs, 'flows') ?? 0;
  const knownSeconds = Math.max(1, (node.history?.knownMs(shape.fromMs, shape.toMs) ?? 0) / 1000);
  const at = (field: NodeField, gauge?: Gauge): number | undefined => fieldAt(state, node, { field, gauge });
  const row = {
    node, seen: isAwayAt(state, node) ? 0 : happened > 0 ? Math.max(0, 1 - (node.history?.sum(shape.fromMs, shape.toMs, 'lost') ?? 0) / happened) : undefined,
    lostPerSecond: total / seconds, lostAt: lost[0] === undefined ? '' : lossWords(lost[0].stage).where,
    flowsPerSecond: state.pausedAtMs > 0 ? flows / knownSeconds : node.flowsPerSecond,
    ring: at('ring'), conntrack: at('conntrack', node.conntrack), kernelConntrack: at('kernelConntrack', node.kernelConntrack), map: at('map'), cpu: at('cpu'),
  };
  return { ...row, ...stateOf(state, row) };
}

function isAwayAt(state: State, node: NodeState): boolean {
  return state.pausedAtMs > 0 ? (node.history?.at(state.pausedAtMs, 'isAway') ?? 0) > 0 : node.trouble !== '';
}

function fieldAt(state: State, node: NodeState, of: { field: NodeField; gauge: Gauge | undefined }): number | undefined {
  const remembered = node.history?.at(state.pausedAtMs > 0 ? state.pausedAtMs : state.nowMs, of.field);
  if (remembered !== undefined) return remembered < 0 ? undefined : remembered;
  return of.gauge === undefined ? undefined : fillOf(of.gauge);
}

// worst first: away, blind, sampled, then what will be, then what was
function stateOf(state: State, row: Omit<NodeRow, 'word' | 'level'>): Pick<NodeRow, 'word' | 'level'> {
  const { node } = row;
  const isPast = state.pausedAtMs > 0;
  const moment = isPast ? state.pausedAtMs : state.nowMs;
  if (isAwayAt(state, node)) return { word: isPast ? 'AWAY' : troubleWord(node).toUpperCase(), level: 3 };
  if (!isPast && node.heardMs > 0 && state.nowMs - node.heardMs > STALE_MS && state.connection.state === 'live') return { word: 'SILENT', level: 3 };
  if (row.seen !== undefined && row.seen < BLIND) return { word: 'BLIND', level: 3 };
  if (row.seen !== undefined && row.seen < SAMPLED) return { word: 'SAMPLED', level: 2 };
  if (Math.max(row.conntrack ?? 0, row.kernelConntrack ?? 0) >= FULL_SOON) return { word: 'CT FULL', level: 2 };
  if ((row.map ?? 0) >= FULL_SOON) return { word: 'MAP FULL', level: 2 };
  if (row.lostPerSecond > 0) return { word: 'LOSING', level: 1 };
  const restarts = node.restarts.filter((restart) => restart <= moment && moment - restart < RESTART_TOLD_MS).length;
  if (restarts > 0) return { word: restarts > 1 ? `RESTARTED ${restarts}×` : 'RESTARTED', level: 1 };
  return { word: node.heardMs === 0 ? 'connected' : 'ok', level: 0 };
}
