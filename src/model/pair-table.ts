// hot path: every counted flow adds to a row here (bench: screen, flows folded)
import { CellCounts } from '../tally/cell-counts.ts';

/** Pairs one bucket keeps apart; the rest counts under id 0. */
export const MAX_PAIRS_PER_BUCKET = 1_024;

/** Volume of one pair. What a source of figures does not tell is 0. */
export interface PairCounts {
  /** Events: every flow, each at each point that reported it. */
  flows: number;
  /** Connections opened, each once: as the kernel counted them, or as told by their first packets. */
  connections: number;
  /** Both directions; only where agents count them. */
  bytes: number;
  skbs: number;
  /** Packets from the server: of them skbs tells too where agents count, else the flows that are replies. */
  replies: number;
  dropped: number;
  resets: number;
  /** SYN packets, each once, retries too; only from flows. */
  syns: number;
  synAcks: number;
  /** Connections whose first packet was no SYN. */
  strays: number;
}

/** Columns of a table, in the order of PairCounts. */
export const PairColumn = { flows: 0, connections: 1, bytes: 2, skbs: 3, replies: 4, dropped: 5, resets: 6, syns: 7, synAcks: 8, strays: 9 } as const;
const WIDTH = 10;
const FIRST_ROWS = 16;

const NO_IDS = new Int32Array(0);
const NO_SLOTS = new Int16Array(0);
const NO_VALUES = new Float64Array(0);
/** Keys of a packed pair: its id times this, and the column. */
const KEYS = 16;

/**
 * Counts by pair id: typed columns, since ten minutes of objects would be a hundred megabytes. Bounded. A table that will hardly
 * change any more is packed: a tenth of the bytes, counts that are not whole to seven digits.
 */
export class PairTable {
  size = 0;
  /** Ids of the rows; nothing in a packed table. Borrowed; read `size` of them. */
  ids = NO_IDS;
  /** Row by row, in columns of PairColumn; nothing in a packed table. Borrowed: valid until a row is added. */
  values = NO_VALUES;
  /** Row + 1 by hash of its id; 0 = free. */
  private slots = NO_SLOTS;
  /** What a packed table has instead of all of these. */
  private packed: CellCounts | undefined;

  /** Where the row of a pair begins in `values`; made when missing, row of id 0 when there is no room. Unpacks. */
  at(id: number): number {
    if (this.packed !== undefined) this.unpack(this.packed);
    const row = this.find(id);
    return row < 0 ? this.add(id) : row * WIDTH;
  }

  /** Counts of a pair, a copy; undefined if there are none. */
  get(id: number): PairCounts | undefined {
    const { packed, values } = this;
    if (packed !== undefined) {
      const found: number[] = [];
      packed.range(id * KEYS, (id + 1) * KEYS, (key, count) => {
        found[key % KEYS] = count;
      });
      return found.length === 0 ? undefined : countsOf((column) => found[column] ?? 0);
    }
    const row = this.find(id);
    return row < 0 ? undefined : countsOf((column) => values[row * WIDTH + column] ?? 0);
  }

  /** One figure of a pair; 0 if there is none. */
  value(id: number, column: number): number {
    if (this.packed !== undefined) return this.packed.get(id * KEYS + column);
    const row = this.find(id);
    return row < 0 ? 0 : (this.values[row * WIDTH + column] ?? 0);
  }

  /** Adds a share (0 to 1) of another table. */
  addTable(from: PairTable, share: number): void {
    if (from.packed !== undefined) return this.addPacked(from.packed, share);
    for (let row = 0; row < from.size; row++) {
      const into = this.at(from.ids[row] ?? 0);
      const start = row * WIDTH;
      for (let column = 0; column < WIDTH; column++) this.values[into + column] = (this.values[into + column] ?? 0) + (from.values[start + column] ?? 0) * share;
    }
  }

  /** Pairs and their counts, as copies. */
  *[Symbol.iterator](): Generator<[number, PairCounts]> {
    if (this.packed !== undefined) {
      const whole = new PairTable();
      whole.addPacked(this.packed, 1);
      return yield* whole;
    }
    for (let row = 0; row < this.size; row++) yield [this.ids[row] ?? 0, countsOf((column) => this.values[row * WIDTH + column] ?? 0)];
  }

  /** Makes it small; what is added later makes it large again. Pairs without any count are forgotten. */
  pack(): void {
    if (this.packed !== undefined) return;
    const packed = new CellCounts(Infinity);
    for (let row = 0; row < this.size; row++) {
      for (let column = 0; column < WIDTH; column++) {
        const count = this.values[row * WIDTH + column] ?? 0;
        if (count !== 0) packed.add((this.ids[row] ?? 0) * KEYS + column, count);
      }
    }
    packed.pack();
    this.packed = packed;
    this.ids = NO_IDS;
    this.values = NO_VALUES;
    this.slots = NO_SLOTS;
  }

  private unpack(packed: CellCounts): void {
    this.packed = undefined;
    this.size = 0;
    this.addPacked(packed, 1);
  }

  private addPacked(packed: CellCounts, share: number): void {
    let id = -1;
    let into = 0;
    packed.forEach((key, count) => {
      if (Math.floor(key / KEYS) !== id) {
        id = Math.floor(key / KEYS);
        into = this.at(id);
      }
      const column = into + (key % KEYS);
      this.values[column] = (this.values[column] ?? 0) + count * share;
    });
  }

  private find(id: number): number {
    const { slots, ids } = this;
    const mask = slots.length - 1;
    let slot = id & mask;
    for (;;) {
      // half of the slots are free: a walk ends at one, and where there are none yet at once
      const row = slots[slot] ?? 0;
      if (row === 0) return -1;
      if (ids[row - 1] === id) return row - 1;
      slot = (slot + 1) & mask;
    }
  }

  private add(id: number): number {
    // a place is kept for what finds none
    if (this.size >= MAX_PAIRS_PER_BUCKET && id !== 0) return this.at(0);
    if (this.size >= this.ids.length) this.grow();
    const row = this.size++;
    this.ids[row] = id;
    this.link(row);
    return row * WIDTH;
  }

  private grow(): void {
    const rows = Math.max(FIRST_ROWS, Math.min(MAX_PAIRS_PER_BUCKET + 1, this.ids.length * 2));
    const { ids, values } = this;
    this.ids = new Int32Array(rows);
    this.ids.set(ids);
    this.values = new Float64Array(rows * WIDTH);
    this.values.set(values);
    let slots = FIRST_ROWS * 2;
    while (slots < rows * 2) slots *= 2;
    this.slots = new Int16Array(slots);
    for (let row = 0; row < this.size; row++) this.link(row);
  }

  private link(row: number): void {
    const mask = this.slots.length - 1;
    let slot = (this.ids[row] ?? 0) & mask;
    while (this.slots[slot] !== 0) slot = (slot + 1) & mask;
    this.slots[slot] = row + 1;
  }
}

function countsOf(of: (column: number) => number): PairCounts {
  return { flows: of(0), connections: of(1), bytes: of(2), skbs: of(3), replies: of(4), dropped: of(5), resets: of(6), syns: of(7), synAcks: of(8), strays: of(9) };
}
