// Hot path (bench row wire/split): every received byte passes here.

/** gRPC's prefix of a message: a flag byte (1 = compressed) and a length, big endian. */
export const FRAME_PREFIX_BYTES = 5;
/** gRPC's usual limit of a message; a longer one ends the stream. */
export const MAX_FRAME_BYTES = 4 * 1024 * 1024;

/** Why a stream of frames cannot be read further. */
export type FrameError = 'compressed' | 'too long';

/**
 * Cuts a byte stream into whole gRPC frames. Whole frames that lie in one chunk are handed out in place, in one batch;
 * only a frame that straddles chunks is copied. After an error nothing more comes: frame borders are lost.
 */
export class FrameSplitter {
  error: FrameError | undefined;
  /** Frames and bytes handed out, prefixes included. */
  frames = 0;
  bytes = 0;
  private pending = new Uint8Array(0);
  private pendingLength = 0;
  private readonly maxFrameBytes: number;

  constructor(maxFrameBytes: number = MAX_FRAME_BYTES) {
    this.maxFrameBytes = maxFrameBytes;
  }

  /** Bytes of an unfinished frame; not 0 at the end of a stream means that it was cut. */
  get unfinishedBytes(): number {
    return this.pendingLength;
  }

  /**
   * Takes a chunk and calls onBatch with whole frames (prefixes included), 0 to 2 times. The bytes are borrowed: valid
   * only during the call if they come from a frame that straddled chunks, else as long as the chunk.
   */
  push(chunk: Uint8Array, onBatch: (frames: Uint8Array, count: number) => void): void {
    if (this.error !== undefined) return;
    const start = this.pendingLength === 0 ? 0 : this.finishPending(chunk, onBatch);
    if (start < 0 || this.error !== undefined) return;
    let at = start;
    let count = 0;
    while (chunk.length - at >= FRAME_PREFIX_BYTES) {
      const length = this.frameBytes(chunk, at);
      if (this.error !== undefined || length > chunk.length - at) break;
      at += length;
      count++;
    }
    if (count > 0) this.give(start === 0 && at === chunk.length ? chunk : chunk.subarray(start, at), count, onBatch);
    if (this.error === undefined && at < chunk.length) this.keep(chunk, at, chunk.length);
  }

  /** Completes the frame that began in earlier chunks; gives where the chunk goes on, or -1 if it is all used. */
  private finishPending(chunk: Uint8Array, onBatch: (frames: Uint8Array, count: number) => void): number {
    let at = 0;
    if (this.pendingLength < FRAME_PREFIX_BYTES) {
      at = Math.min(FRAME_PREFIX_BYTES - this.pendingLength, chunk.length);
      this.keep(chunk, 0, at);
      if (this.pendingLength < FRAME_PREFIX_BYTES) return -1;
    }
    const length = this.frameBytes(this.pending, 0);
    if (this.error !== undefined) return -1;
    const end = Math.min(at + length - this.pendingLength, chunk.length);
    this.keep(chunk, at, end, length);
    if (this.pendingLength < length) return -1;
    this.pendingLength = 0;
    this.give(this.pending.subarray(0, length), 1, onBatch);
    return end;
  }

  private give(frames: Uint8Array, count: number, onBatch: (frames: Uint8Array, count: number) => void): void {
    this.frames += count;
    this.bytes += frames.length;
    onBatch(frames, count);
  }

  private keep(chunk: Uint8Array, start: number, end: number, expectedBytes = 0): void {
    const needed = this.pendingLength + end - start;
    if (needed > this.pending.length) {
      // grows with what has come, not with what a prefix promises
      const grown = new Uint8Array(Math.max(needed, Math.min(expectedBytes, this.pending.length * 2), 1024));
      grown.set(this.pending.subarray(0, this.pendingLength));
      this.pending = grown;
    }
    this.pending.set(chunk.subarray(start, end), this.pendingLength);
    this.pendingLength = needed;
  }

  private frameBytes(bytes: Uint8Array, at: number): number {
    const length = frameLength(bytes, at);
    if (bytes[at] !== 0) this.error = 'compressed';
    else if (length > this.maxFrameBytes) this.error = 'too long';
    return length + FRAME_PREFIX_BYTES;
  }
}

/** Length of the message behind the prefix that begins at `at`. */
export function frameLength(bytes: Uint8Array, at: number): number {
  return (((bytes[at + 1] ?? 0) << 24) | ((bytes[at + 2] ?? 0) << 16) | ((bytes[at + 3] ?? 0) << 8) | (bytes[at + 4] ?? 0)) >>> 0;
}

/** Puts the prefix before one message. */
export function frameOf(message: Uint8Array): Uint8Array {
  const frame = new Uint8Array(FRAME_PREFIX_BYTES + message.length);
  new DataView(frame.buffer).setUint32(1, message.length);
  frame.set(message, FRAME_PREFIX_BYTES);
  return frame;
}

/** Calls visit(start, end) with the borders of each message in a batch of whole frames. */
export function forEachMessage(frames: Uint8Array, visit: (start: number, end: number) => void): void {
  let at = 0;
  while (frames.length - at >= FRAME_PREFIX_BYTES) {
    const start = at + FRAME_PREFIX_BYTES;
    const end = start + frameLength(frames, at);
    if (end > frames.length) return;
    visit(start, end);
    at = end;
  }
}
