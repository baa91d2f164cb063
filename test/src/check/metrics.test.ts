import { describe, expect, test } from 'vitest';
import { chipSets } from '../../../src/check/chip-sets.ts';
import { LOOK_SECONDS, type Condition } from '../../../src/check/condition.ts';
import { judge } from '../../../src/check/judge.ts';
import { parseConditions } from '../../../src/check/parse-conditions.ts';
import { sampleOf } from '../../../src/check/sample.ts';
import { update } from '../../../src/control/update.ts';
import type { Chip } from '../../../src/model/chips.ts';
import { figuresOf, type State } from '../../../src/model/state.ts';
import { endpoint, type FakeTalk, flowOf, framed, reportOf, TALKS } from '../app/fake-cluster.ts';
import { busyScene, emptyScene, gapScene, START_MS, stockScene } from '../views/scenes.ts';

const scenes = new Map<() => State, State>();

/** A scene that tests only read, one for all of them. */
function shared(scene: () => State): State {
  const state = scenes.get(scene) ?? scene();
  scenes.set(scene, state);
  return state;
}

function condition(text: string): Condition {
  const [parsed] = parseConditions(text);
  if (parsed === undefined) throw new Error(text);
  return parsed;
}

/** The verdict on the last whole seconds of a scene. */
function verdictOf(text: string, state: State, leastSeen = 0.9): string {
  const parsed = condition(text);
  const forSeconds = parsed.forSeconds ?? LOOK_SECONDS;
  const end = figuresOf(state).lastSecond - 1;
  const samples = Array.from({ length: forSeconds }, (_, i) => sampleOf(parsed, [state], end - forSeconds + i));
  const { verdict, value, obstacle } = judge(parsed, samples, { forSeconds, leastSeen });
  return `${verdict} ${obstacle?.kind ?? (value === undefined ? '-' : Math.round(value * 10) / 10)}`;
}

describe('metrics of telemetry', () => {
  test.each([
    ['drops > 0/s', /^ok/],
    ['drops(ns=payments) < 100/s for 20s', /^ok 10/],
    ['drops(ns=payments, class=policy) < 100/s for 20s', /^ok [5-9]/],
    ['drops(reason=NO_*) < 100/s for 20s', /^ok [0-2]/],
    ['drops(reason!=NO_SOCKET, reason!=POLICY_DENIED) == 0 for 20s', /^ok 0/],
    ['drops(from-workload=payments/rewards-cron-job-1) < 1/s', /^breached/],
    ['drops(to-workload=payments/rewards-cron-job-1) < 1/s', /^open unmet/],
    ['drops(from-ns=nowhere) < 1/s', /^open unmet/],
    ['drops(from-ns!=payments, from-ns!=shop) == 0', /^ok 0/],
    ['drops(port=9090, protocol=tcp) < 1/s', /^breached/],
    ['drops(protocol=udp) < 1/s', /^ok 0/],
    ['flows(verdict=DROPPED) < 50% for 10s', /^ok [1-9]/],
    ['flows(verdict!=DROPPED) > 50% for 10s', /^ok [89]/],
    ['flows == 100%', /^ok 100/],
    ['connections(to-workload=kube-system/kube-dns) > 1/s', /^ok/],
    ['connections(to-workload=nowhere/nobody) == 0', /^ok 0/],
    ['resets(from-workload=default/commentary-fanout) > 1 for 20s', /^ok 5/],
    ['resets(to-ns=payments) == 0 for 20s', /^ok 0/],
    ['seen == 100%', /^ok 100/],
    ['lost == 0', /^ok 0/],
    ['nodes == 12', /^ok 12/],
    ['nodes == 100%', /^ok 100/],
    ['conntrack < 50%', /^ok/],
    ['conntrack(node=node-12) > 10%', /^ok/],
    ['conntrack(node=node-99) < 50%', /^open silent/],
    ['map(name=ht_pairs) < 1%', /^ok 0.4/],
    ['map(name=ht_*) > 1%', /^ok/],
    ['incidents(severity=warn) > 0', /^ok/],
    ['incidents(word=DROPS) == 1', /^ok 1/],
  ])('%s', (text, expected) => {
    expect(verdictOf(text, shared(busyScene))).toMatch(expected);
  });

  test.each([
    ['nodes == 12', /^breached 11/],
    ['nodes > 95%', /^breached 91/],
    ['seen < 95%', /^ok/],
    ['lost > 5/s', /^ok/],
    ['drops(from-workload=payments/rewards-cron-job-1) < 1/s', /^breached/],
    ['drops < 1000/s', /^open unseen/],
  ])('%s while a node is away and events are lost', (text, expected) => {
    expect(verdictOf(text, shared(gapScene), 0.95)).toMatch(expected);
  });
});

describe('metrics of a stock relay', () => {
  test.each([
    ['drops(ns=payments) > 0', /^ok/],
    ['flows > 1/s', /^ok/],
    ['connections < 1000/s', /^ok/],
    ['map(name=nobody_has) < 80%', /^open silent/],
    // of a page of Cilium's metrics
    ['conntrack < 80%', /^breached 91/],
    ['nodes == 11', /^ok 11/],
  ])('%s', (text, expected) => {
    expect(verdictOf(text, shared(stockScene))).toMatch(expected);
  });
});

