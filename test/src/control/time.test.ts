import { beforeEach, describe, expect, test } from 'vitest';
import { update } from '../../../src/control/update.ts';
import type { Action } from '../../../src/model/messages.ts';
import type { State } from '../../../src/model/state.ts';
import { timestampOf } from '../../../src/model/time.ts';
import { timeEvents } from '../../../src/model/time-events.ts';
import { gapScene, START_MS } from '../views/scenes.ts';

let state: State;
beforeEach(() => {
  state = gapScene();
  update(state, { type: 'telemetry', report: { time: timestampOf(state.nowMs), changes: [
    { time: timestampOf(START_MS + 30_200), kind: 'policy-changed', subject: 'shop/lockdown', who: 'kubectl-edit' },
    { time: timestampOf(START_MS + 40_000), kind: 'endpoint-added', subject: 'shop/web-1' },
  ] } });
});

const act = (...actions: Action[]): void => { for (const action of actions) update(state, { type: 'action', action }); };
const key = (name: string): void => update(state, { type: 'key', key: name });
/** Seconds from the start of the moment shown; 'live' where time is not stopped. */
const moment = (): number | string => (state.pausedAtMs === 0 ? 'live' : (state.pausedAtMs - START_MS) / 1000);
const paused = (second: number): void => { state.pausedAtMs = START_MS + second * 1000; };

describe('time keys', () => {
  test.each([[30, 2.5], [60, 5], [300, 25], [3600, 300]])('a step is a twelfth of a window of %i s', (windowSeconds, step) => {
    state.windowSeconds = windowSeconds;
    paused(80);
    act('time-back');
    expect(moment()).toBe(Math.max(80 - step, state.fromTelemetry.oldestSecond - START_MS / 1000));
  });

  test('a step back stops time, forward beyond now is live', () => {
    act('time-forward');
    expect([moment(), state.status.text]).toEqual(['live', 'already live']);
    act('time-back');
    expect(moment()).toBe((state.nowMs - 5000 - START_MS) / 1000);
    act('time-forward', 'time-forward');
    expect(moment()).toBe('live');
  });

  test('nothing lies before the beginning', () => {
    paused(3);
    act('time-back');
    expect(state.pausedAtMs).toBe(state.fromTelemetry.oldestSecond * 1000);
    expect(state.status.text).toBe('nothing is known of the time before this');
  });

  test('zoom goes to the ends of the windows and says so, t goes round', () => {
    const seen: number[] = [];
    for (let i = 0; i < 5; i++) {
      act('zoom-out');
      seen.push(state.windowSeconds);
    }
    expect(seen).toEqual([300, 900, 3600, 3600, 3600]);
    expect(state.status.text).toBe('figures cover 1h: there is no longer window');
    act('window');
    expect([state.windowSeconds, state.status.text]).toEqual([30, 'figures cover 30s']);
    act('zoom-in');
    expect(state.status.text).toContain('no shorter window');
  });

  test('zoom finds its way from a window that is none of the list', () => {
    state.windowSeconds = 7;
    act('zoom-out');
    expect(state.windowSeconds).toBe(30);
  });
});

describe('events', () => {
  test('are gaps, changes and troubles in the order of time, without pods that come and go', () => {
    const events = timeEvents(state).map(({ kind, timeMs, text }) => [kind, Math.floor((timeMs - START_MS) / 1000), text]);
    expect(events).toContainEqual(['change', 30, 'policy changed shop/lockdown by kubectl-edit']);
    expect(events.filter(([kind]) => kind === 'gap')).toEqual([['gap', 60, 'a gap of 7 s: not everything was seen']]);
    expect(events.some(([kind, , text]) => kind === 'begin' && String(text).startsWith('NODE node-09'))).toBe(true);
    expect(events.map(([, , text]) => text).join()).not.toContain('web-1');
    expect(events.map(([, second]) => second)).toEqual(events.map(([, second]) => Number(second)).toSorted((one, other) => one - other));
  });

  test('{ and } stop in the second after each, which is the first to show it, and say what it is', () => {
    paused(50);
    act('event-previous');
    expect([moment(), state.status.text]).toEqual([31, '12:00:30Z policy changed shop/lockdown by kubectl-edit']);
    act('event-next');
    expect([moment(), state.status.text]).toEqual([61, '12:01:00Z a gap of 7 s: not everything was seen']);
    act('event-previous');
    expect(moment()).toBe(31);
  });

  test('} behind the last event is live, { before the first says so', () => {
    paused(89);
    for (let i = 0; i < 20 && moment() !== 'live'; i++) act('event-next');
    expect([moment(), state.status.text]).toEqual(['live', 'nothing more happened up to now']);
    paused(1);
    act('event-previous', 'event-previous');
    expect(state.status.text).toContain('known before this');
  });
});

describe('marks', () => {
  test('are set by a letter and gone to by it', () => {
    paused(40);
    act('mark');
    key('a');
    expect(state.status.text).toBe("12:00:40Z is mark a: ' and a come back here");
    act('live', 'jump');
    expect(state.status.text).toBe('go to which mark? a 12:00:40Z');
    key('a');
    expect(moment()).toBe(40);
  });

  test.each(['escape', 'enter', '1', 'C-p'])('%s is no letter: nothing happens', (name) => {
    act('mark');
    key(name);
    expect([state.marks.size, state.pendingKey]).toEqual([0, undefined]);
  });

  test('that are not there are told', () => {
    act('jump');
    expect([state.pendingKey, state.status.text]).toEqual([undefined, 'there are no marks: m and a letter set one here']);
    act('mark');
    key('a');
    act('jump');
    key('b');
    expect([moment(), state.status.text]).toEqual(['live', 'there is no mark b']);
  });
});
