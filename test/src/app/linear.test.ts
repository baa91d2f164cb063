import { describe, expect, test } from 'vitest';
import { Teller } from '../../../src/app/linear.ts';
import { spoken } from '../../../src/app/spoken.ts';
import { update } from '../../../src/control/update.ts';
import { busyScene, emptyScene, gapScene, hostileScene, stockScene } from '../views/scenes.ts';

describe('spoken()', () => {
  test.each([
    ['shop/a → shop/b:8443/TCP', 'shop/a to shop/b port 8443 TCP'], ['412/s', '412 per second'], ['1.2k/s', '1.2k per second'], ['≥3 of 4, 100%', 'at least 3 of 4, 100 percent'],
    ['n=17, like a timer', '17 times, like a timer'], ['n=1, by RST', 'once, by RST'], ['since 12:06:29Z, now', 'since 12:06:29Z, now'], ['10.0.0.1:53', '10.0.0.1 port 53'], ['► ██▇ loud', 'loud'], ['web → db:5432', 'web to db port 5432'],
  ])('%j is read as %j', (text, words) => {
    expect(spoken(text)).toBe(words);
  });
});

describe('Teller', () => {
  test.each(Object.entries({ busy: busyScene, gap: gapScene, hostile: hostileScene, stock: stockScene }))('%s: says each thing once, as plain lines', (_name, scene) => {
    const state = scene();
    const teller = new Teller();
    const first = teller.tell(state);
    expect(first[0]).toMatch(/^\d\d:\d\d:\d\dZ connected to /);
    expect(first.length).toBeLessThanOrEqual(7);
    // eslint-disable-next-line no-control-regex
    for (const sentence of first) expect(sentence).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u2500-\u28ff\u202a-\u202e→≥]/);
    expect(teller.tell(state)).toEqual([]);
  });

  test('says that the connection is lost, and that it is back', () => {
    const state = busyScene();
    const teller = new Teller();
    teller.tell(state);
    update(state, { type: 'connection', state: 'lost', error: 'connection refused' });
    expect(teller.tell(state)[0]).toContain('connection lost, connection refused, trying again');
    update(state, { type: 'connection', state: 'live' });
    expect(teller.tell(state)[0]).toContain('connected again');
  });

  test('says how things stand after a minute of silence', () => {
    const state = emptyScene();
    const teller = new Teller();
    update(state, { type: 'connection', state: 'live' });
    expect(teller.tell(state)).toEqual(['12:00:00Z connected to 127.0.0.1:4245']);
    update(state, { type: 'tick', nowMs: state.nowMs + 30_000 });
    expect(teller.tell(state)).toEqual([]);
    update(state, { type: 'tick', nowMs: state.nowMs + 30_000 });
    expect(teller.tell(state)).toEqual(['12:01:00Z nothing is wrong, 0 flows per second, nobody knows how much was seen']);
  });

  test('says more than a few sentences as a number, and that a problem is over', () => {
    const state = busyScene();
    const teller = new Teller();
    const told = teller.tell(state);
    expect(told.filter((sentence) => /Z (CRIT|WARN|NOTE|CHANGE) /.test(sentence)).length).toBeGreaterThan(2);
    const warned = told.find((sentence) => /Z (CRIT|WARN) /.test(sentence));
    expect(warned).toContain(', since before hubtop looked');
    expect(warned).toMatch(/ to [\w/-]+ port \d+, /);
    update(state, { type: 'action', action: 'view-flows' });
    state.fromTelemetry.clear();
    state.fromFlows.clear();
    state.resets.clear();
    const over: string[] = [];
    for (let second = 1; second <= 20; second++) {
      update(state, { type: 'tick', nowMs: state.nowMs + 1000 });
      over.push(...teller.tell(state));
    }
    expect(over.some((sentence) => / OVER /.test(sentence))).toBe(true);
  });
});
