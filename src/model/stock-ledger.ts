import { emptyBucket, type Bucket } from './bucket.ts';
import { remember } from './node-state.ts';
import type { State } from './state.ts';

/** Sources of loss before the agent decodes a flow: its own count of flows does not have them. */
const BEFORE_DECODING: readonly number[] = [1, 2];

/**
 * What a stretch of time had beyond the flows received, on a server without telemetry: how many its agents decoded, at the rate they told
 * last, and whether a node is away whose traffic nobody counts.
 */
export function stockCounts(state: State, lengthMs: number): Bucket {
  const counts = emptyBucket();
  if (state.telemetry !== 'absent') return counts;
  let [rate, unknown] = [0, 0];
  for (const node of state.nodes.values()) {
    if (node.trouble !== '' && node.trouble !== 'NODE_GONE') counts.isPartial = true;
    if (node.trouble !== '' || node.listing === undefined) continue;
    if (node.listing.flowsPerSecond === undefined) unknown++;
    else rate += node.listing.flowsPerSecond;
  }
  // the nodes' own counts between two lists are closer to now than the server's mean of a minute
  const perSecond = unknown === 0 && rate > 0 ? rate : (state.hubble.flowsPerSecond ?? rate);
  counts.happened = (perSecond * lengthMs) / 1000;
  return counts;
}

/** Notes a loss that the stream told, with its LostEventSource's number. */
export function noteStockLoss(state: State, bucket: Bucket | undefined, loss: { node: string; source: number; count: number }): void {
  if (state.telemetry !== 'absent') return;
  const happened = BEFORE_DECODING.includes(loss.source) ? loss.count : 0;
  if (bucket !== undefined) bucket.happened += happened;
  const node = state.nodes.get(loss.node);
  if (node !== undefined) remember(node, state.nowMs, { happened, lost: loss.count, flows: 0 });
}
