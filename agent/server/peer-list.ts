import type { MessagesOut } from '../../src/rpc/binding.ts';
import { ChangeNotificationType, type ChangeNotification } from '../../src/wire/gen/peer.ts';
import type { NodeFact } from '../decode/facts.ts';
import { WakeUp } from './wake-up.ts';

/** Port of agents that say nothing else. */
export const DEFAULT_AGENT_PORT = 4244;
const POLL_MS = 60_000;

/** Addresses of all known nodes, for Peer.Notify: a relay finds the others through any of them. */
export class PeerList {
  private peers = new Map<string, string>();
  private readonly news = new WakeUp(() => {});

  private ownAddress = '';
  private port = DEFAULT_AGENT_PORT;
  private nodes: readonly NodeFact[] = [];

  constructor(private readonly nodeName: string) {}

  /** Says where this node really listens; the others are taken to use the same port. */
  listening(ownAddress: string, port: number): void {
    this.ownAddress = ownAddress;
    this.port = port;
    this.update(this.nodes);
  }

  /** Takes the nodes of a catalog. */
  update(nodes: readonly NodeFact[]): void {
    this.nodes = nodes;
    const peers = new Map([[this.nodeName, this.ownAddress]]);
    for (const node of nodes) {
      if (node.name !== this.nodeName) peers.set(node.name, addressOf(node.ips[0], this.port));
    }
    this.peers = peers;
    this.news.ring();
  }

  /** Peer.Notify: everything that is known, then what changes, for ever. */
  async stream(out: MessagesOut<ChangeNotification>, signal: AbortSignal): Promise<void> {
    let told = new Map<string, string>();
    while (!signal.aborted) {
      const now = this.peers;
      for (const change of differences(told, now)) {
        if (!out.write(change)) await out.drain();
      }
      told = now;
      if (this.peers === now) await this.news.wait(POLL_MS, signal);
    }
  }
}

function differences(told: ReadonlyMap<string, string>, now: ReadonlyMap<string, string>): ChangeNotification[] {
  const changes: ChangeNotification[] = [];
  for (const [name, address] of now) {
    const before = told.get(name);
    if (before === address) continue;
    changes.push({ name, address, type: before === undefined ? ChangeNotificationType.PEER_ADDED : ChangeNotificationType.PEER_UPDATED });
  }
  for (const [name, address] of told) {
    if (!now.has(name)) changes.push({ name, address, type: ChangeNotificationType.PEER_DELETED });
  }
  return changes;
}

function addressOf(ip: string | undefined, port: number): string {
  if (ip === undefined) return '';
  return ip.includes(':') ? `[${ip}]:${port}` : `${ip}:${port}`;
}
