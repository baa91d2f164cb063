import { enumName } from '../wire/codec.ts';
import type { GetFlowsResponse } from '../wire/gen/observer.ts';
import { NodeState, type NodeStatusEvent, NodeStateEnum } from '../wire/gen/relay.ts';
import { safe, type TextOptions } from './text-pieces.ts';

/** Room for node names on one line; at least one is always named. */
const maxNamesLength = 50;

/** Whether a state is shown without --debug. */
export function isTrouble(status: NodeStatusEvent): boolean {
  return status.state_change === NodeState.NODE_UNAVAILABLE || status.state_change === NodeState.NODE_ERROR;
}

/** One line about nodes that came, went or failed. */
export function nodeStatusLine(response: GetFlowsResponse, options: TextOptions): string {
  const status = response.node_status ?? {};
  const count = status.node_names?.length ?? 0;
  const names = joinNames(status.node_names ?? []);
  return `${options.formatTime(response.time)} [${safe(response.node_name ?? '')}]: ${sentence(status, count, names)}`;
}

function sentence(status: NodeStatusEvent, count: number, names: string): string {
  switch (status.state_change) {
    case NodeState.NODE_CONNECTED: return `Receiving flows from ${count} nodes: ${names}`;
    case NodeState.NODE_UNAVAILABLE: return `${count} nodes are unavailable: ${names}`;
    case NodeState.NODE_GONE: return `${count} nodes removed from cluster: ${names}`;
    case NodeState.NODE_ERROR: return `Error ${quote(status.message ?? '')} on ${count} nodes: ${names}`;
    default: return `unknown node status event: ${enumName(NodeStateEnum, status.state_change)}${safe(status.message === undefined ? '' : ` ${status.message}`)}`;
  }
}

/** The same as entries of the dict format. */
export function nodeStatusDict(response: GetFlowsResponse, options: TextOptions): string {
  const status = response.node_status ?? {};
  return [
    `  TIMESTAMP: ${options.formatTime(response.time)}`,
    `      STATE: ${enumName(NodeStateEnum, status.state_change)}`,
    `      NODES: ${joinNames(status.node_names ?? [])}`,
    `    MESSAGE: ${(status.message ?? '') === '' ? 'N/A' : quote(status.message ?? '')}`,
  ].join('\n');
}

function joinNames(names: readonly string[]): string {
  let text = '';
  let taken = 0;
  for (const name of names) {
    const next = taken === 0 ? name : `${text}, ${name}`;
    if (taken > 0 && next.length > maxNamesLength) break;
    text = next;
    taken += 1;
  }
  return safe(text) + (taken < names.length ? ` (and ${names.length - taken} more)` : '');
}

/** As Go's %q does for the usual cases. */
function quote(text: string): string {
  return safe(JSON.stringify(text));
}
