// hot path: every L7 record looks its text up once (bench: screen/fold-l7)

/** Texts remembered; a power of two. */
const PLACES = 4_096;
/** A longer text is made anew each time: bytes are kept, and a flood of long ones must stay small. */
const MAX_BYTES = 512;

interface Place<Value> {
  bytes: Uint8Array;
  value: Value;
}

/**
 * What was last made of a text, by its bytes: a cache of one place for each hash, so that a flood of new texts costs time, never
 * memory. Bytes are compared, a hash alone would let hostile traffic swap names.
 */
export class RecentTexts<Value> {
  private readonly places: (Place<Value> | undefined)[] = Array.from({ length: PLACES }, () => undefined);

  /** The value for bytes[start..end), made where it is not known. `salt` tells apart what the bytes alone do not. */
  get(bytes: Uint8Array, range: { start: number; end: number; salt: number }, make: () => Value): Value {
    const { start, end, salt } = range;
    let hash = 2166136261 ^ salt;
    for (let i = start; i < end; i++) hash = Math.imul(hash ^ (bytes[i] ?? 0), 16777619);
    const at = (hash ^ (hash >>> 15)) & (PLACES - 1);
    const place = this.places[at];
    if (place !== undefined && isSame(place.bytes, bytes, range)) return place.value;
    const value = make();
    if (end - start > MAX_BYTES) return value;
    const kept = new Uint8Array(end - start + 4);
    new DataView(kept.buffer).setUint32(0, salt);
    kept.set(bytes.subarray(start, end), 4);
    this.places[at] = { bytes: kept, value };
    return value;
  }

  clear(): void {
    this.places.fill(undefined);
  }
}

function isSame(known: Uint8Array, bytes: Uint8Array, { start, end, salt }: { start: number; end: number; salt: number }): boolean {
  if (known.length !== end - start + 4) return false;
  if ((((known[0] ?? 0) << 24) | ((known[1] ?? 0) << 16) | ((known[2] ?? 0) << 8) | (known[3] ?? 0)) >>> 0 !== salt >>> 0) return false;
  for (let i = start, j = 4; i < end; i++, j++) if (known[j] !== bytes[i]) return false;
  return true;
}
