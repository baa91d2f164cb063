import { STALE_MS } from '../model/data-age.ts';
import type { Finding } from '../model/finding.ts';
import { troubleWord, type NodeState } from '../model/node-state.ts';
import type { State } from '../model/state.ts';
import type { Detector } from './detector.ts';

/** Nodes that are away, and agents that say nothing any more. */
export const nodeTrouble: Detector = {
  id: 'node-trouble',
  title: 'nodes that are away, agents that fell silent',
  find(state) {
    if (state.pausedAtMs > 0) return awayAt(state, state.pausedAtMs);
    return [...state.nodes.values()].flatMap((node) => {
      if (node.trouble !== '') return [finding(node, { word: troubleWord(node), why: node.message === '' ? 'its traffic is in no figure' : node.message, sinceMs: node.troubleSinceMs })];
      return isSilent(state, node) ? [finding(node, { word: 'silent', why: 'its agent sends no report', sinceMs: node.heardMs })] : [];
    });
  },
};

// while the server itself is silent, no node is to blame
function isSilent(state: State, node: NodeState): boolean {
  return node.heardMs > 0 && state.connection.state === 'live' && state.nowMs - state.lastReportMs <= STALE_MS && state.lastReportMs - node.heardMs > STALE_MS;
}

// of the past only the samples tell
function awayAt(state: State, momentMs: number): Finding[] {
  return [...state.nodes.values()].flatMap((node) => {
    const sinceMs = node.history?.since(momentMs, 'isAway', 1);
    return sinceMs === undefined ? [] : [finding(node, { word: 'away', why: 'its traffic is in no figure', sinceMs })];
  });
}

function finding(node: NodeState, parts: { word: string; why: string; sinceMs: number }): Finding {
  return {
    key: `node ${node.name}`, severity: 'crit', word: 'NODE', subject: node.name, amount: { value: 0, unit: '', text: parts.word }, timesMore: undefined,
    why: parts.why, brief: 'not in figures', sinceMs: parts.sinceMs, chips: [],
    target: { view: 'nodes', select: { panel: 0, key: node.name } },
    next: [`kubectl -n kube-system get pods -o wide --field-selector spec.nodeName=${node.name}`],
  };
}
