import { describe, expect, test } from 'vitest';
import { update } from '../../../src/control/update.ts';
import type { Action } from '../../../src/model/messages.ts';
import type { State } from '../../../src/model/state.ts';
import { lineText } from '../../../src/screen/line.ts';
import { frame } from '../../../src/views/frame.ts';
import { VIEWS } from '../../../src/views/view-list.ts';
import { busyScene, emptyScene, gapScene, hostileScene } from './scenes.ts';

const sizes = [{ cols: 80, rows: 24 }, { cols: 120, rows: 40 }, { cols: 200, rows: 50 }];
const press = (state: State, ...actions: Action[]): void => actions.forEach((action) => update(state, { type: 'action', action }));
const shown = (state: State, size = { cols: 120, rows: 40 }): string => frame(state, size).map(lineText).join('\n');

describe('z', () => {
  const scenes = [busyScene(), gapScene(), hostileScene()];
  test.each(VIEWS.filter(({ panels }) => panels.length > 0))('$id: each panel alone, of exact size', ({ id, panels }) => {
    for (const state of scenes) {
      press(state, `view-${id}`);
      for (const panel of panels) {
        const heading = panel.heading ?? panel.title.toUpperCase();
        for (const size of sizes) {
          const before = shown(state, size);
          press(state, 'maximise');
          const lines = frame(state, size).map(lineText);
          expect(lines).toHaveLength(size.rows);
          expect(lines.every((text) => text.length <= size.cols)).toBe(true);
          // no other rule on the screen
          expect(lines.filter((text) => text.startsWith('── ')).map((text) => text.startsWith(`── ${heading} `))).toEqual([true]);
          press(state, 'maximise');
          expect(shown(state, size).split('\n').slice(3, -2)).toEqual(before.split('\n').slice(3, -2));
        }
        press(state, 'panel-next');
      }
    }
  });

  test('Esc and another view show everything again; a view of one panel says so', () => {
    const state = busyScene();
    press(state, 'maximise');
    expect(shown(state)).not.toContain('── TOP PAIRS');
    press(state, 'back');
    expect(shown(state)).toContain('── TOP PAIRS');
    press(state, 'maximise', 'view-drops', 'view-overview');
    expect(shown(state)).toContain('── TOP PAIRS');
    press(state, 'view-flows', 'maximise');
    expect(shown(state)).toContain('this view has one panel');
  });
});

describe('u', () => {
  test('tells volume in bits wherever it is told, and back', () => {
    const state = busyScene();
    const inBytes = shown(state);
    press(state, 'units');
    for (const view of ['overview', 'talkers'] as const) {
      press(state, `view-${view}`);
      expect(shown(state)).toContain('BITS/s');
      expect(shown(state)).not.toContain('BYTES/s');
    }
    press(state, 'view-overview', 'units');
    expect(shown(state).split('\n').slice(3, -2)).toEqual(inBytes.split('\n').slice(3, -2));
  });
});

describe('i', () => {
  test('shows addresses with identities instead of names, and says where when elsewhere', () => {
    const state = busyScene();
    press(state, 'addresses');
    expect(shown(state)).toContain('flows show addresses and identities: 2 has them');
    press(state, 'view-flows');
    expect(shown(state)).toMatch(/\d+\.\d+\.\d+\.\d+ #\d+/);
    press(state, 'addresses');
    expect(shown(state)).toMatch(/\+ fwd +[a-z-]+\/[a-z]/);
    const empty = emptyScene();
    press(empty, 'view-flows', 'addresses');
    expect(frame(empty, { cols: 80, rows: 24 })).toHaveLength(24);
  });
});
