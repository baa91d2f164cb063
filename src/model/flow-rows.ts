// hot path: every received flow is pushed here once (bench: screen, flows folded)

/** Bytes of buffered rows in all, columns included, packed ones as they are held; the oldest segment goes first. */
export const MAX_ROW_BYTES = 16 * 1024 * 1024;
const SEGMENT_BYTES = 1024 * 1024;
const SEGMENT_ROWS = 4096;
// 8 + 5*4 + 2 + 1 + 1 bytes of columns a row
const COLUMN_BYTES = SEGMENT_ROWS * 32;
/** Segments that are held unpacked beside the rest, since somebody reads them. */
const MAX_UNPACKED = 2;
/** What of a stream that fills a segment sooner is not packed: in a flood there is no time for it (2 us a flow). */
const LEAST_PACKED_MS = 100;

/** Makes bytes small, and gives them back. */
export interface BytePacker {
  pack(bytes: Uint8Array): Uint8Array;
  /** `length` is what was packed. */
  unpack(bytes: Uint8Array, length: number): Uint8Array;
}

/** A flow of the stream. */
export const ROW_FLOW = 1;
/** A hole: lost events, a lost connection. Its bytes are the text. */
export const ROW_GAP = 2;
/** A note between rows, such as where the stream's request changed. Its bytes are the text. */
export const ROW_NOTE = 3;

interface Raw {
  bytes: Uint8Array;
  view: DataView;
}

interface Segment {
  firstRow: number;
  rows: number;
  used: number;
  /** Where bytes are written to; a full segment may have them packed instead. */
  raw: Raw | undefined;
  packed: Uint8Array;
  timeMs: Float64Array;
  count: Uint32Array;
  source: Uint32Array;
  destination: Uint32Array;
  start: Uint32Array;
  mark: Uint32Array;
  node: Uint16Array;
  verdict: Uint8Array;
  kind: Uint8Array;
}

/** One row as read back. `bytes` is borrowed: valid until the next push. */
export interface RowView {
  id: number;
  kind: number;
  timeMs: number;
  verdict: number;
  /** How many flows it stands for. */
  count: number;
  /** Ids of the endpoint interner, 0 = the endpoint is still inside `bytes`. */
  source: number;
  destination: number;
  node: number;
  /** What the fold found out about it: see row-mark.ts. */
  mark: number;
  bytes: Uint8Array;
}

/** Columns of a row that `push` takes; reused by the caller. */
export interface RowColumns {
  kind: number;
  timeMs: number;
  verdict: number;
  count: number;
  source: number;
  destination: number;
  node: number;
  mark: number;
}

/** Which bytes of a buffer a row keeps: from..to without up to two cuts, in order; a cut of nothing begins where it ends. Reused by the caller. */
export interface RowBytes {
  from: number;
  cut: number;
  cutEnd: number;
  secondCut: number;
  secondCutEnd: number;
  to: number;
}

/** The buffered stream: typed columns and the bytes that are not endpoints, bounded. Row ids count up and are never reused. */
export class FlowRows {
  /** Id of the next row; the newest is one less. */
  next = 0;
  /** Rows from here on stay, whatever comes: the page somebody reads. */
  keptFrom = Infinity;
  /** Rows that came and were not kept, since the buffer is full of such as must stay; count of the hole that is under way. */
  passed = 0;
  /** From here on no row that came is missing. */
  wholeFrom = 0;
  /** Memory the rows hold now. */
  heldBytes = 0;
  /** Packs full segments; without one they stay as they are. */
  packer: BytePacker | undefined;
  private segments: Segment[] = [];
  /** Of a segment that was packed, for the next one. */
  private spare: Raw | undefined;
  private unpacked: { segment: Segment; bytes: Uint8Array }[] = [];

  constructor(private readonly maxBytes: number = MAX_ROW_BYTES) {}

  /** Id of the oldest row still here; equals `next` when empty. */
  get first(): number {
    return this.segments[0]?.firstRow ?? this.next;
  }

  get length(): number {
    return this.next - this.first;
  }

  /** Whether the oldest rows here must stay and there is no place for more segments. */
  get isHeld(): boolean {
    return this.isFull && (this.segments[1]?.firstRow ?? this.next) > this.keptFrom;
  }

  private get isFull(): boolean {
    return this.segments.length > 0 && this.heldBytes + SEGMENT_BYTES + COLUMN_BYTES > this.maxBytes;
  }

