import { describe, expect, test } from 'vitest';
import { hdrQuantiles } from '../../../src/app/hdr-quantiles.ts';
import { update } from '../../../src/control/update.ts';
import { l7Figures, type RouteFigure } from '../../../src/model/l7-figures.ts';
import { MAX_ROUTES_PER_SERVER, OTHER_PATHS, routeText } from '../../../src/model/l7-routes.ts';
import { initialState, type State } from '../../../src/model/state.ts';
import { joined, flowOf, framed, TALKS } from '../app/fake-cluster.ts';
import { httpRecords, kafkaRecords, type FakeHttp } from '../app/fake-l7.ts';

const START_MS = 1_772_366_400_000;

function started(): State {
  const state = initialState({ server: 'test', nowMs: START_MS, view: 'l7' });
  update(state, { type: 'quantiles', quantiles: hdrQuantiles() });
  update(state, { type: 'connection', state: 'live' });
  update(state, { type: 'flows-state', isOpen: true });
  return state;
}

function take(state: State, frames: readonly Uint8Array[]): void {
  update(state, { type: 'flows', bytes: joined(frames) });
}

function pass(state: State, ms: number): void {
  update(state, { type: 'tick', nowMs: state.nowMs + ms });
}

const call = (more: Partial<FakeHttp>): FakeHttp => ({ from: 'ingress/gateway', to: 'shop/checkout', timeMs: START_MS + 100, ...more });

function only(state: State): RouteFigure {
  const { routes } = l7Figures(state);
  expect(routes.map(({ route }) => routeText(route))).toHaveLength(1);
  return routes[0] as RouteFigure;
}

