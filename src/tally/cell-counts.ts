/** Different keys one CellCounts keeps; vital ones may go this much beyond. */
export const MAX_CELLS = 4_096;
const VITAL_CELLS = 1_024;

/**
 * Counts by small whole numbers (below 2^31), for many sums of which few are looked at: a Map while it is filled, two sorted arrays of
 * eight bytes a cell once packed. Merges by adding, in any order. Visits come sorted by key after pack(), else in any order and a
 * key perhaps twice, its counts to be added.
 */
export class CellCounts {
  private keys = new Uint32Array(0);
  private counts = new Float32Array(0);
  private readonly fresh = new Map<number, number>();

  constructor(private readonly maxCells: number = MAX_CELLS) {}

  /** Cells in use; a key that was added after pack() may count twice until the next one. */
  get size(): number {
    return this.keys.length + this.fresh.size;
  }

  /** Adds to a key. False where there is no room for a new one: vital keys find some longer. */
  add(key: number, count: number, isVital = false): boolean {
    const known = this.fresh.get(key);
    if (known !== undefined) {
      this.fresh.set(key, known + count);
      return true;
    }
    if (this.size >= this.maxCells + (isVital ? VITAL_CELLS : 0)) return this.addPacked(key, count);
    this.fresh.set(key, count);
    return true;
  }

  /** Count of a key; 0 if there is none. */
  get(key: number): number {
    const at = this.place(key);
    return (this.keys[at] === key ? (this.counts[at] ?? 0) : 0) + (this.fresh.get(key) ?? 0);
  }

  /** Puts everything into the sorted arrays. */
  pack(): void {
    if (this.fresh.size === 0) return;
    const added = Uint32Array.from(this.fresh.keys()).sort();
    const keys = new Uint32Array(this.keys.length + added.length);
    const counts = new Float32Array(keys.length);
    let length = 0;
    let i = 0;
    let j = 0;
    while (i < this.keys.length || j < added.length) {
      const old = this.keys[i] ?? Infinity;
      const young = added[j] ?? Infinity;
      keys[length] = Math.min(old, young);
      counts[length++] = (old <= young ? (this.counts[i++] ?? 0) : 0) + (young <= old ? (this.fresh.get(added[j++] ?? 0) ?? 0) : 0);
    }
    this.keys = length === keys.length ? keys : keys.slice(0, length);
    this.counts = length === keys.length ? counts : counts.slice(0, length);
    this.fresh.clear();
  }

  /** Visits the keys from `from` up to, not including, `to`. */
  range(from: number, to: number, visit: (key: number, count: number) => void): void {
    for (let i = this.place(from); i < this.keys.length; i++) {
      const key = this.keys[i] ?? 0;
      if (key >= to) break;
      visit(key, this.counts[i] ?? 0);
    }
    this.fresh.forEach((count, key) => {
      if (key >= from && key < to) visit(key, count);
    });
  }

  /** Visits all keys. */
  forEach(visit: (key: number, count: number) => void): void {
    this.range(0, Infinity, visit);
  }

  private addPacked(key: number, count: number): boolean {
    const at = this.place(key);
    if (this.keys[at] !== key) return false;
    this.counts[at] = (this.counts[at] ?? 0) + count;
    return true;
  }

  // first place whose key is not below
  private place(key: number): number {
    let low = 0;
    let high = this.keys.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.keys[middle] ?? 0) < key) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
