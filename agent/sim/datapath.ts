import { Direction, EventFlag, EventType, Point, TraceReason, whyNames } from '../decode/event.ts';
import type { PairRow } from '../decode/kernel.ts';
import { Conntrack, lifeNs, type ConntrackEntry, type SimConnection } from './conntrack.ts';
import type { EventDraft, EventEmitter } from './event-emitter.ts';
import { KernelDropReason, TcpFlag, type Packet } from './packets.ts';
import type { SimCounters } from './sim-counters.ts';

const lane = { urgent: 0, bulk: 1 } as const;
const verdictNumber = { forwarded: 1, dropped: 2 } as const;
const icmp = 1;
const icmp6 = 58;
/** ht_config.report_interval, as a datapath has it unless told otherwise. */
const reportIntervalNs = 5e9;
const linkHeaderBytes = 14;
/** Stands in for the line of a C source that a real drop names. */
const dropLine = 1402;

/** Numbers of HT_WHY_*. */
const Why = Object.fromEntries(whyNames.map((name, number) => [name, number]));

/** What stands for bpf/: conntrack, the report decision, both ledgers and the drops, for one node. */
export class Datapath {
  readonly conntrack: Conntrack;
  private readonly counters: SimCounters;
  private readonly emitter: EventEmitter;
  /** Moves when refs or labels of addresses changed. */
  epoch = 1;
  packets = 0;

  constructor(counters: SimCounters, emitter: EventEmitter, maxConnections: number) {
    this.counters = counters;
    this.emitter = emitter;
    this.conntrack = new Conntrack(maxConnections);
  }

  /** One packet at one hook; `isSending` = it comes from the pod behind the device. */
  pass(connection: SimConnection, packet: Packet, isSending: boolean, timeNs: number): void {
    this.packets += 1;
    const isDroppedHere = packet.drop === (isSending ? 'sender' : 'receiver');
    const row = this.countPacket(connection, packet, isDroppedHere);
    if (isDroppedHere) {
      this.dropByDatapath(connection, packet, timeNs, row);
      return;
    }
    this.track(connection, packet, timeNs, row);
    if (packet.kernelDrop !== 0 && !isSending) this.dropByKernel(connection, packet, timeNs);
  }

  /** As ht_sweep: reports volumes that wait, deletes what expired. With `all`, volumes of every entry. */
  sweep(nowNs: number, all: boolean): void {
    for (const entry of this.conntrack.entries.values()) {
      const isExpired = nowNs - entry.lastSeenNs >= lifeNs(entry);
      let isSettled = true;
      for (const isReply of [false, true]) {
        const side = entry.sides[isReply ? 1 : 0];
        if (side.skbs === 0) continue;
        if (!all && nowNs - side.lastReportNs < reportIntervalNs) continue;
        isSettled = this.report(entry, isReply, { why: Why['sweep'] ?? 0, timeNs: nowNs, flags: 0 }) && isSettled;
      }
      if (isExpired && isSettled) this.conntrack.delete(entry.connection);
    }
  }

  private track(connection: SimConnection, packet: Packet, timeNs: number, row: PairRow | undefined): void {
    const known = this.conntrack.entries.get(connection);
    const isMidStream = known === undefined && connection.protocol === 6 && (packet.flags & TcpFlag.syn) === 0;
    const entry = known ?? this.conntrack.insert(connection, timeNs, isMidStream);
    if (known === undefined && row !== undefined) row.connections += 1;
    const side = entry.sides[packet.fromServer ? 1 : 0];
    side.skbs += 1;
    side.segments += packet.segments;
    side.bytes += packet.bytes;
    side.tcpFresh |= packet.flags;
    entry.lastSeenNs = timeNs;
    if ((packet.flags & TcpFlag.fin) !== 0) entry.closing |= packet.fromServer ? 2 : 1;
    if ((packet.flags & TcpFlag.rst) !== 0) entry.closing |= 0x80;
    const why = known === undefined ? 'new' : whyReport(packet.flags, side.tcpSeen, timeNs - side.lastReportNs);
    if (why !== '') this.report(entry, packet.fromServer, { why: Why[why] ?? 0, timeNs, flags: packet.flags });
  }

  /** False when the ring was full: the volume then waits for the next report. */
  private report(entry: ConntrackEntry, isReply: boolean, event: { why: number; timeNs: number; flags: number }): boolean {
    const { connection } = entry;
    const side = entry.sides[isReply ? 1 : 0];
    const isNew = event.why === Why['new'];
    const isUrgent = isNew || event.why === Why['close'];
    const isSent = this.emitter.emit(isUrgent ? lane.urgent : lane.bulk, 'trace', {
      ...this.draft(connection, isReply, event.timeNs),
      type: EventType.trace,
      subType: connection.isClientSide === isReply ? Point.toEndpoint : Point.toStack,
      reason: isReply ? TraceReason.reply : isNew ? TraceReason.new : TraceReason.established,
      why: event.why,
      flags: entry.isMidStream ? EventFlag.midStream : 0,
      tcpFlags: event.why === Why['sweep'] ? side.tcpFresh : event.flags,
      tcpFlagsSeen: side.tcpFresh,
      skbs: side.skbs,
      segments: side.segments,
      bytes: side.bytes,
    });
    if (!isSent) return false;
    const row = this.pairRow(connection, isReply, false);
    if (row !== undefined) row.reported += 1;
    side.tcpSeen |= side.tcpFresh;
    side.lastReportNs = event.timeNs;
    side.skbs = side.segments = side.bytes = side.tcpFresh = 0;
    return true;
  }

