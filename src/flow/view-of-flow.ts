import type { Endpoint, Flow, Service } from '../wire/gen/flow.ts';
import { tcpFlagMask } from './filter-packet.ts';
import type { EndpointView, FlowView, HttpView, ServiceView } from './flow-view.ts';

/** Answers for filters from a decoded flow, such as a line of a file. */
export function flowViewOf(flow: Flow): FlowView {
  return new DecodedFlowView(flow);
}

class DecodedFlowView implements FlowView {
  readonly #flow: Flow;

  constructor(flow: Flow) {
    this.#flow = flow;
  }

  get timeNs(): bigint {
    return (this.#flow.time?.seconds ?? 0n) * 1_000_000_000n + BigInt(this.#flow.time?.nanos ?? 0);
  }

  get uuid(): string { return this.#flow.uuid ?? ''; }
  get verdict(): number { return this.#flow.verdict ?? 0; }
  get eventType(): number { return this.#flow.event_type === undefined ? -1 : (this.#flow.event_type.type ?? 0); }
  get eventSubType(): number { return this.#flow.event_type?.sub_type ?? 0; }
  get dropReason(): number { return this.#flow.drop_reason_desc ?? 0; }
  get direction(): number { return this.#flow.traffic_direction ?? 0; }
  get isReply(): boolean | undefined { return this.#flow.is_reply === undefined ? undefined : (this.#flow.is_reply.value ?? false); }
  get l4Protocol(): string { return l4ProtocolOf(this.#flow); }

  get l7Protocol(): string {
    const l7 = this.#flow.l7;
    if (l7 === undefined) return '';
    return l7.dns !== undefined ? 'dns' : l7.http !== undefined ? 'http' : l7.kafka !== undefined ? 'kafka' : '';
  }

  get sourceIp(): string { return this.#flow.IP?.source ?? ''; }
  get destinationIp(): string { return this.#flow.IP?.destination ?? ''; }
  get sourceIpXlated(): string { return this.#flow.IP?.source_xlated ?? ''; }
  get ipVersion(): number { return this.#flow.IP?.ipVersion ?? 0; }
  get isEncrypted(): boolean { return this.#flow.IP?.encrypted ?? false; }
  get sourcePort(): number { return portsOf(this.#flow)?.source_port ?? (portsOf(this.#flow) === undefined ? -1 : 0); }
  get destinationPort(): number { return portsOf(this.#flow)?.destination_port ?? (portsOf(this.#flow) === undefined ? -1 : 0); }

  get tcpFlags(): number {
    const flags = this.#flow.l4?.TCP?.flags;
    return flags === undefined ? -1 : tcpFlagMask(flags);
  }

  get source(): EndpointView | undefined { return endpointView(this.#flow.source); }
  get destination(): EndpointView | undefined { return endpointView(this.#flow.destination); }
  get sourceService(): ServiceView | undefined { return serviceView(this.#flow.source_service); }
  get destinationService(): ServiceView | undefined { return serviceView(this.#flow.destination_service); }
  get sourceNames(): readonly string[] { return this.#flow.source_names ?? []; }
  get destinationNames(): readonly string[] { return this.#flow.destination_names ?? []; }
  get nodeName(): string { return this.#flow.node_name ?? ''; }
  get nodeLabels(): readonly string[] { return this.#flow.node_labels ?? []; }

  get interface(): { index: number; name: string } | undefined {
    const seen = this.#flow.interface;
    return seen === undefined ? undefined : { index: seen.index ?? 0, name: seen.name ?? '' };
  }

  get http(): HttpView | undefined {
    const http = this.#flow.l7?.http;
    if (http === undefined) return undefined;
    const headers = (http.headers ?? []).map(({ key = '', value = '' }) => ({ key, value }));
    return { code: http.code ?? 0, method: http.method ?? '', url: http.url ?? '', headers };
  }

  get dnsQuery(): string | undefined { return this.#flow.l7?.dns === undefined ? undefined : (this.#flow.l7.dns.query ?? ''); }
  get traceId(): string { return this.#flow.trace_context?.parent?.trace_id ?? ''; }
  get ipTraceId(): bigint { return this.#flow.ip_trace_id?.trace_id ?? 0n; }
}

/** Lower-case name of the transport protocol, empty where the flow has none. */
export function l4ProtocolOf({ l4 }: Flow): string {
  if (l4 === undefined) return '';
  if (l4.TCP !== undefined) return 'tcp';
  if (l4.UDP !== undefined) return 'udp';
  if (l4.ICMPv4 !== undefined) return 'icmpv4';
  if (l4.ICMPv6 !== undefined) return 'icmpv6';
  if (l4.SCTP !== undefined) return 'sctp';
  if (l4.VRRP !== undefined) return 'vrrp';
  return l4.IGMP === undefined ? '' : 'igmp';
}

/** The message with the ports, of the protocols that have them. */
export function portsOf({ l4 }: Flow): { source_port?: number | undefined; destination_port?: number | undefined } | undefined {
  return l4?.TCP ?? l4?.UDP ?? l4?.SCTP;
}

function endpointView(endpoint: Endpoint | undefined): EndpointView | undefined {
  if (endpoint === undefined) return undefined;
  return {
    id: 0,
    identity: endpoint.identity ?? 0,
    namespace: endpoint.namespace ?? '',
    podName: endpoint.pod_name ?? '',
    labels: endpoint.labels ?? [],
    workloads: (endpoint.workloads ?? []).map(({ name = '', kind = '' }) => ({ name, kind })),
    clusterName: endpoint.cluster_name ?? '',
  };
}

function serviceView(service: Service | undefined): ServiceView | undefined {
  return service === undefined ? undefined : { namespace: service.namespace ?? '', name: service.name ?? '' };
}
