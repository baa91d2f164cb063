// hot path: asked for each flow (bench: screen, flows folded)
import { tryDecode } from '../wire/codec.ts';
import { ScanProtocol, type FlowScan } from '../wire/flow-scan.ts';
import { FlowExtensionCodec } from '../wire/gen/hubtop.ts';
import { AnyCodec } from '../wire/gen/google.ts';
import { hashBytes, hashNumber, Sight, type SeenPackets } from './seen-packets.ts';

/** What a packet does to its connection; bits. */
export const Opening = {
  /** A connection nobody told of before. */
  OPENS: 1,
  /** A SYN, the first or one sent again. */
  SYN: 2,
  SYN_ACK: 4,
  /** First packet of a connection that began without a SYN. */
  STRAY: 8,
} as const;

const SYN = 0x002;
const RST = 0x004;
const ACK = 0x010;
const KIND_FLAGS = 0x017;
const TRACE_NEW = 1;
/** Records of applications and of sockets are no packets. */
const L7_FLOW = 2;
const TRACE_UNKNOWN = 0;
/** Drop reasons of connection tracking that met a packet it has no connection for. */
const STRAY_REASONS = /NOT_SYN|MISSING_TCP_ACK/;

/**
 * What a scanned flow does to its connection, each packet told once however many points report it. A flow that stands for many tells nothing: how many connections it holds is not in it.
 */
export function openingOf(seen: SeenPackets, scan: FlowScan, bytes: Uint8Array, packet: { isReply: boolean; timeMs: number; reason: string }): number {
  const kind = kindOf(scan, bytes, packet.isReply, packet.reason);
  if (kind === 0 || scan.aggregateCount > 0 || scan.flowType >= L7_FLOW) return 0;
  const sight = seen.see(hashOf(scan, bytes, packet.isReply, kind), packet.timeMs);
  if (sight === Sight.SAME) return 0;
  if (kind === Opening.SYN) return sight === Sight.NEW ? Opening.SYN | Opening.OPENS : Opening.SYN;
  // later packets of the same stray connection are no news
  return kind === Opening.SYN_ACK || sight === Sight.NEW ? kind : 0;
}

/** Whether a flow may tell of an opening: the question that data packets cost. */
export function mayOpen(scan: FlowScan): boolean {
  return scan.traceReason <= TRACE_NEW || (scan.tcpFlags & (SYN | RST)) !== 0 || scan.dropReason !== 0;
}

function kindOf(scan: FlowScan, bytes: Uint8Array, isReply: boolean, reason: string): number {
  // points before connection tracking tell no reason: there the addresses alone tell the first datagram
  if (scan.protocol !== ScanProtocol.TCP) return (scan.traceReason === TRACE_NEW || scan.traceReason === TRACE_UNKNOWN) && !isReply ? Opening.OPENS : 0;
  const flags = scan.tcpFlags & KIND_FLAGS;
  if ((flags & SYN) !== 0) return (flags & ACK) !== 0 ? Opening.SYN_ACK : Opening.SYN;
  if (flags === ACK && scan.traceReason === TRACE_NEW && !isReply) return Opening.STRAY;
  if (reason !== '' && STRAY_REASONS.test(reason)) return Opening.STRAY;
  // RFC 9293 3.10.7.1: whoever knows no such connection answers an ACK with a RST that has none
  return flags === RST && isReply && scan.extensionsEnd > scan.extensionsStart && beganWithoutSyn(bytes.subarray(scan.extensionsStart, scan.extensionsEnd)) ? Opening.STRAY : 0;
}

function beganWithoutSyn(any: Uint8Array): boolean {
  const outer = tryDecode(AnyCodec, any);
  if (!outer.ok || outer.value.type_url?.endsWith('/hubtop.v1.FlowExtension') !== true || outer.value.value === undefined) return false;
  const inner = tryDecode(FlowExtensionCodec, outer.value.value);
  return inner.ok && inner.value.mid_stream === true;
}

// from the client's end, so that a reset and what it answers are of one connection
function hashOf(scan: FlowScan, bytes: Uint8Array, isReply: boolean, kind: number): number {
  const one = hashNumber(scan.sourcePort, hashBytes(bytes, scan.sourceIpStart, scan.sourceIpEnd, kind));
  const other = hashNumber(scan.destinationPort, hashBytes(bytes, scan.destinationIpStart, scan.destinationIpEnd, kind));
  return hashNumber(isReply ? other ^ (one << 7) : one ^ (other << 7), scan.protocol);
}
