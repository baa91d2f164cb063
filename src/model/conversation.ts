import type { Endpoint, Flow } from '../wire/gen/flow.ts';
import { goesToClient } from './conversation-side.ts';
import { portOf, sourcePortOf } from './flow-words.ts';

/** One end of a conversation, as a flow tells of it. */
export interface End {
  endpoint: Endpoint | undefined;
  ip: string;
  names: readonly string[] | undefined;
  /** 0 where there is none. */
  port: number;
}

/** A flow as a part of its conversation: the client stays on one side, whichever way the packet went. */
export interface Conversation {
  client: End;
  server: End;
  /** The packet went from the server to the client. */
  isReply: boolean;
}

/** Who is the client and who the server of a flow; told as the figures tell it. */
export function conversationOf(flow: Flow): Conversation {
  const source: End = { endpoint: flow.source, ip: flow.IP?.source ?? '', names: flow.source_names, port: sourcePortOf(flow) };
  const destination: End = { endpoint: flow.destination, ip: flow.IP?.destination ?? '', names: flow.destination_names, port: portOf(flow) };
  const isReply = goesToClient({ isReply: flow.is_reply === undefined ? -1 : Number(flow.is_reply.value === true), tcpFlags: flagBits(flow), sourcePort: source.port, destinationPort: destination.port });
  return isReply ? { client: destination, server: source, isReply: true } : { client: source, server: destination, isReply: false };
}

const SYN = 0x002;
const ACK = 0x010;

function flagBits(flow: Flow): number {
  const flags = flow.l4?.TCP?.flags;
  return (flags?.SYN === true ? SYN : 0) | (flags?.ACK === true ? ACK : 0);
}

const INGRESS = 1;
const EGRESS = 2;

/** The end of the conversation at which a flow was seen: the direction is the connection's, for replies too. */
export function seenAtEnd(flow: Flow): 'client' | 'server' | undefined {
  if (flow.traffic_direction === EGRESS) return 'client';
  return flow.traffic_direction === INGRESS ? 'server' : undefined;
}
