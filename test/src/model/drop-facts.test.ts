import { describe, expect, test } from 'vitest';
import { AllowedBook, MAX_ALLOWED_PAIRS } from '../../../src/model/allowed-by.ts';
import { denyForm } from '../../../src/model/deny-form.ts';
import { addRefusal, addWitness, DropFacts, MAX_DROPS, MAX_WITNESSES, refusalAt, type Refusal } from '../../../src/model/drop-facts.ts';
import { dropKey } from '../../../src/model/directory.ts';
import { IdentityBook } from '../../../src/model/identity-book.ts';
import { update } from '../../../src/control/update.ts';
import type { Flow } from '../../../src/wire/gen/flow.ts';
import { flowOf, framed, TALKS, type FakeTalk } from '../app/fake-cluster.ts';
import { emptyScene, EVIL, START_MS } from '../views/scenes.ts';

const policy = { name: 'shop/lockdown', kind: 'CiliumNetworkPolicy', revision: 41 };

function refusal(parts: Partial<Refusal> = {}): Refusal {
  return { source: 'flow', direction: 'egress', deniedBy: [], selecting: [], closest: undefined, log: [], ...parts };
}

describe('DropFacts', () => {
  test('keeps the same refusal once, and of different ones the last few', () => {
    const fact = new DropFacts().at(1);
    for (let i = 0; i < 9; i++) addRefusal(fact, refusal(), 1_000 * i);
    expect(fact.refusals).toMatchObject([{ firstMs: 0, lastMs: 8_000, count: 9 }]);
    for (let revision = 1; revision < 9; revision++) addRefusal(fact, refusal({ selecting: [{ ...policy, revision }] }), 10_000 + revision);
    expect(fact.refusals.map(({ selecting }) => selecting[0]?.revision)).toEqual([5, 6, 7, 8]);
  });

  test('a moment of the past knows what was said by then, the node before the fields of a flow', () => {
    const fact = new DropFacts().at(1);
    addRefusal(fact, refusal(), 9_000);
    addRefusal(fact, refusal({ source: 'telemetry', selecting: [policy] }), 5_000);
    expect(refusalAt(fact, 4_999)).toBeUndefined();
    expect(refusalAt(fact, 9_999)).toMatchObject({ source: 'telemetry', selecting: [policy] });
    expect(refusalAt(undefined, 9_999)).toBeUndefined();
  });

  test('is bounded in drops, in witnesses and in flows read whole, and says what it forgot', () => {
    const facts = new DropFacts();
    for (let key = 0; key < MAX_DROPS + 3; key++) facts.at(key);
    expect([facts.forgottenCount, facts.get(0), facts.get(3)]).toEqual([3, undefined, expect.anything()]);
    const fact = facts.at(MAX_DROPS);
    for (let id = 1; id < 200; id++) addWitness(fact.sources, id);
    expect(fact.sources.size).toBe(MAX_WITNESSES);
    const read = (nowMs: number): number => Array.from({ length: 50 }, () => facts.mayRead(fact, true, nowMs)).filter(Boolean).length;
    expect([read(1_000), read(1_100), read(1_250)]).toEqual([1, 0, 1]);
    expect(Array.from({ length: 900 }, (_, key) => facts.mayRead(facts.at(key + 3), false, 5_000)).filter(Boolean)).toHaveLength(200);
  });
});

test('AllowedBook remembers who let a pair through, the last first, and is bounded', () => {
  const book = new AllowedBook();
  book.note(7, { policies: [policy], direction: 'egress' }, 2_000);
  book.note(7, { policies: [{ ...policy, name: 'shop/base' }], direction: 'egress' }, 1_000);
  book.note(7, { policies: [{ ...policy, revision: 42 }], direction: 'egress' }, 3_000);
  expect(book.of(7, 9_000).map((fact) => [fact.policy.name, fact.policy.revision, fact.firstMs])).toEqual([['shop/lockdown', 42, 2_000], ['shop/base', 41, 1_000]]);
  expect(book.of(7, 1_500).map((fact) => fact.policy.name)).toEqual(['shop/base']);
  for (let pair = 100; pair < 100 + MAX_ALLOWED_PAIRS; pair++) book.note(pair, { policies: [policy], direction: '' }, 4_000);
  expect([book.of(7, 9_000), book.forgottenCount]).toEqual([[], 1]);
});

test('IdentityBook.note() gives what was known before only where a number is new to a known party', () => {
  const book = new IdentityBook();
  expect([book.note(5, 1_000, 10), book.note(5, 1_000, 20), book.note(5, 2, 20), book.note(5, 1 << 24, 20)]).toEqual([undefined, undefined, undefined, undefined]);
  expect(book.note(5, 2_000, 30)).toEqual([{ identity: 1_000, firstMs: 10 }]);
  expect(book.of(5, 29)).toEqual([{ identity: 1_000, firstMs: 10 }]);
});

test.each<[string, Refusal | undefined, string]>([
  ['POLICY_DENY', undefined, 'named deny'],
  ['POLICY_DENIED', undefined, ''],
  ['POLICY_DENIED', refusal(), 'default deny'],
  ['POLICY_DENIED', refusal({ deniedBy: [policy] }), 'default deny'],
  ['POLICY_DENIED', refusal({ source: 'telemetry', deniedBy: [policy] }), 'named deny'],
  ['POLICY_DENIED', refusal({ source: 'extension', selecting: [policy] }), 'default deny'],
  ['AUTH_REQUIRED', refusal(), ''],
])('denyForm(): %s, %o is %s', (reason, said, form) => {
  expect(denyForm(reason, said)).toBe(form);
});

test('what a hostile flow says of a refusal is scrubbed and cut', () => {
  const state = emptyScene();
  const evil = { name: EVIL.join(''), namespace: EVIL[0], kind: EVIL[1], revision: 1n };
  const many = Array.from({ length: 100 }, (_, i) => ({ ...evil, name: `${evil.name}${i}` }));
  const flow: Flow = {
    ...flowOf(TALKS[8] as FakeTalk, START_MS), event_type: { type: 5 }, egress_denied_by: many, policy_log: Array.from({ length: 100 }, () => EVIL.join('')), file: { name: EVIL[0], line: 3 },
  };
  update(state, { type: 'flows', bytes: framed(flow) });
  const fact = state.dropFacts.get(dropKey(state.directory.knownReason('POLICY_DENIED') ?? -1, 1));
  expect(fact?.refusals).toMatchObject([{ deniedBy: { length: 8 }, log: { length: 8 } }]);
  expect(JSON.stringify([state.policies.all(), fact?.refusals, fact?.file])).toMatch(/^[\x20-\x7e]*$/);
  expect(state.policies.all().length).toBeLessThanOrEqual(16);
});
