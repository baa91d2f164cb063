import type { RingMemory, RingSource } from '../decode/kernel.ts';
import { openSharedRing } from '../decode/shared-ring.ts';
import { libc, mapMemory, viewOf } from './native.ts';

/** A ring's memory, and how to give it back. */
export interface OpenRing extends RingMemory {
  /** Unmaps it; touching the arrays afterwards kills the process, so it is the reader that calls this. */
  close(): void;
}

/**
 * The memory of a ring, of the kernel or of the simulated one. Needs nothing
 * but the source, so it works in any thread of the process that made it.
 */
export function openRing(source: RingSource): OpenRing {
  if (source.kind === 'mmap') return mapRing(source);
  return { ...openSharedRing(source), close: () => undefined };
}

/**
 * A BPF ring buffer (kernel/bpf/ringbuf.c) is a page with the consumer's
 * position, which we may write, then read-only a page with the producer's
 * position and the data twice in a row. The kernel publishes both a record's
 * length word and the position with smp_store_release. On x86 loads keep their
 * order and so do stores: reading position, length word and data in this order
 * and writing the consumer's position last is enough, with or without Atomics
 * (which work on this memory, and are what weaker machines need).
 */
function mapRing(source: Extract<RingSource, { kind: 'mmap' }>): OpenRing {
  const pageBytes = Number(libc().getpagesize());
  const readOnlyBytes = pageBytes + 2 * source.sizeBytes;
  const what = `the ring of lane ${source.lane}`;
  const consumerPointer = mapMemory(source.mapFd, { length: pageBytes, offset: 0, isWritable: true, what });
  const producerPointer = mapMemory(source.mapFd, { length: readOnlyBytes, offset: pageBytes, isWritable: false, what });
  const consumerPage = viewOf(consumerPointer, pageBytes);
  const readOnly = viewOf(producerPointer, readOnlyBytes);
  let isMapped = true;
  return {
    lane: source.lane,
    sizeBytes: source.sizeBytes,
    consumer: new BigUint64Array(consumerPage, 0, 1),
    producer: new BigUint64Array(readOnly, 0, 1),
    data: new Uint8Array(readOnly, pageBytes, 2 * source.sizeBytes),
    close: () => {
      if (!isMapped) return;
      isMapped = false;
      libc().munmap(consumerPointer, pageBytes);
      libc().munmap(producerPointer, readOnlyBytes);
    },
  };
}
