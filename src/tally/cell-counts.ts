/** Different keys one CellCounts keeps; vital ones may go this much beyond. */
export const MAX_CELLS = 4_096;
const VITAL_CELLS = 1_024;
/** Packed cells from one key that can be searched for to the next. */
const BLOCK = 16;
/** Bytes a packed cell takes at most: a key of 32 bits, a count that is no whole number. */
const MAX_CELL_BYTES = 5 + 1 + 4;
const MAX_WHOLE = 2 ** 31;

const NO_BYTES = new Uint8Array(0);
const NO_BLOCKS = new Uint32Array(0);
const floats = new DataView(new ArrayBuffer(4));
/** Where a walk through packed bytes stands. */
const walk = { cell: 0, at: 0, key: 0, count: 0 };

/**
 * Counts by small whole numbers (below 2^31), for many sums of which few are looked at: a Map while it is filled, about three bytes a
 * cell once packed. Whole counts are exact, others known to seven digits. Merges by adding, in any order. Visits come sorted by key
 * after pack(), else in any order and a key perhaps twice, its counts to be added.
 */
export class CellCounts {
  /** Key by key: what it is more than the one before in its block, and twice the count, both as varints; 1 and a float for a count that is not whole. */
  private bytes: Uint8Array = NO_BYTES;
  /** Of every BLOCK-th cell its key and where it begins. */
  private blocks: Uint32Array = NO_BLOCKS;
  private packed = 0;
  private readonly fresh = new Map<number, number>();

  constructor(private readonly maxCells: number = MAX_CELLS) {}

  /** Cells in use; a key that was added after pack() may count twice until the next one. */
  get size(): number {
    return this.packed + this.fresh.size;
  }

  /** Adds to a key. False where there is no room for a new one: vital keys find some longer. */
  add(key: number, count: number, isVital = false): boolean {
    const known = this.fresh.get(key);
    if (known === undefined && this.size >= this.maxCells + (isVital ? VITAL_CELLS : 0) && !this.hasPacked(key)) return false;
    this.fresh.set(key, (known ?? 0) + count);
    return true;
  }

  /** Count of a key; 0 if there is none. */
  get(key: number): number {
    return (this.hasPacked(key) ? walk.count : 0) + (this.fresh.get(key) ?? 0);
  }

  /** Makes it small: what is added later is kept beside it until the next time. */
  pack(): void {
    if (this.fresh.size === 0) return;
    const { bytes: old, packed: oldCells } = this;
    const added = Uint32Array.from(this.fresh.keys()).sort();
    const writer = new CellWriter(this.size);
    begin(0, 0, 0);
    let i = 0;
    let j = 0;
    if (oldCells > 0) step(old);
    while (i < oldCells || j < added.length) {
      const oldKey = i < oldCells ? walk.key : Infinity;
      const young = added[j] ?? Infinity;
      writer.write(Math.min(oldKey, young), (oldKey <= young ? walk.count : 0) + (young <= oldKey ? (this.fresh.get(added[j++] ?? 0) ?? 0) : 0));
      if (oldKey <= young && ++i < oldCells) step(old);
    }
    this.bytes = writer.bytes();
    this.blocks = writer.blocks();
    this.packed = writer.cells;
    this.fresh.clear();
  }

  /** Visits the keys from `from` up to, not including, `to`. */
  range(from: number, to: number, visit: (key: number, count: number) => void): void {
    const { bytes, packed } = this;
    this.find(from);
    // who visits may look at other cells
    let { cell, at, key } = walk;
    while (cell < packed) {
      begin(cell, at, key);
      step(bytes);
      if (walk.key >= to) break;
      ({ cell, at, key } = walk);
      if (key >= from) visit(key, walk.count);
    }
    this.fresh.forEach((count, one) => {
      if (one >= from && one < to) visit(one, count);
    });
  }

  /** Visits all keys. */
  forEach(visit: (key: number, count: number) => void): void {
    this.range(0, Infinity, visit);
  }

  // its count is where the walk stands
  private hasPacked(key: number): boolean {
    this.find(key);
    while (walk.cell < this.packed) {
      step(this.bytes);
      if (walk.key >= key) return walk.key === key;
    }
    return false;
  }

  // stands before the block that may hold a key
  private find(key: number): void {
    const { blocks } = this;
    let low = 0;
    let high = blocks.length / 2;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((blocks[middle * 2] ?? 0) <= key) low = middle + 1;
      else high = middle;
    }
    const block = Math.max(0, low - 1);
    begin(block * BLOCK, blocks[block * 2 + 1] ?? 0, 0);
  }
}

function begin(cell: number, at: number, key: number): void {
  walk.cell = cell;
  walk.at = at;
  walk.key = key;
}

function step(bytes: Uint8Array): void {
  if (walk.cell++ % BLOCK === 0) walk.key = 0;
  walk.key += varint(bytes);
  const count = varint(bytes);
  if (count !== 1) {
    walk.count = count / 2;
    return;
  }
  for (let i = 0; i < 4; i++) floats.setUint8(i, bytes[walk.at++] ?? 0);
  walk.count = floats.getFloat32(0);
}

// below 2^35: no shifts beyond 28
function varint(bytes: Uint8Array): number {
  let value = 0;
  let scale = 1;
  for (;;) {
    const byte = bytes[walk.at++] ?? 0;
    value += (byte & 0x7f) * scale;
    if (byte < 0x80) return value;
    scale *= 128;
  }
}

/** Writes cells in the order of their keys. */
class CellWriter {
  cells = 0;
  private readonly out: Uint8Array;
  private readonly starts: Uint32Array;
  private length = 0;
  private last = 0;

  constructor(maxCells: number) {
    this.out = new Uint8Array(maxCells * MAX_CELL_BYTES);
    this.starts = new Uint32Array(Math.ceil(maxCells / BLOCK) * 2);
  }

  write(key: number, count: number): void {
    if (this.cells % BLOCK === 0) {
      const block = (this.cells / BLOCK) * 2;
      this.starts[block] = key;
      this.starts[block + 1] = this.length;
      this.last = 0;
    }
    this.cells++;
    this.varint(key - this.last);
    this.last = key;
    if (Number.isInteger(count) && count >= 0 && count < MAX_WHOLE) return this.varint(count * 2);
    this.varint(1);
    floats.setFloat32(0, count);
    for (let i = 0; i < 4; i++) this.out[this.length++] = floats.getUint8(i);
  }

  bytes(): Uint8Array {
    return this.out.slice(0, this.length);
  }

  blocks(): Uint32Array {
    return this.starts.slice(0, Math.ceil(this.cells / BLOCK) * 2);
  }

  private varint(value: number): void {
    let left = value;
    while (left >= 0x80) {
      this.out[this.length++] = (left % 128) | 0x80;
      left = Math.floor(left / 128);
    }
    this.out[this.length++] = left;
  }
}
