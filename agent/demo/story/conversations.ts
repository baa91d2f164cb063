import { DropReason, TraceReason, type Policy, Verdict } from '../../../src/wire/gen/flow.ts';
import type { FlowExtension, Refusal } from '../../../src/wire/gen/hubtop.ts';
import { allowedFlow, deniedFlow, dropFlow, type Link, nodeOf, type Sight, type TcpFlagName, traceFlow, UDP } from './flow-shapes.ts';
import type { Scene } from './scene.ts';
import type { StoryEnd } from './story-cluster.ts';
import type { StoryPair, StoryVolume, VolumeSide } from './story-flow.ts';

/** Ethernet, IPv4 and TCP with timestamps; and the payload of a full segment. */
const headerBytes = 66;
const segmentBytes = 1_448;
const synBytes = 74;
const roundTripMs = 0.31;
const sides = ['client', 'server'] as const;

type Side = Sight['side'];

/** Devices of ours that see the packets of a link: those of pods. */
export function watchedSides({ client, server }: Link): Side[] {
  return sides.filter((side) => (side === 'client' ? client : server).localId !== 0);
}

/** The counters' row of a link. */
export function pairOf({ client, server, port, protocol }: Link, verdict: number = Verdict.FORWARDED): StoryPair {
  return { client, server, port, protocol, verdict };
}

/** One packet that was let through, seen at one device. */
export function tellPacket(scene: Scene, link: Link, packet: Sight & { atMs: number; why: string; weight?: number; bytes?: number }): void {
  const { side, atMs, why, weight = 1, bytes = synBytes } = packet;
  scene.tell({
    node: nodeOf(link, side), atMs, kind: 'trace', weight,
    flow: traceFlow(link, packet),
    extension: { skbs: weight, segments: weight, bytes: weight * bytes, why },
    counted: { pair: pairOf(link), side: sideOf(side) },
  });
}

/** One packet that was dropped, seen where it was. */
export function tellDrop(scene: Scene, link: Link, drop: { atMs: number; side: Side; reason: number; flags?: readonly TcpFlagName[]; isReply?: boolean; weight?: number; refusal?: Refusal }): void {
  const { atMs, side, reason, weight = 1, refusal, flags = link.protocol === UDP ? [] : ['SYN'], isReply = false } = drop;
  const extension: FlowExtension = { skbs: weight, segments: weight, bytes: weight * synBytes, why: 'drop', ...(refusal === undefined ? {} : { refusal }) };
  const counted = { pair: pairOf(link, Verdict.DROPPED), side: sideOf(side) };
  const node = nodeOf(link, side);
  if (reason === DropReason.POLICY_DENIED && flags.includes('SYN') && weight === 1) {
    scene.tell({ node, atMs: atMs - 0.002, kind: 'policy-verdict', weight: 1, flow: deniedFlow(link, side), extension: { why: 'new', ...(refusal === undefined ? {} : { refusal }) } });
  }
  scene.tell({ node, atMs, kind: 'drop', weight, flow: dropFlow(link, { side, isReply, flags }, reason), extension, counted });
}

/** Bytes of payload both ways, in one second, at every device that sees the link. */
export function countTraffic(scene: Scene, link: Link, payload: { sent: number; received: number; connections?: number; resets?: number }): void {
  const { sent, received, connections = 0, resets = 0 } = payload;
  const [skbs, replies] = [packets(sent), packets(received)];
  const volume: StoryVolume['volume'] = {
    skbs, segments: skbs, bytes: sent + skbs * headerBytes, reply_skbs: replies, reply_segments: replies, reply_bytes: received + replies * headerBytes,
    ...(connections > 0 ? { connections } : {}), ...(resets > 0 ? { resets } : {}),
  };
  for (const side of watchedSides(link)) scene.count({ node: nodeOf(link, side), pair: pairOf(link), side: sideOf(side), volume });
}

/** A first packet that left its client, whatever became of it. */
export function countAttempt(scene: Scene, link: Link, connections: number): void {
  scene.count({ node: link.client.node, pair: pairOf(link), side: 'egress', volume: { skbs: 1, segments: 1, bytes: synBytes, ...(connections > 0 ? { connections } : {}) } });
}

/** A connection from its first packet to its last, with what flows tell of it; UDP is a question and its answer. */
export function tellConnection(scene: Scene, link: Link, connection: { atMs: number; lifeMs: number; sent: number; received: number; allowedBy?: readonly Policy[] | undefined }): void {
  const { atMs, lifeMs, sent, received, allowedBy = [] } = connection;
  countTraffic(scene, link, { sent, received, connections: 1 });
  if (allowedBy.length > 0) {
    scene.tell({ node: link.server.node, atMs: atMs + roundTripMs / 2 - 0.004, kind: 'policy-verdict', weight: 1, flow: allowedFlow(link, 'server', [...allowedBy]), extension: { why: 'new' } });
  }
  const isUdp = link.protocol === UDP;
  const seen = watchedSides(link);
  for (const side of seen) {
    const lagMs = side === 'server' ? roundTripMs / 2 : 0;
    tellPacket(scene, link, { side, atMs: atMs + lagMs, isReply: false, flags: isUdp ? [] : ['SYN'], reason: TraceReason.NEW, why: 'new' });
    if (side === 'server' && seen.length > 1) continue;
    tellPacket(scene, link, { side, atMs: atMs + (side === 'client' ? roundTripMs : lagMs + 0.05), isReply: true, flags: isUdp ? [] : ['SYN', 'ACK'], why: 'new' });
    if (!isUdp) tellPacket(scene, link, { side, atMs: atMs + lifeMs + lagMs, isReply: false, flags: ['FIN', 'ACK'], why: 'close', bytes: headerBytes });
  }
}

/** The port a client's kept connection to a server has: always the same. */
export function keptPort(client: StoryEnd, server: StoryEnd): number {
  let hash = 0;
  for (const letter of `${client.name} ${server.name}`) hash = (Math.imul(hash, 31) + letter.charCodeAt(0)) >>> 0;
  return 32_768 + (hash % 28_000);
}

function sideOf(side: Side): VolumeSide {
  return side === 'client' ? 'egress' : 'ingress';
}

function packets(bytes: number): number {
  return 1 + Math.ceil(bytes / segmentBytes);
}
