import { describe, expect, test } from 'vitest';
import { novelty, ranked } from '../../../src/detect/rank.ts';
import type { Finding } from '../../../src/model/finding.ts';

const START = 1_000_000;
const HOUR = 3_600_000;

function finding(word: string, parts: Partial<Finding> = {}): Finding {
  return { key: `${word} ${JSON.stringify(parts)}`, severity: 'warn', word, subject: word, amount: { value: 1, unit: '/s' }, timesMore: undefined, why: '', brief: 'x', sinceMs: START, chips: [], ...parts };
}

describe('ranked()', () => {
  test('lets a new warning speak before an old critical that never changes', () => {
    const noise = finding('DROPS', { severity: 'crit', amount: { value: 900, unit: '/s' } });
    const fresh = finding('RESETS', { sinceMs: START + HOUR });
    expect(ranked([noise, fresh], { nowMs: START + HOUR + 1000, startedMs: START })[0]).toBe(fresh);
    expect(ranked([noise, fresh], { nowMs: START + 10_000, startedMs: START })[0]).toBe(noise);
  });

  test('an old trouble that grows is news again', () => {
    const grown = finding('DROPS', { timesMore: 12 });
    const steady = finding('DROPS', { amount: { value: 100, unit: '/s' } });
    expect(ranked([steady, grown], { nowMs: START + HOUR, startedMs: START })[0]).toBe(grown);
  });

  test('kinds take turns, so that many of one kind hide no other', () => {
    const many = Array.from({ length: 10 }, (_, i) => finding('DROPS', { amount: { value: 100 + i, unit: '/s' } }));
    const words = ranked([...many, finding('RESETS')], { nowMs: START + 1000, startedMs: START }).map(({ word }) => word);
    expect(words.slice(0, 2)).toEqual(['DROPS', 'RESETS']);
  });

  test('a node that is away stays news for ever', () => {
    expect(novelty(finding('NODE'), { nowMs: START + 30 * HOUR, startedMs: START })).toBe(novelty(finding('DROPS', { timesMore: 9 }), { nowMs: START, startedMs: START }));
  });
});
