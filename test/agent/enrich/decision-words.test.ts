import { describe, expect, test } from 'vitest';
import { decidingPolicies, refusalOf, refusalWords, wirePolicy } from '../../../agent/enrich/decision-words.ts';
import type { Decision } from '../../../agent/policy/decisions.ts';
import type { PolicyEnd } from '../../../agent/policy/end.ts';
import type { Policy } from '../../../agent/policy/policy.ts';
import { parseLabel } from '../../../src/flow/label-selector.ts';
import { policies } from '../policy/read-policies.ts';

const end = (app: string): PolicyEnd => ({ labels: [`k8s:app=${app}`, 'k8s:io.kubernetes.pod.namespace=shop'].map(parseLabel), ip: undefined, names: [], services: [], ports: undefined });
const attempt = { source: end('web'), destination: end('api'), protocol: 6, port: 8443 };
const [plain, cluster] = policies('kind: NetworkPolicy\nmetadata: {name: p, namespace: shop}\nspec: {podSelector: {}, ingress: [{from: [{podSelector: {matchLabels: {app: web}}}], ports: [{port: 8080}]}]}\n---\nkind: CiliumClusterwideNetworkPolicy\nmetadata: {name: w}\nspec: {endpointSelector: {}, ingressDeny: [{fromEntities: [all]}, {fromEntities: [world]}]}\n');
if (plain === undefined || cluster === undefined) throw new Error('two policies are needed');
const decision = (more: Partial<Decision>): Decision => ({ number: 1, kind: 'default-deny', direction: 'ingress', by: [], selecting: [], ...more });
const denial = decision({ kind: 'deny', by: cluster.rules.map((rule) => ({ policy: cluster, rule })) });

test('wirePolicy() has no namespace for a policy of the whole cluster', () => {
  expect([wirePolicy(plain, 7), wirePolicy(cluster, 7)]).toEqual([{ name: 'p', namespace: 'shop', revision: 7n, kind: 'NetworkPolicy' }, { name: 'w', revision: 7n, kind: 'CiliumClusterwideNetworkPolicy' }]);
});

test('decidingPolicies() names a policy once, however many of its rules matched', () => {
  expect(decidingPolicies(denial, 3).map(({ name }) => name)).toEqual(['w']);
});

describe('refusalOf()', () => {
  test('of a deny rule names whose rule it was, and no closest one', () => {
    expect(refusalOf(denial, attempt, 3)).toEqual({ denied_by: [{ name: 'w', revision: 3n, kind: 'CiliumClusterwideNetworkPolicy' }], direction: 1, revision: 3 });
  });

  test('of a default deny names the policies that select, and what the closest rule misses, one a condition', () => {
    expect(refusalOf(decision({ selecting: [plain] }), attempt, 3)).toEqual({
      selecting: [wirePolicy(plain, 3)], direction: 1, revision: 3, closest: { policy: wirePolicy(plain, 3), rule: 'spec.ingress[0]', misses: ['its ports are 8080 TCP, not 8443 TCP'] },
    });
    expect(refusalOf(decision({ direction: 'egress', selecting: [cluster] }), attempt, 3)).toEqual({ selecting: [wirePolicy(cluster, 3)], direction: 2, revision: 3 });
  });
});

describe('refusalWords()', () => {
  const many = ['a', 'b', 'c', 'd', 'e'].map((name): Policy => ({ ...plain, name }));
  test.each([
    [denial, 'denied by w (CiliumClusterwideNetworkPolicy)'],
    [decision({ selecting: [plain] }), 'no rule of shop/p (NetworkPolicy) allows it'],
    [decision({ selecting: many }), 'no rule of shop/a (NetworkPolicy), shop/b (NetworkPolicy), shop/c (NetworkPolicy) and 2 more allows it'],
  ])('of case %# are %s', (one, words) => {
    expect(refusalWords(one)).toBe(words);
  });
});
