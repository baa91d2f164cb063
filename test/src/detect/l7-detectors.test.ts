import { describe, expect, test } from 'vitest';
import { hdrQuantiles } from '../../../src/app/hdr-quantiles.ts';
import { update } from '../../../src/control/update.ts';
import { dnsUnanswered } from '../../../src/detect/dns-unanswered.ts';
import { errorJump } from '../../../src/detect/error-jump.ts';
import { latencyJump } from '../../../src/detect/latency-jump.ts';
import { nxdomainStorm } from '../../../src/detect/nxdomain-storm.ts';
import { figures } from '../../../src/model/figures.ts';
import type { Finding } from '../../../src/model/finding.ts';
import { initialState, type State } from '../../../src/model/state.ts';
import { joined, random } from '../app/fake-cluster.ts';
import { dnsRecords, fakeLatency, httpRecords, type FakeHttp } from '../app/fake-l7.ts';
import { requestsOfSecond } from '../app/fake-requests.ts';
import { stateOfRecording } from '../recording-state.ts';

const START_MS = 1_772_366_400_000;
const DETECTORS = [errorJump, latencyJump, nxdomainStorm, dnsUnanswered];

function started(): State {
  const state = initialState({ server: 'test', nowMs: START_MS, view: 'overview' });
  update(state, { type: 'quantiles', quantiles: hdrQuantiles() });
  update(state, { type: 'connection', state: 'live' });
  update(state, { type: 'flows-state', isOpen: true });
  return state;
}

/** Lets seconds pass with the frames that `play` gives for each. */
function run(state: State, seconds: number, play: (second: number, timeMs: number) => readonly Uint8Array[]): void {
  for (let second = 0; second < seconds; second++) {
    const timeMs = state.nowMs + 1000;
    update(state, { type: 'tick', nowMs: timeMs });
    update(state, { type: 'flows', bytes: joined(play(second, timeMs)) });
  }
}

function found(state: State): Finding[] {
  return DETECTORS.flatMap((detector) => detector.find(state, figures(state)));
}

/** Requests of one route a second, with a share of errors and a middle latency. */
function calls(perSecond: number, shape: { bad?: number; middleMs?: number; pods?: readonly string[]; more?: Partial<FakeHttp> }): (second: number, timeMs: number) => Uint8Array[] {
  const next = random(5);
  const { bad = 0, middleMs = 20, pods = ['a', 'b', 'c'], more = {} } = shape;
  return (_second, timeMs) => Array.from({ length: Math.floor(perSecond + next()) }, () => (
    httpRecords({ from: 'ingress/gateway', to: 'shop/checkout', timeMs: timeMs - 500, method: 'POST', url: '/checkout', code: next() < bad ? 503 : 200, latencyMs: fakeLatency(next, middleMs), pod: pods[Math.floor(next() * pods.length)] ?? '', ...more }))).flat();
}

