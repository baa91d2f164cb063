import type { NodeMetrics } from '../flow/node-metrics.ts';
import { scrub } from '../lib/scrub.ts';
import { MAX_NODES } from './fold-report.ts';
import { applyMetrics } from './apply-metrics.ts';
import { newNode, remember, type NodeState } from './node-state.ts';
import type { State } from './state.ts';

/** Pages whose state is remembered. */
const MAX_PAGES = 128;

/** Takes a page's figures of one node in. Those of a node that belongs to nobody are told as such, and counted nowhere. */
export function foldMetrics(state: State, source: string, metrics: NodeMetrics): void {
  const name = scrub(metrics.node, 63);
  const node = findNode(state, name) ?? newcomer(state, name);
  const place = `${scrub(source, 120)} ${name}`;
  if (node === undefined) {
    if (isSettled(state)) setPage(state, place, `metrics of ${scrub(source, 120)}: there is no node "${name}" here, its figures are not shown`);
    return;
  }
  setPage(state, place, '');
  applyMetrics(node, source, metrics);
  if (node.heardMs === 0) remember(node, state.nowMs, { happened: 0, lost: 0, flows: 0 });
}

/** Notes how it stands with a page. */
export function foldMetricsState(state: State, source: string, error: string): void {
  setPage(state, scrub(source, 120), scrub(error, 200));
}

function setPage(state: State, source: string, error: string): void {
  const known = state.metricsPages.get(source);
  if (error === '') state.metricsPages.delete(source);
  else if (known === undefined ? state.metricsPages.size < MAX_PAGES : known.error !== error) state.metricsPages.set(source, { error, sinceMs: state.nowMs });
}

// by name, by the address that the relay has of it, by the name behind the cluster's
function findNode(state: State, name: string): NodeState | undefined {
  const known = state.nodes.get(name);
  if (known !== undefined) return known;
  for (const node of state.nodes.values()) if (hostOf(node.listing?.address ?? '') === name) return node;
  const inClusters = [...state.nodes.values()].filter((node) => node.name.endsWith(`/${name}`));
  return inClusters.length === 1 ? inClusters[0] : undefined;
}

function hostOf(address: string): string {
  return address.replace(/:\d+$/, '').replaceAll(/^\[|\]$/g, '');
}

/** Whether the nodes are known by now. */
function isSettled(state: State): boolean {
  return state.hubble.hasList || state.reports > 1;
}

// where nobody lists nodes, a page is as good as a list
function newcomer(state: State, name: string): NodeState | undefined {
  if (name === '' || isSettled(state) || state.hubble.atMs === 0 || state.nodes.size >= MAX_NODES) return undefined;
  const node = newNode(name, state.nodes.size);
  state.nodes.set(name, node);
  return node;
}
