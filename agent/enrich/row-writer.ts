// Hot path: bench row "agent flows written" (test/bench/agent.ts).
import { FlowRow, FlowWriter, interfaceChunk, refusalChunk, serviceChunk, summaryChunk, textChunk } from '../../src/wire/flow-template.ts';
import { icmpSummary, tcpSummary } from '../../src/wire/summary-text.ts';
import { FlowCodec, FlowType, IPVersion, TraceObservationPoint, TrafficDirection, Verdict } from '../../src/wire/gen/flow.ts';
import { EventFlag, EventType, OFFSET, Point, TraceReason, whyNames } from '../decode/event.ts';
import { DecisionEncoder } from './decision-chunks.ts';
import { isForeignDecision } from './judge-drop.ts';
import type { RowContext, ServiceName } from './row-context.ts';
import { fillUuid, type RowView } from './row-view.ts';

/** Devices and services whose bytes are kept; beyond, they are made anew. */
const MAX_CHUNKS = 4_096;
const EMPTY = new Uint8Array(0);
/** Files of ours that drop, in bpf/: a record holds the line alone. Calls are refused for one reason, packets for the others. */
const [packetFile, callFile] = [textChunk('tc.h'), textChunk('call.h')];
const SERVICE_BACKEND_NOT_FOUND = 158;
const NANOS = 1_000_000_000;
const ICMPV4 = 1;
const ICMPV6 = 58;

/** Flow.Summary of sock events, by protocol. */
const socketSummaries = new Map([[6, summaryChunk('TCP')], [17, summaryChunk('UDP')]]);
const unknownSummary = summaryChunk('Unknown');

/** Flow.Summary of a packet, as text. */
function usualText(view: RowView): string {
  const { protocol, ipVersion } = view;
  if (protocol === ICMPV4 || protocol === ICMPV6) return icmpSummary(ipVersion === IPVersion.IPv6 ? 6 : 4, view.icmpType, view.icmpCode);
  return view.tcpFlags >= 0 ? tcpSummary(view.tcpFlags) : view.l4Protocol.toUpperCase();
}

/** The one place that says what a history row means as a Flow on the wire. Writes frames through the template. */
export class RowWriter {
  readonly frames: FlowWriter;
  private readonly row = new FlowRow();
  private readonly devices = new Map<number, { name: string; chunk: Uint8Array }>();
  private readonly services = new Map<string, Uint8Array>();
  private readonly decisions: DecisionEncoder;
  private readonly kernelDrops = new Map<number, { summary: Uint8Array; name: Uint8Array; subsystem: Uint8Array; isForeign: boolean }>();
  private readonly whys = whyNames.map((name) => (name === '' ? EMPTY : textChunk(name)));
  /** High word of the last row's time, and that time's start in seconds and nanoseconds. */
  private timeHigh = -1;
  private baseSeconds = 0;
  private baseNanos = 0;

  constructor(private readonly context: RowContext) {
    const { nodeName, nodeLabels, emitterVersion } = context;
    this.decisions = new DecisionEncoder(context);
    this.row.uuid.set(context.uuidPrefix);
    this.frames = new FlowWriter({ nodeName, nodeLabels, emitter: { name: 'Hubble', version: emitterVersion } });
  }

  /** Appends one frame for the row in `view`. */
  write(view: RowView, hasExtension: boolean): void {
    const { row } = this;
    row.clear();
    this.fillTime(view.words[2] ?? 0, view.words[3] ?? 0);
    fillUuid(view, row.uuid);
    this.fillKind(view);
    this.fillPacket(view);
    this.fillEnds(view);
    this.fillDecision(view);
    if (hasExtension) this.fillExtension(view);
    this.frames.write(row);
  }

  private fillDecision(view: RowView): void {
    if (view.policy === 0) return;
    const { row } = this;
    const chunks = this.decisions.of(view, usualText);
    if (chunks === undefined) return;
    row.extra = chunks.policies;
    row.summary = chunks.summary;
  }

  private fillTime(low: number, high: number): void {
    if (high !== this.timeHigh) {
      const base = BigInt(high) << 32n;
      this.timeHigh = high;
      this.baseSeconds = Number(base / 1_000_000_000n);
      this.baseNanos = Number(base % 1_000_000_000n);
    }
    const nanos = this.baseNanos + low;
    const seconds = Math.floor(nanos / NANOS);
    this.row.timeSeconds = this.baseSeconds + seconds;
    this.row.timeNanos = nanos - seconds * NANOS;
  }

  private fillKind(view: RowView): void {
    const { row } = this;
    const { type } = view;
    row.eventType = type;
    row.direction = view.direction;
    if (type === EventType.trace) {
      row.verdict = Verdict.FORWARDED;
      const point = view.bytes[OFFSET.sub_type] ?? 0;
      row.eventSubType = point;
      // On the wire 0 means unknown, so to-endpoint has a number of its own.
      row.tracePoint = point === Point.toEndpoint ? TraceObservationPoint.TO_ENDPOINT : point;
      const { reason } = view;
      if (reason === TraceReason.unknown) return;
      row.traceReason = reason + 1;
      row.isReply = reason === TraceReason.reply ? 1 : 0;
      return;
    }
    if (type === EventType.sock) this.fillSocket(view);
    row.verdict = view.verdict;
    row.eventType = view.eventType;
    row.eventSubType = view.eventSubType;
    row.dropReason = view.dropReason;
    row.policyMatchType = view.policyMatch;
    if (type === EventType.verdict && row.verdict !== Verdict.DROPPED) row.isReply = 0;
    if (type === EventType.drop && view.line !== 0) {
      row.fileName = view.rawDropReason === SERVICE_BACKEND_NOT_FOUND ? callFile : packetFile;
      row.fileLine = view.line;
    }
    if (type === EventType.kernelDrop) row.summary = this.kernelDrop(view.rawDropReason).summary;
  }

