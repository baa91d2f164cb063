import { expect, test } from 'vitest';
import type { Gauge } from '../../../src/model/node-state.ts';
import { gaugeWords } from '../../../src/views/gauge-words.ts';

const gauge: Gauge = { name: 'cilium_ipcache', entries: 500, maxEntries: 1_000, lostPerSecond: 0, isAlive: true };

test.each<[string, Partial<Gauge>, string]>([
  ['nobody watched', {}, '500 of 1 000'],
  ['that grows by a hundredth a minute', { growthPerMinute: 10 }, '500 of 1 000, +10/min'],
  ['that shrinks', { growthPerMinute: -120 }, '500 of 1 000, -120/min'],
  ['that hardly moves', { growthPerMinute: 9 }, '500 of 1 000'],
  ['that was walked over a while ago', { served: { fill: 0.5, rawFill: 0.5, measuredMs: 1_000, isOlder: false } }, '500 of 1 000, 14s old'],
])('gaugeWords() of a table %s', (_case, more, words) => {
  expect(gaugeWords({ ...gauge, ...more }, { nowMs: 15_000, gone: 'pushed out' }).replaceAll(/[^\x20-\x7e]/g, ' ')).toBe(words);
});
