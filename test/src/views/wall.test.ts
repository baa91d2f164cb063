import { describe, expect, test } from 'vitest';
import { update } from '../../../src/control/update.ts';
import { HOME_AFTER_MS, PAGE_MS } from '../../../src/model/wall.ts';
import type { State } from '../../../src/model/state.ts';
import { lineText } from '../../../src/screen/line.ts';
import { frame } from '../../../src/views/frame.ts';
import { WALL_DIGITS, wallPage } from '../../../src/views/wall-page.ts';
import { busyScene, gapScene, hostileScene } from './scenes.ts';

// time goes on, and everybody who was heard is heard again
function later(state: State, ms: number): State {
  const nowMs = state.nowMs + ms;
  state.lastReportMs = nowMs;
  for (const node of state.nodes.values()) if (node.trouble === '') node.heardMs = nowMs;
  update(state, { type: 'tick', nowMs });
  return state;
}

const text = (state: State): string => frame(state, { cols: 120, rows: 40 }).map(lineText).join('\n');

describe('the wall', () => {
  test('turns its pages by the clock alone', () => {
    const state = busyScene();
    const titles = new Set<string>();
    for (let i = 0; i < 6; i++) titles.add(wallPage(later(state, PAGE_MS)).title);
    expect([...titles].toSorted()).toEqual(['Nodes', 'Talkers by bytes', 'Traffic']);
  });

  test('is taken over by an alert until somebody has seen it, or five minutes have gone', () => {
    const state = gapScene();
    state.view = 'wall';
    expect(wallPage(state).title).toBe('ALERT');
    update(state, { type: 'action', action: 'pause' });
    expect(state.view).toBe('wall');
    expect(wallPage(state).title).not.toBe('ALERT');
    const unseen = gapScene();
    const pages = new Set<string>();
    later(unseen, 360_000);
    for (let i = 0; i < 8; i++) pages.add(wallPage(later(unseen, PAGE_MS)).title);
    expect(pages.size).toBeGreaterThan(1);
  });

  test('shows nothing but its age when the data is old: a green wall from dead data is the worst failure', () => {
    const state = busyScene();
    state.view = 'wall';
    update(state, { type: 'connection', state: 'lost', error: 'UNAVAILABLE: reset' });
    update(state, { type: 'tick', nowMs: state.nowMs + 14_000 });
    expect(wallPage(state)).toMatchObject({ title: 'STALE', figures: [], alerts: [] });
    expect(text(state)).toContain('no data since 12:01:30Z');
    expect(text(state)).not.toContain('FLOWS a second');
  });

  test('any key but Space leaves it, and a wall that was started as one comes back by itself', () => {
    const state = busyScene();
    state.view = 'wall';
    state.wall.isHome = true;
    update(state, { type: 'action', action: 'quit' });
    expect([state.view, state.wantsQuit]).toEqual(['overview', false]);
    update(state, { type: 'tick', nowMs: state.nowMs + HOME_AFTER_MS + 2_000 });
    expect(state.view).toBe('wall');
  });

  test('has no figure longer than a screen can show', () => {
    for (const state of [busyScene(), gapScene(), hostileScene()]) {
      const { figures } = wallPage(state);
      expect(figures.filter(({ value, lcd }) => value.length > WALL_DIGITS || !/^[0-9KM*-]{1,5}$/.test(lcd))).toEqual([]);
    }
  });
});
