import { describe, expect, test } from 'vitest';
import { update } from '../../../src/control/update.ts';
import { chipText } from '../../../src/model/chips.ts';
import { parseChips } from '../../../src/model/chip-words.ts';
import type { State } from '../../../src/model/state.ts';
import { lineText } from '../../../src/screen/line.ts';
import { frame } from '../../../src/views/frame.ts';
import { proposals } from '../../../src/views/proposals.ts';
import { busyScene } from '../views/scenes.ts';

function type(state: State, text: string): void {
  for (const key of text) update(state, { type: 'key', key: key === ' ' ? 'space' : key });
}

function press(state: State, ...keys: string[]): void {
  for (const key of keys) update(state, { type: 'key', key });
}

const chips = (state: State): string[] => state.chips.map(chipText);

describe('the filter prompt', () => {
  test('sets what is typed, and one step back takes it away', () => {
    const state = busyScene();
    update(state, { type: 'action', action: 'filter' });
    type(state, 'verdict=dropped !port=9090');
    press(state, 'enter');
    expect(chips(state)).toEqual(['verdict=DROPPED', '!port=9090']);
    expect(state.prompt).toBeUndefined();
    update(state, { type: 'action', action: 'undo' });
    expect(chips(state)).toEqual([]);
  });

  test('stays open and says what is wrong', () => {
    const state = busyScene();
    update(state, { type: 'action', action: 'filter' });
    type(state, 'colour=red');
    press(state, 'enter');
    expect(state.prompt?.text).toBe('colour=red');
    expect(state.status.text).toContain('there is no field "colour"');
  });

  test('completes fields and names with Tab', () => {
    const state = busyScene();
    update(state, { type: 'action', action: 'filter' });
    type(state, 'fromwor');
    press(state, 'tab');
    expect(state.prompt?.text).toBe('from-workload=');
    type(state, 'checkout');
    press(state, 'tab', 'enter');
    expect(chips(state)).toEqual(['from-workload=payments/checkout-api']);
  });

  test('offers the filter that is set for editing, and Escape leaves it', () => {
    const state = busyScene();
    update(state, { type: 'chip', field: 'port', value: '53', isNegated: false });
    update(state, { type: 'action', action: 'filter' });
    expect(state.prompt?.text).toBe('port=53 ');
    press(state, 'C-u', 'escape');
    expect(chips(state)).toEqual(['port=53']);
  });

  test('takes a paste as text of one line, and a paste without a prompt does nothing', () => {
    const state = busyScene();
    update(state, { type: 'paste', text: 'qd/x' });
    expect(chips(state)).toEqual([]);
    expect(state.wantsQuit).toBe(false);
    update(state, { type: 'action', action: 'filter' });
    update(state, { type: 'paste', text: 'port=1\x1b]52;c;aGk=\x07\nport=2' });
    expect(state.prompt?.text).not.toMatch(/[\x00-\x1f]/);
  });

  test('text and chips mean the same both ways', () => {
    for (const text of ['verdict=DROPPED', '!from-pod=a/b', 'port=53 protocol=dns !node=node-1']) {
      const parsed = parseChips(text);
      expect(parsed.ok && parsed.chips.map(chipText).join(' ')).toBe(text);
    }
  });
});

describe('the palette', () => {
  test('finds actions by a part of their name and does them', () => {
    const state = busyScene();
    update(state, { type: 'action', action: 'palette' });
    type(state, 'next theme');
    expect(proposals(state)[0]).toMatchObject({ action: 'theme', key: 'T' });
    press(state, 'enter');
    expect(state.themeStep).toBe(1);
  });

  test('finds workloads and filters to them', () => {
    const state = busyScene();
    update(state, { type: 'action', action: 'palette' });
    type(state, 'ledger-svc');
    press(state, 'enter');
    expect(chips(state)).toEqual(['from-workload=payments/ledger-svc']);
  });

  test.each([[80, 24], [120, 40], [62, 18]])('is drawn exactly at %i x %i', (cols, rows) => {
    const state = busyScene();
    update(state, { type: 'action', action: 'palette' });
    type(state, 'po');
    const lines = frame(state, { cols, rows }).map(lineText);
    expect(lines.map((line) => line.length)).toEqual(Array.from({ length: rows }, () => cols));
  });
});
