import { around, exponential, type Random } from './random.ts';
import type { PairShape, PlanPair } from './traffic-plan.ts';

/** HT_TCP_* of bpf/event.h. */
export const TcpFlag = { fin: 0x01, syn: 0x02, rst: 0x04, psh: 0x08, ack: 0x10 } as const;

/** Numbers of Cilium's drop reasons (flow.DropReason). */
export const DropReason = { invalidSourceIp: 132, policyDenied: 133, ctTruncated: 135 } as const;

/** enum skb_drop_reason of Linux 6.18. */
export const KernelDropReason = { notSpecified: 2, noSocket: 3, tcpOldData: 33 } as const;

/** One skb on its way. */
export interface Packet {
  /** Since the packet before it was sent, or received where the direction turns. */
  delayNs: number;
  fromServer: boolean;
  /** HT_TCP_*; 0 for other protocols. */
  flags: number;
  /** Link header included. */
  bytes: number;
  segments: number;
  /** Where a datapath program drops it. */
  drop: 'none' | 'sender' | 'receiver';
  dropReason: number;
  /** The receiver's kernel frees it for this reason; 0 = it does not. */
  kernelDrop: number;
}

/** Ethernet 14, IPv4 20 or IPv6 40, TCP 20 with 12 of timestamps, UDP and ICMP 8. */
const headerBytes = { 4: { tcp: 66, datagram: 42 }, 6: { tcp: 86, datagram: 62 } } as const;
/** TCP SYN has 8 more of options than later packets. */
const synOptionsBytes = 8;
/** Payload of one wire segment at an MTU of 1500. */
const segmentPayload = 1448;
/** Largest payload the simulated stack puts into one skb. */
const skbPayload = 10 * segmentPayload;
/** Linux' tcp_syn_retries begin after one second and double. */
const synRetryNs = [1e9, 2e9, 4e9];
const thinkNs = 20_000;

/** All packets of one connection, in the order they are sent. Both ends call it with equal streams of numbers. */
export type PacketScript = (pair: PlanPair, family: 4 | 6, random: Random) => Generator<Packet>;

function packet(fromServer: boolean, flags: number, bytes: number, delayNs = thinkNs): Packet {
  return { delayNs, fromServer, flags, bytes, segments: 1, drop: 'none', dropReason: 0, kernelDrop: 0 };
}

function* handshake(family: 4 | 6): Generator<Packet> {
  const bytes = headerBytes[family].tcp;
  yield packet(false, TcpFlag.syn, bytes + synOptionsBytes, 0);
  yield packet(true, TcpFlag.syn | TcpFlag.ack, bytes + synOptionsBytes);
  yield packet(false, TcpFlag.ack, bytes);
}

function* data(fromServer: boolean, payload: number, family: 4 | 6, delayNs: number): Generator<Packet> {
  let left = Math.max(1, Math.round(payload));
  let delay = delayNs;
  while (left > 0) {
    const size = Math.min(left, skbPayload);
    const segments = Math.ceil(size / segmentPayload);
    left -= size;
    yield { ...packet(fromServer, TcpFlag.ack | (left === 0 ? TcpFlag.psh : 0), headerBytes[family].tcp + size, delay), segments };
    delay = 5_000;
  }
}

function* exchange(pair: PlanPair, family: 4 | 6, random: Random, pauseNs: number): Generator<Packet> {
  yield* data(false, around(random, pair.requestBytes), family, pauseNs);
  yield* data(true, around(random, pair.responseBytes), family, around(random, pair.latencyNs));
  yield packet(false, TcpFlag.ack, headerBytes[family].tcp);
}

function* goodbye(family: 4 | 6): Generator<Packet> {
  const bytes = headerBytes[family].tcp;
  yield packet(false, TcpFlag.fin | TcpFlag.ack, bytes);
  yield packet(true, TcpFlag.fin | TcpFlag.ack, bytes);
  yield packet(false, TcpFlag.ack, bytes);
}

function* requests(pair: PlanPair, family: 4 | 6, random: Random): Generator<Packet> {
  yield* handshake(family);
  const count = Math.max(1, Math.round(around(random, pair.requestsPerConnection)));
  for (let index = 0; index < count; index++) yield* exchange(pair, family, random, index === 0 ? thinkNs : exponential(random, 20e6));
  yield* goodbye(family);
}

function* pool(pair: PlanPair, family: 4 | 6, random: Random): Generator<Packet> {
  yield* handshake(family);
  const count = Math.max(1, Math.round(around(random, pair.requestsPerConnection)));
  for (let index = 0; index < count; index++) yield* exchange(pair, family, random, exponential(random, 400e6));
  yield* goodbye(family);
}

function* datagram(pair: PlanPair, family: 4 | 6, random: Random): Generator<Packet> {
  const bytes = headerBytes[family].datagram;
  yield packet(false, 0, bytes + Math.round(around(random, pair.requestBytes)), 0);
  yield packet(true, 0, bytes + Math.round(around(random, pair.responseBytes)), around(random, pair.latencyNs));
}

function* ping(_pair: PlanPair, family: 4 | 6): Generator<Packet> {
  const bytes = headerBytes[family].datagram + 56;
  yield packet(false, 0, bytes, 0);
  yield packet(true, 0, bytes);
}

function* denied(_pair: PlanPair, family: 4 | 6): Generator<Packet> {
  for (const delayNs of [0, ...synRetryNs]) {
    yield { ...packet(false, TcpFlag.syn, headerBytes[family].tcp + synOptionsBytes, delayNs), drop: 'receiver', dropReason: DropReason.policyDenied };
  }
}

function* spoofed(_pair: PlanPair, family: 4 | 6): Generator<Packet> {
  yield { ...packet(false, TcpFlag.syn, headerBytes[family].tcp + synOptionsBytes, 0), drop: 'sender', dropReason: DropReason.invalidSourceIp };
}

function* truncated(_pair: PlanPair, family: 4 | 6): Generator<Packet> {
  yield { ...packet(false, 0, headerBytes[family].datagram, 0), drop: 'sender', dropReason: DropReason.ctTruncated };
}

function* refused(_pair: PlanPair, family: 4 | 6): Generator<Packet> {
  const bytes = headerBytes[family].tcp;
  yield { ...packet(false, TcpFlag.syn, bytes + synOptionsBytes, 0), kernelDrop: KernelDropReason.noSocket };
  yield packet(true, TcpFlag.rst | TcpFlag.ack, bytes - 12);
}

function* reset(pair: PlanPair, family: 4 | 6, random: Random): Generator<Packet> {
  yield* handshake(family);
  yield* data(false, pair.requestBytes, family, thinkNs);
  yield packet(true, TcpFlag.rst | TcpFlag.ack, headerBytes[family].tcp, around(random, pair.latencyNs));
}

/** One script a shape. */
export const packetScripts: Record<PairShape, PacketScript> = { requests, pool, datagram, ping, denied, spoofed, truncated, refused, reset };
