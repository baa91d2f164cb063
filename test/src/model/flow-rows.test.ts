import { describe, expect, test } from 'vitest';
import { FlowRows, ROW_FLOW } from '../../../src/model/flow-rows.ts';
import { zlibPacker } from '../../../src/app/zlib-packer.ts';
import { random } from '../app/fake-cluster.ts';

const columns = (timeMs: number): Parameters<FlowRows['push']>[0] => ({ kind: ROW_FLOW, timeMs, verdict: 1, count: 1, source: timeMs % 7, destination: 2, node: 3, mark: 0 });

describe('FlowRows', () => {
  test('gives back what was pushed, joined from its pieces, and never holds more than its bound', () => {
    const limit = 4 * 1024 * 1024;
    const rows = new FlowRows(limit);
    rows.packer = zlibPacker;
    const next = random(11);
    const bytes = Uint8Array.from({ length: 200_000 }, () => Math.floor(next() * 256));
    const expected: Uint8Array[] = [];
    for (let i = 0; i < 20_000; i++) {
      const start = Math.floor(next() * 198_000);
      const cuts = [next(), next(), next(), next()].map((share) => start + Math.floor(share * 2000)).sort((one, other) => one - other);
      const [a = 0, b = 0, c = 0, d = 0] = cuts;
      rows.push(columns(i), bytes, { from: a, cut: b, cutEnd: c, secondCut: c, secondCutEnd: c, to: d });
      expected.push(Uint8Array.from([...bytes.subarray(a, b), ...bytes.subarray(c, d)]));
      expect(rows.heldBytes).toBeLessThanOrEqual(limit);
    }
    expect(rows.next).toBe(20_000);
    expect(rows.first).toBeGreaterThan(0);
    for (let id = rows.first; id < rows.next; id += 97) {
      const row = rows.get(id);
      expect(row?.timeMs).toBe(id);
      expect(row?.source).toBe(id % 7);
      expect(Buffer.compare(row?.bytes ?? new Uint8Array(0), expected[id] ?? new Uint8Array(0))).toBe(0);
    }
    expect(rows.get(rows.first - 1)).toBeUndefined();
    expect(rows.get(rows.next)).toBeUndefined();
  });

  test('packs what is not a flood, so that more rows find room, and reads it back in any order', () => {
    const limit = 6 * 1024 * 1024;
    const fill = (stepMs: number): FlowRows => {
      const rows = new FlowRows(limit);
      rows.packer = zlibPacker;
      const next = random(12);
      for (let i = 0; i < 60_000; i++) {
        const bytes = Buffer.from(`{"time":${i},"pod":"checkout-api-${Math.floor(next() * 20)}","node":"node-0${i % 5}","uuid":"${Math.floor(next() * 2 ** 32).toString(16)}","summary":"TCP Flags: ACK"}`);
        rows.push(columns(i * stepMs), bytes, { from: 0, cut: 0, cutEnd: 0, secondCut: 0, secondCutEnd: 0, to: bytes.length });
      }
      return rows;
    };
    const [calm, flood] = [fill(1), fill(0.001)];
    expect(calm.heldBytes).toBeLessThanOrEqual(limit);
    expect(flood.heldBytes).toBeLessThanOrEqual(limit);
    expect(calm.length).toBeGreaterThan(flood.length * 2);
    const next = random(13);
    for (let i = 0; i < 200; i++) {
      const id = calm.first + Math.floor(next() * calm.length);
      expect(Buffer.from(calm.get(id)?.bytes ?? []).toString()).toContain(`{"time":${id},`);
    }
  });

  test('goes on after it was held with its last segment packed, also with a row that would have found room there', () => {
    const rows = new FlowRows(2_600_000);
    rows.packer = zlibPacker;
    // long rows that do not come to much packed, so that bytes fill a segment before rows do
    const bytes = new Uint8Array(100_000);
    const push = (timeMs: number, length: number): void => rows.push(columns(timeMs), bytes, { from: 0, cut: 0, cutEnd: 0, secondCut: 0, secondCutEnd: 0, to: length });
    rows.keptFrom = 0;
    for (let i = 0; rows.passed === 0 && i < 1_000; i++) push(i * 50, 100_000);
    expect([rows.passed, rows.isHeld]).toEqual([1, true]);
    const { next } = rows;
    rows.keptFrom = Infinity;
    rows.mend();
    push(1_000_000, 10);
    expect([rows.passed, rows.next]).toEqual([0, next + 1]);
    expect(rows.get(next)).toMatchObject({ timeMs: 1_000_000 });
    expect(rows.get(next - 1)?.bytes.length).toBe(100_000);
  });

  test('keeps a row whose bytes are too many, without them', () => {
    const rows = new FlowRows();
    rows.push(columns(5), new Uint8Array(3_000_000), { from: 0, cut: 0, cutEnd: 0, secondCut: 0, secondCutEnd: 0, to: 3_000_000 });
    expect(rows.get(0)).toMatchObject({ timeMs: 5, bytes: new Uint8Array(0) });
  });

  test('passes by what comes while it is full of rows that must stay, and goes on behind the hole', () => {
    const rows = new FlowRows(2_400_000);
    const bytes = new Uint8Array(1_000);
    const flood = 1_000;
    const push = (count: number): void => {
      for (let i = 0; i < count; i++) rows.push(columns(flood + (i % 50)), bytes, { from: 0, cut: 0, cutEnd: 0, secondCut: 0, secondCutEnd: 0, to: 1_000 });
    };
    push(500);
    rows.keptFrom = 100;
    push(5_000);
    expect([rows.first, rows.isHeld, rows.next + rows.passed]).toEqual([0, true, 5_500]);
    expect(rows.get(100)?.timeMs).toBe(flood);
    expect(rows.passed).toBeGreaterThan(3_000);
    rows.keptFrom = Infinity;
    push(1);
    expect([rows.isHeld, rows.next + rows.passed]).toEqual([false, 5_501]);
    const { next } = rows;
    rows.mend();
    push(3_000);
    expect([rows.passed, rows.wholeFrom, rows.next]).toEqual([0, next, next + 3_000]);
    expect(rows.get(100)).toBeUndefined();
  });
});
