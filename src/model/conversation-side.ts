// hot path: asked for each flow (bench: screen, flows folded)

const SYN = 0x002;
const ACK = 0x010;
/** Clients take their ports from here on, in Linux. */
const FIRST_EPHEMERAL_PORT = 32_768;

/** A packet, as far as it tells which way it goes. */
export interface PacketSide {
  /** What the agent says: -1 nothing, 0, 1. */
  isReply: number;
  tcpFlags: number;
  sourcePort: number;
  destinationPort: number;
}

/**
 * Whether a packet goes from the server to the client. Where the agent does not say (points before connection tracking, drops),
 * a SYN tells, else the ports: a low one that talks to an ephemeral one is a server's.
 */
export function goesToClient(packet: PacketSide): boolean {
  if (packet.isReply >= 0) return packet.isReply === 1;
  if ((packet.tcpFlags & SYN) !== 0) return (packet.tcpFlags & ACK) !== 0;
  return packet.sourcePort > 0 && packet.sourcePort < FIRST_EPHEMERAL_PORT && packet.destinationPort >= FIRST_EPHEMERAL_PORT;
}
