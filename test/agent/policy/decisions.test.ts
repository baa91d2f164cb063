import { describe, expect, test } from 'vitest';
import type { Outcome } from '../../../agent/policy/compile.ts';
import { Decisions, MAX_DECISIONS } from '../../../agent/policy/decisions.ts';
import type { Decider } from '../../../agent/policy/evaluate.ts';
import { policies } from './read-policies.ts';

const [shop, bank] = policies(['shop', 'bank'].map((namespace) => `kind: NetworkPolicy\nmetadata: {name: p, namespace: ${namespace}}\nspec: {podSelector: {}, ingress: [{}, {ports: [{port: 80}]}]}\n`).join('---\n'));
if (shop === undefined || bank === undefined) throw new Error('two policies are needed');
const deciders = [shop, bank].flatMap((policy) => policy.rules.map((rule): Decider => ({ policy, rule })));
const allow = (...by: Decider[]): Outcome => ({ kind: 'allow', direction: 'ingress', by, parser: '' });

describe('Decisions', () => {
  test('numberOf() is the same for what the same rules say, and another one for anything else', () => {
    const decisions = new Decisions();
    const [first, second] = deciders;
    if (first === undefined || second === undefined) throw new Error('two rules are needed');
    const number = decisions.numberOf(allow(first));
    expect(decisions.numberOf(allow({ ...first }))).toBe(number);
    const others = [
      allow(second), allow(first, second), { kind: 'deny', direction: 'ingress', by: [first] }, { kind: 'allow', direction: 'egress', by: [first], parser: '' },
      { kind: 'default-deny', direction: 'ingress', selecting: [shop] }, { kind: 'default-deny', direction: 'ingress', selecting: [bank] },
    ] as const;
    expect(new Set([number, ...others.map((outcome) => decisions.numberOf(outcome))]).size).toBe(7);
    expect(decisions.get(number)).toMatchObject({ number, kind: 'allow', by: [first], selecting: [] });
    expect([decisions.numberOf({ kind: 'none' }), decisions.numberOf({ kind: 'unknown' }), decisions.get(0)]).toEqual([0, 0, undefined]);
  });

  test('names 64 of thousands of rules that agree', () => {
    const decisions = new Decisions();
    const many = Array.from({ length: 1_000 }, (_, i): Decider => ({ policy: shop, rule: { ...shop.rules[0] as Decider['rule'], path: `spec.ingress[${i}]` } }));
    expect(decisions.get(decisions.numberOf(allow(...many)))?.by).toHaveLength(64);
  });

  test('keep() forgets the oldest that no map holds, never one that does, and no number means two things', () => {
    const decisions = new Decisions();
    const rule = shop.rules[0] as Decider['rule'];
    const outcomes = Array.from({ length: MAX_DECISIONS + 3 }, (_, i) => allow({ policy: shop, rule: { ...rule, path: String(i) } }));
    const numbers = outcomes.map((outcome) => decisions.numberOf(outcome));
    decisions.keep(new Set([numbers[1] ?? 0]));
    expect(numbers.slice(0, 5).map((number) => decisions.get(number) !== undefined)).toEqual([false, true, false, false, true]);
    expect(decisions.numberOf(outcomes[1] as Outcome)).toBe(numbers[1]);
    const again = decisions.numberOf(outcomes.at(-1) as Outcome);
    expect(again).toBe(numbers.at(-1));
    expect(numbers).not.toContain(decisions.numberOf(outcomes[0] as Outcome));
  });
});
