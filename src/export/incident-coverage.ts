import { figures, isHole } from '../model/figures.ts';
import { clockText } from '../model/clock-text.ts';
import { lossWords } from '../model/loss-words.ts';
import { lossesByNode } from '../model/node-rows.ts';
import { figuresOf, type State } from '../model/state.ts';
import type { Block } from './document.ts';

/** How much was seen, in a few words. */
export function seenText(state: State): string {
  const { seen } = figures(state);
  const nodes = [...state.nodes.values()].filter(({ trouble }) => trouble !== 'NODE_GONE');
  const heard = nodes.filter(({ trouble }) => trouble === '').length;
  const events = seen === undefined ? 'how much of the events nobody says' : `${Math.floor(seen * 1000) / 10} % of the events`;
  return nodes.length === 0 ? events : `${events}, ${heard} of ${nodes.length} nodes`;
}

/** What was not seen: gaps in time, losses by stage, nodes that are away. */
export function coverageBlocks(state: State): Block[] {
  const items = [`seen: ${seenText(state)}`, ...gapItems(state), ...awayItems(state)];
  const losses = lossRows(state);
  return [
    { kind: 'list', items },
    ...(losses.length === 0 ? [{ kind: 'text' as const, text: figures(state).ledger.happened > 0 ? 'No event was lost in the window.' : 'Whether events were lost nobody says.' }] : [{ kind: 'table' as const, head: ['node', 'lost', 'stage', 'why', 'what helps'], rows: losses, right: ['lost'] }]),
  ];
}

function gapItems(state: State): string[] {
  const { fromSecond, toSecond } = figures(state);
  const ring = figuresOf(state);
  const holes: { from: number; to: number }[] = [];
  for (let second = fromSecond; second < toSecond; second++) {
    if (!isHole(ring, second)) continue;
    const last = holes[holes.length - 1];
    if (last?.to === second) last.to = second + 1;
    else holes.push({ from: second, to: second + 1 });
  }
  return holes.map(({ from, to }) => `not observed, or not fully: ${clockText(from * 1000)} to ${clockText(to * 1000)} (${to - from} s)`);
}

function awayItems(state: State): string[] {
  return [...state.nodes.values()].filter(({ trouble }) => trouble !== '').map(({ name, trouble, message, troubleSinceMs }) => (
    `node ${name} ${trouble}${troubleSinceMs > 0 ? ` since ${clockText(troubleSinceMs)}` : ''}${message === '' ? '' : `: ${message}`}; its traffic is in no figure`));
}

function lossRows(state: State): string[][] {
  return [...lossesByNode(state)].flatMap(([node, stages]) => stages.map(({ stage, count }) => {
    const { where, why, cure } = lossWords(stage);
    return [node, String(Math.round(count)), stage === '' ? where : stage, why, cure];
  }));
}
