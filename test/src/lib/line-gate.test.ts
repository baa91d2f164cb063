import { expect, test } from 'vitest';
import { LineGate } from '../../../src/lib/line-gate.ts';

test('LineGate tells of a peer that flaps ten times a second for a day in a few lines an hour, and counts the rest', () => {
  const gate = new LineGate();
  const told: string[] = [];
  for (let nowMs = 0; nowMs < 86_400_000; nowMs += 100) {
    for (const line of ['peer connected', 'peer lost']) {
      const admitted = gate.admit(line, nowMs);
      if (admitted !== undefined) told.push(admitted);
    }
  }
  expect(told.length).toBeLessThan(2 * (3 + 6 * 24) + 1);
  expect(told.slice(0, 2)).toEqual(['peer connected', 'peer lost']);
  expect(told.at(-1)).toBe('peer lost (5999 more of these since)');
});

test('LineGate lets a burst of different lines pass, then few, and says how many it left out', () => {
  const gate = new LineGate();
  const told = Array.from({ length: 1_000 }, (_, index) => gate.admit(`device ${index} failed`, 0)).filter((line) => line !== undefined);
  expect(told).toHaveLength(100);
  expect(gate.admit('another', 31_000)).toBe('another (900 other lines left out)');
  expect(gate.admit('too soon', 32_000)).toBeUndefined();
});

test('LineGate tells a line again that is heard of once a day', () => {
  const gate = new LineGate();
  for (let day = 0; day < 10; day++) expect(gate.admit('kernel too busy', day * 86_400_000)).toBe('kernel too busy');
});
