import { enumName } from '../wire/codec.ts';
import { scrub } from '../lib/scrub.ts';
import type { Node, ServerStatusResponse } from '../wire/gen/observer.ts';
import { NodeStateEnum } from '../wire/gen/relay.ts';
import { inferred } from './change-log.ts';
import { MAX_NODES } from './fold-report.ts';
import { applyListing } from './apply-listing.ts';
import { newNode, remember, setTrouble, troubleWord, type NodeState } from './node-state.ts';
import type { State } from './state.ts';

/** A node that is gone is listed so long, so that its going is seen. */
const GONE_MS = 900_000;
const CONNECTED = 1;

/** Takes in what a server without telemetry answered. */
export function foldNodes(state: State, message: { nodes?: readonly Node[]; status?: ServerStatusResponse; error?: string }): void {
  const { hubble } = state;
  hubble.error = scrub(message.error ?? '', 200);
  const isFirst = !hubble.hasList;
  if (message.nodes !== undefined) {
    hubble.hasList = true;
    takeList(state, message.nodes, isFirst);
  }
  if (message.status === undefined) return;
  takeStatus(state, message.status);
  if (!hubble.hasList) takeAgent(state, message.status);
}

// an agent alone lists no node, but it is one: the one that its flows name
function takeAgent(state: State, status: ServerStatusResponse): void {
  const name = state.nodeNames.only();
  if (name === '') return;
  const node = state.nodes.get(name) ?? addNode(state, name);
  if (node !== undefined) takeLine(state, node, { ...status, state: CONNECTED });
}

function takeStatus(state: State, status: ServerStatusResponse): void {
  const { hubble } = state;
  const uptimeMs = Number((status.uptime_ns ?? 0n) / 1_000_000n);
  const seenFlows = Number(status.seen_flows ?? 0n);
  const elapsedMs = hubble.atMs > 0 ? state.nowMs - hubble.atMs : 0;
  // a relay's sum jumps when a node comes back: only an agent's own may be counted with
  const counted = !hubble.hasList && elapsedMs > 0 && seenFlows >= hubble.seenFlows ? ((seenFlows - hubble.seenFlows) * 1000) / elapsedMs : undefined;
  Object.assign(hubble, {
    atMs: state.nowMs, version: scrub(status.version ?? '', 40), uptimeMs, seenFlows,
    // servers before 1.15 give no rate
    flowsPerSecond: (status.flows_rate ?? 0) > 0 ? status.flows_rate : counted,
  });
}

function takeList(state: State, list: readonly Node[], isFirst: boolean): void {
  const listed = new Set<string>();
  for (const line of list) {
    const name = scrub(line.name ?? '', 63);
    listed.add(name);
    const known = state.nodes.get(name);
    const node = known ?? addNode(state, name);
    if (node === undefined) continue;
    if (known === undefined && !isFirst) state.changes.add(inferred({ timeMs: state.nowMs, node: name, kind: 'node-added', subject: name, detail: 'the relay lists it' }));
    takeLine(state, node, line);
  }
  for (const node of state.nodes.values()) if (!listed.has(node.name) && node.listing !== undefined) takeGone(state, node);
}

function takeLine(state: State, node: NodeState, line: Node): void {
  stand(state, node, { state: enumName(NodeStateEnum, line.state), message: '' });
  if (line.state !== CONNECTED) return remember(node, state.nowMs, { happened: 0, lost: 0, flows: 0 });
  const sinceMs = node.listing === undefined ? 0 : state.nowMs - node.listing.atMs;
  const { flows, restart } = applyListing(node, line, state.nowMs);
  if (restart !== undefined) state.changes.add(inferred({ timeMs: restart.atMs, node: node.name, kind: 'agent-started', subject: node.name, detail: restart.detail }));
  rememberSpread(node, flows, { nowMs: state.nowMs, sinceMs });
}

/** Longest time between two lists that is filled in. */
const SPREAD_MS = 60_000;
const STEP_MS = 5_000;

// what the node decoded since the last list, spread over the time between, so that no moment of it is a hole
function rememberSpread(node: NodeState, flows: number, { nowMs, sinceMs }: { nowMs: number; sinceMs: number }): void {
  const steps = Math.max(1, Math.round(Math.min(SPREAD_MS, sinceMs) / STEP_MS));
  for (let step = steps - 1; step >= 0; step--) remember(node, nowMs - step * STEP_MS, { happened: flows / steps, lost: 0, flows: flows / steps });
}

/** Notes how a relay stands with a node, and that it changed, as far as the node was known before. */
export function stand(state: State, node: NodeState, told: { state: string; message: string }): void {
  const { trouble, troubleSinceMs } = node;
  // the list knows no reason: the one that the stream gave stays
  setTrouble(node, told.state, told.message === '' && trouble === told.state ? node.message : told.message, state.nowMs);
  if (node.listing === undefined || (trouble === '') === (node.trouble === '')) return;
  const subject = node.name;
  if (node.trouble !== '') return state.changes.add(inferred({ timeMs: state.nowMs, node: subject, kind: 'node-away', subject, detail: node.message === '' ? troubleWord(node) : node.message }));
  state.changes.add(inferred({ timeMs: state.nowMs, node: subject, kind: 'node-back', subject, detail: `away for ${Math.max(1, Math.round((state.nowMs - troubleSinceMs) / 1000))} s` }));
}

function takeGone(state: State, node: NodeState): void {
  if (node.trouble !== 'NODE_GONE') {
    setTrouble(node, 'NODE_GONE', 'the relay does not list it any more', state.nowMs);
    state.changes.add(inferred({ timeMs: state.nowMs, node: node.name, kind: 'node-gone', subject: node.name, detail: 'the relay does not list it any more' }));
  } else if (state.nowMs - node.troubleSinceMs > GONE_MS) state.nodes.delete(node.name);
}

function addNode(state: State, name: string): NodeState | undefined {
  if (state.nodes.size >= MAX_NODES) return undefined;
  const node = newNode(name, state.nodes.size);
  state.nodes.set(name, node);
  return node;
}
