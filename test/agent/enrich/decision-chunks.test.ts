import { describe, expect, test } from 'vitest';
import { EventType } from '../../../agent/decode/event.ts';
import { DecisionEncoder } from '../../../agent/enrich/decision-chunks.ts';
import { RowView } from '../../../agent/enrich/row-view.ts';
import type { Decision } from '../../../agent/policy/decisions.ts';
import { FlowCodec } from '../../../src/wire/gen/flow.ts';
import { RefusalCodec } from '../../../src/wire/gen/hubtop.ts';
import { policies } from '../policy/read-policies.ts';
import { type EventFields, eventBytes } from '../ring-fixture.ts';
import { shopContext } from '../row-fixture.ts';

const [policy] = policies('kind: NetworkPolicy\nmetadata: {name: p, namespace: shop}\nspec: {podSelector: {}, ingress: [{from: [{podSelector: {matchLabels: {app: bank}}}]}]}\n');
if (policy === undefined) throw new Error('a policy is needed');
const by = policy.rules.map((rule) => ({ policy, rule }));
const decisions = new Map<number, Decision>([
  [1, { number: 1, kind: 'allow', direction: 'ingress', by, selecting: [] }],
  [2, { number: 2, kind: 'deny', direction: 'egress', by, selecting: [] }],
  [3, { number: 3, kind: 'default-deny', direction: 'ingress', by: [], selecting: [policy] }],
]);
const context = { ...shopContext(), policies: { decision: (number: number) => decisions.get(number), revisionAt: (ns: bigint) => (ns < 1_000n ? 4 : 5) } };
const [WEB, API] = [3, 4];

function viewOf(fields: EventFields): RowView {
  const view = new RowView(context);
  view.bytes.set(eventBytes({ type: EventType.verdict, protocol: 6, source_ref: API, destination_ref: WEB, destination_port: 8080, time_ns: 10n, ...fields }));
  return view.moved();
}

const encoder = new DecisionEncoder(context);
const read = (fields: EventFields, usual = 'TCP Flags: SYN'): object | undefined => {
  const chunks = encoder.of(viewOf(fields), () => usual);
  return chunks === undefined ? undefined : { ...FlowCodec.decode(chunks.policies), ...FlowCodec.decode(chunks.summary) };
};
const named = (revision: bigint): object => ({ name: 'p', namespace: 'shop', kind: 'NetworkPolicy', revision });

describe('DecisionEncoder.of()', () => {
  test('names who allowed and who denied in the field of the direction, with the revision of the row\'s own time', () => {
    expect(read({ policy: 1 })).toMatchObject({ ingress_allowed_by: [named(4n)] });
    expect(read({ policy: 1, time_ns: 2_000n })).toMatchObject({ ingress_allowed_by: [named(5n)] });
    expect(read({ policy: 2 })).toMatchObject({ egress_denied_by: [named(4n)], Summary: 'TCP Flags: SYN; denied by shop/p (NetworkPolicy)' });
  });

  test('names nobody for a default deny, but its summary does', () => {
    expect(read({ policy: 3 })).toMatchObject({ Summary: 'TCP Flags: SYN; no rule of shop/p (NetworkPolicy) allows it' });
    expect(read({ policy: 3 })).not.toHaveProperty('ingress_denied_by');
    expect(read({ policy: 3 }, '')).toMatchObject({ Summary: 'no rule of shop/p (NetworkPolicy) allows it' });
  });

  test('says nothing where nobody decided, where nobody remembers who, and of a packet that passed', () => {
    expect([read({ policy: 0 }), read({ policy: 77 }), read({ policy: 3, type: EventType.trace })]).toEqual([undefined, undefined, undefined]);
  });
});

describe('DecisionEncoder.refusal()', () => {
  // a varint of the length comes first
  const refusal = (fields: EventFields): object => RefusalCodec.decode(encoder.refusal(viewOf(fields)).slice(1));

  test('says whose default deny it was and what the closest rule misses', () => {
    expect(refusal({ policy: 3 })).toMatchObject({ selecting: [named(4n)], direction: 1, revision: 4, closest: { rule: 'spec.ingress[0]', misses: ['it wants app=bank, not app=api'] } });
  });

  test('is empty where nothing was refused', () => {
    expect([1, 0, 77].map((number) => encoder.refusal(viewOf({ policy: number })).length)).toEqual([0, 0, 0]);
  });
});
