import type { Report } from '../wire/gen/hubtop.ts';

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
  | { type: 'node-status'; node: string; state: string; message?: string };
