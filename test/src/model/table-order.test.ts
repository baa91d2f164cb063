import { describe, expect, test } from 'vitest';
import { cursorOf, type Cursor } from '../../../src/model/cursors.ts';
import { FREEZE_MS, inOrder, isFrozen } from '../../../src/model/table-order.ts';

interface Row { key: string; size: number }

function tableAt(nowMs: number): { nowMs: number; cursors: Map<string, Cursor> } {
  return { nowMs, cursors: new Map() };
}

function keys(state: ReturnType<typeof tableAt>, sizes: Record<string, number>, version = 'by size'): string {
  const rows = Object.entries(sizes).map(([key, size]): Row => ({ key, size }));
  return inOrder(state, 'talkers', rows, { keyOf: (row) => row.key, compare: (one, other) => other.size - one.size, version }).map((row) => row.key).join('');
}

describe('inOrder()', () => {
  test('sorts anew each time while nobody moves', () => {
    const state = tableAt(1_000);
    expect([keys(state, { a: 1, b: 2 }), keys(state, { a: 3, b: 2 })]).toEqual(['ba', 'ab']);
  });

  test('keeps rows where they were while the cursor moves, puts new ones behind in order, and thaws afterwards', () => {
    const state = tableAt(10_000);
    keys(state, { a: 3, b: 2, c: 1 });
    cursorOf(state, 'talkers').movedMs = 10_000;
    state.nowMs = 10_000 + FREEZE_MS - 1;
    expect(isFrozen(state, 'talkers')).toBe(true);
    expect(keys(state, { e: 8, c: 9, b: 2, d: 9, a: 1 })).toBe('abcde');
    state.nowMs = 10_000 + FREEZE_MS;
    expect(isFrozen(state, 'talkers')).toBe(false);
    expect(keys(state, { e: 8, c: 7, b: 2, d: 9, a: 1 })).toBe('decba');
  });

  test('another sort column thaws at once', () => {
    const state = tableAt(10_000);
    keys(state, { a: 3, b: 2 });
    cursorOf(state, 'talkers').movedMs = 10_000;
    expect([keys(state, { a: 1, b: 2 }), keys(state, { a: 1, b: 2 }, 'by drops')]).toEqual(['ab', 'ba']);
  });
});
