import { fillOf, type Gauge } from '../model/node-state.ts';
import { lossesByNode, nodeRows, type NodeRow } from '../model/node-rows.ts';
import type { State } from '../model/state.ts';
import { type Data, figureData, percentData, timeData } from './data.ts';

/** What is known of each node, the worst first. */
export function nodesData(state: State): Data {
  const losses = lossesByNode(state);
  return nodeRows(state).map((row) => nodeData(row, losses.get(row.node.name) ?? []));
}

function nodeData(row: NodeRow, losses: readonly { stage: string; count: number }[]): Data {
  const { node } = row;
  // behind a stock relay a node has a name and a state, and no report
  const told = (value: number): number | null => (node.heardMs > 0 ? figureData(value) : null);
  return {
    name: node.name, state: row.word, message: node.message, version: node.version === '' ? null : node.version,
    seen_percent: percentData(row.seen),
    flows_per_second: node.listing?.flowsPerSecond === undefined ? told(row.flowsPerSecond) : figureData(row.flowsPerSecond),
    lost_per_second: figureData(row.lostPerSecond),
    losses: losses.map(({ stage, count }) => ({ stage, count: figureData(count) })),
    ring_percent: percentData(row.ring), conntrack_percent: percentData(row.conntrack), kernel_conntrack_percent: percentData(row.kernelConntrack),
    maps: node.maps.map(mapData),
    pods: { attached: told(node.attachedPods), total: told(node.totalPods) },
    cpu_percent: percentData(row.cpu), rss_bytes: told(node.rssBytes), ns_per_packet: node.nsPerPacket > 0 ? figureData(node.nsPerPacket) : null,
    last_report: timeData(node.heardMs),
  };
}

function mapData(gauge: Gauge): Data {
  const { name, entries, maxEntries, growthPerMinute, lostPerSecond, served } = gauge;
  // of a fill that a metrics page served nobody knows the entries
  const isCounted = maxEntries > 0;
  return {
    name, fill_percent: percentData(fillOf(gauge)), entries: isCounted ? entries : null, max_entries: isCounted ? maxEntries : null,
    growth_per_minute: figureData(growthPerMinute), lost_per_second: figureData(lostPerSecond), measured: timeData(served?.measuredMs),
  };
}
