import { describe, expect, test } from 'vitest';
import { update } from '../../../src/control/update.ts';
import { findings } from '../../../src/detect/findings.ts';
import { initialState, type State } from '../../../src/model/state.ts';
import { lineText } from '../../../src/screen/line.ts';
import { frame } from '../../../src/views/frame.ts';
import { random } from '../app/fake-cluster.ts';
import { tell } from './story-model.ts';
import { pairReport, START_MS, ToldDashboard } from './told-packets.ts';

const USUAL = ['shop/web > shop/api:8080 SYN new', 'shop/api > data/redis:6379 SYN new', 'shop/web > world:443 SYN new'];

describe('new-edge', () => {
  test('is quiet at the start, when everything is new', () => {
    const told = new ToldDashboard();
    for (let i = 0; i < 40; i++) {
      told.run(3, () => [...USUAL, ...Array.from({ length: i }, (_, n) => `shop/web > shop/svc-${n}:80 SYN new`)]);
      expect(told.found('NEW', 'EGRESS')).toEqual([]);
    }
  });

  test('tells of a pair that never talked, how long was watched before, and leads to it', () => {
    const told = new ToldDashboard().run(200, () => USUAL).run(10, () => [...USUAL, 'shop/api > data/postgres:5432 SYN new']);
    const [finding, ...others] = told.found('NEW');
    expect(others).toEqual([]);
    expect([finding?.severity, finding?.subject, finding?.why, finding?.sinceMs]).toEqual(['note', 'shop/api → data/postgres:5432', 'never seen in the 3 min watched before', START_MS + 200_000]);
    expect(finding?.target?.view).toBe('talkers');
    // and the rows of it say so
    told.state.view = 'map';
    told.state.mapTrail.push('data/postgres');
    expect(frame(told.state, { cols: 120, rows: 40 }).map(lineText).join('\n')).toMatch(/shop\/api → data\/postgres:5432 .* new since 12:03:20/);
  });

  test('a rollout of twenty new pairs is one finding', () => {
    const rollout = (second: number): string[] => Array.from({ length: Math.min(20, second - 199) }, (_, n) => `next/checkout > shop/svc-${n}:80 SYN new`);
    const told = new ToldDashboard().run(200, () => USUAL).run(40, (second) => [...USUAL, ...rollout(second)]);
    expect(told.found('NEW').map(({ subject, amount }) => [subject, amount.text])).toEqual([['next/checkout → 20 others', '20 pairs']]);
  });

  test('a pair seen once or twice is none: it may come every hour', () => {
    const told = new ToldDashboard().run(200, () => USUAL).run(60, (second) => (second % 40 === 0 ? [...USUAL, 'batch/cron > data/postgres:5432 SYN new'] : USUAL));
    expect(told.found('NEW')).toEqual([]);
  });

  test('what is met right after a gap began in it', () => {
    const told = new ToldDashboard().run(200, () => USUAL);
    update(told.state, { type: 'connection', state: 'lost', error: 'gone' });
    told.run(20, () => []);
    update(told.state, { type: 'connection', state: 'live' });
    expect(told.run(20, () => [...USUAL, 'shop/api > data/postgres:5432 SYN new']).found('NEW')).toEqual([]);
  });

  test('taking a filter away makes nothing new', () => {
    const told = new ToldDashboard();
    update(told.state, { type: 'chip', field: 'port', value: '8080', isNegated: false });
    update(told.state, { type: 'flows-requested' });
    update(told.state, { type: 'flows-state', isOpen: false });
    update(told.state, { type: 'flows-state', isOpen: true });
    told.run(300, () => USUAL.slice(0, 1));
    update(told.state, { type: 'action', action: 'clear' });
    update(told.state, { type: 'flows-requested' });
    update(told.state, { type: 'flows-state', isOpen: false });
    update(told.state, { type: 'flows-state', isOpen: true });
    expect(told.run(100, () => USUAL).found('NEW', 'EGRESS')).toEqual([]);
  });

  test.each([1, 2, 3])('an hour of pairs that come at random, often and seldom, brings no news (seed %i)', (seed) => {
    const next = random(seed);
    // from one a second to one in twenty minutes
    const pairs = Array.from({ length: 60 }, (_, i) => ({ line: `ns-${i % 7}/app-${i} > ns-${i % 5}/svc-${i % 23}:80 SYN new`, perSecond: 10 ** (-3.1 * next()) }));
    const told = new ToldDashboard();
    const found: string[] = [];
    for (let minute = 0; minute < 60; minute++) {
      told.run(60, () => pairs.filter(({ perSecond }) => next() < perSecond).map(({ line }) => line));
      found.push(...told.found('NEW', 'EGRESS').map(({ subject }) => subject));
    }
    expect(found).toEqual([]);
  }, 60_000);
});

