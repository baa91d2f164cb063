import type { Namespace, Node } from '../wire/gen/observer.ts';
import { NodeState } from '../wire/gen/relay.ts';
import { safe } from './text-pieces.ts';
import { layOutTable } from './text-table.ts';
import { formatDuration } from './time-parse.ts';

const states: ReadonlyMap<number, string> = new Map([
  [NodeState.NODE_CONNECTED, 'Connected'], [NodeState.NODE_UNAVAILABLE, 'Unavailable'], [NodeState.NODE_GONE, 'Gone'], [NodeState.NODE_ERROR, 'Error'],
]);

/** `hubble list nodes`: nodes in the order given. */
export function nodesText(nodes: readonly Node[], isWide: boolean): string {
  const head = ['NAME', 'STATUS', 'AGE', 'FLOWS/S', 'CURRENT/MAX-FLOWS', ...(isWide ? ['VERSION', 'ADDRESS', 'TLS'] : [])];
  return layOutTable([head, ...nodes.map((node) => nodeRow(node, isWide))]);
}

function nodeRow(node: Node, isWide: boolean): string[] {
  const uptime = node.uptime_ns ?? 0n;
  const [current, max, seen] = [node.num_flows ?? 0n, node.max_flows ?? 0n, node.seen_flows ?? 0n];
  const share = `${((Number(current) / Number(max)) * 100).toFixed(2)}%`;
  const row = [
    safe(node.name ?? ''),
    states.get(node.state ?? 0) ?? 'Unknown',
    uptime > 0n ? formatDuration(((uptime + 500_000_000n) / 1_000_000_000n) * 1_000_000_000n) : 'N/A',
    uptime > 0n ? (Number(seen) / (Number(uptime) / 1e9)).toFixed(2) : 'N/A',
    max > 0n ? `${current}/${max} (${share.padStart(7)})` : 'N/A',
  ];
  const tls = node.tls === undefined ? 'N/A' : node.tls.enabled === true ? 'Enabled' : 'Disabled';
  return isWide ? [...row, safe(node.version ?? '') || 'N/A', safe(node.address ?? '') || 'N/A', tls] : row;
}

/** `hubble list namespaces`: in the order given. */
export function namespacesText(namespaces: readonly Namespace[], isWide: boolean): string {
  const rows = namespaces.map(({ namespace = '', cluster = '' }) => [safe(namespace), ...(isWide ? [safe(cluster)] : [])]);
  return layOutTable([['NAMESPACE', ...(isWide ? ['CLUSTER'] : [])], ...rows]);
}