describe('drops()', () => {
  test('that came without a pair are perhaps of those asked for, and are counted where nobody asks', () => {
    const state = emptyScene();
    update(state, { type: 'tick', nowMs: START_MS + 1_000 });
    update(state, { type: 'telemetry', report: { ...reportOf(0, START_MS + 1_000, { talks: TALKS.slice(0, 2) }), drops: [{ reason: 133, skbs: 7 }] } });
    const second = START_MS / 1000;
    expect(sampleOf(condition('drops(ns=payments) < 1/s'), [state], second).figure).toMatchObject({ value: 0, perhaps: 7, isMet: true });
    expect(sampleOf(condition('drops < 1/s'), [state], second).figure).toMatchObject({ value: 7, perhaps: 0 });
    expect(sampleOf(condition('drops(reason=NO_SOCKET) < 1/s'), [state], second).figure).toMatchObject({ value: 0, perhaps: 0 });
  });
});

/** Flows that pass a set of chips, as the model counts them. */
function passing(chips: readonly Chip[], talks: readonly FakeTalk[]): number {
  const state = emptyScene();
  for (const chip of chips) update(state, { type: 'chip', ...chip });
  update(state, { type: 'flows-state', isOpen: true });
  for (const talk of talks) for (const isReply of talk.drop === undefined ? [false, true] : [false]) update(state, { type: 'flows', bytes: framed(flowOf(talk, START_MS + 100, { isReply })) });
  return state.fromFlows.peek(START_MS / 1000)?.flows ?? 0;
}

describe('chipSets()', () => {
  test.each([
    ['ns=payments', [['from-namespace=payments'], ['!from-namespace=payments', 'to-namespace=payments']]],
    ['ns!=payments', [['!from-namespace=payments', '!to-namespace=payments']]],
    ['from-pod=shop/a, port=80', [['from-pod=shop/a', 'port=80']]],
    ['pod=shop/a, node=n', [['from-pod=shop/a', 'node=n'], ['!from-pod=shop/a', 'to-pod=shop/a', 'node=n']]],
    ['reason=policy_denied, class=policy', [['drop-reason=POLICY_DENIED']]],
    ['reason=NO_SOCKET, from-workload=shop/a', [['from-workload=shop/a']]],
  ])('%s', (selectors, expected) => {
    const sets = chipSets(condition(`drops(${selectors}) < 1/s`).selectors);
    expect(sets.map((chips) => chips.map((chip) => `${chip.isNegated ? '!' : ''}${chip.field}=${chip.value}`))).toEqual(expected);
  });

  // the relay's part of a filter is not played here: what the model tells apart is
  test.each([
    ['ns=payments', 'payments/'],
    ['workload=payments/ledger-svc', 'payments/ledger-svc'],
    ['pod=payments/checkout', 'payments/checkout'],
  ])('a flow with %s passes exactly one of its filters', (selectors, start) => {
    const sets = chipSets(condition(`drops(${selectors}) < 1/s`).selectors);
    for (const talk of TALKS) {
      const expected = (talk.from.startsWith(start) || talk.to.startsWith(start)) ? (talk.drop === undefined ? 2 : 1) : 0;
      expect(sets.reduce((sum, chips) => sum + passing(chips, [talk]), 0), `${talk.from} ${talk.to}`).toBe(expected);
    }
  });
});

describe('connections()', () => {
  test('of reports that leave light pairs out are at least what was counted', () => {
    const state = emptyScene();
    for (let second = 0; second < 10; second++) {
      update(state, { type: 'tick', nowMs: START_MS + (second + 1) * 1_000 });
      update(state, { type: 'telemetry', report: { ...reportOf(second, START_MS + (second + 1) * 1_000), pairs_floor_bytes: 40 } });
    }
    expect(verdictOf('connections < 100000/s', state)).toBe('open unnamed');
    expect(verdictOf('connections > 10/s', state)).toMatch(/^ok \d/);
    expect(verdictOf('connections < 1/s', state)).toMatch(/^breached/);
  });
});

describe('drops(policy)', () => {
  const refused = (skbs: number, refusal: object) => ({ reason: 133, source: endpoint('shop/a', ''), destination: endpoint('shop/b', ''), port: skbs, protocol: 6, skbs, refusal });
  const lockdown = { name: 'lockdown', namespace: 'shop', kind: 'CiliumNetworkPolicy' };
  const base = { name: 'base', namespace: 'shop', kind: 'CiliumNetworkPolicy' };

  function scene(): State {
    const state = emptyScene();
    update(state, { type: 'tick', nowMs: START_MS + 1_000 });
    update(state, { type: 'telemetry', report: {
      ...reportOf(0, START_MS + 1_000, { talks: TALKS.slice(0, 2) }),
      policies: [{ policy: lockdown }, { policy: base }],
      drops: [refused(1, { denied_by: [lockdown], selecting: [base] }), refused(2, { selecting: [base] }), refused(4, {}), { ...refused(8, {}), reason: 0, kernel_reason: 'NO_SOCKET' }],
    } });
    return state;
  }

  test.each([
    // it denies one, the other is a default deny, of the third nobody says whose, the kernel's own is no policy's
    ['policy=shop/lockdown', { value: 1, perhaps: 4, isMet: true }],
    ['policy=shop/base', { value: 2, perhaps: 4, isMet: true }],
    ['policy=shop/*', { value: 3, perhaps: 4, isMet: true }],
    ['policy!=shop/base', { value: 9, perhaps: 4, isMet: true }],
    ['policy=shop/nobody', { value: 0, perhaps: 4, isMet: false }],
  ])('%s', (selector, figure) => {
    expect(sampleOf(condition(`drops(${selector}) < 1/s`), [scene()], START_MS / 1000).figure).toMatchObject(figure);
  });
});
