import { describe, expect, test } from 'vitest';
import { PolicyBook } from '../../../agent/policy/policy-book.ts';
import { policyObjects } from './read-policies.ts';

const policy = (name: string, spec: string, who = 'kubectl'): string => `kind: NetworkPolicy\nmetadata: {name: ${name}, namespace: shop, managedFields: [{manager: ${who}, operation: Update, time: "2026-01-01T00:00:00Z"}]}\nspec: ${spec}\n`;
const denyAll = '{podSelector: {}}';
const allowWeb = '{podSelector: {}, ingress: [{from: [{podSelector: {matchLabels: {app: web}}}]}]}';
const network = '{podSelector: {}, ingress: [{from: [{ipBlock: {cidr: 10.0.0.0/8}}]}]}';

const take = (book: PolicyBook, ...texts: string[]): string[] => book.take(policyObjects(texts.join('---\n'))).map(({ kind, object }) => `${kind} ${object.name}`);

describe('PolicyBook.take()', () => {
  test('tells what came, changed and went, each with a revision of its own', () => {
    const book = new PolicyBook();
    expect([take(book, policy('a', denyAll), policy('b', denyAll)), book.revision]).toEqual([['policy-added a', 'policy-added b'], 2]);
    expect([take(book, policy('a', denyAll), policy('b', denyAll)), book.revision]).toEqual([[], 2]);
    expect([take(book, policy('a', allowWeb), policy('c', denyAll)), book.revision]).toEqual([['policy-changed a', 'policy-added c', 'policy-removed b'], 5]);
    const of = (name: string): number => book.revisionOf({ kind: 'NetworkPolicy', namespace: 'shop', name });
    expect([of('a'), of('b'), of('c')]).toEqual([3, 0, 4]);
    expect(book.removed.map(({ object, revision }) => [object.name, revision])).toEqual([['b', 5]]);
    expect(book.objects().map(({ object, revision }) => [object.name, revision])).toEqual([['a', 3], ['c', 4]]);
  });

  test('keeps the very policies of an object that says the same, whoever wrote it last', () => {
    const book = new PolicyBook();
    take(book, policy('a', allowWeb), policy('b', network));
    const before = book.policies;
    expect(take(book, policy('a', allowWeb, 'argocd'), policy('b', network))).toEqual([]);
    expect(book.policies.map((one, i) => one === before[i])).toEqual([true, true]);
    expect(book.objects().map(({ object }) => object.who)).toEqual(['argocd', 'kubectl']);
    take(book, policy('a', denyAll), policy('b', network));
    expect(book.policies.map((one, i) => one === before[i])).toEqual([false, true]);
  });

  test('sees a change of one byte of a network and of one letter of a pattern', () => {
    const book = new PolicyBook();
    const names = (pattern: string): string => `kind: CiliumNetworkPolicy\nmetadata: {name: n, namespace: shop}\nspec: {endpointSelector: {}, egress: [{toFQDNs: [{matchPattern: "${pattern}"}]}]}\n`;
    take(book, policy('b', network), names('*.example.com'));
    expect(take(book, policy('b', network.replace('10.0', '11.0')), names('*.example.com'))).toEqual(['policy-changed b']);
    expect(take(book, policy('b', network.replace('10.0', '11.0')), names('*.example.org'))).toEqual(['policy-changed n']);
  });

  test('takes the first of two objects with one name', () => {
    const book = new PolicyBook();
    expect(take(book, policy('a', denyAll), policy('a', allowWeb))).toEqual(['policy-added a']);
    expect(book.policies[0]?.rules).toEqual([]);
  });

  test('remembers the last 256 that went', () => {
    const book = new PolicyBook();
    take(book, ...Array.from({ length: 300 }, (_, i) => policy(`p${i}`, denyAll)));
    take(book);
    expect([book.removed.length, book.removed[0]?.object.name, book.revision]).toEqual([256, 'p44', 600]);
  });
});
