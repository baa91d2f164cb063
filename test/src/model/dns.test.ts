import { describe, expect, test } from 'vitest';
import { hdrQuantiles } from '../../../src/app/hdr-quantiles.ts';
import { update } from '../../../src/control/update.ts';
import { dnsFigures, type NameFigure } from '../../../src/model/dns-figures.ts';
import { initialState, type State } from '../../../src/model/state.ts';
import { joined } from '../app/fake-cluster.ts';
import { dnsRecords, type FakeDns } from '../app/fake-l7.ts';

const START_MS = 1_772_366_400_000;
const [NX, NONE] = [3, 32];

function started(): State {
  const state = initialState({ server: 'test', nowMs: START_MS, view: 'dns' });
  update(state, { type: 'quantiles', quantiles: hdrQuantiles() });
  update(state, { type: 'connection', state: 'live' });
  update(state, { type: 'flows-state', isOpen: true });
  return state;
}

function ask(state: State, more: Partial<FakeDns> = {}): void {
  const records = dnsRecords({ from: 'shop/payments', to: 'kube-system/coredns', timeMs: state.nowMs, query: 'api.example.', latencyMs: 2, ...more });
  update(state, { type: 'flows', bytes: joined(records) });
}

function pass(state: State, ms: number): void {
  for (let left = ms; left > 0; left -= 500) update(state, { type: 'tick', nowMs: state.nowMs + Math.min(500, left) });
}

function named(state: State, name: string): NameFigure | undefined {
  return dnsFigures(state).names.find((figure) => figure.name === name);
}

describe('dnsFigures()', () => {
  test('counts a lookup with its end, latency, who asked and the resolver', () => {
    const state = started();
    ask(state, { query: 'API.example' });
    ask(state, { rcode: 2, clientPort: 5 });
    pass(state, 1_000);
    expect(named(state, 'api.example.')).toMatchObject({ lookups: 2, failed: 1, rcodes: [[0, 1], [2, 1]], askers: [{ name: 'shop/payments', count: 2 }], failedAt: [{ name: 'kube-system/coredns-5c8d-l0pqz', count: 1 }] });
    expect(dnsFigures(state)).toMatchObject({ lookups: 2, noise: 0, resolvers: [{ name: 'kube-system/coredns-5c8d-l0pqz', answers: 2, bad: 1 }], askers: [{ name: 'shop/payments', lookups: 2, broken: 1, nxdomain: 0 }] });
    expect(Math.abs((named(state, 'api.example.')?.quantiles?.p50 ?? 0) - 2_000)).toBeLessThan(16);
    expect([...state.dns.sources]).toEqual(['proxy']);
  });

  test('folds the search path, and has the raw counts beside it', () => {
    const state = started();
    for (const [i, suffix] of ['shop.svc.cluster.local.', 'svc.cluster.local.', 'cluster.local.', ''].entries()) ask(state, { query: `api.example.${suffix}`, rcode: suffix === '' ? 0 : NX, clientPort: i });
    pass(state, 3_000);
    const figures = dnsFigures(state);
    expect([...figures.rcodes]).toEqual([[0, 1]]);
    expect([...figures.rawRcodes]).toEqual([[0, 1], [NX, 3]]);
    expect(figures.noiseNames.map(({ name, count }) => [name, count])).toEqual([['*.shop.svc.cluster.local.', 1], ['*.svc.cluster.local.', 1], ['*.cluster.local.', 1]]);
    expect(figures.resolvers[0]?.answers).toBe(4);
  });

  test('no answer in five seconds is a way to end, seen at the resolver too', () => {
    const state = started();
    ask(state, { records: 'request' });
    pass(state, 5_500);
    expect(dnsFigures(state).lookups).toBe(0);
    pass(state, 1_000);
    expect(named(state, 'api.example.')).toMatchObject({ lookups: 1, failed: 1, rcodes: [[NONE, 1]] });
    expect(dnsFigures(state)).toMatchObject({ resolvers: [{ bad: 1 }], askers: [{ unanswered: 1 }] });
    expect(named(state, 'api.example.')?.quantiles?.p99).toBeGreaterThan(4_900_000);
  });

  test('a question asked again on the same socket is one question', () => {
    const state = started();
    ask(state, { records: 'request' });
    pass(state, 2_000);
    ask(state, { records: 'request' });
    pass(state, 2_000);
    ask(state, { records: 'answer' });
    pass(state, 10_000);
    expect(dnsFigures(state).lookups).toBe(1);
  });

  test('what a gap may have swallowed is not called unanswered', () => {
    const state = started();
    ask(state, { records: 'request' });
    update(state, { type: 'connection', state: 'lost' });
    update(state, { type: 'connection', state: 'live' });
    pass(state, 10_000);
    expect(dnsFigures(state)).toMatchObject({ lookups: 0, isLowerBound: true });
  });

  test.each([['verdict', 'FORWARDED', 0], ['from-workload', 'shop/payments', 1]] as const)('under a filter on %s=%s a missing answer counts %d times', (field, value, count) => {
    const state = started();
    update(state, { type: 'chip', field, value, isNegated: false });
    ask(state, { records: 'request' });
    pass(state, 8_000);
    expect(dnsFigures(state).lookups).toBe(count);
  });

  test('a flood of made-up names is bounded: below one parent they become one', () => {
    const state = started();
    for (let i = 0; i < 5_000; i++) ask(state, { query: `x${i}.evil.example.`, rcode: NX, clientPort: i });
    pass(state, 3_000);
    const { names, lookups } = dnsFigures(state);
    expect(lookups).toBe(5_000);
    expect(names.length).toBeLessThanOrEqual(130);
    expect(names[0]).toMatchObject({ name: '*.evil.example.' });
  });

  test('weeks of other names take no more room', () => {
    const state = started();
    for (let hour = 0; hour < 300; hour++) {
      for (let i = 0; i < 20; i++) ask(state, { query: `x${i}.h${hour}.example.`, clientPort: i });
      update(state, { type: 'tick', nowMs: state.nowMs + 3_600_000 });
    }
    ask(state);
    pass(state, 1_000);
    expect(named(state, 'api.example.')?.lookups).toBe(1);
    expect(state.dns.names.list().length).toBeLessThanOrEqual(2_048);
  });

  test('a hostile question is shown, not obeyed', () => {
    const state = started();
    ask(state, { query: '\x1b]52;c;aGk=\x07.example.' });
    pass(state, 1_000);
    expect(dnsFigures(state).names[0]?.name).toMatch(/^\\x1b]52;c;agk=\\x07\.example\.$/);
  });
});
