// hot path: bench row rpc/received
/** gRPC's default limit for a message, which Hubble's clients keep. */
export const maxMessageBytes = 4 * 1024 * 1024;

/** Bytes before each message: a compression flag and the length. */
export const framePrefixBytes = 5;

/**
 * Cuts a byte stream into runs of whole gRPC frames. Frames inside one chunk
 * are handed on where they lie; a frame that spans chunks is put together in a
 * buffer of its own. Runs handed on are never written again.
 */
export class FrameBatcher {
  /** Bytes of a frame that has begun and not ended. */
  private partial: Uint8Array | undefined;
  private partialLength = 0;
  private readonly prefix = new Uint8Array(framePrefixBytes);
  private prefixLength = 0;

  constructor(private readonly onBatch: (frames: Uint8Array, count: number) => void) {}

  /** True when no frame is half received. */
  get isAtBoundary(): boolean {
    return this.partial === undefined && this.prefixLength === 0;
  }

  /** Takes the next bytes. Gives the reason when the stream cannot be gRPC; nothing may be pushed after that. */
  push(chunk: Uint8Array): string | undefined {
    let position = 0;
    if (!this.isAtBoundary) {
      const taken = this.completePartial(chunk);
      if (typeof taken === 'string') return taken;
      position = taken;
    }
    return position < chunk.length ? this.takeWhole(chunk, position) : undefined;
  }

  private takeWhole(chunk: Uint8Array, start: number): string | undefined {
    let position = start;
    let count = 0;
    while (chunk.length - position >= framePrefixBytes) {
      const length = lengthAt(chunk, position);
      const fault = faultOf(chunk[position] ?? 0, length);
      if (fault !== undefined) return fault;
      if (position + framePrefixBytes + length > chunk.length) break;
      position += framePrefixBytes + length;
      count++;
    }
    if (count > 0) this.onBatch(start === 0 && position === chunk.length ? chunk : chunk.subarray(start, position), count);
    if (position === chunk.length) return undefined;
    const taken = this.completePartial(chunk.subarray(position));
    return typeof taken === 'string' ? taken : undefined;
  }

  /** Bytes used, or what is wrong. */
  private completePartial(chunk: Uint8Array): number | string {
    let position = 0;
    while (this.partial === undefined) {
      if (this.prefixLength < framePrefixBytes && position === chunk.length) return position;
      if (this.prefixLength < framePrefixBytes) {
        this.prefix[this.prefixLength++] = chunk[position++] ?? 0;
        continue;
      }
      const length = lengthAt(this.prefix, 0);
      const fault = faultOf(this.prefix[0] ?? 0, length);
      if (fault !== undefined) return fault;
      this.partial = new Uint8Array(framePrefixBytes + length);
      this.partial.set(this.prefix);
      this.partialLength = framePrefixBytes;
    }
    const part = Math.min(this.partial.length - this.partialLength, chunk.length - position);
    this.partial.set(chunk.subarray(position, position + part), this.partialLength);
    this.partialLength += part;
    if (this.partialLength === this.partial.length) {
      const whole = this.partial;
      this.partial = undefined;
      this.prefixLength = 0;
      this.onBatch(whole, 1);
    }
    return position + part;
  }
}

function lengthAt(bytes: Uint8Array, at: number): number {
  return (bytes[at + 1] ?? 0) * 0x1000000 + (((bytes[at + 2] ?? 0) << 16) | ((bytes[at + 3] ?? 0) << 8) | (bytes[at + 4] ?? 0));
}

function faultOf(flag: number, length: number): string | undefined {
  if (flag !== 0) return 'compressed message, which was not asked for';
  if (length > maxMessageBytes) return `message of ${length} bytes, larger than the limit of ${maxMessageBytes}`;
  return undefined;
}

/** One message with its gRPC prefix. */
export function frameMessage(message: Uint8Array): Uint8Array {
  const frame = new Uint8Array(framePrefixBytes + message.length);
  new DataView(frame.buffer).setUint32(1, message.length);
  frame.set(message, framePrefixBytes);
  return frame;
}

/** Calls back with the range of each message in a run of whole frames. */
export function eachFrame(frames: Uint8Array, take: (start: number, end: number) => void): void {
  let position = 0;
  while (position + framePrefixBytes <= frames.length) {
    const start = position + framePrefixBytes;
    const end = start + lengthAt(frames, position);
    if (end > frames.length) return;
    take(start, end);
    position = end;
  }
}
