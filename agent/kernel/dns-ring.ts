import type { DnsMessage } from '../decode/kernel.ts';
import type { BpfMap } from './bpf-map.ts';
import { whenReadable } from './native.ts';
import { openRing } from './ring.ts';

// as in agent/decode/ring-reader.ts, whose records are all of one size
const BUSY = 0x8000_0000, DISCARD = 0x4000_0000, HEADER_BYTES = 8;
/** Where things stand in struct ht_dns_message. */
const MESSAGE = { labels: 12, bytes: 16, message: 24, end: 1_256 } as const;
/** Messages that are read before others have their turn; so many fit the ring about twice. */
const MAX_AT_ONCE = 512;

/** Gives what resolvers answered to a listener as soon as the kernel tells of it; the returned function ends that. */
export function readDnsRing(map: BpfMap, listener: (message: DnsMessage) => void): () => void {
  const ring = openRing({ kind: 'mmap', lane: 0, mapFd: map.fd, sizeBytes: map.maxEntries });
  const view = new DataView(ring.data.buffer, ring.data.byteOffset, ring.data.byteLength);
  const words = new Uint32Array(ring.data.buffer, ring.data.byteOffset, ring.data.byteLength / 4);
  let position = Number(Atomics.load(ring.consumer, 0));
  const read = (): void => {
    const limit = Number(Atomics.load(ring.producer, 0));
    for (let i = 0; position < limit && i < MAX_AT_ONCE; i++) {
      const at = position % ring.sizeBytes;
      const header = Atomics.load(words, at >>> 2) >>> 0;
      if ((header & BUSY) !== 0) break;
      const length = header & ~DISCARD;
      if ((header & DISCARD) === 0 && length === MESSAGE.end) {
        const bytes = view.getUint32(at + HEADER_BYTES + MESSAGE.bytes, true);
        const from = at + HEADER_BYTES + MESSAGE.message;
        const isCut = bytes > MESSAGE.end - MESSAGE.message;
        listener({ labels: view.getUint32(at + HEADER_BYTES + MESSAGE.labels, true), isCut, bytes: ring.data.subarray(from, from + (isCut ? MESSAGE.end - MESSAGE.message : bytes)) });
      }
      position += (length + HEADER_BYTES + 7) & ~7;
      Atomics.store(ring.consumer, 0, BigInt(position));
    }
  };
  const end = whenReadable(map.fd, read);
  return () => {
    end();
    ring.close();
  };
}
