import type { EndpointView, FlowView, ServiceView } from '../../src/flow/flow-view.ts';
import { DropReason, IPVersion, SocketTranslationPoint, TrafficDirection, Verdict } from '../../src/wire/gen/flow.ts';
import { formatIp, parseIp } from '../../src/lib/ip-bytes.ts';
import { Direction, EVENT_BYTES, EventFlag, EventType, OFFSET, TraceReason, Why } from '../decode/event.ts';
import type { EndpointVersion } from './endpoint-version.ts';
import type { RowContext } from './row-context.ts';

/** Sub type on the wire of a drop by the kernel itself: no Hubble client has a name for it. */
export const KERNEL_DROP_SUB_TYPE = 255;

const TCP = 6;
const UDP = 17;
const ICMPV4 = 1;
const ICMPV6 = 58;
const SCTP = 132;
const protocolNames = new Map([[TCP, 'tcp'], [UDP, 'udp'], [ICMPV4, 'icmpv4'], [ICMPV6, 'icmpv6'], [SCTP, 'sctp'], [112, 'vrrp'], [2, 'igmp']]);
/** Cilium's numbers: below are only 0 and the success-like codes. */
const FIRST_DROP_REASON = 130;

/**
 * One history row, read as the flow it stands for. The row's words are
 * borrowed: fill `words` (HistoryReader.copy), call moved(), then ask.
 */
export class RowView implements FlowView {
  readonly words = new Uint32Array(EVENT_BYTES / 4);
  readonly bytes = new Uint8Array(this.words.buffer);
  readonly data = new DataView(this.words.buffer);
  readonly sourceIpXlated = '';
  readonly isEncrypted = false;
  readonly l7Protocol = '';
  readonly sourceNames: readonly string[] = [];
  readonly destinationNames: readonly string[] = [];
  readonly http = undefined;
  readonly dnsQuery = undefined;
  readonly traceId = '';
  readonly ipTraceId = 0n;
  readonly nodeName: string;
  readonly nodeLabels: readonly string[];
  private sourceText: string | undefined;
  private destinationText: string | undefined;

  constructor(private readonly context: RowContext) {
    this.nodeName = context.nodeName;
    this.nodeLabels = context.nodeLabels;
  }

  /** Forgets what was derived from the row before. */
  moved(): this {
    this.sourceText = undefined;
    this.destinationText = undefined;
    if (this.hasNoSourceIp && !this.isFold && this.words[OFFSET.source_ref / 4] !== 0) this.nameSource();
    return this;
  }

  /** A socket has no address before it is bound. */
  private get hasNoSourceIp(): boolean {
    const at = OFFSET.source_ip / 4;
    return this.words[at] === 0 && this.words[at + 1] === 0 && this.words[at + 2] === 0 && this.words[at + 3] === 0;
  }

  /** The one it will be bound to is the pod's of the same family. */
  private nameSource(): void {
    const isIpv6 = (this.flags & EventFlag.ipv6) !== 0;
    const ip = this.versionAt(OFFSET.source_ref, OFFSET.source_labels).ips.find((text) => text.includes(':') === isIpv6);
    this.bytes.set(parseIp(ip ?? '')?.bytes ?? [], OFFSET.source_ip);
  }

  get type(): number { return this.bytes[OFFSET.type] ?? 0; }
  get flags(): number { return this.bytes[OFFSET.flags] ?? 0; }
  get protocol(): number { return this.bytes[OFFSET.protocol] ?? 0; }
  get reason(): number { return this.bytes[OFFSET.reason] ?? 0; }
  get why(): number { return this.bytes[OFFSET.why] ?? 0; }
  /** It stands for many events, and has only what they have in common: no addresses, no client's port. */
  get isFold(): boolean { return this.why === Why.fold; }
  get folded(): number { return this.data.getUint32(OFFSET.folded, true); }
  get ifindex(): number { return this.data.getUint32(OFFSET.ifindex, true); }
  get skbs(): number { return this.data.getUint32(OFFSET.skbs, true); }
  get segments(): number { return this.data.getUint32(OFFSET.segments, true); }
  /** Of two words: a bigint a row is memory to collect. */
  get volumeBytes(): number { return this.isSock ? 0 : (this.words[OFFSET.bytes / 4 + 1] ?? 0) * 2 ** 32 + (this.words[OFFSET.bytes / 4] ?? 0); }
  get isSock(): boolean { return this.type === EventType.sock; }
  /** Of a sock event, as its cgroup. */
  get socketCookie(): bigint { return this.data.getBigUint64(OFFSET.source_mac, true); }
  get cgroupId(): bigint { return this.data.getBigUint64(OFFSET.bytes, true); }
  get icmpType(): number { return this.bytes[OFFSET.icmp_type] ?? 0; }
  get icmpCode(): number { return this.bytes[OFFSET.icmp_code] ?? 0; }
  get line(): number { return this.data.getUint16(OFFSET.line, true); }
  /** Cilium's number for a drop of a datapath, the kernel's for one of its own. */
  get rawDropReason(): number { return this.data.getUint32(OFFSET.drop_reason, true); }

