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
const NO_CELLS = new Float32Array(0);
const NO_SHAPES = new Uint16Array(0);

/**
 * Counts by pair id: typed columns, since ten minutes of objects would be a hundred megabytes. Bounded. A table that will hardly
 * change any more is packed: a fifth of the bytes, counts to seven digits.
 */
export class PairTable {
  size = 0;
  /** Ids of the rows. Borrowed; read `size` of them. */
  ids = NO_IDS;
  /** Row by row, in columns of PairColumn; nothing in a packed table. Borrowed: valid until a row is added. */
  values = NO_VALUES;
  /** Row + 1 by hash of its id; 0 = free. */
  private slots = NO_SLOTS;
  /** Of a packed table, its ids in order: the counts that are not 0, row by row, and of each row the bits of their columns. */
  private cells = NO_CELLS;
  private shapes = NO_SHAPES;
  private starts = NO_SHAPES;
  private isPacked = false;

  /** Where the row of a pair begins in `values`; made when missing, row of id 0 when there is no room. Unpacks. */
  at(id: number): number {
    if (this.isPacked) this.unpack();
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
    return row < 0 ? 0 : this.cell(row, column);
  }

  /** Adds a share (0 to 1) of another table. */
  addTable(from: PairTable, share: number): void {
    if (from.isPacked) return this.addPacked(from, share);
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

  /** Makes it small; what is added later makes it large again. */
  pack(): void {
    if (this.isPacked) return;
    const { values, ids, size } = this;
    const rows = Array.from({ length: size }, (_, row) => row).sort((one, other) => (ids[one] ?? 0) - (ids[other] ?? 0));
    this.ids = Int32Array.from(rows, (row) => ids[row] ?? 0);
    this.shapes = new Uint16Array(size);
    this.starts = new Uint16Array(size);
    this.cells = new Float32Array(values.reduce((used, count) => used + (count === 0 ? 0 : 1), 0));
    let used = 0;
    rows.forEach((row, at) => {
      this.starts[at] = used;
      for (let column = 0; column < WIDTH; column++) {
        const count = values[row * WIDTH + column] ?? 0;
        if (count === 0) continue;
        this.shapes[at] = (this.shapes[at] ?? 0) | (1 << column);
        this.cells[used++] = count;
      }
    });
    this.values = NO_VALUES;
    this.slots = NO_SLOTS;
    this.isPacked = true;
  }

  private unpack(): void {
    const packed = new PairTable();
    Object.assign(packed, this);
    Object.assign(this, { size: 0, ids: NO_IDS, cells: NO_CELLS, shapes: NO_SHAPES, starts: NO_SHAPES, isPacked: false });
    this.addPacked(packed, 1);
  }

  private addPacked(from: PairTable, share: number): void {
    for (let row = 0; row < from.size; row++) {
      const into = this.at(from.ids[row] ?? 0);
      const shape = from.shapes[row] ?? 0;
      let next = from.starts[row] ?? 0;
      for (let column = 0; column < WIDTH; column++) if ((shape >> column) & 1) this.values[into + column] = (this.values[into + column] ?? 0) + (from.cells[next++] ?? 0) * share;
    }
  }

  private cell(row: number, column: number): number {
    if (!this.isPacked) return this.values[row * WIDTH + column] ?? 0;
    const shape = this.shapes[row] ?? 0;
    if (((shape >> column) & 1) === 0) return 0;
    let at = this.starts[row] ?? 0;
    for (let before = 0; before < column; before++) at += (shape >> before) & 1;
    return this.cells[at] ?? 0;
  }

  private find(id: number): number {
    return this.isPacked ? this.search(id) : this.probe(id);
  }

  private search(id: number): number {
    let low = 0;
    let high = this.size;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.ids[middle] ?? 0) < id) low = middle + 1;
      else high = middle;
    }
    return low < this.size && this.ids[low] === id ? low : -1;
  }

  private probe(id: number): number {
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
    const of = (column: number): number => this.cell(row, column);
    return { flows: of(0), connections: of(1), bytes: of(2), skbs: of(3), replies: of(4), dropped: of(5), resets: of(6), syns: of(7), synAcks: of(8), strays: of(9) };
  }
}
