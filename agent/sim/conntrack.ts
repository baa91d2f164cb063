import type { PairRow } from '../decode/kernel.ts';
import type { SimAddress } from './event-writer.ts';

/** A device of this node that a program hangs on. */
export interface SimDevice {
  ifindex: number;
  name: string;
  mac: Uint8Array;
  /** The first address behind it; its ref is the endpoint's. */
  address: SimAddress;
}

/** A connection as seen at one device. */
export interface SimConnection {
  client: SimAddress;
  server: SimAddress;
  clientPort: number;
  serverPort: number;
  protocol: number;
  device: SimDevice;
  /** True at the client's device. */
  isClientSide: boolean;
  cpu: number;
  hash: number;
  /** Pair rows by isReply + 2 x dropped, good while `pairEpoch` is. */
  pairRows: (PairRow | undefined)[];
  pairEpoch: number;
}

/** One direction: what no event has reported yet. */
export interface ConntrackSide {
  skbs: number;
  segments: number;
  bytes: number;
  /** 0 = never. */
  lastReportNs: number;
  tcpSeen: number;
  tcpFresh: number;
}

/** The simulated ht_conntrack's value. */
export interface ConntrackEntry {
  connection: SimConnection;
  /** [0] from the client, [1] from the server. */
  sides: [ConntrackSide, ConntrackSide];
  lastSeenNs: number;
  /** Bit per side that sent FIN, 0x80 = reset. */
  closing: number;
  isMidStream: boolean;
}

const tcp = 6;
/** Cilium's life times: both sides closed, TCP whose server never answered, anything else than TCP, TCP. */
const closedLifeNs = 10e9;
const synLifeNs = 60e9;
const datagramLifeNs = 60e9;
const establishedLifeNs = 8_000e9;

function emptySide(): ConntrackSide {
  return { skbs: 0, segments: 0, bytes: 0, lastReportNs: 0, tcpSeen: 0, tcpFresh: 0 };
}

/** How long an entry may stay without a packet. */
export function lifeNs(entry: ConntrackEntry): number {
  if (entry.connection.protocol !== tcp) return datagramLifeNs;
  if (entry.closing >= 0x80 || entry.closing === 3) return closedLifeNs;
  return entry.sides[1].tcpSeen === 0 ? synLifeNs : establishedLifeNs;
}

/** A bounded table: a new entry pushes out the oldest, as an LRU map does, and with it what it had not reported. */
export class Conntrack {
  readonly entries = new Map<SimConnection, ConntrackEntry>();
  inserted = 0;
  deleted = 0;
  midStream = 0;
  /** What went with evicted entries: in no event, only in the pairs. */
  evictedSkbs = 0;
  evictedBytes = 0;
  readonly maxEntries: number;

  constructor(maxEntries: number) {
    this.maxEntries = maxEntries;
  }

  insert(connection: SimConnection, timeNs: number, isMidStream: boolean): ConntrackEntry {
    if (this.entries.size >= this.maxEntries) this.evictOldest();
    const entry: ConntrackEntry = { connection, sides: [emptySide(), emptySide()], lastSeenNs: timeNs, closing: 0, isMidStream };
    this.entries.set(connection, entry);
    this.inserted += 1;
    if (isMidStream) this.midStream += 1;
    return entry;
  }

  delete(connection: SimConnection): void {
    if (this.entries.delete(connection)) this.deleted += 1;
  }

  /** What live entries have not reported yet. */
  unreported(): { skbs: number; bytes: number } {
    let skbs = 0;
    let bytes = 0;
    for (const { sides } of this.entries.values()) {
      skbs += sides[0].skbs + sides[1].skbs;
      bytes += sides[0].bytes + sides[1].bytes;
    }
    return { skbs, bytes };
  }

  private evictOldest(): void {
    for (const [connection, { sides }] of this.entries) {
      this.evictedSkbs += sides[0].skbs + sides[1].skbs;
      this.evictedBytes += sides[0].bytes + sides[1].bytes;
      this.entries.delete(connection);
      return;
    }
  }
}
