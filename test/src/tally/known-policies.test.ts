import { expect, test } from 'vitest';
import { KnownPolicies, MAX_KNOWN_POLICIES } from '../../../src/tally/known-policies.ts';
import type { PolicyFact } from '../../../src/wire/gen/hubtop.ts';

const fact = (name: string, revision: bigint, more: Partial<PolicyFact> = {}): PolicyFact => ({ policy: { kind: 'NetworkPolicy', namespace: 'shop', name, revision }, who: 'helm', ...more });

function namesOf(known: KnownPolicies): string[] {
  return known.list().map(({ policy }) => `${policy?.name} ${policy?.revision}`);
}

test('KnownPolicies.take() keeps the highest revision of each, whoever told it when', () => {
  const known = new KnownPolicies();
  known.take([fact('a', 3n), fact('b', 1n)]);
  known.take([fact('a', 2n), fact('b', 2n)]);
  expect(namesOf(known)).toEqual(['a 3', 'b 2']);
});

test('KnownPolicies.take() forgets what was removed, but not by an older word', () => {
  const known = new KnownPolicies();
  known.take([fact('a', 3n), fact('b', 1n)]);
  known.take([fact('a', 2n, { is_removed: true }), fact('b', 2n, { is_removed: true })]);
  expect(namesOf(known)).toEqual(['a 3']);
});

test('KnownPolicies.take() holds so many policies and no more', () => {
  const known = new KnownPolicies();
  known.take(Array.from({ length: MAX_KNOWN_POLICIES + 10 }, (_, i) => fact(`p${i}`, 1n)));
  known.take([fact('p0', 2n)]);
  expect(known.list()).toHaveLength(MAX_KNOWN_POLICIES);
  expect(known.list().some(({ policy }) => policy?.name === 'p0' && policy.revision === 2n)).toBe(true);
});
