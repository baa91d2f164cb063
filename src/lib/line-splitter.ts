const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;

/** What a splitter tells of. Bytes are borrowed: valid during the call. */
export interface LineVisitor {
  /** bytes[start..end) is a line without its end; `number` counts from 1. */
  onLine(bytes: Uint8Array, start: number, end: number, number: number): void;
  /** A line was longer than allowed: it is skipped, whatever it was. */
  onTooLong(number: number): void;
}

/** Cuts bytes that come in chunks into lines ended by LF or CRLF. Holds one line at most, and no longer one than allowed. */
export class LineSplitter {
  private pending: Uint8Array = new Uint8Array(0);
  private pendingLength = 0;
  private number = 0;
  private isSkipping = false;

  constructor(private readonly maxLineBytes: number, private readonly visitor: LineVisitor) {}

  /** Takes a chunk and visits the lines that end in it. */
  push(chunk: Uint8Array): void {
    let start = 0;
    for (let end = chunk.indexOf(LINE_FEED); end >= 0; end = chunk.indexOf(LINE_FEED, start)) {
      this.endLine(chunk, start, end);
      start = end + 1;
    }
    if (start < chunk.length) this.keep(chunk, start, chunk.length);
  }

  /** Visits what stands behind the last line end, if anything does; true if there was something. */
  end(): boolean {
    if (this.pendingLength === 0 && !this.isSkipping) return false;
    this.endLine(this.pending, 0, 0);
    return true;
  }

  private endLine(chunk: Uint8Array, start: number, end: number): void {
    this.number++;
    if (this.pendingLength > 0 || this.isSkipping) this.keep(chunk, start, end);
    const isSkipped = this.isSkipping || end - start > this.maxLineBytes;
    const length = this.pendingLength;
    this.isSkipping = false;
    this.pendingLength = 0;
    if (isSkipped) this.visitor.onTooLong(this.number);
    else if (length > 0) this.visit(this.pending, 0, length);
    else this.visit(chunk, start, end);
  }

  private visit(bytes: Uint8Array, start: number, end: number): void {
    const last = end > start && bytes[end - 1] === CARRIAGE_RETURN ? end - 1 : end;
    this.visitor.onLine(bytes, start, last, this.number);
  }

  private keep(chunk: Uint8Array, start: number, end: number): void {
    const needed = this.pendingLength + end - start;
    if (this.isSkipping || needed > this.maxLineBytes) {
      this.isSkipping = true;
      this.pendingLength = 0;
      return;
    }
    if (needed > this.pending.length) {
      const grown = new Uint8Array(Math.min(this.maxLineBytes, Math.max(needed, this.pending.length * 2, 4096)));
      grown.set(this.pending.subarray(0, this.pendingLength));
      this.pending = grown;
    }
    this.pending.set(chunk.subarray(start, end), this.pendingLength);
    this.pendingLength = needed;
  }
}
