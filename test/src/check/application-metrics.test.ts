import { describe, expect, test } from 'vitest';
import { LOOK_SECONDS, type Condition } from '../../../src/check/condition.ts';
import { judge, stepSecondsOf } from '../../../src/check/judge.ts';
import { metricOf } from '../../../src/check/metric-list.ts';
import { parseConditions } from '../../../src/check/parse-conditions.ts';
import { sampleOf } from '../../../src/check/sample.ts';
import { update } from '../../../src/control/update.ts';
import { initialState, type State } from '../../../src/model/state.ts';
import { joined, reportOf } from '../app/fake-cluster.ts';
import { dnsRecords, httpRecords, kafkaRecords } from '../app/fake-l7.ts';
import { START_MS } from '../views/scenes.ts';

const SECONDS = 60;

/** A minute of a shop: a checkout that fails now and then and has a slow tail, a cart that is well, lookups of which some fail. */
function shopScene(): State {
  const state = initialState({ server: 'test', nowMs: START_MS, view: 'l7' });
  update(state, { type: 'connection', state: 'live' });
  update(state, { type: 'flows-state', isOpen: true });
  for (let second = 0; second < SECONDS; second++) {
    const timeMs = START_MS + second * 1000 + 100;
    for (let tenth = 1; tenth <= 10; tenth++) update(state, { type: 'tick', nowMs: START_MS + second * 1000 + tenth * 100 });
    update(state, { type: 'telemetry', report: reportOf(second, START_MS + (second + 1) * 1000) });
    const frames = Array.from({ length: 10 }, (_, i) => [
      ...httpRecords({ from: 'shop/frontend', to: 'shop/checkout', method: 'POST', url: '/checkout?card=4111', code: i === 0 && second % 2 === 0 ? 503 : 200, latencyMs: i === 0 ? 300 : 10, timeMs: timeMs + i, clientPort: 40_000 + second * 10 + i }),
      ...httpRecords({ from: 'ingress/gateway', to: 'shop/cart', url: '/cart/1234567', latencyMs: 3, timeMs: timeMs + i, clientPort: 50_000 + second * 10 + i }),
    ]).flat();
    update(state, { type: 'flows', bytes: joined([
      ...frames,
      ...kafkaRecords({ from: 'shop/cart', to: 'data/kafka', apiKey: 'produce', topic: 'orders', error: 3, timeMs, clientPort: 3_000 + second }),
      ...dnsRecords({ from: 'shop/cart', to: 'kube-system/coredns', query: 'API.example', timeMs, clientPort: 1_000 + second }),
      ...dnsRecords({ from: 'shop/cart', to: 'kube-system/coredns', query: 'gone.example', rcode: 3, timeMs, clientPort: 2_000 + second }),
    ]) });
  }
  return state;
}

function condition(text: string): Condition {
  const [parsed] = parseConditions(text);
  if (parsed === undefined) throw new Error(text);
  return parsed;
}

/** The verdict on the last whole steps of a scene. */
function verdictOf(text: string, state: State, end = START_MS / 1000 + SECONDS - 5): string {
  const parsed = condition(text);
  const step = stepSecondsOf(parsed);
  const forSeconds = Math.ceil((parsed.forSeconds ?? LOOK_SECONDS) / step) * step;
  const samples = Array.from({ length: forSeconds / step }, (_, i) => sampleOf(parsed, [state], end - forSeconds + i * step));
  const { verdict, value, whole, obstacle } = judge(parsed, samples, { forSeconds, leastSeen: 0.95 });
  return `${verdict} ${obstacle?.kind ?? `${value === undefined ? '-' : Math.round(value * 10) / 10}${whole === undefined ? '' : ` of ${whole}`}`}`;
}

const shop = shopScene();

