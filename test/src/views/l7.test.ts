import { describe, expect, test } from 'vitest';
import { update } from '../../../src/control/update.ts';
import type { Action } from '../../../src/model/messages.ts';
import { flowsRequest } from '../../../src/model/requests.ts';
import type { State } from '../../../src/model/state.ts';
import { lineText, type Size } from '../../../src/screen/line.ts';
import { frame } from '../../../src/views/frame.ts';
import { bins } from '../../../src/views/l7-latency.ts';
import { shortRoute, shortServer } from '../../../src/views/l7-table.ts';
import { latencyIndex } from '../../../src/tally/latency-index.ts';
import { stateOfRecording } from '../recording-state.ts';
import { busyScene } from './scenes.ts';

const WIDE: Size = { cols: 120, rows: 40 };

function textOf(state: State, size: Size = WIDE): string[] {
  return frame(state, size).map(lineText);
}

function act(state: State, ...actions: Action[]): void {
  for (const action of actions) update(state, { type: 'action', action });
}

function routesOf(state: State): string[] {
  const text = textOf(state);
  const from = text.findIndex((row) => row.startsWith('── ROUTES')) + 2;
  return text.slice(from, text.findIndex((row) => row.startsWith('── SELECTED'))).map((row) => row.slice(3, 33).trim()).filter((row) => row !== '');
}

describe('the l7 view', () => {
  test('a batch frame has what a script asks for: method, path, count, p50, p99, p99.9, the busiest first', () => {
    const state = busyScene();
    state.view = 'l7';
    const rows = textOf(state).filter((row) => /^ [ ►] (?:GET|POST) /.test(row)).map((row) => /(GET|POST) (\S+) +\S+ +(\d+) .*?([\d.]+(?:us|ms|s)) +\S+ +([\d.]+m?s) +([\d.]+m?s) /.exec(row)?.slice(1) ?? []);
    expect(rows.length).toBeGreaterThanOrEqual(5);
    expect(rows.every(([method, path, count, p50, p99, p999]) => [method, path, count, p50, p99, p999].every((cell) => cell !== undefined))).toBe(true);
    act(state, 'sort');
    const counts = textOf(state).flatMap((row) => /^ [ ►▲·] (?:GET|POST|gRPC|Kafka) .{28}.*? (\d+) +[\d.<]+ /.exec(row)?.[1] ?? []).map(Number);
    expect(counts).toEqual([...counts].sort((one, other) => other - one));
  });

  test('s steps through the columns, r turns the order, a shows servers', () => {
    const state = busyScene();
    state.view = 'l7';
    act(state, 'sort', 'sort', 'sort', 'sort', 'sort', 'sort');
    const byP99 = routesOf(state);
    expect(byP99.slice(0, 2)).toEqual(['POST /v1/payments/refund', 'GET /v1/sanctions/check']);
    act(state, 'reverse');
    expect(routesOf(state)).toEqual(byP99.toReversed());
    act(state, 'reverse', 'group');
    expect(routesOf(state)).toContain('4 routes');
    act(state, 'group');
    expect(routesOf(state)).toEqual(byP99);
  });

  test('Enter leads to the flows of a route, as a relay filters them', () => {
    const state = busyScene();
    state.view = 'l7';
    act(state, 'sort', 'enter');
    expect(state.view).toBe('flows');
    expect(flowsRequest(state).whitelist?.[0]).toMatchObject({ destination_workload: [{ name: 'checkout-api' }], http_method: ['GET'], http_path: ['^/v1/payments/[^/]+/status(;[^/]*)?$'] });
  });

  test('H shows the latencies over time, and back', () => {
    const state = busyScene();
    state.view = 'l7';
    expect(textOf(state).join('\n')).toContain('H heatmap');
    act(state, 'chart');
    const text = textOf(state);
    expect(text.join('\n')).toContain('H histogram');
    expect(text.filter((row) => /^ +[\d.]+m?s [ ·░▒▓█]+$/.test(row)).length).toBeGreaterThan(3);
  });

  test('R shows what is hidden in URLs, here and in the stream, until it is pressed again', () => {
    const state = busyScene();
    state.view = 'l7';
    act(state, 'sort');
    expect(textOf(state).join('\n')).not.toContain('verbose');
    act(state, 'reveal');
    expect(textOf(state).join('\n')).toMatch(/LAST URL .*\/status\?verbose=1/);
    act(state, 'reveal');
    expect(textOf(state).join('\n')).not.toContain('verbose');
  });

  test('a jump of a route is marked, joined with what is dropped below it, and says whether it is one pod', () => {
    const state = stateOfRecording('refund-latency', 330);
    state.view = 'l7';
    const text = textOf(state).join('\n');
    expect(text).toMatch(/► POST \/v1\/payments\/refund +refund-svc/);
    expect(text).toContain('LINKED → payments/postgres-primary:5432 loses');
    expect(text).toContain('here errors rose 21:30:00Z   3 explains');
    expect(text).toContain('PODS 2 of 2 alike');
    expect(text).toContain('LIKELY behind it: no pod stands out');
    act(state, 'down');
    expect(textOf(state).some((row) => row.startsWith(' ▲ POST /v1/payments/refund'))).toBe(true);
  });

  test('says so while the library for latencies is not there', () => {
    const state = busyScene();
    state.view = 'l7';
    state.quantiles = undefined;
    update(state, { type: 'tick', nowMs: state.nowMs + 1_000 });
    expect(textOf(state).join('\n')).toContain('the library for latencies is being loaded');
  });
});

describe('bins()', () => {
  const of = (...us: number[]): Map<number, number> => new Map(us.map((one) => [latencyIndex(one), 1]));
  test.each([
    [of(1_000, 5_000_000), 7, [1_024, 4_096, 16_384, 65_536, 262_144, 1_048_576, 4_194_304]],
    [of(1_000, 5_000), 7, [512, 1_024, 2_048, 4_096]],
    [of(3_000), 7, [2_048]],
    [of(1, 60_000_000), 4, [262_144, 1_048_576, 4_194_304, 16_777_216]],
  ])('%#: has powers for borders and loses nothing', (latency, rows, borders) => {
    const list = bins(latency, rows);
    expect(list.slice(-borders.length).map(({ fromUs }) => fromUs).at(-1)).toBe(borders.at(-1));
    expect(list.length).toBeLessThanOrEqual(rows);
    expect(list.reduce((sum, { count }) => sum + count, 0)).toBe(latency.size);
  });

  test('are none for nothing', () => {
    expect(bins(new Map(), 7)).toEqual([]);
  });
});

test.each([
  ['POST /v1/payments/refund', 30, 'POST /v1/payments/refund'],
  ['POST /v1/payments/refund', 22, 'POST …/payments/refund'],
  ['GET /v1/payments/{id}/status', 20, 'GET …/{id}/status'],
])('shortRoute(%s, %d) is %s', (name, width, expected) => {
  expect(shortRoute(name, width)).toBe(expected);
  expect(shortRoute(name, width).length).toBeLessThanOrEqual(width);
});

test('shortServer() gives the namespace up first', () => {
  expect(shortServer('payments/refund-svc', 12)).toBe('refund-svc');
  expect(shortServer('payments/refund-svc', 19)).toBe('payments/refund-svc');
});
