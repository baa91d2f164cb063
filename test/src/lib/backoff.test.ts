import { expect, test } from 'vitest';
import { Backoff } from '../../../src/lib/backoff.ts';

test('Backoff doubles up to the longest wait and begins anew after a success', () => {
  const backoff = new Backoff({ firstMs: 100, longestMs: 350, jitter: 0.5 }, () => 0);
  expect([backoff.next(), backoff.next(), backoff.next(), backoff.next()]).toEqual([100, 200, 350, 350]);
  backoff.reset();
  expect(backoff.next()).toBe(100);
});

test('Backoff shortens a wait by at most its jitter', () => {
  expect(new Backoff({ firstMs: 100, longestMs: 350, jitter: 0.5 }, () => 0.999).next()).toBe(50);
});
