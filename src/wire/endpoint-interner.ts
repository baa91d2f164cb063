// Hot path (bench row wire/scan): two look-ups a flow.
import { tryDecode } from './codec.ts';
import { EndpointCodec } from './gen/flow.ts';
import type { Endpoint } from './gen/flow.ts';

/** Different endpoints one interner keeps; more get id 0 and are counted. A cluster of 5,000 nodes has fewer pods. */
export const MAX_INTERNED_ENDPOINTS = 262_144;
/** Bytes of endpoints one interner keeps. */
export const MAX_INTERNED_BYTES = 64 * 1024 * 1024;
/** Longest walk for one endpoint: hostile names that share a hash cost this much and no more. */
const MAX_PROBES = 32;
const FIRST_SLOTS = 1024;

/**
 * Small numbers for encoded endpoints: same bytes, same number. Bytes are compared, a hash alone would let hostile
 * traffic swap names. Ids begin at 1 and are never used again.
 */
export class EndpointInterner {
  /** Endpoints that got no id because a bound was reached. */
  overflowCount = 0;
  private slots = new Int32Array(FIRST_SLOTS);
  private hashes = new Int32Array(FIRST_SLOTS);
  private arena = new Uint8Array(65536);
  private arenaLength = 0;
  /** Id i has arena[ends[i - 1]..ends[i]). */
  private ends = new Int32Array(FIRST_SLOTS);
  private count = 0;
  private readonly decoded: (Endpoint | undefined)[] = [];
  private readonly maxEndpoints: number;

  constructor(maxEndpoints: number = MAX_INTERNED_ENDPOINTS) {
    this.maxEndpoints = maxEndpoints;
  }

  /** Endpoints known so far; ids are 1 to size. */
  get size(): number {
    return this.count;
  }

  /** Id of the endpoint at bytes[start..end); 0 for an empty range, or where a bound is reached. */
  intern(bytes: Uint8Array, start: number, end: number): number {
    if (end <= start) return 0;
    const hash = hashOf(bytes, start, end);
    const mask = this.slots.length - 1;
    let slot = hash & mask;
    for (let probe = 0; probe < MAX_PROBES; probe++) {
      const id = this.slots[slot] ?? 0;
      if (id === 0) return this.add(bytes, start, end, hash, slot);
      if (this.hashes[slot] === hash && this.isSame(id, bytes, start, end)) return id;
      slot = (slot + 1) & mask;
    }
    this.overflowCount++;
    return 0;
  }

  /** The endpoint of an id; an empty one for id 0 and for bytes that do not decode. Shared: do not change it. */
  get(id: number): Endpoint {
    if (id < 1 || id > this.count) return {};
    let endpoint = this.decoded[id];
    if (endpoint === undefined) {
      const result = tryDecode(EndpointCodec, this.arena.slice(this.ends[id - 1], this.ends[id]));
      endpoint = result.ok ? result.value : {};
      this.decoded[id] = endpoint;
    }
    return endpoint;
  }

  private isSame(id: number, bytes: Uint8Array, start: number, end: number): boolean {
    const from = this.ends[id - 1] ?? 0;
    if ((this.ends[id] ?? 0) - from !== end - start) return false;
    const arena = this.arena;
    const shift = from - start;
    for (let i = start; i < end; i++) if (bytes[i] !== arena[i + shift]) return false;
    return true;
  }

  private add(bytes: Uint8Array, start: number, end: number, hash: number, slot: number): number {
    const length = end - start;
    if (this.count >= this.maxEndpoints || this.arenaLength + length > MAX_INTERNED_BYTES) {
      this.overflowCount++;
      return 0;
    }
    if (this.arenaLength + length > this.arena.length) this.arena = grow(this.arena, new Uint8Array(Math.max(this.arena.length * 2, this.arenaLength + length)));
    for (let i = 0; i < length; i++) this.arena[this.arenaLength + i] = bytes[start + i] ?? 0;
    this.arenaLength += length;
    const id = ++this.count;
    if (id >= this.ends.length) this.ends = grow(this.ends, new Int32Array(this.ends.length * 2));
    this.ends[id] = this.arenaLength;
    this.slots[slot] = id;
    this.hashes[slot] = hash;
    // half full at most, so that walks stay short
    if (this.count * 2 > this.slots.length) this.rehash();
    return id;
  }

  private rehash(): void {
    const { slots, hashes } = this;
    const size = slots.length * 2;
    this.slots = new Int32Array(size);
    this.hashes = new Int32Array(size);
    for (let old = 0; old < slots.length; old++) {
      const id = slots[old] ?? 0;
      if (id === 0) continue;
      const hash = hashes[old] ?? 0;
      let slot = hash & (size - 1);
      while (this.slots[slot] !== 0) slot = (slot + 1) & (size - 1);
      this.slots[slot] = id;
      this.hashes[slot] = hash;
    }
  }
}

/** Four bytes a step; Murmur3's constants and final mix. */
function hashOf(bytes: Uint8Array, start: number, end: number): number {
  let hash = end - start;
  let at = start;
  for (; at + 4 <= end; at += 4) {
    const word = (bytes[at] ?? 0) | ((bytes[at + 1] ?? 0) << 8) | ((bytes[at + 2] ?? 0) << 16) | ((bytes[at + 3] ?? 0) << 24);
    hash = Math.imul(hash ^ Math.imul(word, 0xcc9e_2d51), 0x1b87_3593);
    hash ^= hash >>> 15;
  }
  for (; at < end; at++) hash = Math.imul(hash ^ (bytes[at] ?? 0), 0x0100_0193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85eb_ca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2_ae35);
  return hash ^ (hash >>> 16);
}

function grow<T extends Uint8Array | Int32Array>(old: T, larger: T): T {
  larger.set(old);
  return larger;
}
