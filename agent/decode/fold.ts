import { EVENT_BYTES, EVENT_VERSION, EventFlag, EventType, OFFSET, TraceReason, Why } from './event.ts';
import type { DropRow } from './kernel.ts';

/** Bytes of `struct ht_fold_key` and `struct ht_fold` (bpf/event.h). */
export const FOLD_KEY_BYTES = 36;
export const FOLD_BYTES = 64;

/** Lane of rows that stand for many: no ring has this number, so no uuid comes twice. */
export const FOLD_LANE = 2;

/** HT_FOLD_MIXED_* */
const MIXED = { source: 1, destination: 2 } as const;
const MAX_WORD = 0xffff_ffff;
const ICMP = new Set([1, 58]);

interface FoldSums {
  events: number;
  skbs: number;
  segments: number;
  bytes: number;
  lastNs: bigint;
  tcpFlags: number;
}

interface FoldEnds {
  source: number;
  destination: number;
  endpoint: number;
}

/**
 * One row of the fold maps as a record like those of the rings, with all CPUs' values added up; undefined where no event
 * is in it. It has no addresses and no client's port. A ref is 0 where its events are of several endpoints: they have
 * their labels in common. Sequence and place in time are given by who takes it into a history.
 */
export function foldRecord(key: Uint8Array, value: Uint8Array, stride: number): Uint8Array | undefined {
  const sums: FoldSums = { events: 0, skbs: 0, segments: 0, bytes: 0, lastNs: 0n, tcpFlags: 0 };
  const ends = addCpus(new DataView(value.buffer, value.byteOffset, value.byteLength), stride, sums);
  if (ends === undefined) return undefined;
  const from = new DataView(key.buffer, key.byteOffset, key.byteLength);
  const { record, view } = newRecord(sums);
  for (const [at, offset] of keyWords) view.setUint32(offset, from.getUint32(at, true), true);
  for (const [at, offset] of keyBytes) record[offset] = from.getUint8(at);
  view.setUint32(OFFSET.source_ref, ends.source, true);
  view.setUint32(OFFSET.destination_ref, ends.destination, true);
  const isCoarse = from.getUint8(32) !== 0;
  // any device: nobody's in particular
  if (!isCoarse) view.setUint32(OFFSET.endpoint_ref, ends.endpoint, true);
  const port = from.getUint16(24, true);
  // with type and code of none, it is told as what has no transport header
  if (isCoarse && ICMP.has(from.getUint8(30))) record[OFFSET.flags] = from.getUint8(31) | EventFlag.fragment;
  else if (ICMP.has(from.getUint8(30))) view.setUint16(OFFSET.icmp_type, port, true);
  else view.setUint16(from.getUint8(28) === TraceReason.reply ? OFFSET.source_port : OFFSET.destination_port, port, true);
  return record;
}

/** From where in a key to where in a record. */
const keyWords: readonly (readonly [number, number])[] = [
  [0, OFFSET.source_labels], [4, OFFSET.destination_labels], [8, OFFSET.drop_reason], [12, OFFSET.policy], [16, OFFSET.service], [20, OFFSET.ifindex],
];
const keyBytes: readonly (readonly [number, number])[] = [
  [26, OFFSET.type], [27, OFFSET.sub_type], [28, OFFSET.reason], [29, OFFSET.direction], [30, OFFSET.protocol], [31, OFFSET.flags],
];

