/**
 * Who is who, as plain facts drawn from Kubernetes objects. The catalog
 * (agent/catalog) writes them, enrichment and the datapath's address table
 * are made from them.
 */

import type { PolicyObject } from '../policy/policy.ts';

/** A controller that owns a pod, as the wire's Workload names it. */
export interface WorkloadFact {
  name: string;
  kind: string;
}

/** One pod with an address. Pods on the host's network share the node's address: see hostNetwork. */
export interface EndpointFact {
  /** Textual addresses, IPv4 first where the object lists it first. */
  ips: string[];
  namespace: string;
  pod_name: string;
  /** Labels that count for the identity, `k8s:key=value`, sorted. */
  labels: string[];
  workloads: WorkloadFact[];
  /** Security identity number; the same on every agent that sees the same catalog. */
  identity: number;
  node_name: string;
  /** Its addresses are the node's: it must never claim them as its own. */
  hostNetwork: boolean;
  /** Ports of its containers that have a name, sorted; absent where nobody says. */
  namedPorts?: [name: string, port: number][];
  uid: string;
}

/** A port of a service. */
export interface ServicePortFact {
  name: string;
  /** TCP, UDP or SCTP. */
  protocol: string;
  port: number;
  /** What the pods listen on; 0 where the object gives a name or nothing. */
  targetPort: number;
}

/** One address behind a service. */
export interface ServiceBackendFact {
  ip: string;
  port: number;
  protocol: string;
  /** Name of the service's port it stands behind; a service with one port may have none. */
  portName: string;
}

/** One service: its virtual addresses (none when headless) and what stands behind them. */
export interface ServiceFact {
  namespace: string;
  name: string;
  clusterIps: string[];
  ports: ServicePortFact[];
  backends: ServiceBackendFact[];
}

/** One node. Its addresses have the identity host on the node itself and remote-node elsewhere. */
export interface NodeFact {
  name: string;
  /** Internal addresses first, then the others. */
  ips: string[];
  /** `key=value`, sorted, without a source prefix. */
  labels: string[];
  podCidrs: string[];
}

/** One namespace with its labels, `key=value`. */
export interface NamespaceFact {
  name: string;
  labels: string[];
}

/** Everything the catalog knows at one moment. Never changed after it was handed out. */
export interface CatalogSnapshot {
  endpoints: EndpointFact[];
  services: ServiceFact[];
  nodes: NodeFact[];
  namespaces: NamespaceFact[];
  policies: readonly PolicyObject[];
  /** One line each: what could not be understood and was left out. */
  warnings: string[];
}

/** A catalog that knows nobody. */
export const emptyCatalog: CatalogSnapshot = { endpoints: [], services: [], nodes: [], namespaces: [], policies: [], warnings: [] };
