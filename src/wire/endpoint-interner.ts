// Hot path (bench row wire/scan): two look-ups a flow.
import { tryDecode } from './codec.ts';
import { EndpointCodec } from './gen/flow.ts';
import type { Endpoint } from './gen/flow.ts';

/** Different endpoints one interner keeps; more get id 0 and are counted. A cluster of 5,000 nodes has fewer pods. */
export const MAX_INTERNED_ENDPOINTS = 262_144;
/** Bytes of endpoints one interner keeps. */
export const MAX_INTERNED_BYTES = 64 * 1024 * 1024;
/** Endpoints kept decoded, a kilobyte each; the oldest goes first and is decoded again when it is asked for. */
const MAX_DECODED = 8_192;
/** Longer than any endpoint that is none of a joker's. */
const ROOM_FOR_ONE = 64 * 1024;
/** Longest walk for one endpoint: hostile names that share a hash cost this much and no more. */
const MAX_PROBES = 32;
const FIRST_SLOTS = 1024;
/** Endpoints met lately, found by a few of their bytes: a glance and one comparison instead of hash, walk and comparison. */
const GUESSES = 4096;
/** Shortest endpoint a glance can read four words of. */
const LEAST_GLANCE = 16;

/**
 * Small numbers for encoded endpoints: same bytes, same number. Bytes are compared, a hash alone would let hostile
 * traffic swap names. Ids begin at 1 and are never used again.
 */
export class EndpointInterner {
  /** Endpoints that got no id because a bound was reached. */
  overflowCount = 0;
  private slots = new Int32Array(FIRST_SLOTS);
  private hashes = new Int32Array(FIRST_SLOTS);
  private arena: Uint8Array = new Uint8Array(65536);
  private arenaView: DataView = new DataView(this.arena.buffer);
  private arenaLength = 0;
  private viewed = this.arena;
  private view = this.arenaView;
  /** Id i has arena[ends[i - 1]..ends[i]). */
  private ends = new Int32Array(FIRST_SLOTS);
  private count = 0;
  private readonly guesses = new Int32Array(GUESSES);
  private readonly decoded = new Map<number, Endpoint>();
  private readonly maxEndpoints: number;

  constructor(maxEndpoints: number = MAX_INTERNED_ENDPOINTS) {
    this.maxEndpoints = maxEndpoints;
  }

  /** Endpoints known so far; ids are 1 to size. */
  get size(): number {
    return this.count;
  }

  /** The next new endpoint may find no room: time to begin with a new interner. */
  get isFull(): boolean {
    return this.count >= this.maxEndpoints || this.arenaLength + ROOM_FOR_ONE > MAX_INTERNED_BYTES;
  }

  /** Id of the endpoint at bytes[start..end); 0 for an empty range, or where a bound is reached. */
  intern(bytes: Uint8Array, start: number, end: number): number {
    if (end <= start || end > bytes.length) return 0;
    // one view serves all flows of a chunk
    if (bytes !== this.viewed) {
      this.viewed = bytes;
      this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    }
    if (end - start < LEAST_GLANCE) return this.find(bytes, start, end);
    const glance = glanceOf(this.view, start, end) & (GUESSES - 1);
    const guess = this.guesses[glance] ?? 0;
    if (guess !== 0 && this.isSame(guess, start, end)) return guess;
    const id = this.find(bytes, start, end);
    this.guesses[glance] = id;
    return id;
  }

  private find(bytes: Uint8Array, start: number, end: number): number {
    const hash = hashOf(this.view, start, end);
    const mask = this.slots.length - 1;
    let slot = hash & mask;
    for (let probe = 0; probe < MAX_PROBES; probe++) {
      const id = this.slots[slot] ?? 0;
      if (id === 0) return this.add(bytes, start, end, hash, slot);
      if (this.hashes[slot] === hash && this.isSame(id, start, end)) return id;
      slot = (slot + 1) & mask;
    }
    this.overflowCount++;
    return 0;
  }

