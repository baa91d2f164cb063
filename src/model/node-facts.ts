import type { NodeMetrics } from '../flow/node-metrics.ts';

/** A node as a Hubble relay lists it when it is asked. */
export interface NodeListing {
  atMs: number;
  /** `host:port` of its agent. */
  address: string;
  isTls: boolean;
  uptimeMs: number;
  /** Events in its ring, and flows it has decoded since its start. */
  ringFlows: number;
  seenFlows: number;
  /** Flows it decodes a second, between two lists; undefined before the second. */
  flowsPerSecond: number | undefined;
}

/** What one page of metrics says of a node, and what it said before. */
export interface MetricsPage {
  latest: NodeMetrics;
  /** Between the last two readings; undefined before the second, and after a restart. */
  dropsPerSecond: number | undefined;
  refusedPerSecond: number | undefined;
  /** By Hubble's source of loss, lower case. */
  lostPerSecond: Map<string, number>;
  /** Tables that were seen to move. */
  moving: Set<string>;
}