  /** Adds a row with its part of `bytes`, or passes it by while the buffer is held; once one was passed by, so are all until mend(). What does not fit a segment at all is left out: the row stays, its detail is empty. */
  push(row: RowColumns, bytes: Uint8Array, kept: RowBytes): void {
    const size = kept.to - kept.from - (kept.cutEnd - kept.cut) - (kept.secondCutEnd - kept.secondCut);
    const fits = size <= SEGMENT_BYTES;
    const segment = this.passed > 0 ? undefined : this.room(fits ? size : 0);
    if (segment?.raw === undefined) return void this.passed++;
    const at = segment.rows;
    segment.start[at] = segment.used;
    if (fits && size > 0) {
      segment.used = copyBytes(bytes, kept.from, kept.cut, segment.raw, segment.used);
      segment.used = copyBytes(bytes, kept.cutEnd, kept.secondCut, segment.raw, segment.used);
      segment.used = copyBytes(bytes, kept.secondCutEnd, kept.to, segment.raw, segment.used);
    }
    segment.timeMs[at] = row.timeMs;
    segment.count[at] = row.count;
    segment.source[at] = row.source;
    segment.destination[at] = row.destination;
    segment.mark[at] = row.mark;
    segment.node[at] = row.node;
    segment.verdict[at] = row.verdict;
    segment.kind[at] = row.kind;
    segment.rows++;
    this.next++;
  }

  /** A row by id; undefined if it is gone or was never there. */
  get(id: number): RowView | undefined {
    const segment = this.segmentOf(id);
    if (segment === undefined) return undefined;
    const at = id - segment.firstRow;
    const end = at + 1 < segment.rows ? (segment.start[at + 1] ?? 0) : segment.used;
    return {
      id,
      kind: segment.kind[at] ?? 0,
      timeMs: segment.timeMs[at] ?? 0,
      verdict: segment.verdict[at] ?? 0,
      count: segment.count[at] ?? 1,
      source: segment.source[at] ?? 0,
      destination: segment.destination[at] ?? 0,
      node: segment.node[at] ?? 0,
      mark: segment.mark[at] ?? 0,
      bytes: this.bytesOf(segment).subarray(segment.start[at] ?? 0, end),
    };
  }

  /** The columns of all rows from one id on, in order. What is handed out is one object, filled anew for each row. */
  forEach(from: number, visit: (row: RowColumns, id: number) => void): void {
    for (const segment of this.segments) {
      for (let at = Math.max(0, from - segment.firstRow); at < segment.rows; at++) {
        visited.kind = segment.kind[at] ?? 0;
        visited.timeMs = segment.timeMs[at] ?? 0;
        visited.verdict = segment.verdict[at] ?? 0;
        visited.count = segment.count[at] ?? 1;
        visited.source = segment.source[at] ?? 0;
        visited.destination = segment.destination[at] ?? 0;
        visited.node = segment.node[at] ?? 0;
        visited.mark = segment.mark[at] ?? 0;
        visit(visited, segment.firstRow + at);
      }
    }
  }

