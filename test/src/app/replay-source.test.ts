import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { openRecording } from '../../../src/app/open-recording.ts';
import { runReplayBatch } from '../../../src/app/replay-batch.ts';
import { ReplaySource, type ReplayOptions } from '../../../src/app/replay-source.ts';
import { Session } from '../../../src/app/session.ts';
import { figures } from '../../../src/model/figures.ts';
import type { Action } from '../../../src/model/messages.ts';
import type { State } from '../../../src/model/state.ts';
import { lineText } from '../../../src/screen/line.ts';
import { frame } from '../../../src/views/frame.ts';
import { gapScene, START_MS } from '../views/scenes.ts';
import { until } from '../relay/fake-agent.ts';
import { AWAY_S, FOUND_S, LOST_S, recordedLines, writeRecorded } from './recorded.ts';

const folder = mkdtempSync(join(tmpdir(), 'hubtop-replay-'));
afterAll(() => { rmSync(folder, { recursive: true, force: true }); });
const file = writeRecorded(join(folder, 'fleet.jsonl'));
const stock = writeRecorded(join(folder, 'stock.jsonl'), false);

async function opened(path: string, options: Partial<ReplayOptions> = {}): Promise<{ session: Session; state: State; act: (...actions: Action[]) => void; isRead: () => boolean }> {
  const source = new ReplaySource(await openRecording(path), { speed: 1, reopen: () => openRecording(path), ...options });
  const session = new Session(source, { view: 'overview', now: () => 0 });
  const { state } = session;
  const isRead = (): boolean => state.replay?.isRead === true && source.isIdle;
  await until(isRead);
  return { session, state, isRead, act: (...actions) => { for (const action of actions) session.take({ type: 'action', action }); } };
}

const second = (state: State): number => (state.pausedAtMs || state.nowMs) / 1000 - START_MS / 1000;
const screen = (state: State): string[] => frame(state, { cols: 120, rows: 40 }).map(lineText);

describe('ReplaySource', () => {
  test('folds a whole file in: what a live dashboard had counted, on the clock of the file', async () => {
    const { state, session } = await opened(file);
    const live = gapScene();
    expect([state.telemetry, state.reports, state.nodes.size]).toEqual(['present', live.reports, live.nodes.size]);
    expect(second(state)).toBe(90);
    expect(state.flows.received).toBe(recordedLines(true).split('\n').filter((line) => line.startsWith('{"flow":')).length);
    expect(figures(state).window.verdicts[1]).toBeCloseTo(figures(live).window.verdicts[1] ?? 0, 6);
    expect(state.incidents.list().some((incident) => incident.worst.word === 'NODE')).toBe(true);
    expect(screen(state)[0]).toMatch(/^ \[REPLAY\] +fleet +12:01:30Z of 12:00:00-12:01:30 /);
    session.close();
  });

  test('draws the gap of the recorder where it was', async () => {
    const { state, session } = await opened(file);
    const [gap] = [...state.fromTelemetry.stretches(START_MS / 1000 + LOST_S, START_MS / 1000 + FOUND_S)].filter(({ bucket }) => bucket === undefined || bucket.coveredMs < 400);
    expect(gap).toBeDefined();
    expect(figures(state).isLowerBound).toBe(true);
    expect(screen(state).slice(3, 5).join('')).toContain('░');
    session.close();
  });

  test('acts as a stock relay where there is no telemetry', async () => {
    const { state, session } = await opened(stock);
    expect([state.telemetry, state.reports]).toEqual(['absent', 0]);
    expect(figures(state).window.flows).toBeGreaterThan(100);
    expect([...state.nodes.values()].find((node) => node.trouble !== '')?.name).toBe('node-09');
    expect(screen(state).join('\n')).toContain('no telemetry in this file');
    session.close();
  });

  test('folds the file again under a filter, and the moment stays', async () => {
    const { state, session, act, isRead } = await opened(file, { atMs: START_MS + 40_000 });
    expect(second(state)).toBe(40);
    const [rows, incidents] = [state.rows.length, state.incidents.list().length];
    act('view-flows');
    session.take({ type: 'chip', field: 'verdict', value: 'DROPPED', isNegated: false });
    await until(() => isRead() && state.rows.length !== rows);
    expect(second(state)).toBe(40);
    expect(figures(state).window.verdicts[1]).toBe(0);
    expect(figures(state).window.verdicts[2]).toBeGreaterThan(0);
    expect(state.rows.get(state.stream.bottom)?.timeMs).toBeLessThanOrEqual(START_MS + 40_000);
    expect(state.incidents.list()).toHaveLength(incidents);
    act('undo');
    await until(() => isRead() && state.rows.length === rows);
    session.close();
  });

  test('reads the file again for a filter where it is too long to hold', async () => {
    const { state, session, isRead } = await opened(file, { maxHeldBytes: 100_000 });
    const [rows, reports] = [state.rows.length, state.reports];
    session.take({ type: 'chip', field: 'verdict', value: 'DROPPED', isNegated: false });
    await until(() => isRead() && state.rows.length !== rows);
    expect(state.reports).toBe(reports);
    expect(state.fromFlows.firstSecond).toBeLessThan(START_MS / 1000 + 3);
    session.take({ type: 'action', action: 'undo' });
    await until(() => isRead() && state.rows.length === rows);
    session.close();
  });

  test('plays from the moment to the end and stops there', async () => {
    const { state, session, act } = await opened(file, { atMs: START_MS + 80_000, speed: 4 });
    act('pause');
    expect(screen(state)[0]).toContain('[REPLAY ×4]');
    session.take({ type: 'play', elapsedMs: 500 });
    expect(second(state)).toBe(82);
    act('pause');
    session.take({ type: 'play', elapsedMs: 500 });
    expect(second(state)).toBe(82);
    act('pause');
    session.take({ type: 'play', elapsedMs: 5000 });
    expect([second(state), state.pausedAtMs, state.replay?.isPlaying]).toEqual([90, 0, false]);
    act('pause');
    expect(second(state)).toBeLessThanOrEqual(1);
    session.close();
  });

  test('says what was wrong with the lines', async () => {
    const path = join(folder, 'broken.jsonl');
    writeFileSync(path, `nonsense\n${recordedLines(true)}`);
    const { state, session } = await opened(path);
    expect(state.status.text).toContain(':1: not a flow in JSON, skipped');
    session.close();
  });

  test.each([
    ['an empty file', ''], ['a file of other things', '{"level":"info"}\n'], ['flows without any time', '{"flow":{"verdict":"DROPPED"}}\n'],
  ])('openRecording() refuses %s with a reason', async (_what, content) => {
    const path = join(folder, 'none');
    writeFileSync(path, content);
    await expect(openRecording(path)).rejects.toThrow(/^nothing to show in .*none: no line of it/);
  });
});

