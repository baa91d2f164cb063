import { ServerLink, type LinkMessage } from '../client/server-link.ts';
import type { Channel } from '../rpc/channel.ts';
import { formatTarget, parseTarget } from '../rpc/target.ts';
import type { ClientTls } from '../rpc/tls-files.ts';
import type { Report } from '../wire/gen/hubtop.ts';

/** Agents listen here when an address has no port. */
const agentPort = 4244;

/** A node as the relay knows it. */
export interface PeerAddress {
  /** Empty when unknown: then the node's first telemetry tells it. */
  name: string;
  /** As parseTarget reads it. */
  address: string;
  /** Set when the peer speaks TLS: the name to verify. */
  tlsServerName?: string | undefined;
}

/** One node and the connection to it. */
export interface Peer {
  /** Node name; the address until the node has told its name. */
  readonly name: string;
  readonly address: string;
  readonly tlsServerName: string | undefined;
  readonly channel: Channel;
  /** Its connection works, or was never tried. */
  readonly isAvailable: boolean;
  readonly hasTelemetry: boolean;
  /** The first try to connect has ended, and if it went well the name is known. */
  readonly isSettled: boolean;
  /** When its last telemetry came; Infinity before the first. */
  readonly lastReportMs: number;
  /** Why it is not available. */
  readonly error: string;
}

class PooledPeer implements Peer {
  isAvailable = true;
  hasTelemetry = true;
  error = '';
  lastReportMs = Infinity;
  isSettled = false;
  readonly link: ServerLink;
  private learnedName = '';

  constructor(readonly given: PeerAddress, tls: ClientTls | undefined, private readonly pool: PoolEvents) {
    const target = parseTarget(given.address, agentPort);
    const peerTls = given.tlsServerName === undefined ? tls : { ...tls, serverName: given.tlsServerName };
    this.link = new ServerLink(target, { tls: peerTls }, (message) => this.take(message));
    this.link.start();
  }

  get channel(): Channel {
    return this.link.channel;
  }

  get name(): string {
    return this.given.name || this.learnedName || this.given.address;
  }

  get address(): string {
    return formatTarget(this.channel.target).replace(/^tls:\/\//, '');
  }

  get tlsServerName(): string | undefined {
    return this.given.tlsServerName;
  }

  private take(message: LinkMessage): void {
    if (message.type !== 'connection' || message.state === 'lost' || (message.state === 'live' && this.given.name !== '')) this.isSettled = true;
    if (message.type === 'node-name') {
      this.learnedName = message.name;
    } else if (message.type === 'telemetry') {
      const { nodes } = message.report;
      const only = nodes?.length === 1 ? nodes[0]?.name : undefined;
      if (only) this.learnedName = only;
      this.hasTelemetry = true;
      this.lastReportMs = Date.now();
      this.pool.onReport(this, message.report);
    } else if (message.type === 'telemetry-absent') {
      this.hasTelemetry = false;
    } else if (message.state === 'live') {
      this.isAvailable = true;
      this.error = '';
      this.pool.onChange();
    } else if (message.state === 'lost') {
      this.isAvailable = false;
      this.error = message.error ?? 'connection lost';
      this.pool.onChange();
    }
  }
}

/** What happens to peers. */
export interface PoolEvents {
  onReport(peer: Peer, report: Report): void;
  /** A peer came, went, or its connection changed. */
  onChange(): void;
}

/** The nodes of a relay, each with a connection that keeps itself alive. */
export class PeerPool {
  private readonly peers = new Map<string, PooledPeer>();

  constructor(private readonly tls: ClientTls | undefined, private readonly events: PoolEvents) {}

  get all(): readonly Peer[] {
    return [...this.peers.values()];
  }

  has(peer: Peer): boolean {
    return this.all.includes(peer);
  }

  /** Adds a node or changes its address; the same data is ignored. */
  upsert(given: PeerAddress): void {
    const key = given.name || given.address;
    const known = this.peers.get(key);
    if (known && known.given.address === given.address && known.given.tlsServerName === given.tlsServerName) return;
    known?.link.close();
    this.peers.set(key, new PooledPeer(given, given.tlsServerName === undefined ? this.tls : this.tls ?? {}, this.events));
    this.events.onChange();
  }

  remove(name: string): void {
    this.peers.get(name)?.link.close();
    if (this.peers.delete(name)) this.events.onChange();
  }

  close(): void {
    for (const peer of this.peers.values()) peer.link.close();
    this.peers.clear();
  }
}

/** Reads a peer of the command line: an address, or `name=address`. Throws with one line for people. */
export function parsePeer(text: string): PeerAddress {
  const [, name = '', address = ''] = /^(?:([^=/]+)=)?(.*)$/.exec(text.trim()) ?? [];
  parseTarget(address, agentPort);
  return { name, address };
}
