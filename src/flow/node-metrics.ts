/** A table of a node and how full a metrics page says it is. */
export interface MetricGauge {
  /** The map's name without `cilium_`, such as `ct4_global`; `nf_conntrack` for the kernel's own connection tracking. */
  name: string;
  kind: 'conntrack' | 'kernel-conntrack' | 'map';
  /** 0 to 1. */
  fill: number;
  /** As it was served: Cilium's pressure can exceed 1. */
  rawFill: number;
  entries?: number;
  maxEntries?: number;
  /** When the figure is from, as far as can be told: some are renewed by each garbage collection only. */
  measuredMs: number;
  /** It is from before `measuredMs`: it was not seen to move since it was first read. */
  isOlder: boolean;
}

/** A count since the agent's start, by what it counts. */
export interface MetricCount {
  name: string;
  total: number;
}

/** What one page of metrics says of one node. */
export interface NodeMetrics {
  node: string;
  /** When the page was read. */
  atMs: number;
  gauges: MetricGauge[];
  /** Events that Hubble on the node lost, by lower-case LostEventSource; told to clients as lost events too, so never add the two. */
  lost: MetricCount[];
  /** Packets the node's datapath dropped, by Cilium's reason text. */
  drops: MetricCount[];
  /** New connections the kernel's connection tracking had no room for, or threw an old one out for. */
  kernelRefused: number | undefined;
}
