import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { isPlain } from '../../../src/lib/scrub.ts';
import type { State } from '../../../src/model/state.ts';
import { update } from '../../../src/control/update.ts';
import { GLYPHS } from '../../../src/screen/ascii.ts';
import { lineText, type Size } from '../../../src/screen/line.ts';
import { CHROME_ROWS, frame } from '../../../src/views/frame.ts';
import { streamPageRows } from '../../../src/views/flows.ts';
import { THEMES, type Style } from '../../../src/theme/theme.ts';
import { VIEWS } from '../../../src/views/view-list.ts';
import { busyScene, emptyScene, gapScene, hostileScene, stockScene } from './scenes.ts';

const GOLDEN = join(import.meta.dirname, 'golden');
const isUpdating = process.env['UPDATE_GOLDEN'] === '1';

const sizes: Size[] = [{ cols: 80, rows: 24 }, { cols: 120, rows: 40 }, { cols: 200, rows: 50 }];
const scenes: [string, () => State][] = [['empty', emptyScene], ['busy', busyScene], ['hostile', hostileScene], ['gap', gapScene], ['stock', stockScene]];
const built = new Map<string, State>();

beforeAll(() => {
  for (const [name, build] of scenes) built.set(name, build());
  mkdirSync(GOLDEN, { recursive: true });
});

function textOf(state: State, size: Size): string[] {
  update(state, { type: 'page-rows', rows: streamPageRows(state, size.rows - CHROME_ROWS) });
  return frame(state, size).map(lineText);
}

const cases = VIEWS.flatMap((view) => scenes.flatMap(([scene]) => sizes.map((size) => ({ view: view.id, scene, size }))));

describe('frame()', () => {
  test.each(cases)('$view, $scene, $size.cols x $size.rows: exact size, safe cells, golden', ({ view, scene, size }) => {
    const state = built.get(scene) ?? emptyScene();
    state.view = view;
    const rows = textOf(state, size);
    expect(rows).toHaveLength(size.rows);
    expect(rows.filter((row) => row.length !== size.cols)).toEqual([]);
    expect([...rows.join('')].filter((cell) => !isPlain(cell) && !GLYPHS.has(cell))).toEqual([]);
    if (size.rows === 50) return;
    const file = join(GOLDEN, `${view}.${scene}.${size.cols}x${size.rows}.txt`);
    const text = rows.map((row) => `${row.trimEnd()}\n`).join('');
    if (isUpdating) writeFileSync(file, text);
    expect(text).toBe(readFileSync(file, 'utf8'));
  });

  test.each([[60, 12], [20, 3], [1, 1], [79, 24], [80, 23]])('is still exact and useful at %i x %i', (cols, rows) => {
    const state = busyScene();
    const text = textOf(state, { cols, rows });
    expect(text.map((row) => row.length)).toEqual(Array.from({ length: rows }, () => cols));
    if (cols >= 60) expect(text.join('\n')).toContain('POLICY_DENIED');
  });

  test.each(THEMES)('16 colours of $name never use bright black, which is the background of some terminals', (theme) => {
    expect(Object.entries(theme.roles).filter(([, looks]) => (looks['16'] as Style).fg === 8).map(([role]) => role)).toEqual([]);
  });

  test('is ASCII only when asked', () => {
    const state = busyScene();
    update(state, { type: 'action', action: 'ascii' });
    for (const view of VIEWS) {
      state.view = view.id;
      expect(textOf(state, { cols: 120, rows: 40 }).join('')).toMatch(/^[\x20-\x7e]*$/);
    }
  });

  test.each([80, 120])('gives whole commands at %i columns when there is no server', (cols) => {
    const state = emptyScene();
    update(state, { type: 'connection', state: 'lost', error: 'UNAVAILABLE: connection refused', retryInMs: 4000 });
    const text = textOf(state, { cols, rows: 24 }).join('\n');
    for (const words of ['UNAVAILABLE: connection refused', 'svc/hubble-relay 4245:80', 'tls://HOST:PORT', 'nothing has to be restarted']) expect(text).toContain(words);
  });

  test('says how old everything is when the server is gone', () => {
    const state = busyScene();
    const lastMs = state.nowMs;
    update(state, { type: 'connection', state: 'lost', error: 'UNAVAILABLE: reset' });
    update(state, { type: 'tick', nowMs: lastMs + 14_000 });
    const text = textOf(state, { cols: 120, rows: 40 });
    expect(text[0]).toContain('STALE 14s');
    expect(text[3]).toContain('ALL NUMBERS BELOW ARE FROM 12:01:30Z');
    expect(text[3]).toContain('UNAVAILABLE: reset');
  });

  test('shows the whole flow behind Enter, and the selected one below the stream', () => {
    const state = busyScene();
    state.view = 'flows';
    update(state, { type: 'action', action: 'up' });
    update(state, { type: 'action', action: 'up' });
    expect(textOf(state, { cols: 120, rows: 40 }).join('\n')).toContain('── SELECTED ');
    update(state, { type: 'action', action: 'enter' });
    const text = textOf(state, { cols: 80, rows: 24 });
    expect(text.join('\n')).toContain('── FLOW ');
    expect(text.every((row) => row.length === 80)).toBe(true);
    update(state, { type: 'action', action: 'down' });
    expect(textOf(state, { cols: 120, rows: 40 }).join('\n')).toContain("seen by node-03 (server) and node-10 (client)");
  });
});
