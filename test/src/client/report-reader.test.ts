import { expect, test } from 'vitest';
import { ReportReader } from '../../../src/client/report-reader.ts';
import { hasMoreFieldsThan } from '../../../src/wire/field-count.ts';
import { ReportCodec } from '../../../src/wire/gen/hubtop.ts';

const numberOf = (name: string): number => ReportCodec.fields.find((field) => field.name === name)?.number ?? 0;

test('hasMoreFieldsThan() counts fields of messages in messages, and takes malformed bytes', () => {
  const bytes = ReportCodec.encode({ interval_ns: 5, nodes: [{ name: 'a', maps: [{ name: 'm', id: 3 }] }] });
  expect(hasMoreFieldsThan(ReportCodec, bytes, 5)).toBe(true);
  expect(hasMoreFieldsThan(ReportCodec, bytes, 6)).toBe(false);
  for (let length = 0; length < bytes.length; length++) expect(hasMoreFieldsThan(ReportCodec, bytes.subarray(0, length), 100)).toBe(false);
  expect(hasMoreFieldsThan(ReportCodec, new Uint8Array(100).fill(255), 100)).toBe(false);
});

test('ReportReader refuses two million empty pairs before it makes them', () => {
  const bomb = new Uint8Array(4_000_000);
  for (let at = 0; at < bomb.length; at += 2) bomb[at] = (numberOf('pairs') << 3) | 2;
  const reader = new ReportReader(() => 0);
  expect(() => reader.method.response.decode(bomb)).toThrow(/more than 524288 fields/);
});

test('ReportReader rests nine times what a report cost, and not for an honest one', () => {
  let nowMs = 0;
  const reader = new ReportReader(() => nowMs);
  reader.work(() => { nowMs += 20; });
  expect(reader.takeRestMs()).toBe(0);
  reader.work(() => { nowMs += 300; });
  expect(reader.takeRestMs()).toBe(2_700);
  reader.work(() => { nowMs += 60_000; });
  expect(reader.takeRestMs()).toBe(10_000);
});
