// hot path: every counted flow adds to a row here (bench: screen, flows folded)

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

/** Counts by pair id: typed columns, since ten minutes of objects would be a hundred megabytes. Bounded. */
export class PairTable {
  size = 0;
  /** Ids of the rows. Borrowed; read `size` of them. */
  ids = NO_IDS;
  /** Row by row, in columns of PairColumn. Borrowed: valid until a row is added. */
  values = NO_VALUES;
  /** Row + 1 by hash of its id; 0 = free. */
  private slots = NO_SLOTS;

  /** Where the row of a pair begins in `values`; made when missing, row of id 0 when there is no room. */
  at(id: number): number {
    const row = this.find(id);
    return row < 0 ? this.add(id) : row * WIDTH;
  }

  /** Counts of a pair, a copy; undefined if there are none. */
  get(id: number): PairCounts | undefined {
    const row = this.find(id);
    return row < 0 ? undefined : this.countsAt(row);
  }

  /** One figure of a pair; 0 if there is none. */
  value(id: number, column: number): number {
    const row = this.find(id);
    return row < 0 ? 0 : (this.values[row * WIDTH + column] ?? 0);
  }

  /** Adds a share (0 to 1) of another table. */
  addTable(from: PairTable, share: number): void {
    for (let row = 0; row < from.size; row++) {
      const into = this.at(from.ids[row] ?? 0);
      const start = row * WIDTH;
      for (let column = 0; column < WIDTH; column++) this.values[into + column] = (this.values[into + column] ?? 0) + (from.values[start + column] ?? 0) * share;
    }
  }

  /** Pairs and their counts, as copies. */
  *[Symbol.iterator](): Generator<[number, PairCounts]> {
    for (let row = 0; row < this.size; row++) yield [this.ids[row] ?? 0, this.countsAt(row)];
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

  private countsAt(row: number): PairCounts {
    const { values } = this;
    const at = row * WIDTH;
    return {
      flows: values[at] ?? 0, connections: values[at + 1] ?? 0, bytes: values[at + 2] ?? 0, skbs: values[at + 3] ?? 0, replies: values[at + 4] ?? 0,
      dropped: values[at + 5] ?? 0, resets: values[at + 6] ?? 0, syns: values[at + 7] ?? 0, synAcks: values[at + 8] ?? 0, strays: values[at + 9] ?? 0,
    };
  }
}
