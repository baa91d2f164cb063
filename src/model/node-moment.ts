import { STALE_MS } from './data-age.ts';
import { SAMPLE_MS, type NodeField } from './node-history.ts';
import { fillOf, troubleWord, type NodeState } from './node-state.ts';
import type { State } from './state.ts';

/** What a node was like at the moment shown, in a few figures. */
export interface NodeMoment {
  name: string;
  /** Why it is not heard of, in a word; empty while it is. */
  trouble: string;
  /** Since when, in ms; 0 = not known. */
  sinceMs: number;
  flowsPerSecond: number;
  lostPerSecond: number;
  /** Fill of its connection table, 0 to 1; undefined = not said. */
  conntrack: number | undefined;
  /** It sent reports by then. */
  hasReported: boolean;
}

/** A node at the moment shown: its latest report, or of the past what is remembered of it. */
export function nodeMoment(state: State, node: NodeState): NodeMoment {
  return state.pausedAtMs > 0 ? pastOf(node, state.pausedAtMs) : presentOf(state, node);
}

/** Whether anything is known of a node at the moment shown: one that came later is not there yet. */
export function isKnownAt(state: State, node: NodeState): boolean {
  return state.pausedAtMs === 0 || node.history === undefined || node.history.at(state.pausedAtMs, 'isAway') !== undefined || node.heardMs === 0;
}

function presentOf(state: State, node: NodeState): NodeMoment {
  const isSilent = node.heardMs > 0 && state.nowMs - node.heardMs > STALE_MS;
  return {
    name: node.name, trouble: node.trouble !== '' ? troubleWord(node) : isSilent ? 'silent' : '', sinceMs: node.trouble !== '' ? node.troubleSinceMs : node.heardMs,
    flowsPerSecond: node.flowsPerSecond, lostPerSecond: node.lostPerSecond, conntrack: node.conntrack === undefined ? undefined : fillOf(node.conntrack),
    hasReported: node.heardMs > 0 || node.listing?.flowsPerSecond !== undefined,
  };
}

function pastOf(node: NodeState, momentMs: number): NodeMoment {
  const { history } = node;
  const awaySinceMs = history?.since(momentMs, 'isAway', 1);
  const conntrack = history?.at(momentMs, 'conntrack') ?? -1;
  return {
    name: node.name, trouble: awaySinceMs === undefined ? '' : 'away', sinceMs: awaySinceMs ?? 0,
    flowsPerSecond: rateAt(node, momentMs, 'flows'), lostPerSecond: rateAt(node, momentMs, 'lost'), conntrack: conntrack < 0 ? undefined : conntrack,
    hasReported: history?.at(momentMs, 'flows') !== undefined,
  };
}

// the sample before the moment's own: that one is not whole yet
function rateAt(node: NodeState, momentMs: number, field: NodeField): number {
  const end = Math.floor(momentMs / SAMPLE_MS) * SAMPLE_MS;
  return (node.history?.sum(end - SAMPLE_MS, end, field) ?? 0) / (SAMPLE_MS / 1000);
}