  /** Id of the first row that is as young as this or younger, as far as rows are in order of time; `next` if there is none. */
  firstSince(timeMs: number): number {
    let low = this.first;
    let high = this.next;
    while (low < high) {
      const middle = (low + high) >> 1;
      const segment = this.segmentOf(middle);
      if ((segment?.timeMs[middle - segment.firstRow] ?? 0) < timeMs) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** Ids of flows whose mark and verdict are wanted, from `from` on by steps of 1 or -1, at most `count`. Reads columns only. */
  idsWhere(walk: { from: number; step: 1 | -1; count: number }, isWanted: (mark: number, verdict: number) => boolean): number[] {
    const found: number[] = [];
    for (let id = walk.from; id >= this.first && id < this.next && found.length < walk.count;) {
      const segment = this.segmentOf(id);
      if (segment === undefined) break;
      for (let at = id - segment.firstRow; at >= 0 && at < segment.rows && found.length < walk.count; at += walk.step, id += walk.step) {
        if (segment.kind[at] === ROW_FLOW && isWanted(segment.mark[at] ?? 0, segment.verdict[at] ?? 0)) found.push(id);
      }
    }
    return found;
  }

  /** Goes on with what comes now, after rows were passed by. */
  mend(): void {
    this.passed = 0;
    this.wholeFrom = this.next;
  }

  /** Drops all rows; ids go on. */
  clear(): void {
    this.segments = [];
    this.unpacked = [];
    this.heldBytes = 0;
    this.mend();
  }

  private segmentOf(id: number): Segment | undefined {
    if (id < this.first || id >= this.next) return undefined;
    let low = 0;
    let high = this.segments.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((this.segments[middle]?.firstRow ?? 0) <= id) low = middle;
      else high = middle - 1;
    }
    return this.segments[low];
  }

  // undefined where what is here must stay
  private room(size: number): Segment | undefined {
    const last = this.segments[this.segments.length - 1];
    // one that was packed while there was no place for another is over, however much would go into it
    if (last?.raw !== undefined && last.rows < SEGMENT_ROWS && last.used + size <= SEGMENT_BYTES) return last;
    if (last !== undefined) this.pack(last);
    let old: Segment | undefined;
    while (this.isFull) {
      if (this.isHeld) return undefined;
      old = this.dropOldest();
    }
    const segment = old ?? newSegment();
    segment.firstRow = this.next;
    segment.rows = 0;
    segment.used = 0;
    segment.raw ??= this.spare ?? newRaw();
    if (segment.raw === this.spare) this.spare = undefined;
    this.segments.push(segment);
    this.heldBytes += SEGMENT_BYTES + COLUMN_BYTES;
    return segment;
  }

  private dropOldest(): Segment | undefined {
    const old = this.segments.shift();
    if (old === undefined) return undefined;
    this.heldBytes -= COLUMN_BYTES + (old.raw === undefined ? old.packed.length : SEGMENT_BYTES);
    this.unpacked = this.unpacked.filter(({ segment }) => segment !== old);
    old.packed = NOTHING;
    return old;
  }

  private pack(segment: Segment): void {
    const { raw, rows, used, timeMs } = segment;
    if (raw === undefined || this.packer === undefined || (timeMs[rows - 1] ?? 0) - (timeMs[0] ?? 0) < LEAST_PACKED_MS) return;
    const packed = this.packer.pack(raw.bytes.subarray(0, used));
    if (packed.length > SEGMENT_BYTES / 2) return;
    segment.packed = packed;
    segment.raw = undefined;
    this.spare = raw;
    this.heldBytes += packed.length - SEGMENT_BYTES;
  }

  private bytesOf(segment: Segment): Uint8Array {
    if (segment.raw !== undefined) return segment.raw.bytes;
    const known = this.unpacked.find((one) => one.segment === segment);
    if (known !== undefined) return known.bytes;
    const bytes = this.packer?.unpack(segment.packed, segment.used) ?? NOTHING;
    this.unpacked = [...this.unpacked.slice(1 - MAX_UNPACKED), { segment, bytes }];
    return bytes;
  }
}

const NOTHING = new Uint8Array(0);

const visited: RowColumns = { kind: 0, timeMs: 0, verdict: 0, count: 1, source: 0, destination: 0, node: 0, mark: 0 };

/** Up to this many bytes a loop beats the view that TypedArray.set needs. */
const LOOP_BYTES = 320;

let viewed: Uint8Array = new Uint8Array(0);
let view = new DataView(viewed.buffer);

// gives where the next bytes go
function copyBytes(bytes: Uint8Array, from: number, to: number, into: Raw, at: number): number {
  const length = to - from;
  if (length <= 0) return at;
  if (length > LOOP_BYTES) {
    into.bytes.set(bytes.subarray(from, to), at);
    return at + length;
  }
  // one view serves all flows of a chunk
  if (bytes !== viewed) {
    viewed = bytes;
    view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }
  copyWords(into.view, at, from, to);
  return at + length;
}

function copyWords(into: DataView, start: number, from: number, to: number): void {
  let at = start;
  let i = from;
  const last = to - 16;
  for (; i <= last; i += 16, at += 16) copySixteen(into, at, i);
  // the last sixteen once more: what was copied already is copied the same
  if (i < to && last >= from) copySixteen(into, at - (i - last), last);
  else for (; i < to; i++, at++) into.setUint8(at, view.getUint8(i));
}

function copySixteen(into: DataView, at: number, from: number): void {
  into.setInt32(at, view.getInt32(from, true), true);
  into.setInt32(at + 4, view.getInt32(from + 4, true), true);
  into.setInt32(at + 8, view.getInt32(from + 8, true), true);
  into.setInt32(at + 12, view.getInt32(from + 12, true), true);
}

function newRaw(): Raw {
  const bytes = new Uint8Array(SEGMENT_BYTES);
  return { bytes, view: new DataView(bytes.buffer) };
}

function newSegment(): Segment {
  return {
    firstRow: 0, rows: 0, used: 0, raw: undefined, packed: NOTHING,
    timeMs: new Float64Array(SEGMENT_ROWS),
    count: new Uint32Array(SEGMENT_ROWS),
    source: new Uint32Array(SEGMENT_ROWS),
    destination: new Uint32Array(SEGMENT_ROWS),
    start: new Uint32Array(SEGMENT_ROWS),
    mark: new Uint32Array(SEGMENT_ROWS),
    node: new Uint16Array(SEGMENT_ROWS),
    verdict: new Uint8Array(SEGMENT_ROWS),
    kind: new Uint8Array(SEGMENT_ROWS),
  };
}
