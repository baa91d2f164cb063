import type { RingMemory } from '../../agent/decode/kernel.ts';
import { EVENT_BYTES, EVENT_VERSION, OFFSET } from '../../agent/decode/event.ts';

/** Fields of a record that tests set; everything else is zero. */
export interface EventFields {
  version?: number;
  type?: number;
  sub_type?: number;
  reason?: number;
  direction?: number;
  why?: number;
  flags?: number;
  protocol?: number;
  time_ns?: bigint;
  sequence?: number;
  cpu?: number;
  lane?: number;
  tcp_flags?: number;
  ifindex?: number;
  source_ref?: number;
  destination_ref?: number;
  source_labels?: number;
  destination_labels?: number;
  folded?: number;
  tcp_flags_seen?: number;
  source_ip?: number[];
  destination_ip?: number[];
  source_port?: number;
  destination_port?: number;
  icmp_type?: number;
  icmp_code?: number;
  drop_reason?: number;
  line?: number;
  skbs?: number;
  segments?: number;
  source_mac?: number[];
  destination_mac?: number[];
  bytes?: number;
  service?: number;
  policy?: number;
}

/** The 144 bytes of a record as the kernel would write them. */
export function eventBytes(fields: EventFields): Uint8Array {
  const bytes = new Uint8Array(EVENT_BYTES);
  const view = new DataView(bytes.buffer);
  const u8 = ['version', 'type', 'sub_type', 'reason', 'direction', 'why', 'flags', 'protocol', 'lane', 'icmp_type', 'icmp_code'] as const;
  const u16 = ['cpu', 'tcp_flags', 'source_port', 'destination_port', 'tcp_flags_seen', 'line'] as const;
  const u32 = ['ifindex', 'source_ref', 'destination_ref', 'drop_reason', 'skbs', 'segments', 'service', 'source_labels', 'destination_labels', 'folded', 'policy'] as const;
  const filled = { version: EVENT_VERSION, ...fields };
  for (const name of u8) view.setUint8(OFFSET[name], filled[name] ?? 0);
  for (const name of u16) view.setUint16(OFFSET[name], filled[name] ?? 0, true);
  for (const name of u32) view.setUint32(OFFSET[name], filled[name] ?? 0, true);
  view.setBigUint64(OFFSET.time_ns, fields.time_ns ?? 0n, true);
  view.setBigUint64(OFFSET.sequence, BigInt(fields.sequence ?? 0), true);
  view.setBigUint64(OFFSET.bytes, BigInt(fields.bytes ?? 0), true);
  for (const name of ['source_ip', 'destination_ip', 'source_mac', 'destination_mac'] as const) bytes.set(fields[name] ?? [], OFFSET[name]);
  return bytes;
}

const BUSY = 0x8000_0000;
const DISCARD = 0x4000_0000;

/** A BPF ring buffer in plain memory, with the kernel's side of it. */
export class TestRing {
  readonly memory: RingMemory;
  private readonly view: DataView;
  private position = 0;

  constructor(sizeBytes = 4096, lane = 0) {
    const positions = new SharedArrayBuffer(16);
    const data = new SharedArrayBuffer(2 * sizeBytes);
    this.memory = { lane, sizeBytes, consumer: new BigUint64Array(positions, 0, 1), producer: new BigUint64Array(positions, 8, 1), data: new Uint8Array(data) };
    this.view = new DataView(data);
  }

  /** Reserves and commits; false when the ring is full. */
  submit(bytes: Uint8Array): boolean {
    const at = this.reserve(bytes.length);
    if (at < 0) return false;
    this.write(at, bytes);
    this.header(at, bytes.length);
    return true;
  }

  /** Reserves and leaves the record busy; returns its place or -1. */
  reserve(length: number): number {
    const span = (length + 15) & ~7;
    if (this.position + span - Number(this.memory.consumer[0]) > this.memory.sizeBytes) return -1;
    const at = this.position;
    this.header(at, (length | BUSY) >>> 0);
    this.position += span;
    this.memory.producer[0] = BigInt(this.position);
    return at;
  }

  /** Commits what reserve() gave. */
  commit(at: number, bytes: Uint8Array): void {
    this.write(at, bytes);
    this.header(at, bytes.length);
  }

  /** Gives back what reserve() gave. */
  discard(at: number, length: number): void {
    this.header(at, length | DISCARD);
  }

  private header(at: number, value: number): void {
    for (const copy of this.places(at, 0)) this.view.setUint32(copy, value, true);
  }

  private write(at: number, bytes: Uint8Array): void {
    for (const [index, byte] of bytes.entries()) {
      for (const copy of this.places(at, 8 + index)) this.view.setUint8(copy, byte);
    }
  }

  /** Both places of a byte in the doubled mapping. */
  private places(at: number, index: number): number[] {
    const place = (at + index) % this.memory.sizeBytes;
    return [place, place + this.memory.sizeBytes];
  }
}
