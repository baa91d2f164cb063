import { describe, expect, test } from 'vitest';
import { BASELINE_MS, EdgeBook } from '../../../src/model/edge-book.ts';

const START = 1_772_366_400;
const BASELINE = BASELINE_MS / 1000;

function bookAt(seconds: number): EdgeBook {
  const book = new EdgeBook();
  for (let second = 0; second < seconds; second++) book.see(1, START + second);
  return book;
}

describe('EdgeBook', () => {
  test('takes nothing for late that is met while the baseline is learnt', () => {
    const book = bookAt(10);
    book.see(2, START + BASELINE - 1);
    expect(book.late).toEqual([]);
    book.see(3, START + BASELINE);
    expect(book.late).toEqual([3]);
  });

  test('remembers first, last and how many seconds an edge was seen in', () => {
    const book = bookAt(0);
    for (const second of [5, 5, 6, 9, 8]) book.see(7, START + second);
    expect(book.edge(7)).toEqual({ firstSecond: START + 5, lastSecond: START + 9, activeSeconds: 3 });
    expect(book.edge(8)).toBeUndefined();
  });

  test('learns anew when something else is looked at, and not before anything was seen', () => {
    const fresh = new EdgeBook();
    fresh.beginAnew(START * 1000);
    expect(fresh.baselineEnds).toBe(0);
    const book = bookAt(300);
    book.beginAnew((START + 300) * 1000);
    book.see(2, START + 300 + BASELINE - 1);
    expect(book.late).toEqual([]);
    book.see(3, START + 300 + BASELINE);
    expect(book.late).toEqual([3]);
  });

  test('takes nothing for late that is met right after a gap', () => {
    const book = bookAt(300);
    book.blink((START + 300) * 1000);
    book.see(2, START + 310);
    book.see(3, START + 331);
    expect(book.late).toEqual([3]);
  });

  test('forgets a pair whose id means another from now on', () => {
    const book = bookAt(300);
    book.see(2, START + 300);
    book.forget(new Set([1, 2]));
    expect([book.edge(1), book.edge(2), book.late]).toEqual([undefined, undefined, []]);
  });

  test('is bounded whatever comes', () => {
    const book = bookAt(200);
    for (let pair = 2; pair < 8_000; pair++) book.see(pair, START + 200);
    expect(book.late.length).toBeLessThanOrEqual(2_048);
    expect(book.late.at(-1)).toBe(7_999);
  });
});
