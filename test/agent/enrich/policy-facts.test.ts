import { expect, test } from 'vitest';
import { PolicyFacts } from '../../../agent/enrich/policy-facts.ts';
import { PolicyBook } from '../../../agent/policy/policy-book.ts';
import { policyObjects } from '../policy/read-policies.ts';

const policy = (name: string, manager: string, time = '2026-01-01T00:00:00Z'): string => `kind: NetworkPolicy\nmetadata: {name: ${name}, namespace: shop, managedFields: [{manager: ${manager}, operation: Update, time: "${time}"}]}\nspec: {podSelector: {}, ingress: [{from: [{podSelector: {matchLabels: {by: ${manager}}}}]}]}\n`;
const second = 1_000_000_000n;

test('PolicyFacts.take() tells changes at once, all policies every ten seconds, and a removal once', () => {
  const book = new PolicyBook();
  const facts = new PolicyFacts(book);
  const told = (atNs: bigint): string[] => facts.take(atNs).map(({ policy: of, who, is_removed: isRemoved }) => `${of?.name} ${Number(of?.revision)} ${who}${isRemoved === true ? ' removed' : ''}`);
  book.take(policyObjects(`${policy('a', 'kubectl')}---\n${policy('b', 'argocd')}`));
  expect(told(100n * second)).toEqual(['a 1 kubectl', 'b 2 argocd']);
  expect(told(101n * second)).toEqual([]);
  book.take(policyObjects(policy('a', 'someone')));
  expect(told(102n * second)).toEqual(['a 3 someone', 'b 4 unknown removed']);
  expect(told(103n * second)).toEqual([]);
  expect(told(110n * second)).toEqual(['a 3 someone']);
  expect(told(111n * second)).toEqual([]);
});

test('PolicyFacts.take() says when an object was changed, and nothing where its time is none', () => {
  const book = new PolicyBook();
  book.take(policyObjects(`${policy('a', 'kubectl')}---\n${policy('b', 'kubectl', 'yesterday')}`));
  expect(new PolicyFacts(book).take(100n * second)).toEqual([
    { policy: { name: 'a', namespace: 'shop', kind: 'NetworkPolicy', revision: 1n }, who: 'kubectl', operation: 'Update', changed: { seconds: BigInt(Date.parse('2026-01-01T00:00:00Z') / 1000), nanos: 0 } },
    { policy: { name: 'b', namespace: 'shop', kind: 'NetworkPolicy', revision: 2n }, who: 'unknown', operation: '' },
  ]);
});
