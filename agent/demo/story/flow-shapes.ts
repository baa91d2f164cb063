import { DropReason, type Flow, FlowType, IPVersion, type Layer4, type Layer7, type Policy, type TCPFlags, TraceObservationPoint, TraceReason, TrafficDirection, Verdict } from '../../../src/wire/gen/flow.ts';
import { tcpSummary } from '../../../src/wire/summary-text.ts';
import { endpointSeenFrom, type StoryEnd } from './story-cluster.ts';

/** One connection: client first. */
export interface Link {
  client: StoryEnd;
  server: StoryEnd;
  clientPort: number;
  port: number;
  /** 6 or 17. */
  protocol: number;
}

/** Which packet of a link was seen, and where. */
export interface Sight {
  /** Whose agent tells of it: the client's node or the server's. */
  side: 'client' | 'server';
  isReply: boolean;
  /** TCP flags by name, such as `SYN`; none for UDP. */
  flags: readonly TcpFlagName[];
  reason?: number;
}

/** Names of TCP's flags. */
export type TcpFlagName = 'FIN' | 'SYN' | 'RST' | 'PSH' | 'ACK';

const flagBits: Readonly<Record<TcpFlagName, number>> = { FIN: 1, SYN: 2, RST: 4, PSH: 8, ACK: 16 };
export const TCP = 6;
export const UDP = 17;

/** Numbers of event_type.type that stories use, as Cilium's monitor has them. */
const eventType = { drop: 1, trace: 4, policyVerdict: 5, l7: 129 } as const;
const allow = { none: 0, l3l4: 2 } as const;

/** The node of a sight. */
export function nodeOf(link: Link, side: Sight['side']): string {
  return side === 'client' ? link.client.node : link.server.node;
}

/** A packet that went on its way. */
export function traceFlow(link: Link, sight: Sight): Flow {
  const isInbound = (sight.side === 'client') === sight.isReply;
  return {
    verdict: Verdict.FORWARDED,
    ...packetOf(link, sight),
    ...(sight.isReply ? { reply: true } : {}),
    event_type: { type: eventType.trace, sub_type: isInbound ? 0 : TraceObservationPoint.TO_STACK },
    traffic_direction: directionOf(sight.side),
    trace_observation_point: isInbound ? TraceObservationPoint.TO_ENDPOINT : TraceObservationPoint.TO_STACK,
    trace_reason: sight.reason ?? (sight.isReply ? TraceReason.REPLY : TraceReason.ESTABLISHED),
    is_reply: { value: sight.isReply },
  };
}

/** A packet that was thrown away. */
export function dropFlow(link: Link, sight: Sight, reason: number): Flow {
  return {
    verdict: Verdict.DROPPED,
    drop_reason: reason,
    ...packetOf(link, sight),
    event_type: { type: eventType.drop, sub_type: reason },
    traffic_direction: directionOf(sight.side),
    drop_reason_desc: reason,
  };
}

/** What a policy said to a new connection: allowed by these. */
export function allowedFlow(link: Link, side: Sight['side'], policies: Policy[]): Flow {
  return {
    verdict: Verdict.FORWARDED,
    ...packetOf(link, { side, isReply: false, flags: ['SYN'] }),
    event_type: { type: eventType.policyVerdict },
    traffic_direction: directionOf(side),
    policy_match_type: allow.l3l4,
    is_reply: { value: false },
    ...(side === 'client' ? { egress_allowed_by: policies } : { ingress_allowed_by: policies }),
  };
}

/** What a default deny said: the lists of who denied are empty, as Cilium leaves them. */
export function deniedFlow(link: Link, side: Sight['side']): Flow {
  return {
    verdict: Verdict.DROPPED,
    drop_reason: DropReason.POLICY_DENIED,
    ...packetOf(link, { side, isReply: false, flags: ['SYN'] }),
    event_type: { type: eventType.policyVerdict },
    traffic_direction: directionOf(side),
    policy_match_type: allow.none,
    drop_reason_desc: DropReason.POLICY_DENIED,
  };
}

/** A record of an application protocol; the server sends what is a response. */
export function l7Flow(link: Link, side: Sight['side'], record: { l7: Layer7; isReply: boolean; summary: string }): Flow {
  const { l7, isReply, summary } = record;
  return {
    verdict: Verdict.FORWARDED,
    ...packetOf(link, { side, isReply, flags: [] }),
    Type: FlowType.L7,
    l7,
    ...(isReply ? { reply: true } : {}),
    event_type: { type: eventType.l7 },
    traffic_direction: directionOf(side),
    is_reply: { value: isReply },
    Summary: summary,
  };
}

function directionOf(side: Sight['side']): number {
  return side === 'client' ? TrafficDirection.EGRESS : TrafficDirection.INGRESS;
}

function packetOf(link: Link, sight: Sight): Flow {
  const { client, server } = link;
  const [from, to] = sight.isReply ? [server, client] : [client, server];
  const node = nodeOf(link, sight.side);
  return {
    IP: { source: from.ip, destination: to.ip, ipVersion: IPVersion.IPv4 },
    l4: layer4(link, sight),
    source: endpointSeenFrom(node, from),
    destination: endpointSeenFrom(node, to),
    Type: FlowType.L3_L4,
    Summary: link.protocol === UDP ? 'UDP' : tcpSummary(sight.flags.reduce((bits, flag) => bits | flagBits[flag], 0)),
  };
}

function layer4({ clientPort, port, protocol }: Link, { isReply, flags }: Sight): Layer4 {
  const ports = isReply ? { source_port: port, destination_port: clientPort } : { source_port: clientPort, destination_port: port };
  if (protocol === UDP) return { UDP: ports };
  if (flags.length === 0) return { TCP: ports };
  const set: TCPFlags = Object.fromEntries(flags.map((flag) => [flag, true]));
  return { TCP: { ...ports, flags: set } };
}
