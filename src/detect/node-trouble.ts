import type { Finding } from '../model/finding.ts';
import { troubleWord } from '../model/node-state.ts';
import type { State } from '../model/state.ts';
import type { Detector } from './detector.ts';

/** Nodes that are away. */
export const nodeTrouble: Detector = {
  id: 'node-trouble',
  title: 'nodes that are not heard of',
  find: nodeFindings,
};

function nodeFindings(state: State): Finding[] {
  return [...state.nodes.values()].filter((node) => node.trouble !== '').map((node) => ({
    key: `node ${node.name}`, severity: 'crit' as const, word: 'NODE', subject: node.name,
    amount: { value: 0, unit: '' as const, text: troubleWord(node) }, timesMore: undefined,
    why: node.message === '' ? 'its traffic is in no figure' : node.message, brief: 'not in figures', sinceMs: node.troubleSinceMs, chips: [],
  }));
}

