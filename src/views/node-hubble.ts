import type { NodeState } from '../model/node-state.ts';
import { age, count, grouped } from '../screen/format.ts';
import { left, line, type Line } from '../screen/line.ts';

/** What a relay without telemetry lists of a node, and what Cilium's metrics count on it; nothing where neither speaks. */
export function hubbleLines(node: NodeState, cols: number): Line[] {
  return [factLine('listed', listedFacts(node), cols), factLine('counted', countedFacts(node), cols)].flatMap((found) => found ?? []);
}

function factLine(label: string, facts: readonly string[], cols: number): Line | undefined {
  return facts.length === 0 ? undefined : line(cols, [' ', [left(label, 10), 'dim'], [facts.join('   '), 'text']]);
}

function listedFacts({ listing, historyCapacity, historySpanMs }: NodeState): string[] {
  if (listing === undefined) return [];
  return [
    ...(listing.address === '' ? [] : [`${listing.address} ${listing.isTls ? 'with TLS' : 'without TLS'}`]),
    `ring ${grouped(listing.ringFlows)} of ${grouped(historyCapacity)}${historySpanMs > 0 ? `, goes back about ${age(historySpanMs)}` : ''}`,
  ];
}

// the node's own counters: all clients' losses, and packets that no flow may have told of
function countedFacts({ pages }: NodeState): string[] {
  return [...pages.values()].flatMap((page) => [
    ...(page.dropsPerSecond === undefined ? [] : [`datapath drops ${count(page.dropsPerSecond)}/s`]),
    ...[...page.lostPerSecond].filter(([, perSecond]) => perSecond > 0).map(([source, perSecond]) => `${source.replaceAll('_', ' ')} ${count(perSecond)}/s lost to some reader`),
  ]);
}
