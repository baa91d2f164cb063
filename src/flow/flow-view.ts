/**
 * What filters ask of a flow. A row of the agent's history and a decoded Flow
 * both answer, so one filter serves the server, the dashboard and files.
 * Members are read only when a filter needs them: implement the dear ones as
 * getters. Enum values are the wire's numbers.
 */
export interface FlowView {
  readonly timeNs: bigint;
  readonly uuid: string;
  /** Verdict. */
  readonly verdict: number;
  /** event_type.type; -1 when the flow has no event_type. */
  readonly eventType: number;
  readonly eventSubType: number;
  /** DropReason of drop_reason_desc; 0 where there is none. */
  readonly dropReason: number;
  /** TrafficDirection: 0 unknown, 1 ingress, 2 egress. */
  readonly direction: number;
  /** undefined where the flow does not say. */
  readonly isReply: boolean | undefined;
  /** Lower case: tcp, udp, sctp, icmpv4, icmpv6, vrrp, igmp; empty where unknown. */
  readonly l4Protocol: string;
  /** Lower case: dns, http, kafka; empty where there is no L7 record. */
  readonly l7Protocol: string;
  readonly sourceIp: string;
  readonly destinationIp: string;
  /** Source after translation, empty where there was none. */
  readonly sourceIpXlated: string;
  /** IPVersion: 0 not used, 1 IPv4, 2 IPv6. */
  readonly ipVersion: number;
  readonly isEncrypted: boolean;
  /** Ports of TCP, UDP and SCTP; -1 for every other protocol. */
  readonly sourcePort: number;
  readonly destinationPort: number;
  /** HT_TCP bits (FIN 1, SYN 2, RST 4, PSH 8, ACK 16, URG 32, ECE 64, CWR 128, NS 256); -1 without TCP flags. */
  readonly tcpFlags: number;
  /** undefined where the flow has no such endpoint message. */
  readonly source: EndpointView | undefined;
  readonly destination: EndpointView | undefined;
  readonly sourceService: ServiceView | undefined;
  readonly destinationService: ServiceView | undefined;
  /** DNS names known for the addresses. */
  readonly sourceNames: readonly string[];
  readonly destinationNames: readonly string[];
  /** `cluster/node` or `node`. */
  readonly nodeName: string;
  /** `key=value`, no source prefix. */
  readonly nodeLabels: readonly string[];
  /** undefined where the flow names no interface. */
  readonly interface: { readonly index: number; readonly name: string } | undefined;
  /** undefined unless l7Protocol is http. */
  readonly http: HttpView | undefined;
  /** DNS question with its trailing dot; undefined unless l7Protocol is dns. */
  readonly dnsQuery: string | undefined;
  readonly traceId: string;
  readonly ipTraceId: bigint;
}

/** One side of a flow. */
export interface EndpointView {
  /** Stable for the life of the process: equal ids are equal endpoints, so answers may be cached by it. 0 = do not cache. */
  readonly id: number;
  readonly identity: number;
  readonly namespace: string;
  readonly podName: string;
  /** `source:key=value`. */
  readonly labels: readonly string[];
  readonly workloads: readonly { readonly name: string; readonly kind: string }[];
  readonly clusterName: string;
}

/** A Kubernetes service on one side of a flow. */
export interface ServiceView {
  readonly namespace: string;
  readonly name: string;
}

/** The HTTP record of an L7 flow. */
export interface HttpView {
  /** 0 in requests. */
  readonly code: number;
  readonly method: string;
  readonly url: string;
  readonly headers: readonly { readonly key: string; readonly value: string }[];
}

/** Whether a flow fits. */
export type FlowPredicate = (flow: FlowView) => boolean;
