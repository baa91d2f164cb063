import { expect, test } from 'vitest';
import { findings } from '../../../src/detect/findings.ts';
import { tell } from './story-model.ts';

const HOUR_S = 3_600;

test('no detector fires in an hour of a healthy cluster', { timeout: 120_000 }, () => {
  const fired: string[] = [];
  const state = tell('healthy', {
    seconds: HOUR_S,
    onSecond: (now, second) => { for (const { severity, word, subject, why } of findings(now)) fired.push(`second ${second}: ${severity} ${word} ${subject} (${why})`); },
  });
  expect(fired.slice(0, 10)).toEqual([]);
  expect(state.incidents.list()).toEqual([]);
  // it did see the traffic
  expect(state.flows.received).toBeGreaterThan(10 * HOUR_S);
});

test('nor in ten minutes of it behind a stock relay', { timeout: 60_000 }, () => {
  const fired: string[] = [];
  tell('healthy', {
    seconds: 600, seed: 2, isStock: true,
    onSecond: (now, second) => { for (const { word, subject, why } of findings(now)) fired.push(`second ${second}: ${word} ${subject} (${why})`); },
  });
  expect(fired.slice(0, 10)).toEqual([]);
});
