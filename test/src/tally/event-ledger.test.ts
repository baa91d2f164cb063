import { expect, test } from 'vitest';
import { evictedBytes, lostEvents, mergeEventLedgers, mergeLosses, unaccountedEvents } from '../../../src/tally/event-ledger.ts';
import { heaviest } from '../../../src/tally/heaviest.ts';
import type { EventLedger } from '../../../src/wire/gen/hubtop.ts';
import { seededRandom } from '../seeded-random.ts';

function randomLedgers(seed: number): EventLedger[] {
  const random = seededRandom(seed);
  const number = (below: number): number => Math.floor(random() * below);
  return Array.from({ length: 1 + number(6) }, () => {
    const losses = Array.from({ length: number(4) }, () => ({
      stage: ['kernel-ring', 'agent', 'peer'][number(3)] ?? '', cause: ['full', 'behind'][number(2)] ?? '', count: number(50),
      first: { seconds: BigInt(number(10)), nanos: number(5) }, last: { seconds: BigInt(10 + number(10)), nanos: number(5) },
    }));
    const [reported, folded] = [number(1000), number(100)];
    return { kind: ['trace', 'drop'][number(2)] ?? '', reported, folded, losses, happened: reported + folded + losses.reduce((sum, loss) => sum + loss.count, 0) };
  });
}

test('law: ledgers that balance merge to ledgers that balance, in any order and grouping', () => {
  for (let seed = 1; seed <= 100; seed++) {
    const ledgers = randomLedgers(seed);
    const merged = mergeEventLedgers(ledgers);
    expect(merged.map(unaccountedEvents), `seed ${seed}`).toEqual(merged.map(() => 0));
    expect(mergeEventLedgers(ledgers.toReversed()), `seed ${seed}`).toEqual(merged);
    const cut = Math.floor(ledgers.length / 2);
    expect(mergeEventLedgers([...mergeEventLedgers(ledgers.slice(0, cut)), ...mergeEventLedgers(ledgers.slice(cut))]), `seed ${seed}`).toEqual(merged);
  }
});

test('mergeLosses() keeps the first and the last moment', () => {
  const loss = { stage: 'peer', cause: 'disconnected' };
  expect(mergeLosses([
    { ...loss, count: 1, first: { seconds: 5n, nanos: 2 }, last: { seconds: 6n } },
    { ...loss, count: 2, first: { seconds: 5n, nanos: 1 }, last: { seconds: 5n, nanos: 9 } },
    { ...loss, count: 3 },
  ])).toEqual([{ ...loss, count: 6, first: { seconds: 5n, nanos: 1 }, last: { seconds: 6n } }]);
});

test('unaccountedEvents() and evictedBytes() are what nobody accounts for', () => {
  const ledger = { happened: 10, reported: 5, folded: 1, losses: [{ count: 1 }, { count: 1 }] };
  expect(lostEvents(ledger)).toBe(2);
  expect(unaccountedEvents(ledger)).toBe(2);
  expect(evictedBytes({ counted_bytes: 100, reported_bytes: 60, live_bytes: 30 })).toBe(10);
});

test('heaviest() keeps the heaviest and those that must stay, and says what it cut', () => {
  const items = [{ id: 'a', bytes: 5 }, { id: 'b', bytes: 9 }, { id: 'c', bytes: 1 }, { id: 'd', bytes: 7 }, { id: 'e', bytes: 2 }];
  const cut = heaviest(items, 2, { weight: (item) => item.bytes, mustStay: (item) => item.id === 'c' });
  expect(cut.kept.map((item) => item.id)).toEqual(['b', 'd', 'c']);
  expect(cut).toMatchObject({ cutWeight: 5, cutCount: 2 });
  expect(heaviest(items, 9, { weight: (item) => item.bytes })).toMatchObject({ cutWeight: 0, cutCount: 0 });
});