  get timeNs(): bigint { return this.data.getBigUint64(OFFSET.time_ns, true); }

  get uuid(): string {
    uuidScratch.set(this.context.uuidPrefix);
    fillUuid(this, uuidScratch);
    return formatUuid(uuidScratch);
  }

  get isDrop(): boolean {
    const type = this.type;
    return type === EventType.drop || type === EventType.kernelDrop || (type === EventType.verdict && this.rawDropReason !== 0 && !this.isAudited);
  }

  /** Policies would have dropped it, and the mode lets it pass. */
  get isAudited(): boolean { return (this.flags & EventFlag.audited) !== 0; }
  /** Number of what policies decided. */
  get policy(): number { return this.data.getUint32(OFFSET.policy, true); }
  /** How the entry of the policy map matched. */
  get policyMatch(): number { return this.type === EventType.verdict ? (this.bytes[OFFSET.sub_type] ?? 0) : 0; }

  get verdict(): number {
    if (this.isDrop) return Verdict.DROPPED;
    if (this.isAudited) return Verdict.AUDIT;
    if (!this.isSock) return Verdict.FORWARDED;
    return isPreTranslation(this.eventSubType) ? Verdict.TRACED : Verdict.TRANSLATED;
  }

  get eventType(): number {
    const type = this.type;
    return type === EventType.kernelDrop ? EventType.drop : type;
  }

  get eventSubType(): number {
    const type = this.type;
    if (type === EventType.kernelDrop) return KERNEL_DROP_SUB_TYPE;
    if (type === EventType.verdict) return 0;
    return type === EventType.drop ? this.rawDropReason & 0xff : (this.bytes[OFFSET.sub_type] ?? 0);
  }

  get dropReason(): number {
    if (!this.isDrop || this.type === EventType.kernelDrop) return DropReason.DROP_REASON_UNKNOWN;
    return this.rawDropReason >= FIRST_DROP_REASON ? this.rawDropReason : DropReason.DROP_REASON_UNKNOWN;
  }

  get direction(): number {
    const direction = this.bytes[OFFSET.direction] ?? 0;
    if (direction === Direction.ingress) return TrafficDirection.INGRESS;
    if (direction === Direction.egress) return TrafficDirection.EGRESS;
    if (this.isSock) return TrafficDirection.TRAFFIC_DIRECTION_UNKNOWN;
    const owner = this.data.getUint32(OFFSET.endpoint_ref, true);
    if (owner === 0) return TrafficDirection.TRAFFIC_DIRECTION_UNKNOWN;
    return owner === this.data.getUint32(OFFSET.source_ref, true) ? TrafficDirection.EGRESS : TrafficDirection.INGRESS;
  }

  get isReply(): boolean | undefined {
    if (this.isDrop) return undefined;
    if (this.type === EventType.verdict) return false;
    return this.type === EventType.trace && this.reason !== TraceReason.unknown ? this.reason === TraceReason.reply : undefined;
  }

  get l4Protocol(): string { return this.hasL4 ? (protocolNames.get(this.protocol) ?? '') : ''; }

  /** A later fragment has no transport header of its own; ports may be known from its first. */
  get hasL4(): boolean {
    return (this.flags & EventFlag.fragment) === 0 || this.data.getUint32(OFFSET.source_port, true) !== 0;
  }

  get ipVersion(): number { return (this.flags & EventFlag.ipv6) !== 0 ? IPVersion.IPv6 : IPVersion.IPv4; }

  get sourceIp(): string {
    return this.sourceText ??= this.isFold ? '' : formatIp(this.bytes, this.ipVersion === IPVersion.IPv6 ? 6 : 4, OFFSET.source_ip);
  }

  get destinationIp(): string {
    return this.destinationText ??= this.isFold ? '' : formatIp(this.bytes, this.ipVersion === IPVersion.IPv6 ? 6 : 4, OFFSET.destination_ip);
  }

  get hasPorts(): boolean {
    const protocol = this.protocol;
    return (protocol === TCP || protocol === UDP || protocol === SCTP) && this.hasL4;
  }

  get sourcePort(): number { return this.hasPorts ? this.data.getUint16(OFFSET.source_port, true) : -1; }
  get destinationPort(): number { return this.hasPorts ? this.data.getUint16(OFFSET.destination_port, true) : -1; }

  get tcpFlags(): number { return this.protocol === TCP && this.hasL4 && !this.isSock ? this.reportedTcpFlags : -1; }

