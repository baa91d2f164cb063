/** Pairs that are remembered, and packets of each. */
const MAX_TRACKED = 256;
const MAX_PACKETS = 64;

/** What became of a packet that belongs to no connection. */
export type StrayEnd = 'passed' | 'reset' | 'dropped';

/** The first packet of a connection that nobody opened: an ACK without a SYN before it. */
export interface Stray {
  timeMs: number;
  /** Endpoint of the client, as the interner numbers it; 0 = not known. */
  client: number;
  /** Reset: the server does not know the connection either. */
  end: StrayEnd;
  /** Node that told of it, as the interner of node names numbers it. */
  node: number;
}

/** Remembers packets of connections nobody opened, the last ones of each pair. Bounded; the quietest pair goes first. */
export class StrayTracker {
  private readonly byPair = new Map<number, { latest: Stray[]; next: number }>();

  add(pair: number, stray: Stray): void {
    const strays = this.byPair.get(pair) ?? { latest: [], next: 0 };
    // in order of their last stray, so that the quietest is the first
    this.byPair.delete(pair);
    this.byPair.set(pair, strays);
    if (this.byPair.size > MAX_TRACKED) this.byPair.delete(this.byPair.keys().next().value ?? 0);
    strays.latest[strays.next] = stray;
    strays.next = (strays.next + 1) % MAX_PACKETS;
  }

  /** What is remembered of the time from one moment up to another, by pair. */
  between(fromMs: number, toMs: number): Map<number, Stray[]> {
    const found = new Map<number, Stray[]>();
    for (const [pair, { latest, next }] of this.byPair) {
      const meant = [...latest.slice(next), ...latest.slice(0, next)].filter(({ timeMs }) => timeMs >= fromMs && timeMs < toMs);
      if (meant.length > 0) found.set(pair, meant);
    }
    return found;
  }

  /** Their ids will mean other pairs. */
  forget(pairs: ReadonlySet<number>): void {
    for (const pair of pairs) this.byPair.delete(pair);
  }

  /** Endpoints have other numbers from now on. */
  clear(): void {
    this.byPair.clear();
  }
}