describe('rogue-egress', () => {
  test('tells of the first traffic to the world, in a story of a card vault', () => {
    for (const isStock of [false, true]) {
      const state = tell('rogue-egress', { seconds: 260, isStock });
      const [finding] = findings(state);
      expect([finding?.severity, finding?.word, finding?.subject, new Date(finding?.sinceMs ?? 0).toISOString().slice(11, 19)]).toEqual(['crit', 'EGRESS', 'payments/cardholder → world 198.51.100.77:443', '21:30:00']);
      expect(finding?.evidence).toEqual(expect.arrayContaining(['no traffic of payments/cardholder to the world in the 4 min before 21:30:00Z', 'its labels say pci=true', 'no DNS name is known for 198.51.100.77']));
      expect(findings(state).filter(({ word }) => word === 'NEW')).toEqual([]);
    }
  });

  test('says so before much is gone: within ten seconds', () => {
    expect(findings(tell('rogue-egress', { seconds: 250 })).map(({ word }) => word)).toEqual(['EGRESS']);
  });

  test('is no news of somebody who talks to the world anyway: another port there is a new pair', () => {
    const told = new ToldDashboard().run(200, () => USUAL).run(10, () => [...USUAL, 'shop/web > world:25 SYN new']);
    expect([told.found('EGRESS'), told.found('NEW').map(({ subject }) => subject)]).toEqual([[], ['shop/web → world:25']]);
  });

  test('two ports at once are both first', () => {
    const told = new ToldDashboard().run(200, () => USUAL).run(10, () => [...USUAL, 'shop/api > world:443 SYN new', 'shop/api > world:8443 SYN new']);
    expect(told.found('EGRESS').map(({ severity, subject }) => [severity, subject])).toEqual([['warn', 'shop/api → world 198.51.100.77:443'], ['warn', 'shop/api → world 198.51.100.77:8443']]);
  });

  test.each<[string, readonly string[], number, string]>([
    ['little', [], 1_000, 'warn'], ['little, from delicate data', ['k8s:pci=true'], 1_000, 'warn'], ['some, from delicate data', ['k8s:data-class=confidential'], 40_000, 'crit'],
    ['some, from data that is said not to be delicate', ['k8s:pci=false'], 40_000, 'warn'], ['much', [], 20_000_000, 'crit'],
  ])('its severity follows what is sent and what labels say: %s', (_what, labels, bytes, severity) => {
    const state: State = initialState({ server: 's', nowMs: START_MS, view: 'overview' });
    update(state, { type: 'connection', state: 'live' });
    for (let second = 1; second <= 210; second++) {
      const timeMs = START_MS + second * 1000;
      update(state, { type: 'tick', nowMs: timeMs });
      const usual = { from: 'shop/web', to: 'shop/api', port: 8080, opened: 5, sent: 60, back: 50 };
      update(state, { type: 'telemetry', report: pairReport(timeMs, second < 200 ? [usual] : [usual, { from: 'shop/vault', to: 'world', port: 443, opened: 1, sent: 40, back: 5, bytes, labels }]) });
    }
    expect(findings(state).filter(({ word }) => word === 'EGRESS').map((finding) => finding.severity)).toEqual([severity]);
  });
});
