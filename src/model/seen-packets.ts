// hot path: asked for each packet that opens a connection (bench: screen, flows folded)

const SLOTS = 32_768;
/** One packet passes up to four points within this time. */
const SAME_PACKET_MS = 300;
/** A SYN that is sent again comes within this time; later the ports are used anew. */
const SAME_CONNECTION_MS = 20_000;

/** What a packet is: of a connection nobody told of, of a known one, or one that another point told of already. */
export const Sight = { NEW: 0, AGAIN: 1, SAME: 2 } as const;

/**
 * Remembers packets that open connections, by a hash of their addresses and ports, so that each counts once however many points
 * report it. Bounded: above some ten thousand openings within a second an old one may be taken for a new one.
 */
export class SeenPackets {
  private readonly hashes = new Int32Array(SLOTS);
  private readonly times = new Float64Array(SLOTS);

  /** Notes a packet and says what it is. A packet that differs in kind needs another hash. */
  see(hash: number, timeMs: number): number {
    const slot = (hash ^ (hash >>> 16)) & (SLOTS - 1);
    const since = this.hashes[slot] === hash ? Math.abs(timeMs - (this.times[slot] ?? 0)) : Infinity;
    if (since < SAME_PACKET_MS) return Sight.SAME;
    this.hashes[slot] = hash;
    this.times[slot] = timeMs;
    return since < SAME_CONNECTION_MS ? Sight.AGAIN : Sight.NEW;
  }
}

/** Hash of bytes[start..end), going on from another hash. */
export function hashBytes(bytes: Uint8Array, start: number, end: number, seed: number): number {
  let hash = seed;
  for (let i = start; i < end; i++) hash = Math.imul(hash ^ (bytes[i] ?? 0), 16_777_619);
  return hash;
}

/** Hash of a number, going on from another hash. */
export function hashNumber(value: number, seed: number): number {
  return Math.imul((seed ^ value ^ (seed >>> 15)), 0x85eb_ca6b);
}
