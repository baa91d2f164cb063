import type { NodeMetrics } from '../flow/node-metrics.ts';
import type { Report } from '../wire/gen/hubtop.ts';
import type { Node, ServerStatusResponse } from '../wire/gen/observer.ts';

/** What a cluster client has to say. */
export type ClientMessage =
  /** How it stands with the server; `lost` says why and when the next try comes. */
  | { type: 'connection'; state: 'connecting' | 'live' | 'lost'; error?: string; retryInMs?: number }
  /** Whole length-prefixed GetFlowsResponse messages; never written again. */
  | { type: 'flows'; bytes: Uint8Array }
  /** The stream of flows began or ended; with the server's reason when it was refused. */
  | { type: 'flows-state'; isOpen: boolean; error?: string }
  | { type: 'telemetry'; report: Report }
  /** The server has no telemetry: a stock Hubble. */
  | { type: 'telemetry-absent' }
  /** A node_status of the flow stream, one message a node. States are relay.NodeState's names. */
  | { type: 'node-status'; node: string; state: string; message?: string }
  | NodesMessage
  | MetricsMessage;

/**
 * What a server without telemetry says of its nodes when asked, every few seconds. A single agent lists none and has a status all the same.
 * With an error neither: it was asked and did not answer.
 */
export interface NodesMessage {
  type: 'nodes';
  nodes?: readonly Node[];
  status?: ServerStatusResponse;
  error?: string;
}

/** What polling Prometheus pages says: figures of a node, or how it stands with a page; an empty error: it is well (again). */
export type MetricsMessage =
  | { type: 'metrics'; source: string; metrics: NodeMetrics }
  | { type: 'metrics-state'; source: string; error: string };