  /** A sweep and a fold have no packet of their own: then the flags of all whose volume it reports. */
  get reportedTcpFlags(): number {
    return this.data.getUint16(this.why === Why.sweep || this.isFold ? OFFSET.tcp_flags_seen : OFFSET.tcp_flags, true);
  }

  get sourceLabels(): number { return this.data.getUint32(OFFSET.source_labels, true); }
  get destinationLabels(): number { return this.data.getUint32(OFFSET.destination_labels, true); }
  /** Of the destination; 0 where there is none. */
  get port(): number { return this.data.getUint16(OFFSET.destination_port, true); }

  get sourceVersion(): EndpointVersion {
    const version = this.versionAt(OFFSET.source_ref, OFFSET.source_labels);
    return version.ref === 0 && this.hasNoSourceIp && !this.isFold && (this.isSock || this.type === EventType.drop) ? this.context.versions.unknown : version;
  }
  get destinationVersion(): EndpointVersion { return this.versionAt(OFFSET.destination_ref, OFFSET.destination_labels); }

  private versionAt(offset: number, labelsOffset: number): EndpointVersion {
    if (this.isFold && this.data.getUint32(offset, true) === 0) {
      const labels = this.data.getUint32(labelsOffset, true);
      if (labels !== 0) return this.context.versions.common(labels);
    }
    return this.context.versions.of(this.data.getUint32(offset, true), (this.flags & EventFlag.ipv6) !== 0);
  }

  get source(): EndpointView { return viewOf(this.sourceVersion); }
  get destination(): EndpointView { return viewOf(this.destinationVersion); }

  /** What the client's socket asked for is the server's service, whatever address the packet has. */
  private get askedService(): ServiceView | undefined {
    const number = this.words[OFFSET.service / 4] ?? 0;
    return number === 0 ? undefined : this.context.serviceOf(number);
  }

  get sourceService(): ServiceView | undefined {
    const asked = this.isReply === true ? this.askedService : undefined;
    if (asked !== undefined) return asked;
    // A virtual address never belongs to an endpoint.
    return this.hasPorts && !this.isFold && this.sourceVersion.ref === 0 ? this.context.service(this.sourceIp, this.sourcePort) : undefined;
  }

  get destinationService(): ServiceView | undefined {
    const asked = this.isReply === true ? undefined : this.askedService;
    if (asked !== undefined) return asked;
    return this.hasPorts && !this.isFold && this.destinationVersion.ref === 0 ? this.context.service(this.destinationIp, this.destinationPort) : undefined;
  }

  get interface(): { readonly index: number; readonly name: string } | undefined {
    const index = this.ifindex;
    return index === 0 ? undefined : { index, name: this.context.deviceName(index) };
  }
}

function isPreTranslation(point: number): boolean {
  return point === SocketTranslationPoint.SOCK_XLATE_POINT_PRE_DIRECTION_FWD || point === SocketTranslationPoint.SOCK_XLATE_POINT_PRE_DIRECTION_REV;
}

const views = new WeakMap<EndpointVersion, EndpointView>();
let viewCount = 0;

function viewOf(version: EndpointVersion): EndpointView {
  let view = views.get(version);
  if (view === undefined) {
    const { identity, namespace, pod_name, labels, workloads, cluster_name } = version.endpoint;
    view = {
      // not the ref: all worlds have 0
      id: ++viewCount,
      identity: identity ?? 0,
      namespace: namespace ?? '',
      podName: pod_name ?? '',
      labels: labels ?? [],
      workloads: (workloads ?? []).map((workload) => ({ name: workload.name ?? '', kind: workload.kind ?? '' })),
      clusterName: cluster_name ?? '',
    };
    views.set(version, view);
  }
  return view;
}

const uuidScratch = new Uint8Array(16);

/**
 * The uuid of a row (RFC 9562 version 8: our own layout): 48 bits of node and
 * boot, which stand there already, then lane, CPU and sequence number.
 */
export function fillUuid(row: RowView, uuid: Uint8Array): void {
  const { data } = row;
  const cpu = data.getUint16(OFFSET.cpu, true);
  const low = data.getUint32(OFFSET.sequence, true);
  const high = data.getUint32(OFFSET.sequence + 4, true);
  uuid[6] = 0x80 | ((row.bytes[OFFSET.lane] ?? 0) & 0x0f);
  uuid[7] = cpu >> 8;
  uuid[8] = 0x80 | (high >>> 24 & 0x3f);
  uuid[9] = cpu;
  uuid[10] = high >>> 8;
  uuid[11] = high;
  uuid[12] = low >>> 24;
  uuid[13] = low >>> 16;
  uuid[14] = low >>> 8;
  uuid[15] = low;
}

function formatUuid(bytes: Uint8Array): string {
  const hex = Buffer.from(bytes).toString('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}