// what stands on a moment is what a dashboard had shown then: nothing of later may shine through
const chrome = /^ \[REPLAY\]|^ │|^── (WHAT IS WRONG|INCIDENTS)/;

function body(rows: readonly string[]): string[] {
  return sections(rows.slice(0, -2)).flatMap((section) => {
    // of tables only shares are remembered
    const isOfTables = section[0]?.startsWith('── LOST, PRESSURE') === true;
    return isOfTables ? section.slice(1).map((row) => row.replace(/(?<=\d%)  .*/, '').trimEnd()) : section;
    // how often something was seen is told as of its end
  }).filter((row) => !chrome.test(row)).map((row) => row.replaceAll(/n=\d+,/g, 'n=…').replaceAll(/ +/g, ' '));
}

function sections(rows: readonly string[]): string[][] {
  const found: string[][] = [[]];
  for (const row of rows) {
    if (row.startsWith('── ')) found.push([]);
    found.at(-1)?.push(row);
  }
  return found;
}

describe('a moment of the past', () => {
  test.each([{ view: 'overview', at: 29 }, { view: 'overview', at: 59 }, { view: 'incidents', at: 59 }, { view: 'incidents', at: 69 }])('$view at $at s is what it was then', async ({ view, at }) => {
    const { state, session } = await opened(file, { atMs: START_MS + at * 1000 });
    state.view = view;
    let then = '';
    await runReplayBatch({ recording: await openRecording(file), view, atMs: START_MS + at * 1000, n: 1, intervalMs: undefined, size: { cols: 120, rows: 40 }, write: (text) => { then = text; } });
    expect(body(screen(state))).toEqual(body(then.split('\n').slice(0, -1)));
    session.close();
  });

  test.each(['drops', 'incidents'])('%s of a recorded incident knows nothing of what came later', async (view) => {
    const snapshot = join(import.meta.dirname, '../../../snapshots/policy-edit/flows.jsonl.gz');
    const atMs = Date.UTC(2026, 2, 1, 21, 30, 34);
    const { state, session } = await opened(snapshot, { atMs });
    state.view = view;
    let then = '';
    await runReplayBatch({ recording: await openRecording(snapshot), view, atMs, n: 1, intervalMs: undefined, size: { cols: 120, rows: 40 }, write: (text) => { then = text; } });
    // an incident's worst is remembered in steps: a little less than it was then, never more
    const roughly = (rows: readonly string[]): string[] => body(rows).map((row) => row.replaceAll(/\d(\.\d)?\/s/g, '…/s'));
    expect(roughly(screen(state))).toEqual(roughly(then.split('\n').slice(0, -1)));
    session.close();
  });
});

test('the scene has what its tests are about', () => {
  expect(recordedLines(true)).toContain('"node_names":["node-09"],"message":"connection refused"');
  expect([LOST_S < FOUND_S, FOUND_S < AWAY_S]).toEqual([true, true]);
});
