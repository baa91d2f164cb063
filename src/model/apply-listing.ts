import { scrub } from '../lib/scrub.ts';
import type { Node } from '../wire/gen/observer.ts';
import type { NodeState } from './node-state.ts';

/** What a list says that a node did since the list before. */
export interface ListedSince {
  flows: number;
  /** Its agent began anew, at this time; and in words how one knows. */
  restart: { atMs: number; detail: string } | undefined;
}

/** The relay reads uptimes one after the other: less of a step back is no restart. */
const UPTIME_SLACK_MS = 2_000;
const MAX_RESTARTS = 8;

/** Takes a connected node's line of the list in. */
export function applyListing(node: NodeState, line: Node, nowMs: number): ListedSince {
  const before = node.listing;
  const oldVersion = node.version;
  const uptimeMs = Number((line.uptime_ns ?? 0n) / 1_000_000n);
  const [seenFlows, ringFlows, capacity] = [Number(line.seen_flows ?? 0n), Number(line.num_flows ?? 0n), Number(line.max_flows ?? 0n)];
  const restartedMs = before !== undefined && uptimeMs > 0 && uptimeMs + UPTIME_SLACK_MS < before.uptimeMs ? nowMs - uptimeMs : undefined;
  const elapsedMs = before === undefined || restartedMs !== undefined ? 0 : uptimeMs - before.uptimeMs;
  const flows = before === undefined ? 0 : Math.max(0, restartedMs === undefined ? seenFlows - before.seenFlows : seenFlows);
  // the same answer twice (a relay that remembers) says nothing new
  const flowsPerSecond = elapsedMs > 0 ? (flows * 1000) / elapsedMs : restartedMs !== undefined && uptimeMs > 0 ? (flows * 1000) / uptimeMs : before?.flowsPerSecond;
  node.listing = { atMs: nowMs, address: scrub(line.address ?? '', 80), isTls: line.tls?.enabled === true, uptimeMs, ringFlows, seenFlows, flowsPerSecond };
  if (restartedMs !== undefined) node.restarts = [...node.restarts, restartedMs].slice(-MAX_RESTARTS);
  Object.assign(node, {
    version: scrub((line.version ?? '').replace(/^cilium v/, ''), 32), uptimeMs, historyCapacity: capacity,
    flowsPerSecond: flowsPerSecond ?? 0, historySpanMs: historySpan({ ringFlows, seenFlows, capacity, flowsPerSecond, uptimeMs }),
  });
  return { flows, restart: restartedMs === undefined ? undefined : { atMs: restartedMs, detail: oldVersion === '' || oldVersion === node.version ? 'its uptime went down' : `its uptime went down, ${oldVersion} → ${node.version}` } };
}

// a ring that let nothing go holds all since the start, another as much as goes by at this rate; ours let go by time before they are full
function historySpan(ring: { ringFlows: number; seenFlows: number; capacity: number; flowsPerSecond: number | undefined; uptimeMs: number }): number {
  if (ring.ringFlows < ring.capacity && ring.seenFlows <= ring.ringFlows) return ring.uptimeMs;
  return ring.flowsPerSecond === undefined || ring.flowsPerSecond <= 0 ? 0 : Math.min(ring.uptimeMs, (ring.ringFlows * 1000) / ring.flowsPerSecond);
}