describe('metrics of requests', () => {
  test.each([
    ['requests > 1/s for 30s', 'ok 21'],
    ['requests(route=/checkout) == 300 for 30s', 'ok 300'],
    ['requests(route="POST /check*") > 1/s', 'ok 10'],
    ['requests(route=/cart/{id}) > 1/s', 'ok 10'],
    ['requests(method=post) > 1/s', 'ok 10'],
    ['requests(method!=POST, to-ns=shop) > 1/s', 'ok 10'],
    ['requests(to-workload=data/kafka) > 0.5/s', 'ok 1'],
    ['requests(route=/nowhere) == 0 for 10s', 'ok 0'],
    ['errors(to-ns=shop) < 5% for 40s', 'ok 2.5 of 800'],
    ['errors(to-ns=shop) < 2% for 40s', 'breached 2.5 of 800'],
    ['errors(to-workload=shop/cart) == 0 for 40s', 'ok 0'],
    ['errors(to-workload=data/kafka) < 2/s for 20s', 'ok 1'],
    ['errors(route=/nowhere) < 1% for 10s', 'open no-whole'],
    ['errors(route=/nowhere) < 1/s for 10s', 'open unmet'],
    ['p50(route=/checkout) < 20ms for 30s', 'ok 10 of 300'],
    ['p99(route=/checkout) < 250ms for 30s', 'breached 300 of 300'],
    ['p90(route=/checkout) < 0.02s for 30s', 'ok 10 of 300'],
    ['p99.9(to-workload=shop/cart) < 5ms for 30s', 'ok 3 of 300'],
    ['p99(route=/nowhere) < 1s for 30s', 'open no-whole'],
  ])('%s', (text, expected) => {
    expect(verdictOf(text, shop)).toBe(expected);
  });

  test('ask for flows of an end that the counts of all do not tell apart', () => {
    for (const [text, needs] of [['errors(to-ns=shop, route=/x) < 1%', false], ['errors(from-ns=shop) < 1%', true], ['errors(ns=shop) < 1%', true], ['p99(pod=shop/a) < 1s', true]] as const) {
      const parsed = condition(text);
      expect([text, metricOf(parsed.metric)?.needsFlows(parsed.selectors)]).toEqual([text, needs]);
    }
  });
});

describe('metrics of lookups', () => {
  test.each([
    ['lookups > 1/s for 30s', 'ok 2'],
    ['lookups(name=api.example) == 30 for 30s', 'ok 30'],
    ['lookups(name=*.example) == 60 for 30s', 'ok 60'],
    ['dns-failures < 60% for 30s', 'ok 50 of 60'],
    ['dns-failures(name=gone.example.) < 1% for 30s', 'breached 100 of 30'],
    ['dns-failures(rcode!=NXDOMAIN) == 0 for 30s', 'ok 0'],
    ['dns-failures(rcode=nxdomain) < 2/s for 30s', 'ok 1'],
    ['dns-failures(rcode=no-answer) == 0 for 30s', 'ok 0'],
    ['dns-failures(name=nobody.asks) < 1/s for 30s', 'open unmet'],
  ])('%s', (text, expected) => {
    expect(verdictOf(text, shop)).toBe(expected);
  });
});

describe('steps of five seconds', () => {
  test('that a gap falls into cannot be told, unless it is known how much was lost', () => {
    const state = shopScene();
    update(state, { type: 'connection', state: 'lost' });
    expect(verdictOf('errors(to-ns=shop) < 50% for 10s', state, START_MS / 1000 + SECONDS)).toMatch(/^ok/);
    expect(verdictOf('errors(to-ns=shop) < 50% for 10s', state, START_MS / 1000 + SECONDS + 5)).toBe('open hole');
  });

  test('without any application cannot be told', () => {
    const state = initialState({ server: 'test', nowMs: START_MS, view: 'l7' });
    update(state, { type: 'flows-state', isOpen: true });
    for (let tenth = 1; tenth <= 200; tenth++) update(state, { type: 'tick', nowMs: START_MS + tenth * 100 });
    update(state, { type: 'telemetry', report: reportOf(0, START_MS + 1000) });
    expect(verdictOf('errors < 1/s for 10s', state, START_MS / 1000 + 15)).toBe('open unmet');
    expect(verdictOf('requests == 0 for 10s', state, START_MS / 1000 + 15)).toBe('ok 0');
  });
});
