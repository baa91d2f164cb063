import { expect, test } from 'vitest';
import { EventType, OFFSET, Why } from '../../../agent/decode/event.ts';
import { DropFolds, FOLD_BYTES, FOLD_KEY_BYTES, foldRecord } from '../../../agent/decode/fold.ts';
import type { DropRow } from '../../../agent/decode/kernel.ts';

interface Cpu {
  events: number;
  skbs?: number;
  bytes?: number;
  lastNs?: bigint;
  source?: number;
  destination?: number;
  endpoint?: number;
  flags?: number;
  mixed?: number;
}

function key({ port = 80, reason = 0, protocol = 6, isCoarse = 0, ifindex = 7 } = {}): Uint8Array {
  const bytes = new Uint8Array(FOLD_KEY_BYTES);
  const view = new DataView(bytes.buffer);
  for (const [at, value] of [[0, 301], [4, 302], [8, 0], [12, 5], [16, 6], [20, ifindex]] as const) view.setUint32(at, value, true);
  view.setUint16(24, port, true);
  bytes.set([EventType.trace, 3, reason, 2, protocol, 1, isCoarse], 26);
  return bytes;
}

function cpus(...values: Cpu[]): Uint8Array {
  const bytes = new Uint8Array(FOLD_BYTES * values.length);
  const view = new DataView(bytes.buffer);
  for (const [index, cpu] of values.entries()) {
    const at = index * FOLD_BYTES;
    const wide = [cpu.events, cpu.skbs ?? 0, cpu.skbs ?? 0, cpu.bytes ?? 0];
    for (const [word, value] of wide.entries()) view.setBigUint64(at + word * 8, BigInt(value), true);
    view.setBigUint64(at + 32, cpu.lastNs ?? 0n, true);
    for (const [word, value] of [cpu.source, cpu.destination, cpu.endpoint, cpu.flags, cpu.mixed].entries()) view.setUint32(at + 40 + word * 4, value ?? 0, true);
  }
  return bytes;
}

type Name = keyof typeof OFFSET;

function read(record: Uint8Array | undefined, ...names: Name[]): number[] {
  const view = new DataView(record?.buffer ?? new ArrayBuffer(0));
  const narrow = new Set<Name>(['type', 'sub_type', 'reason', 'direction', 'why', 'flags', 'protocol', 'lane', 'icmp_type', 'icmp_code']);
  const half = new Set<Name>(['source_port', 'destination_port', 'tcp_flags_seen']);
  const wide = new Set<Name>(['time_ns', 'bytes']);
  return names.map((name) => (wide.has(name) ? Number(view.getBigUint64(OFFSET[name], true))
    : narrow.has(name) ? view.getUint8(OFFSET[name]) : half.has(name) ? view.getUint16(OFFSET[name], true) : view.getUint32(OFFSET[name], true)));
}

test('foldRecord() adds up what all CPUs folded', () => {
  const record = foldRecord(key(), cpus({ events: 3, skbs: 4, bytes: 400, lastNs: 9n, source: 1, destination: 2, endpoint: 1, flags: 2 }, { events: 0 }, { events: 5, skbs: 6, bytes: 600, lastNs: 12n, source: 1, destination: 2, endpoint: 1, flags: 16 }), FOLD_BYTES);
  expect(read(record, 'why', 'lane', 'type', 'sub_type', 'direction', 'protocol', 'flags', 'folded', 'skbs', 'segments', 'bytes', 'time_ns', 'tcp_flags_seen')).toEqual([Why.fold, 2, 4, 3, 2, 6, 1, 8, 10, 10, 1000, 12, 18]);
  expect(read(record, 'source_labels', 'destination_labels', 'policy', 'service', 'ifindex', 'source_ref', 'destination_ref', 'endpoint_ref')).toEqual([301, 302, 5, 6, 7, 1, 2, 1]);
  expect(foldRecord(key(), cpus({ events: 0 }, { events: 0 }), FOLD_BYTES)).toBeUndefined();
});

test.each<[string, Parameters<typeof key>[0], number[]]>([
  ['a request has the server at its destination', {}, [0, 80, 0, 0]],
  ['a reply has the server at its source', { reason: 2, port: 443 }, [443, 0, 0, 0]],
  ['a ping has type and code', { protocol: 1, port: 0x0103 }, [0, 0, 3, 1]],
])('foldRecord(): %s', (_name, fields, expected) => {
  expect(read(foldRecord(key(fields), cpus({ events: 1 }), FOLD_BYTES), 'source_port', 'destination_port', 'icmp_type', 'icmp_code')).toEqual(expected);
});

test('foldRecord() names nobody where one CPU saw another endpoint than the other, or several', () => {
  const differ = foldRecord(key(), cpus({ events: 1, source: 1, destination: 2 }, { events: 1, source: 3, destination: 2 }), FOLD_BYTES);
  expect(read(differ, 'source_ref', 'destination_ref')).toEqual([0, 2]);
  expect(read(foldRecord(key(), cpus({ events: 2, source: 1, destination: 2, mixed: 2 }), FOLD_BYTES), 'source_ref', 'destination_ref')).toEqual([1, 0]);
});

test('foldRecord() of any port and device has no device, and of any ICMP no type', () => {
  const record = foldRecord(key({ isCoarse: 1, ifindex: 0, port: 0, protocol: 58 }), cpus({ events: 9, endpoint: 4 }), FOLD_BYTES);
  expect(read(record, 'ifindex', 'endpoint_ref', 'flags', 'destination_port')).toEqual([0, 0, 1 | 2, 0]);
});

test('DropFolds.records() tells what folded since the last time, also of a pair that left', () => {
  const folds = new DropFolds();
  const drop: DropRow = { sourceLabels: 301, destinationLabels: 302, reason: 3, port: 53, protocol: 17, family: 6, skbs: 100, bytes: 9000, folded: 40, foldedBytes: 3600 };
  expect(folds.records([{ ...drop, folded: 0, foldedBytes: 0 }], 5n)).toEqual([]);
  const [record, ...others] = folds.records([drop], 7n);
  expect(others).toEqual([]);
  expect(read(record, 'type', 'why', 'lane', 'folded', 'skbs', 'bytes', 'time_ns', 'drop_reason', 'source_labels', 'destination_labels', 'destination_port', 'protocol', 'flags')).toEqual([8, 9, 2, 40, 40, 3600, 7, 3, 301, 302, 53, 17, 1]);
  expect(folds.records([drop], 8n)).toEqual([]);
  expect(read(folds.records([{ ...drop, folded: 42, foldedBytes: 3780, isRetired: true }], 9n)[0], 'folded', 'bytes')).toEqual([2, 180]);
  expect(read(folds.records([{ ...drop, folded: 1, foldedBytes: 90 }], 10n)[0], 'folded', 'bytes')).toEqual([1, 90]);
});
