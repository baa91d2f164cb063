/**
 * Who talks to whom in a simulated cluster: plain data, the same for every
 * node's kernel, so that both ends of a connection tell the same story.
 */

/** An address traffic comes from or goes to. */
export interface PlanEnd {
  /** Textual IPv4 or IPv6. */
  ip: string;
  /** Node that hosts it, '' outside of the cluster. */
  node: string;
  /** Host side device, '' where no program hangs (the node itself, the world). Two addresses of a pod share one. */
  device: string;
}

/**
 * How connections of a pair go:
 * - requests: short TCP connections of a few requests
 * - pool: TCP connections that live for minutes
 * - datagram: one UDP question and answer
 * - ping: ICMP echo
 * - denied: SYN and its retries, dropped by policy at the receiver
 * - spoofed: dropped at the sender, wrong source address
 * - truncated: dropped at the sender, header cut short
 * - refused: SYN to a closed port, answered by RST
 * - reset: a connection whose server resets it after the first request
 */
export type PairShape = 'requests' | 'pool' | 'datagram' | 'ping' | 'denied' | 'spoofed' | 'truncated' | 'refused' | 'reset';

/** Traffic between two groups. Each connection takes one client and one server of the lists. */
export interface PlanPair {
  shape: PairShape;
  /** Indices into TrafficPlan.ends. */
  clients: number[];
  servers: number[];
  /** IP protocol number. */
  protocol: number;
  /** Server port; for ping 0. */
  port: number;
  /** Mean of a Poisson process, or with `isPeriodic` a fixed beat. */
  connectionsPerSecond: number;
  isPeriodic: boolean;
  requestsPerConnection: number;
  requestBytes: number;
  responseBytes: number;
  /** Server's time to think. */
  latencyNs: number;
}

/** The whole cluster's traffic. */
export interface TrafficPlan {
  ends: PlanEnd[];
  pairs: PlanPair[];
}
