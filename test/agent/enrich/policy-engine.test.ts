import { describe, expect, test } from 'vitest';
import type { CatalogSnapshot } from '../../../agent/decode/facts.ts';
import type { PolicyMode } from '../../../agent/decode/kernel.ts';
import { EndpointVersions } from '../../../agent/enrich/endpoint-versions.ts';
import { PolicyEngine, type PolicyUpdate } from '../../../agent/enrich/policy-engine.ts';
import { MAX_POLICY_ENTRIES } from '../../../agent/policy/compile.ts';
import { MAX_NETWORKS } from '../../../agent/policy/networks.ts';
import { policyObjects } from '../policy/read-policies.ts';
import { shop } from '../row-fixture.ts';

const TCP = 6;
const ingress = (app: string, name = 'p', more = ''): string => `kind: NetworkPolicy\nmetadata: {name: ${name}, namespace: shop}\nspec: {podSelector: {matchLabels: {app: web}}, ingress: [{from: [{podSelector: {matchLabels: {app: ${app}}}}]}${more}]}\n`;

class Node {
  readonly versions = new EndpointVersions('node-a');
  readonly engine: PolicyEngine;
  private now = 0n;

  constructor(mode: PolicyMode) {
    this.engine = new PolicyEngine(this.versions, mode);
  }

  take(yaml: string, more: Partial<CatalogSnapshot> = {}): PolicyUpdate {
    return this.engine.take({ ...shop, ...more, policies: policyObjects(yaml) }, ++this.now * 1_000n);
  }

  labels(name: string): number {
    const found = [1, 2, 3, 4, 5, 6, 7].find((ref) => this.versions.get(ref)?.endpoint.pod_name === name);
    return this.versions.get(found ?? 0).labels;
  }
}

describe('PolicyEngine.take()', () => {
  test('gives rows for the pods of its own node that a policy selects, each with a number that says who decided', () => {
    const node = new Node('enforce');
    const { tables, warnings, policyChanges } = node.take(ingress('api'));
    expect([tables.mode, [...tables.endpoints.keys()], warnings, policyChanges.length]).toEqual(['enforce', [node.labels('web')], [], 1]);
    const decided = tables.endpoints.get(node.labels('web'))?.map(({ policy, flags, peer }) => ({ flags, peer, kind: node.engine.decision(policy)?.kind, by: node.engine.decision(policy)?.by.map(({ rule }) => rule.path) }));
    expect(decided).toContainEqual({ flags: 3, peer: 0xffff_ffff, kind: 'default-deny', by: [] });
    expect(decided).toContainEqual({ flags: 0, peer: node.labels('api'), kind: 'allow', by: ['spec.ingress[0]'] });
    expect([node.engine.decision(0), node.engine.decision(999)]).toEqual([undefined, undefined]);
  });

  test('is observe without policies and where it shall only observe; then it has no rows', () => {
    for (const [mode, yaml] of [['enforce', ''], ['observe', ingress('api')]] as const) {
      const { tables } = new Node(mode).take(yaml);
      expect([tables.mode, tables.endpoints.size, tables.networks]).toEqual(['observe', 0, []]);
    }
  });

  test('keeps the numbers of what did not change, so that a map is not made anew', () => {
    const node = new Node('audit');
    const first = node.take(ingress('api')).tables.endpoints;
    const second = node.take(`${ingress('api')}---\n${ingress('bank', 'other').replace('{app: web}', '{app: nobody}')}`).tables.endpoints;
    expect([...second]).toEqual([...first]);
    const third = node.take(ingress('bank')).tables.endpoints;
    expect([...third]).not.toEqual([...first]);
  });

  test('revisionAt() is the count of changes by then', () => {
    const node = new Node('audit');
    node.take('');
    node.take(ingress('api'));
    node.take(ingress('api'));
    node.take(ingress('bank'));
    expect([999n, 2_000n, 3_999n, 4_000n, 9_000n].map((ns) => node.engine.revisionAt(ns))).toEqual([0, 1, 1, 2, 2]);
  });

  test('leaves in force what was there where a map would not hold the new rules, and says so; nothing was there: it says that', () => {
    const node = new Node('enforce');
    const before = node.take(ingress('api')).tables.endpoints;
    const rules = Array.from({ length: 10_000 }, (_, i) => `, {from: [{podSelector: {}}], ports: [{port: ${i + 1}}]}`).join('');
    const objects = Array.from({ length: 10 }, (_, i) => ingress('api', `many${i}`, rules.split(', {from').slice(1 + i * 1_000, 1 + (i + 1) * 1_000).map((text) => `, {from${text}`).join('')));
    const update = node.take(objects.join('---\n'));
    expect([...update.tables.endpoints]).toEqual([...before]);
    expect(update.warnings).toEqual([expect.stringMatching(new RegExp(`^policies of shop/web: \\d+ entries where a policy map holds ${MAX_POLICY_ENTRIES}; what was in force for it stays$`))]);
    const stale = update.tables.endpoints.get(node.labels('web'))?.map(({ policy }) => node.engine.decision(policy)?.kind);
    expect(stale).toContain('default-deny');
    const fresh = new Node('enforce').take(objects.join('---\n'));
    expect([fresh.tables.endpoints.size, fresh.warnings]).toEqual([0, [expect.stringMatching(/; they are not in force for it$/)]]);
    expect(node.take(ingress('api')).warnings).toEqual([]);
  });

  test('says of how many networks it tells only so many apart', () => {
    const blocks = Array.from({ length: MAX_NETWORKS + 10 }, (_, i) => `{ipBlock: {cidr: 10.${i >> 8}.${i & 255}.0/24}}`);
    const objects = Array.from({ length: 5 }, (_, i) => `kind: NetworkPolicy\nmetadata: {name: n${i}, namespace: shop}\nspec: {podSelector: {}, egress: [{to: [${blocks.slice(i * 1_000, (i + 1) * 1_000).join()}]}]}\n`);
    const { tables, warnings } = new Node('audit').take(objects.join('---\n'));
    expect(tables.networks).toHaveLength(MAX_NETWORKS);
    expect(warnings).toEqual([expect.stringMatching(/^policies name 4108 networks, and 4096 are told apart/)]);
  });

  test('judgeDrop() says who would have refused a packet that another program dropped, and forgets it with the policy', () => {
    const node = new Node('audit');
    node.take(ingress('bank'));
    const packet = { sourceLabels: node.labels('api'), destinationLabels: node.labels('web'), protocol: TCP, port: 80 };
    expect(node.engine.judgeDrop(packet)).toMatchObject({ selecting: [{ name: 'p', namespace: 'shop', kind: 'NetworkPolicy' }], direction: 1, revision: 1, closest: { rule: 'spec.ingress[0]', misses: ['it wants app=bank, not app=api'] } });
    node.take(ingress('api'));
    expect(node.engine.judgeDrop(packet)).toBeUndefined();
  });
});