describe('l7Figures()', () => {
  test('counts a request and its answer once, with status, latency, caller and pod', () => {
    const state = started();
    take(state, [...httpRecords(call({ method: 'POST', url: 'http://checkout:8080/checkout?card=4111', code: 503, latencyMs: 14 })), ...httpRecords(call({ method: 'POST', url: '/checkout', latencyMs: 14, timeMs: START_MS + 200 }))]);
    pass(state, 1_000);
    const figure = only(state);
    expect(routeText(figure.route)).toBe('POST /checkout');
    expect(figure).toMatchObject({ server: 'shop/checkout', count: 2, requests: 2, answers: 2, bad: 1, callerBad: 0, timed: 2 });
    expect(figure.codes).toEqual([[200, 1], [503, 1]]);
    expect(Math.abs((figure.quantiles?.p99 ?? 0) - 14_000)).toBeLessThan(14_000 / 128);
    expect(figure.callers).toEqual([{ name: 'ingress/gateway', count: 2, bad: 1 }]);
    expect(figure.pods).toMatchObject([{ name: 'checkout-5c8d-l0pqz', count: 2, bad: 1 }]);
  });

  test.each([
    ['the server told of it, too', ['client', 'server'], 1],
    ['only the client told of it', ['client'], 1],
  ] as const)('counts once what two parsers saw: %s', (_what, sides, count) => {
    const state = started();
    // in the order a relay gives them: the client asks first and is answered last
    const records = sides.map((seenBy) => httpRecords(call({ seenBy })));
    for (let i = 0; i < 5; i++) take(state, [...records.map(([request]) => request as Uint8Array), ...records.toReversed().map(([, answer]) => answer as Uint8Array)]);
    pass(state, 1_000);
    expect(only(state).answers).toBe(5 * count);
    expect(state.l7.sides.seenTwice).toBe(sides.length === 2 ? 9 : 0);
  });

  test('the client is believed again when the server has told nothing for a minute', () => {
    const state = started();
    take(state, httpRecords(call({ seenBy: 'server' })));
    pass(state, 90_000);
    take(state, httpRecords(call({ seenBy: 'client', timeMs: START_MS + 89_000 })));
    pass(state, 1_000);
    expect(only(state).answers).toBe(1);
  });

  test('history counts nothing: nobody knows what is missing of it', () => {
    const state = started();
    take(state, httpRecords(call({ timeMs: START_MS - 2_000 })));
    pass(state, 1_000);
    expect(l7Figures(state).routes).toEqual([]);
  });

  test('knows gRPC by HTTP/2 and its paths, and its status by the header', () => {
    const state = started();
    const grpc = { method: 'POST', url: '/shop.v1.Inventory/Reserve', protocol: 'HTTP/2' };
    take(state, [...httpRecords(call(grpc)), ...httpRecords(call({ ...grpc, headers: [{ key: 'Grpc-Status', value: '14' }] })), ...httpRecords(call({ ...grpc, headers: [{ key: 'grpc-status', value: '5' }] }))]);
    pass(state, 1_000);
    expect(routeText(only(state).route)).toBe('gRPC shop.v1.Inventory/Reserve');
    expect(only(state)).toMatchObject({ answers: 3, bad: 1, callerBad: 1 });
  });

  test('knows Kafka by what is done and the topic', () => {
    const state = started();
    take(state, [...kafkaRecords({ from: 'a/b', to: 'data/kafka', timeMs: START_MS + 5, apiKey: 'produce', topic: 'orders' }), ...kafkaRecords({ from: 'a/b', to: 'data/kafka', timeMs: START_MS + 5, apiKey: 'produce', topic: 'orders', error: 7 })]);
    pass(state, 1_000);
    expect(routeText(only(state).route)).toBe('Kafka produce orders');
    expect(only(state)).toMatchObject({ answers: 2, bad: 1 });
  });

  test('a request that a proxy refused is answered by it', () => {
    const state = started();
    take(state, httpRecords(call({ records: 'request', verdict: 2 })));
    pass(state, 1_000);
    expect(only(state)).toMatchObject({ requests: 1, answers: 1, callerBad: 1, codes: [[403, 1]] });
  });

  test('records that stand for many count as many', () => {
    const state = started();
    take(state, httpRecords(call({ count: 46 })));
    pass(state, 1_000);
    expect(only(state)).toMatchObject({ requests: 46, answers: 46, timed: 46 });
  });

  test('ids in paths are one route, also those that look like words', () => {
    const state = started();
    const random = ['zzsxtu', 'zmftok', 'zhwqci', 'zfaxsq', 'zepabv', 'yzaoec', 'ywuwnf', 'aabbcc', 'qqwwee'];
    for (const id of [...random, '77', '3f2504e0-4f89-11d3-9a0c-0305e82c3301']) take(state, httpRecords(call({ url: `/v1/payments/${id.length === 6 ? 'pay_' : ''}${id}/status` })));
    pass(state, 1_000);
    expect(l7Figures(state).routes.map(({ route, answers }) => [routeText(route), answers])).toEqual([['GET /v1/payments/pay_{id}/status', random.length], ['GET /v1/payments/{id}/status', 2]]);
    expect(l7Figures(state).routes[0]?.pods).toMatchObject([{ count: random.length }]);
  });

  test('a flood of paths is bounded: one row stands for the rest of a server', () => {
    const state = started();
    for (let i = 0; i < 3_000; i++) take(state, httpRecords(call({ url: `/p${'x'.repeat(i % 37)}${String.fromCharCode(97 + (i % 26))}/${'y'.repeat(i % 31)}` })));
    pass(state, 1_000);
    const { routes, count } = l7Figures(state);
    expect(routes.length).toBeLessThanOrEqual(MAX_ROUTES_PER_SERVER + 1);
    expect(routes.some(({ route }) => route.path === OTHER_PATHS)).toBe(true);
    expect(count).toBe(3_000);
    expect(state.l7.routes.overflowCount).toBeGreaterThan(1_000);
  });

  test('a filter counts anew, and without it everything from before is there again', () => {
    const state = started();
    take(state, httpRecords(call({})));
    pass(state, 1_000);
    update(state, { type: 'chip', field: 'from-workload', value: 'ingress/gateway', isNegated: false });
    expect(l7Figures(state).routes).toEqual([]);
    update(state, { type: 'flows-state', isOpen: false });
    update(state, { type: 'flows-state', isOpen: true });
    take(state, httpRecords(call({ url: '/filtered', timeMs: START_MS + 1_500 })));
    expect(routeText(only(state).route)).toBe('GET /filtered');
    update(state, { type: 'action', action: 'undo' });
    expect(routeText(only(state).route)).toBe('GET /');
  });

  test('a moment of the past has the figures of then', () => {
    const state = started();
    for (let second = 0; second < 40; second++) {
      pass(state, 1_000);
      take(state, httpRecords(call({ timeMs: state.nowMs, code: second < 20 ? 200 : 500 })));
    }
    expect(only(state).bad).toBe(20);
    state.pausedAtMs = START_MS + 18_000;
    expect(only(state)).toMatchObject({ bad: 0, answers: 19 });
  });

  test('every request comes so that it is counted, but only trouble takes room in the stream', () => {
    const state = started();
    take(state, [...httpRecords(call({})), ...httpRecords(call({ code: 404 }))]);
    expect(state.rows.length).toBe(0);
    take(state, httpRecords(call({ code: 503, records: 'answer' })));
    expect(state.rows.length).toBe(1);
    take(state, [framed(flowOf(TALKS[0] ?? TALKS[1] as (typeof TALKS)[number], START_MS))]);
    expect(state.rows.length).toBe(2);
  });

  test('weeks of other servers take no more room', () => {
    const state = started();
    for (let hour = 0; hour < 200; hour++) {
      for (let i = 0; i < 12; i++) take(state, httpRecords(call({ to: `shop/server-${hour}-${i}`, timeMs: state.nowMs, pod: `p${hour}` })));
      pass(state, 3_600_000);
    }
    take(state, httpRecords(call({ timeMs: state.nowMs })));
    expect(routeText(l7Figures(state).routes[0]?.route ?? { protocol: 'HTTP', method: '', path: '' })).toBe('GET /');
    expect(state.l7.routes.list().length).toBeLessThanOrEqual(1_024);
  });
});