  /** The endpoint of an id; an empty one for id 0 and for bytes that do not decode. Shared: do not change it. */
  get(id: number): Endpoint {
    if (id < 1 || id > this.count) return {};
    const known = this.decoded.get(id);
    if (known !== undefined) return known;
    const result = tryDecode(EndpointCodec, this.arena.slice(this.ends[id - 1], this.ends[id]));
    const endpoint = result.ok ? result.value : {};
    if (this.decoded.size >= MAX_DECODED) this.decoded.delete(this.decoded.keys().next().value ?? 0);
    this.decoded.set(id, endpoint);
    return endpoint;
  }

  /** Sixteen bytes a step, and one branch for them: a third of the cost of four. */
  private isSame(id: number, start: number, end: number): boolean {
    let from = this.ends[id - 1] ?? 0;
    if ((this.ends[id] ?? 0) - from !== end - start) return false;
    const { view, arenaView } = this;
    let at = start;
    const last = end - 16;
    for (; at <= last; at += 16, from += 16) if (differ(view, at, arenaView, from)) return false;
    // the last sixteen once more: what was found equal already is
    if (at < end && last >= start) return !differ(view, last, arenaView, from - (at - last));
    for (; at < end; at++, from++) if (view.getUint8(at) !== arenaView.getUint8(from)) return false;
    return true;
  }

  private add(bytes: Uint8Array, start: number, end: number, hash: number, slot: number): number {
    const length = end - start;
    if (this.count >= this.maxEndpoints || this.arenaLength + length > MAX_INTERNED_BYTES) {
      this.overflowCount++;
      return 0;
    }
    if (this.arenaLength + length > this.arena.length) {
      this.arena = grow(this.arena, new Uint8Array(Math.max(this.arena.length * 2, this.arenaLength + length)));
      this.arenaView = new DataView(this.arena.buffer);
    }
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

function differ(view: DataView, at: number, other: DataView, from: number): boolean {
  return ((view.getInt32(at, true) ^ other.getInt32(from, true)) | (view.getInt32(at + 4, true) ^ other.getInt32(from + 4, true))
    | (view.getInt32(at + 8, true) ^ other.getInt32(from + 8, true)) | (view.getInt32(at + 12, true) ^ other.getInt32(from + 12, true))) !== 0;
}

/** Length, the first eight bytes (id and identity), four in the middle and the last four: enough to guess by, never to tell by. */
function glanceOf(view: DataView, start: number, end: number): number {
  const length = end - start;
  let glance = Math.imul(view.getInt32(start, true) ^ length, 0x9e37_79b9) ^ Math.imul(view.getInt32(start + 4, true), 0x85eb_ca6b);
  glance ^= Math.imul(view.getInt32(start + (length >> 1), true), 0xc2b2_ae35) ^ Math.imul(view.getInt32(end - 4, true), 0x27d4_eb2f);
  return glance ^ (glance >>> 15);
}

/** Two independent lanes of rotate, xor, multiply (FxHash), so that the processor runs them side by side; Murmur3's final mix. */
function hashOf(view: DataView, start: number, end: number): number {
  let one = end - start;
  let two = 0;
  let at = start;
  for (; at + 8 <= end; at += 8) {
    one = Math.imul(((one << 5) | (one >>> 27)) ^ view.getInt32(at, true), 0x9e37_79b9);
    two = Math.imul(((two << 5) | (two >>> 27)) ^ view.getInt32(at + 4, true), 0x85eb_ca6b);
  }
  for (; at < end; at++) one = Math.imul(((one << 5) | (one >>> 27)) ^ view.getUint8(at), 0x9e37_79b9);
  let hash = one ^ ((two << 16) | (two >>> 16));
  hash = Math.imul(hash ^ (hash >>> 16), 0x85eb_ca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2_ae35);
  return hash ^ (hash >>> 16);
}

function grow<T extends Uint8Array | Int32Array>(old: T, larger: T): T {
  larger.set(old);
  return larger;
}
