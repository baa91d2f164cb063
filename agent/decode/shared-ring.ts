import type { RingMemory, RingSource } from './kernel.ts';

/** Cache lines apart, so that reader and writer on two cores do not fight over one. */
const consumerAt = 0;
const producerAt = 64;
const positionsBytes = 128;

/** A ring of the kernel's format in shared memory. `sizeBytes` is a power of two, at least 4096. */
export function createSharedRing(lane: number, sizeBytes: number): Extract<RingSource, { kind: 'shared' }> {
  if (sizeBytes < 4096 || (sizeBytes & (sizeBytes - 1)) !== 0) throw new Error(`ring of ${sizeBytes} bytes: not a power of two of at least 4096`);
  return {
    kind: 'shared',
    lane,
    positions: new SharedArrayBuffer(positionsBytes),
    data: new SharedArrayBuffer(2 * sizeBytes),
    sizeBytes,
  };
}

/** The reader's and writer's view of such a ring. Positions: consumer at byte 0, producer at byte 64. */
export function openSharedRing(source: Extract<RingSource, { kind: 'shared' }>): RingMemory {
  return {
    lane: source.lane,
    sizeBytes: source.sizeBytes,
    consumer: new BigUint64Array(source.positions, consumerAt, 1),
    producer: new BigUint64Array(source.positions, producerAt, 1),
    data: new Uint8Array(source.data),
  };
}