  private dropByDatapath(connection: SimConnection, packet: Packet, timeNs: number, row: PairRow | undefined): void {
    const common = {
      ...this.draft(connection, packet.fromServer, timeNs),
      why: Why['drop'] ?? 0,
      tcpFlags: packet.flags,
      tcpFlagsSeen: packet.flags,
      dropReason: packet.dropReason,
    };
    // The verdict stands for a decision; the packet itself is told by the drop, once.
    if (packet.drop === 'receiver') this.emitter.emit(lane.urgent, 'policy-verdict', { ...common, type: EventType.verdict });
    const isSent = this.emitter.emit(lane.urgent, 'drop', {
      ...common, type: EventType.drop, line: dropLine, skbs: 1, segments: packet.segments, bytes: packet.bytes,
    });
    if (isSent && row !== undefined) row.reported += 1;
  }

  private dropByKernel(connection: SimConnection, packet: Packet, timeNs: number): void {
    const draft = this.draft(connection, packet.fromServer, timeNs);
    const bytes = packet.bytes - linkHeaderBytes;
    this.counters.countKernelDrop({
      sourceLabels: draft.source.labels,
      destinationLabels: draft.destination.labels,
      reason: packet.kernelDrop,
      port: draft.destinationPort,
      protocol: connection.protocol,
      family: connection.client.family,
    }, bytes);
    if (packet.kernelDrop === KernelDropReason.notSpecified) {
      const counts = this.counters.event(lane.urgent, 'kernel-drop');
      counts.happened += 1;
      counts.suppressed += 1;
      return;
    }
    this.emitter.emit(lane.urgent, 'kernel-drop', {
      ...draft, type: EventType.kernelDrop, why: Why['drop'] ?? 0, tcpFlags: packet.flags, tcpFlagsSeen: packet.flags,
      dropReason: packet.kernelDrop, skbs: 1, segments: packet.segments, bytes,
    });
  }

  private countPacket(connection: SimConnection, packet: Packet, isDropped: boolean): PairRow | undefined {
    const row = this.pairRow(connection, packet.fromServer, isDropped);
    if (row === undefined) {
      this.counters.pairFailed += 1;
      this.counters.pairFailedBytes += packet.bytes;
      return undefined;
    }
    row.skbs += 1;
    row.segments += packet.segments;
    row.bytes += packet.bytes;
    if ((packet.flags & TcpFlag.rst) !== 0) row.resets += 1;
    return row;
  }

  private pairRow(connection: SimConnection, isReply: boolean, isDropped: boolean): PairRow | undefined {
    if (connection.pairEpoch !== this.epoch) {
      connection.pairRows = [];
      connection.pairEpoch = this.epoch;
    }
    const slot = (isReply ? 1 : 0) + (isDropped ? 2 : 0);
    return connection.pairRows[slot] ??= this.counters.pair({
      clientLabels: connection.client.labels,
      serverLabels: connection.server.labels,
      port: isIcmp(connection.protocol) ? icmpType(connection, isReply) : connection.serverPort,
      protocol: connection.protocol,
      direction: connection.isClientSide ? Direction.egress : Direction.ingress,
      isReply,
      verdict: isDropped ? verdictNumber.dropped : verdictNumber.forwarded,
      family: connection.client.family,
    });
  }

  /** What all events of a packet in this direction have in common; volume zero. */
  private draft(connection: SimConnection, isReply: boolean, timeNs: number): EventDraft {
    const { client, server, device, isClientSide } = connection;
    const isSending = isClientSide !== isReply;
    const source = isReply ? server : client;
    const destination = isReply ? client : server;
    const isPing = isIcmp(connection.protocol);
    return {
      type: 0, subType: 0, reason: TraceReason.unknown, why: 0, flags: 0, tcpFlags: 0, tcpFlagsSeen: 0, line: 0, dropReason: 0,
      skbs: 0, segments: 0, bytes: 0,
      direction: isClientSide ? Direction.egress : Direction.ingress,
      protocol: connection.protocol,
      timeNs,
      cpu: connection.cpu,
      ifindex: device.ifindex,
      endpointRef: device.address.ref,
      source,
      destination,
      sourceMac: isSending ? source.mac : device.mac,
      destinationMac: isSending ? device.mac : destination.mac,
      sourcePort: isPing ? 0 : isReply ? connection.serverPort : connection.clientPort,
      destinationPort: isPing ? 0 : isReply ? connection.clientPort : connection.serverPort,
      icmpType: isPing ? icmpType(connection, isReply) : 0,
      hash: connection.hash,
    };
  }
}

/** '' = nothing to report yet. */
function whyReport(flags: number, seen: number, sinceReportNs: number): '' | 'close' | 'flags' | 'interval' {
  if ((flags & (TcpFlag.fin | TcpFlag.rst)) !== 0) return 'close';
  if ((flags & ~seen) !== 0) return 'flags';
  return sinceReportNs >= reportIntervalNs ? 'interval' : '';
}

function isIcmp(protocol: number): boolean {
  return protocol === icmp || protocol === icmp6;
}

/** Echo request and reply of RFC 792 and RFC 4443. */
function icmpType(connection: SimConnection, isReply: boolean): number {
  if (connection.protocol === icmp) return isReply ? 0 : 8;
  return isReply ? 129 : 128;
}
