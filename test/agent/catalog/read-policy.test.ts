import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parseDocuments } from '../../../agent/catalog/parse-objects.ts';
import { readPolicy } from '../../../agent/catalog/read-policy.ts';
import type { Policy } from '../../../agent/policy/policy.ts';

function read(yaml: string): Policy[] {
  const { objects, errors } = parseDocuments(yaml);
  expect(errors).toEqual([]);
  return objects.flatMap((object) => {
    const reading = readPolicy(object);
    if (reading.result !== 'read') throw new Error(reading.result === 'refused' ? reading.reason : 'no policy');
    return reading.policies;
  });
}

const plain = (spec: string): string => `kind: NetworkPolicy\nmetadata: {name: p, namespace: shop}\nspec: ${spec}`;
const cilium = (spec: string): string => `kind: CiliumNetworkPolicy\nmetadata: {name: p, namespace: shop}\nspec: ${spec}`;

function refusal(yaml: string): string {
  const [object] = parseDocuments(yaml).objects;
  const reading = readPolicy(object);
  return reading.result === 'refused' ? reading.reason : reading.result;
}

describe('readPolicy()', () => {
  test('reads the policies that people publish, as they print them', () => {
    const policies = read(readFileSync(join(import.meta.dirname, 'published.yaml'), 'utf8'));
    expect(policies.map(({ name, denies }) => [name, denies])).toEqual([
      ['dns-visibility', { ingress: false, egress: true }], ['api-http-visibility', { ingress: true, egress: false }], ['cardholder-egress-allowlist', { ingress: false, egress: true }],
    ]);
    expect(policies[0]?.rules).toMatchObject([{ direction: 'egress', parser: 'dns', ports: [{ protocol: 0, first: 53, last: 53 }], path: 'spec.egress[0]' }]);
    expect(policies[1]?.rules).toMatchObject([{ direction: 'ingress', parser: 'http', peers: undefined, ports: [{ protocol: 6, first: 8080 }] }]);
    expect(policies[2]?.rules[1]?.peers).toMatchObject([{ type: 'fqdn', text: 'api.acquirer.example.com' }]);
  });

  test.each([
    ['{podSelector: {}}', { ingress: true, egress: false }],
    ['{podSelector: {}, egress: [{}]}', { ingress: true, egress: true }],
    ['{podSelector: {}, policyTypes: [Egress]}', { ingress: false, egress: true }],
    ['{podSelector: {}, policyTypes: [Ingress], egress: [{}]}', { ingress: true, egress: false }],
  ])('a NetworkPolicy %s denies by default %j', (spec, denies) => {
    expect(read(plain(spec))[0]?.denies).toEqual(denies);
  });

  test.each([
    ['{endpointSelector: {}, ingress: [{}]}', { ingress: true, egress: false }],
    ['{endpointSelector: {}, egressDeny: [{toEntities: [world]}]}', { ingress: false, egress: true }],
    ['{endpointSelector: {}, ingress: [], enableDefaultDeny: {ingress: false}}', { ingress: false, egress: false }],
    ['{endpointSelector: {}, enableDefaultDeny: {egress: true}}', { ingress: false, egress: true }],
  ])('a CiliumNetworkPolicy %s denies by default %j', (spec, denies) => {
    expect(read(cilium(spec))[0]?.denies).toEqual(denies);
  });

  test('a rule that says nothing allows nobody; a list of peers that is there and empty does not either', () => {
    expect(read(cilium('{endpointSelector: {}, ingress: [{}, {fromEndpoints: []}]}'))[0]?.rules.map(({ peers }) => peers)).toEqual([[], []]);
    // as an empty `from` of a NetworkPolicy allows everybody
    expect(read(plain('{podSelector: {}, ingress: [{}, {from: []}]}'))[0]?.rules.map(({ peers }) => peers)).toEqual([undefined, undefined]);
  });

  test('specs are policies of one name, each with its own place', () => {
    const policies = read('kind: CiliumNetworkPolicy\nmetadata: {name: two, namespace: shop}\nspecs: [{endpointSelector: {}, ingress: [{fromEntities: [all]}]}, {endpointSelector: {}, egress: [{}]}]');
    expect(policies.map(({ name, rules }) => [name, rules[0]?.path])).toEqual([['two', 'specs[0].ingress[0]'], ['two', 'specs[1].egress[0]']]);
  });

  test.each([
    [plain('{podSelector: {}, ingress: [{ports: [{port: 70000}]}]}'), 'spec.ingress[0].ports[0].port 70000 is no port: expected 1 to 65535'],
    [plain('{podSelector: {}, ingress: [{ports: [{port: 90, endPort: 80}]}]}'), 'spec.ingress[0].ports[0].endPort 80 is below the port 90'],
    [plain('{podSelector: {}, ingress: [{ports: [{port: web, endPort: 80}]}]}'), "spec.ingress[0].ports[0].endPort does not go with a port's name"],
    [plain('{podSelector: {}, ingress: [{ports: [{protocol: GRE}]}]}'), 'spec.ingress[0].ports[0].protocol "GRE" is none of TCP, UDP, SCTP, ANY'],
    [plain('{podSelector: {}, ingress: [{from: [{}]}]}'), 'spec.ingress[0].from[0] names nobody: expected podSelector, namespaceSelector or ipBlock'],
    [plain('{podSelector: {}, ingress: [{from: [{ipBlock: {cidr: 10.0.0.0/33}}]}]}'), 'spec.ingress[0].from[0].ipBlock "10.0.0.0/33" is no network: expected 10.0.0.0/8 or fd00::/64'],
    [plain('{podSelector: {}, policyTypes: [Both]}'), 'spec.policyTypes "Both" is neither Ingress nor Egress'],
    [plain('{podSelector: {matchExpressions: [{key: a, operator: Is}]}}'), 'spec.podSelector.matchExpressions[0].operator "Is" is none of In, NotIn, Exists, DoesNotExist'],
    [plain('{podSelector: {matchExpressions: [{key: a, operator: In}]}}'), 'spec.podSelector.matchExpressions[0].values is empty, and In needs one'],
    [cilium('{ingress: [{}]}'), 'spec.endpointSelector is missing'],
    [cilium('{nodeSelector: {}}'), 'spec.nodeSelector belongs into a CiliumClusterwideNetworkPolicy'],
    [cilium('{endpointSelector: {}, egress: [{toEntities: [word]}]}'), /^spec\.egress\[0\]\.toEntities\[0\] "word" is no entity: there is all, world/],
    [cilium('{endpointSelector: {}, egress: [{toFQDNs: [{}]}]}'), 'spec.egress[0].toFQDNs[0] needs one of matchName and matchPattern'],
    [cilium('{endpointSelector: {}, egress: [{toFQDNs: [{matchName: "a b"}]}]}'), 'spec.egress[0].toFQDNs[0].matchName "a b" is no DNS name'],
    [cilium('{endpointSelector: {}, egress: [{toServices: [{}]}]}'), /serviceName is missing/],
    [cilium('{endpointSelector: {}, ingress: 3}'), 'ingress is not a list'],
    ['kind: NetworkPolicy\nmetadata: {}', 'metadata.name is missing'],
    ['kind: CiliumNetworkPolicy\nmetadata: {name: p}', 'spec is missing'],
    ['kind: Pod\nmetadata: {name: p}', 'other'],
  ])('%s: %s', (yaml, reason) => {
    if (typeof reason === 'string') expect(refusal(yaml)).toBe(reason);
    else expect(refusal(yaml)).toMatch(reason);
  });

  test.each([null, 7, [], 'text', { kind: 7 }, { kind: 'NetworkPolicy', metadata: 7 }, { kind: 'NetworkPolicy', metadata: { name: 'p' }, spec: [] }])('never throws on %j', (object) => {
    expect(['other', 'refused']).toContain(readPolicy(object).result);
  });
});