function addCpus(view: DataView, stride: number, sums: FoldSums): FoldEnds | undefined {
  let ends: FoldEnds | undefined;
  let mixed = 0;
  for (let at = 0; at + FOLD_BYTES <= view.byteLength; at += stride) {
    const number = (offset: number): number => Number(view.getBigUint64(at + offset, true));
    if (number(0) === 0) continue;
    sums.events += number(0);
    sums.skbs += number(8);
    sums.segments += number(16);
    sums.bytes += number(24);
    const lastNs = view.getBigUint64(at + 32, true);
    if (lastNs > sums.lastNs) sums.lastNs = lastNs;
    sums.tcpFlags |= view.getUint32(at + 52, true);
    const here = { source: view.getUint32(at + 40, true), destination: view.getUint32(at + 44, true), endpoint: view.getUint32(at + 48, true) };
    mixed |= view.getUint32(at + 56, true);
    ends ??= here;
    if (ends.source !== here.source) mixed |= MIXED.source;
    if (ends.destination !== here.destination) mixed |= MIXED.destination;
  }
  if (ends === undefined) return undefined;
  return { source: (mixed & MIXED.source) === 0 ? ends.source : 0, destination: (mixed & MIXED.destination) === 0 ? ends.destination : 0, endpoint: ends.endpoint };
}

function newRecord(sums: FoldSums): { record: Uint8Array; view: DataView } {
  const record = new Uint8Array(EVENT_BYTES);
  const view = new DataView(record.buffer);
  record[OFFSET.version] = EVENT_VERSION;
  record[OFFSET.why] = Why.fold;
  record[OFFSET.lane] = FOLD_LANE;
  view.setBigUint64(OFFSET.time_ns, sums.lastNs, true);
  view.setUint16(OFFSET.tcp_flags, sums.tcpFlags, true);
  view.setUint16(OFFSET.tcp_flags_seen, sums.tcpFlags, true);
  // of a second, and of one label pair: beyond four thousand million, the sums of volume stay in the pairs
  view.setUint32(OFFSET.folded, Math.min(sums.events, MAX_WORD), true);
  view.setUint32(OFFSET.skbs, Math.min(sums.skbs, MAX_WORD), true);
  view.setUint32(OFFSET.segments, Math.min(sums.segments, MAX_WORD), true);
  view.setBigUint64(OFFSET.bytes, BigInt(sums.bytes), true);
  return { record, view };
}

/** Kernel drops that their ring had no room for, as records; one an agent. Their pair counted them, so that is where they fold. */
export class DropFolds {
  private before = new Map<string, { folded: number; foldedBytes: number }>();

  /** What folded since the call before. `drops` are cumulative rows. */
  records(drops: readonly DropRow[], nowNs: bigint): Uint8Array[] {
    const now = new Map<string, { folded: number; foldedBytes: number }>();
    const records: Uint8Array[] = [];
    for (const drop of drops) {
      const { folded = 0, foldedBytes = 0 } = drop;
      if (folded === 0) continue;
      const key = `${drop.sourceLabels} ${drop.destinationLabels} ${drop.reason} ${drop.port} ${drop.protocol} ${drop.family}`;
      if (drop.isRetired !== true) now.set(key, { folded, foldedBytes });
      const before = this.before.get(key);
      const events = folded - (before?.folded ?? 0);
      if (events > 0) records.push(dropRecord(drop, { events, bytes: foldedBytes - (before?.foldedBytes ?? 0), lastNs: nowNs }));
    }
    this.before = now;
    return records;
  }
}

function dropRecord(drop: DropRow, { events, bytes, lastNs }: Pick<FoldSums, 'events' | 'bytes' | 'lastNs'>): Uint8Array {
  const { record, view } = newRecord({ events, skbs: events, segments: events, bytes, lastNs, tcpFlags: 0 });
  record[OFFSET.type] = EventType.kernelDrop;
  record[OFFSET.reason] = TraceReason.unknown;
  record[OFFSET.protocol] = drop.protocol;
  record[OFFSET.flags] = drop.family === 6 ? EventFlag.ipv6 : 0;
  view.setUint32(OFFSET.source_labels, drop.sourceLabels, true);
  view.setUint32(OFFSET.destination_labels, drop.destinationLabels, true);
  view.setUint32(OFFSET.drop_reason, drop.reason, true);
  view.setUint16(OFFSET.destination_port, drop.port, true);
  return record;
}
