import { describe, expect, test } from 'vitest';
import { ChangeLog, MAX_CHANGES } from '../../../src/model/change-log.ts';
import type { Finding } from '../../../src/model/finding.ts';
import { asKnownAt, IncidentLog, MAX_INCIDENTS, MAX_STEPS } from '../../../src/model/incident-log.ts';

function finding(key: string, parts: Partial<Finding> = {}): Finding {
  return { key, severity: 'warn', word: 'DROPS', subject: key, amount: { value: 1, unit: '/s' }, timesMore: undefined, why: '', brief: 'x', sinceMs: 0, chips: [], ...parts };
}

describe('IncidentLog', () => {
  test('a trouble that comes back soon is one incident, later it is another', () => {
    const log = new IncidentLog();
    log.take([finding('a')], 1_000);
    log.take([], 20_000);
    log.take([finding('a')], 25_000);
    expect(log.list()).toHaveLength(1);
    log.take([], 60_000);
    expect(log.list()[0]).toMatchObject({ isOpen: false, sinceMs: 1_000, lastMs: 25_000 });
    log.take([finding('a')], 70_000);
    expect(log.list().map(({ sinceMs }) => sinceMs)).toEqual([70_000, 1_000]);
  });

  test('holds open what a filter hides, and for as long after as it takes to see', () => {
    const log = new IncidentLog();
    log.take([finding('a')], 1_000);
    for (let atMs = 2_000; atMs <= 100_000; atMs += 1_000) {
      log.holdOpen(atMs);
      log.take([], atMs);
    }
    log.take([], 120_000);
    expect(log.list()[0]?.isOpen).toBe(true);
    log.take([finding('a')], 125_000);
    expect(log.list()).toHaveLength(1);
    log.take([], 160_000);
    expect(log.list()[0]).toMatchObject({ isOpen: false, lastMs: 125_000 });
  });

  test('keeps the worst amount and the best explanation', () => {
    const log = new IncidentLog();
    const cause = { text: 'policy edited', isCertain: true };
    log.take([finding('a')], 1_000);
    log.take([finding('a', { amount: { value: 9, unit: '/s' }, cause })], 2_000);
    log.take([finding('a', { amount: { value: 3, unit: '/s' } })], 3_000);
    expect(log.list()[0]).toMatchObject({ worst: { amount: { value: 9 } }, told: { cause } });
  });

  test('asKnownAt() tells an incident as it was known at a moment, not how it ended', () => {
    const log = new IncidentLog();
    const cause = { text: 'policy edited', isCertain: true };
    const amount = (value: number): Finding['amount'] => ({ value, unit: '/s' });
    for (let second = 1; second <= 500; second++) log.take([finding('a', { amount: amount(second), ...(second >= 300 ? { cause } : {}) })], second * 1_000);
    const [incident] = log.list();
    expect(incident).toBeDefined();
    if (incident === undefined) return;
    expect(incident.steps.length).toBeLessThanOrEqual(MAX_STEPS);
    for (const second of [1, 20, 250, 299, 400]) {
      const then = asKnownAt(incident, second * 1_000);
      expect(then.worst.amount.value, `at ${second} s`).toBeLessThanOrEqual(second);
      expect(then.worst.amount.value, `at ${second} s`).toBeGreaterThanOrEqual(second - 40);
      expect(then.told.cause === undefined, `at ${second} s`).toBe(second < 300);
    }
    expect(asKnownAt(incident, 500_000).told.cause).toEqual(cause);
  });

  test('goes on under the name of the finding that tells it better, from the earliest beginning', () => {
    const log = new IncidentLog();
    log.take([finding('drop a'), finding('drop b'), finding('other')], 1_000);
    log.take([finding('edit', { claims: ['drop a', 'drop b'], cause: { text: 'policy edited', isCertain: false } }), finding('other')], 2_000);
    expect(log.list().map(({ key, sinceMs, lastMs }) => [key, sinceMs, lastMs])).toEqual([['edit', 1_000, 2_000], ['other', 1_000, 2_000]]);
    log.take([finding('edit', { claims: ['drop a'] })], 3_000);
    expect(log.list()[0]).toMatchObject({ key: 'edit', lastMs: 3_000, isOpen: true });
  });

  test('a finding that is told as over keeps no incident open', () => {
    const log = new IncidentLog();
    log.take([finding('a')], 1_000);
    log.take([finding('a', { lastMs: 1_000 })], 40_000);
    expect(log.list()[0]?.isOpen).toBe(false);
  });

  test('is bounded and says how much it forgot', () => {
    const log = new IncidentLog();
    for (let i = 0; i < MAX_INCIDENTS + 5; i++) log.take([finding(`k${i}`)], i * 100_000);
    expect(log.list()).toHaveLength(MAX_INCIDENTS);
    expect(log.forgotten).toBe(5);
  });
});

describe('ChangeLog', () => {
  test('takes the same policy change from many nodes as one, in the order of time', () => {
    const log = new ChangeLog();
    const policy = { kind: 'policy-changed', subject: 'shop/lockdown', who: 'kubectl-edit', policy: { revision: 41n } };
    log.report({ ...policy, node: 'node-2', time: { seconds: 100n } }, 0);
    log.report({ kind: 'agent-started', subject: 'node-1', node: 'node-1', time: { seconds: 90n } }, 0);
    log.report({ ...policy, node: 'node-1', time: { seconds: 101n } }, 0);
    expect(log.between(0, 1e9).map(({ kind, timeMs }) => [kind, timeMs])).toEqual([['agent-started', 90_000], ['policy-changed', 100_000]]);
  });

  test('is bounded', () => {
    const log = new ChangeLog();
    for (let i = 0; i < MAX_CHANGES + 3; i++) log.report({ kind: 'endpoint-added', subject: `pod-${i}`, time: { seconds: BigInt(i) } }, 0);
    expect(log.between(0, 1e12)).toHaveLength(MAX_CHANGES);
    expect(log.forgotten).toBe(3);
  });

  test('knows the last change of a policy from the policy itself, until somebody tells of it', () => {
    const log = new ChangeLog();
    const policy = { name: 'lockdown', namespace: 'shop', revision: 41n };
    const fact = { policy, changed: { seconds: 1_000n }, who: 'kubectl' };
    log.fact(fact, 1_500_000);
    log.fact(fact, 1_510_000);
    expect(log.between(0, 1e9)).toMatchObject([{ timeMs: 1_000_000, kind: 'policy-changed', subject: 'shop/lockdown', who: 'kubectl', revision: 41 }]);
    log.report({ kind: 'policy-added', subject: 'shop/lockdown', detail: 'spec', time: { seconds: 1_001n }, policy }, 1_520_000);
    log.fact(fact, 1_530_000);
    expect(log.between(0, 1e9).map(({ kind, detail }) => [kind, detail])).toEqual([['policy-added', 'spec']]);
    log.fact({ ...fact, policy: { ...policy, name: 'old' } }, 1_000_000 + 3_600_001);
    expect(log.between(0, 1e9)).toHaveLength(1);
  });
});