describe('errorJump', () => {
  test('tells the route, how much, against what, and since when', () => {
    const state = started();
    run(state, 240, calls(5, { bad: 0.005 }));
    const beganMs = state.nowMs;
    run(state, 45, calls(5, { bad: 0.4 }));
    const [finding] = found(state).filter(({ word }) => word === 'ERRORS');
    expect(finding).toMatchObject({ severity: 'crit', subject: 'POST /checkout at shop/checkout', target: { view: 'l7', select: { panel: 0, key: 'POST /checkout shop/checkout' } } });
    expect(finding?.why).toMatch(/^5xx of its answers, 0(?:\.\d)?% before$/);
    expect(Math.abs((finding?.sinceMs ?? 0) - beganMs)).toBeLessThanOrEqual(5_000);
    expect(finding?.evidence?.join()).toContain('3 of 3 pods are alike');
  });

  test('is not fooled by what becomes usual: after minutes of it the baseline is still the time before', () => {
    const state = started();
    run(state, 900, calls(2, { bad: 0.002 }));
    run(state, 420, calls(2, { bad: 0.18 }));
    expect(found(state)).toMatchObject([{ word: 'ERRORS', subject: 'POST /checkout at shop/checkout' }]);
  }, 60_000);

  test.each([
    ['an error or two of a quiet route', 0.3, 0.1, 0],
    ['what has always been so', 6, 0.04, 0.04],
    ['chance', 8, 0.02, 0.01],
  ])('says nothing of %s', (_what, perSecond, bad, before) => {
    const state = started();
    run(state, 240, calls(perSecond, { bad: before }));
    run(state, perSecond < 1 ? 20 : 45, calls(perSecond, { bad }));
    expect(found(state)).toEqual([]);
  });

  test('without a past it tells only what nobody can call usual', () => {
    const few = started();
    run(few, 30, calls(5, { bad: 0.08 }));
    expect(found(few)).toEqual([]);
    const many = started();
    run(many, 30, calls(5, { bad: 0.6 }));
    expect(found(many)).toMatchObject([{ word: 'ERRORS', brief: 'no past known' }]);
  });
});

describe('latencyJump', () => {
  test('tells how slow, how slow before, and since when', () => {
    const state = started();
    run(state, 240, calls(2, { middleMs: 15 }));
    const beganMs = state.nowMs;
    run(state, 45, calls(2, { middleMs: 900 }));
    const [finding] = found(state);
    expect(finding).toMatchObject({ word: 'LATENCY', severity: 'crit', subject: 'POST /checkout at shop/checkout' });
    expect(finding?.why).toMatch(/^p99 \d\d\.\dms → \d\.\ds$/);
    expect(Math.abs((finding?.sinceMs ?? 0) - beganMs)).toBeLessThanOrEqual(5_000);
  });

  test.each([
    ['half as slow again', 30, 1.5],
    ['microseconds that became a few', 0.2, 20],
  ])('says nothing of %s', (_what, middleMs, times) => {
    const state = started();
    run(state, 240, calls(4, { middleMs }));
    run(state, 45, calls(4, { middleMs: middleMs * times }));
    expect(found(state)).toEqual([]);
  });

  test('one slow request is no jump', () => {
    const state = started();
    run(state, 240, calls(1, { middleMs: 15 }));
    run(state, 30, calls(1, { middleMs: 15 }));
    run(state, 3, calls(1, { middleMs: 30_000 }));
    expect(found(state)).toEqual([]);
  });

  test('a pod that stands out is named', () => {
    const state = started();
    run(state, 240, calls(6, { middleMs: 15 }));
    const slow = calls(2, { middleMs: 2_000, pods: ['b'] });
    const fine = calls(4, { middleMs: 15, pods: ['a', 'c'] });
    run(state, 50, (second, timeMs) => [...slow(second, timeMs), ...fine(second, timeMs)]);
    expect(found(state)[0]?.evidence?.join()).toContain('1 of 3 pods differs: checkout-b');
  });
});

