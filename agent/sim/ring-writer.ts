// Hot path: writes the kernel's ring buffer format (kernel/bpf/ringbuf.c).
import { openSharedRing } from '../decode/shared-ring.ts';
import type { RingMemory, RingSource } from '../decode/kernel.ts';

const headerBytes = 8;
const busyBit = 0x8000_0000;
const discardBit = 0x4000_0000;

/** Records between two publications of the producer's position. */
const publishEvery = 32;

/**
 * The producer's end of a shared ring. Records are 8-aligned, headed by
 * length | BUSY | DISCARD. The newest record stays BUSY until the next one or
 * flush(), as when another CPU is still filling its own.
 */
export class RingWriter {
  readonly memory: RingMemory;
  private readonly view: DataView;
  private readonly headers: Int32Array;
  private producer = 0;
  private consumer = 0;
  private unpublished = 0;
  private pendingAt = -1;
  private pendingBytes = 0;
  private pendingDiscard = false;

  constructor(source: Extract<RingSource, { kind: 'shared' }>) {
    this.memory = openSharedRing(source);
    this.view = new DataView(source.data);
    this.headers = new Int32Array(source.data);
    this.producer = Number(Atomics.load(this.memory.producer, 0));
  }

  /** For the payload at reserve()'s answer; little endian as the kernel's. */
  get payload(): DataView {
    return this.view;
  }

  /** Offset of `bytes` of zeroed payload, or -1 where the ring is full. Finishes the record before. */
  reserve(bytes: number): number {
    this.finish();
    const whole = headerBytes + ((bytes + 7) & ~7);
    const size = this.memory.sizeBytes;
    if (this.producer + whole - this.consumer > size) {
      this.consumer = Number(Atomics.load(this.memory.consumer, 0));
      if (this.producer + whole - this.consumer > size) {
        this.publish();
        return -1;
      }
    }
    const at = this.producer % size;
    this.memory.data.fill(0, at + headerBytes, at + whole);
    Atomics.store(this.headers, at >> 2, bytes | busyBit);
    this.headers[(at >> 2) + 1] = 0;
    this.producer += whole;
    this.pendingAt = at;
    this.pendingBytes = bytes;
    this.pendingDiscard = false;
    if (++this.unpublished >= publishEvery) this.publish();
    return at + headerBytes;
  }

  /** The record just reserved shall be skipped by the reader. */
  discard(): void {
    this.pendingDiscard = true;
  }

  /** Publishes what was written; with `hold` the newest record stays BUSY for now. */
  flush(hold: boolean): void {
    if (!hold) this.finish();
    this.publish();
  }

  private finish(): void {
    if (this.pendingAt < 0) return;
    const at = this.pendingAt;
    const end = at + headerBytes + ((this.pendingBytes + 7) & ~7);
    const size = this.memory.sizeBytes;
    // The kernel maps the data twice; here the part past the end is copied to where its twin would be.
    if (end > size) this.memory.data.copyWithin(0, size, end);
    Atomics.store(this.headers, at >> 2, this.pendingDiscard ? this.pendingBytes | discardBit : this.pendingBytes);
    this.pendingAt = -1;
  }

  private publish(): void {
    Atomics.store(this.memory.producer, 0, BigInt(this.producer));
    this.unpublished = 0;
  }
}