  /** There is no packet yet: no link header, no flags. */
  private fillSocket(view: RowView): void {
    const { row } = this;
    row.flowType = FlowType.SOCK;
    row.summary = socketSummaries.get(view.protocol) ?? unknownSummary;
    row.extra = FlowCodec.encode({ sock_xlate_point: view.eventSubType, socket_cookie: view.socketCookie, cgroup_id: view.cgroupId });
  }

  private fillPacket(view: RowView): void {
    const { row } = this;
    const { flags, words } = view;
    row.bytes = view.bytes;
    row.ipVersion = (flags & EventFlag.ipv6) === 0 ? 4 : 6;
    row.sourceIpAt = view.isFold ? -1 : OFFSET.source_ip;
    row.destinationIpAt = view.isFold ? -1 : OFFSET.destination_ip;
    if (view.isFold) this.fillAggregate(view);
    else if ((flags & EventFlag.l3Device) === 0 && view.type !== EventType.kernelDrop && !view.isSock) {
      row.sourceMacAt = OFFSET.source_mac;
      row.destinationMacAt = OFFSET.destination_mac;
    }
    const ports = words[22] ?? 0;
    const isLaterFragment = (flags & EventFlag.fragment) !== 0 && ports === 0;
    if (isLaterFragment) return;
    row.protocol = view.protocol;
    row.sourcePort = ports & 0xffff;
    row.destinationPort = ports >>> 16;
    row.tcpFlags = view.isSock ? -1 : view.reportedTcpFlags;
    if (row.protocol === ICMPV4 || row.protocol === ICMPV6) {
      row.icmpType = view.icmpType;
      row.icmpCode = view.icmpCode;
    }
  }

  private fillAggregate(view: RowView): void {
    const { row } = this;
    if (view.direction === TrafficDirection.INGRESS) row.aggregateIngress = view.folded;
    else if (view.direction === TrafficDirection.EGRESS) row.aggregateEgress = view.folded;
    else row.aggregateUnknown = view.folded;
  }

  private fillEnds(view: RowView): void {
    const { row, context } = this;
    const source = view.sourceVersion;
    const destination = view.destinationVersion;
    row.source = source.chunk;
    row.destination = destination.chunk;
    // Names are made of text only for those that may have one.
    const isAsked = view.words[OFFSET.service / 4] !== 0;
    if (isAsked || (source.ref === 0 && context.hasServices())) row.sourceService = this.service(view.sourceService);
    if (isAsked || (destination.ref === 0 && context.hasServices())) row.destinationService = this.service(view.destinationService);
    const { ifindex } = view;
    if (ifindex !== 0) row.interface = this.device(ifindex);
  }

  private fillExtension(view: RowView): void {
    const { row } = this;
    row.hasExtension = true;
    row.skbs = view.skbs;
    row.segments = view.segments;
    row.volumeBytes = view.volumeBytes;
    row.why = this.whys[view.why] ?? EMPTY;
    row.isMidStream = (view.flags & EventFlag.midStream) !== 0;
    row.refusal = this.decisions.refusal(view);
    if (view.type !== EventType.kernelDrop) return;
    const { name, subsystem, isForeign } = this.kernelDrop(view.rawDropReason);
    row.kernelDropReason = name;
    row.kernelDropSubsystem = subsystem;
    const refusal = isForeign ? this.context.judgeDrop?.(view) : undefined;
    if (refusal !== undefined) row.refusal = refusalChunk(refusal);
  }

  private device(ifindex: number): Uint8Array {
    const name = this.context.deviceName(ifindex);
    const known = this.devices.get(ifindex);
    if (known?.name === name) return known.chunk;
    const chunk = interfaceChunk(ifindex, name);
    if (this.devices.size < MAX_CHUNKS || known !== undefined) this.devices.set(ifindex, { name, chunk });
    return chunk;
  }

  private service(service: ServiceName | undefined): Uint8Array {
    if (service === undefined) return EMPTY;
    const key = `${service.namespace}/${service.name}`;
    const known = this.services.get(key);
    if (known !== undefined) return known;
    const chunk = serviceChunk({ name: service.name, namespace: service.namespace });
    if (this.services.size < MAX_CHUNKS) this.services.set(key, chunk);
    return chunk;
  }

  private kernelDrop(reason: number): { summary: Uint8Array; name: Uint8Array; subsystem: Uint8Array; isForeign: boolean } {
    const known = this.kernelDrops.get(reason);
    if (known !== undefined) return known;
    const { name, subsystem } = this.context.dropReasonName(reason);
    const chunks = { summary: summaryChunk(`kernel: ${name}`), name: textChunk(name), subsystem: textChunk(subsystem), isForeign: isForeignDecision(name) };
    if (this.kernelDrops.size < MAX_CHUNKS) this.kernelDrops.set(reason, chunks);
    return chunks;
  }
}