describe('DNS detectors', () => {
  const ask = (query: string, rcode: number, timeMs: number, more = {}): Uint8Array[] => dnsRecords({ from: 'shop/payments', to: 'kube-system/coredns', query, rcode, timeMs: timeMs - 500, ...more });

  test('nxdomainStorm: a name that is asked for again and again', () => {
    const state = started();
    run(state, 150, (second, timeMs) => ask('db.shop.svc.cluster.local.', 0, timeMs, { clientPort: second }));
    run(state, 40, (second, timeMs) => Array.from({ length: 5 }, (_, i) => ask('gone.shop.svc.cluster.local.', 3, timeMs, { clientPort: second * 10 + i })).flat());
    expect(found(state)).toMatchObject([{ word: 'DNS', subject: 'shop/payments', why: 'NXDOMAIN for gone.shop.svc.cluster.local.', target: { view: 'dns', select: { panel: 0, key: 'gone.shop.svc.cluster.local.' } } }]);
  });

  test('nxdomainStorm: a pod that looks external names up along its search path is no storm', () => {
    const state = started();
    const suffixes = ['shop.svc.cluster.local.', 'svc.cluster.local.', 'cluster.local.', ''];
    run(state, 200, (second, timeMs) => Array.from({ length: 6 }, (_, i) => suffixes.map((suffix) => ask(`api${i}.example.${suffix}`, suffix === '' ? 0 : 3, timeMs, { clientPort: second * 10 + i }))).flat(2));
    expect(found(state)).toEqual([]);
  });

  test('dnsUnanswered: one silent resolver among those that answer', () => {
    const state = started();
    const half = (second: number, timeMs: number): Uint8Array[] => [
      ...ask('a.shop.svc.cluster.local.', 0, timeMs, { pod: 'good', clientPort: second }),
      ...ask('a.shop.svc.cluster.local.', 0, timeMs, { pod: 'bad', clientPort: 10_000 + second, ...(second % 2 === 0 ? { records: 'request' } : {}) }),
    ];
    run(state, 60, half);
    expect(found(state)).toMatchObject([{ word: 'DNS', subject: 'kube-system/coredns-bad', why: 'no answer in 5 s from this one of 2 resolvers', next: ['kubectl -n kube-system logs coredns-bad --since=10m'] }]);
  });

  test('dnsUnanswered: a lost answer or two are no finding', () => {
    const state = started();
    run(state, 120, (second, timeMs) => ask('a.shop.svc.cluster.local.', 0, timeMs, { clientPort: second, ...(second % 40 === 0 ? { records: 'request' } : {}) }));
    expect(found(state)).toEqual([]);
  });
});

describe('the four together', () => {
  test('ten minutes of usual traffic: nothing, at any time', () => {
    const state = started();
    const told = new Set<string>();
    run(state, 600, (second, timeMs) => {
      if (second % 5 === 0) for (const finding of found(state)) told.add(finding.key);
      return requestsOfSecond(second, timeMs);
    });
    expect([...told]).toEqual([]);
  }, 120_000);

  test('refund-latency: the route, its errors and latency as one line, and the drops below it as what is likely behind', () => {
    const told = new Set<string>();
    const state = stateOfRecording('refund-latency', 330, (at) => {
      if (at.nowMs < Date.UTC(2026, 2, 1, 21, 30)) for (const finding of found(at)) told.add(finding.key);
    });
    expect([...told]).toEqual([]);
    const [errors, latency] = found(state);
    expect(latency).toMatchObject({ word: 'LATENCY', severity: 'crit', subject: 'POST /v1/payments/refund at payments/refund-svc', sinceMs: Date.UTC(2026, 2, 1, 21, 30), claims: [errors?.key] });
    expect(latency?.why).toMatch(/^p90 1\d\.\dms → \d\.\ds; \d\d% 5xx, 0% before$/);
    expect(latency?.cause?.text).toMatch(/^payments\/refund-svc → payments\/postgres-primary:5432 loses \d+\/s: STALE_OR_UNROUTABLE_IP, since the same moment$/);
    expect(latency?.cause?.isCertain).toBe(false);
  });

  test('nxdomain-storm: who asks for what, and the one resolver that is silent', () => {
    const state = stateOfRecording('nxdomain-storm', 330);
    expect(found(state)).toMatchObject([
      { subject: 'payments/notifier', severity: 'crit', why: 'NXDOMAIN for mailhub.payments.svc.cluster.local.', sinceMs: Date.UTC(2026, 2, 1, 21, 30) },
      { subject: 'kube-system/kube-dns-6c8f-r7nx', sinceMs: Date.UTC(2026, 2, 1, 21, 30, 10) },
    ]);
    expect(Math.abs((found(state)[0]?.amount.value ?? 0) - 92)).toBeLessThan(4);
  });
});
