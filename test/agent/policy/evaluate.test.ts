import { describe, expect, test } from 'vitest';
import { parseDocuments } from '../../../agent/catalog/parse-objects.ts';
import { closestRule } from '../../../agent/policy/closest-rule.ts';
import type { PolicyEnd } from '../../../agent/policy/end.ts';
import { type Attempt, type Judgement, judge } from '../../../agent/policy/evaluate.ts';
import type { Direction, Policy } from '../../../agent/policy/policy.ts';
import { readPolicy } from '../../../agent/catalog/read-policy.ts';
import { parseLabel } from '../../../src/flow/label-selector.ts';
import { parseIp } from '../../../src/lib/ip-bytes.ts';
import { random } from '../../src/app/fake-cluster.ts';

const TCP = 6;

function end(labels: string, ip: string, more: Partial<PolicyEnd> = {}): PolicyEnd {
  return { labels: labels.split(' ').filter((label) => label !== '').map(parseLabel), ip: parseIp(ip), names: [], services: [], ports: undefined, ...more };
}

const inShop = 'k8s:io.kubernetes.pod.namespace=shop k8s:io.cilium.k8s.namespace.labels.team=retail';
const ENDS = {
  web: end(`k8s:app=web ${inShop}`, '10.0.1.1'),
  api: end(`k8s:app=api k8s:tier=back ${inShop}`, '10.0.1.2', { ports: new Map([['http', 8080]]) }),
  old: end(`k8s:app=api ${inShop}`, '10.0.1.9'),
  bank: end('k8s:app=bank k8s:io.kubernetes.pod.namespace=bank', '10.0.2.1'),
  dns: end('k8s:k8s-app=kube-dns k8s:io.kubernetes.pod.namespace=kube-system', '10.0.3.1'),
  world: end('reserved:world', '93.184.216.34', { names: ['www.example.com'] }),
  network: end('reserved:world-ipv4 cidr:10.9.0.0/16', '10.9.1.1'),
  host: end('reserved:host', '192.168.0.1'),
  node: end('reserved:remote-node node:pool=back', '192.168.0.2'),
  service: end(`k8s:app=api ${inShop}`, '10.0.1.3', { services: [{ namespace: 'shop', name: 'api' }] }),
} as const;
type Who = keyof typeof ENDS;

/** Source, destination, port and protocol of an attempt: `web api 8080`, `web dns 53/17`, `web api 8/1` for a ping. */
function attemptOf(text: string): Attempt {
  const [source = 'web', destination = 'api', port = '0'] = text.split(' ');
  const [number = '0', protocol = String(TCP)] = port.split('/');
  return { source: ENDS[source as Who], destination: ENDS[destination as Who], port: Number(number), protocol: Number(protocol) };
}

function policies(yaml: string): Policy[] {
  return parseDocuments(yaml).objects.flatMap((object) => {
    const reading = readPolicy(object);
    if (reading.result !== 'read') throw new Error(JSON.stringify(reading));
    return reading.policies;
  });
}

const plain = (spec: string): string => `kind: NetworkPolicy\nmetadata: {name: p, namespace: shop}\nspec: ${spec}\n`;
const cilium = (spec: string): string => `kind: CiliumNetworkPolicy\nmetadata: {name: c, namespace: shop}\nspec: ${spec}\n`;
const cluster = (spec: string): string => `kind: CiliumClusterwideNetworkPolicy\nmetadata: {name: w}\nspec: ${spec}\n`;
const told = ({ verdict, form }: Judgement): string => `${verdict}, ${form}`;

const API = 'podSelector: {matchLabels: {app: api}}';
const EP = 'endpointSelector: {matchLabels: {app: api}}';
const ALL = 'endpointSelector: {}';

describe('judge()', () => {
  const cases: [yaml: string, direction: Direction, verdicts: Record<string, 'allowed' | 'denied' | 'unknown'>][] = [
    ['', 'ingress', { 'web api 8080': 'allowed' }],
    // plain policies
    [plain(`{${API}}`), 'ingress', { 'web api 8080': 'denied', 'api web 80': 'allowed', 'host api 8080': 'allowed', 'node api 8080': 'denied' }],
    [plain(`{${API}}`), 'egress', { 'api web 80': 'allowed' }],
    [plain(`{${API}, ingress: [{}]}`), 'ingress', { 'web api 8080': 'allowed', 'world api 1': 'allowed', 'web api 8/1': 'allowed' }],
    [plain(`{${API}, ingress: [{from: [{podSelector: {matchLabels: {app: web}}}]}]}`), 'ingress', { 'web api 1': 'allowed', 'bank api 1': 'denied', 'world api 1': 'denied', 'web api 8/1': 'allowed' }],
    [plain(`{${API}, ingress: [{from: [{podSelector: {}}]}]}`), 'ingress', { 'web api 1': 'allowed', 'bank api 1': 'denied' }],
    [plain(`{${API}, ingress: [{from: [{namespaceSelector: {}}]}]}`), 'ingress', { 'web api 1': 'allowed', 'bank api 1': 'allowed', 'world api 1': 'denied', 'node api 1': 'denied' }],
    [plain(`{${API}, ingress: [{from: [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: bank}}}]}]}`), 'ingress', { 'bank api 1': 'allowed', 'web api 1': 'denied' }],
    [plain(`{${API}, ingress: [{from: [{namespaceSelector: {matchLabels: {team: retail}}, podSelector: {matchExpressions: [{key: app, operator: NotIn, values: [api]}]}}]}]}`), 'ingress', { 'web api 1': 'allowed', 'old api 1': 'denied', 'bank api 1': 'denied' }],
    [plain(`{${API}, ingress: [{ports: [{port: 8080}, {port: 9000, endPort: 9010}]}]}`), 'ingress', { 'web api 8080': 'allowed', 'web api 9005': 'allowed', 'web api 9011': 'denied', 'web api 8080/17': 'denied', 'web api 8/1': 'denied' }],
    [plain(`{${API}, ingress: [{ports: [{port: http}]}]}`), 'ingress', { 'web api 8080': 'allowed', 'web api 80': 'denied', 'web old 8080': 'unknown' }],
    [plain('{podSelector: {}, policyTypes: [Egress], egress: [{to: [{ipBlock: {cidr: 93.0.0.0/8, except: [93.1.0.0/16]}}]}]}'), 'egress', { 'web world 443': 'allowed', 'web network 443': 'denied', 'web api 8080': 'denied' }],
    // a network never means a pod
    [plain('{podSelector: {}, policyTypes: [Egress], egress: [{to: [{ipBlock: {cidr: 10.0.0.0/8}}]}]}'), 'egress', { 'web network 1': 'allowed', 'web api 8080': 'denied' }],
    // cilium's
    [cilium(`{${EP}, ingress: [{}]}`), 'ingress', { 'web api 8080': 'denied' }],
    [cilium(`{${EP}, ingress: [{fromEndpoints: [{}]}]}`), 'ingress', { 'web api 1': 'allowed', 'bank api 1': 'denied', 'world api 1': 'denied' }],
    [cilium(`{${EP}, ingress: [{fromEndpoints: [{matchLabels: {"k8s:io.kubernetes.pod.namespace": bank}}]}]}`), 'ingress', { 'bank api 1': 'allowed', 'web api 1': 'denied' }],
    [cilium(`{${EP}, ingress: [{fromEndpoints: [{matchLabels: {"any:app": web}}], toPorts: [{ports: [{port: "80", protocol: TCP}]}]}]}`), 'ingress', { 'web api 80': 'allowed', 'web api 81': 'denied' }],
    [cilium(`{${EP}, ingress: [{toPorts: [{ports: [{port: "53", protocol: ANY}]}]}]}`), 'ingress', { 'web api 53': 'allowed', 'world api 53/17': 'allowed', 'web api 53/1': 'denied' }],
    [cilium(`{${EP}, ingress: [{fromEntities: [cluster]}]}`), 'ingress', { 'web api 1': 'allowed', 'node api 1': 'allowed', 'world api 1': 'denied' }],
    [cilium(`{${EP}, ingress: [{icmps: [{fields: [{type: 8}]}]}]}`), 'ingress', { 'web api 8/1': 'allowed', 'web api 0/1': 'denied', 'web api 80': 'denied' }],
    [cilium(`{${ALL}, egress: [{toEntities: [world]}]}`), 'egress', { 'web world 1': 'allowed', 'web network 1': 'allowed', 'web api 1': 'denied', 'bank world 1': 'allowed' }],
    [cilium(`{${ALL}, egress: [{toFQDNs: [{matchPattern: "*.example.com"}], toPorts: [{ports: [{port: "443"}]}]}]}`), 'egress', { 'web world 443': 'allowed', 'web world 80': 'denied', 'web network 443': 'denied' }],
    [cilium(`{${ALL}, egress: [{toFQDNs: [{matchName: example.com}]}]}`), 'egress', { 'web world 443': 'denied' }],
    [cilium(`{${ALL}, egress: [{toServices: [{k8sService: {serviceName: api}}]}]}`), 'egress', { 'web service 1': 'allowed', 'web api 1': 'denied' }],
    [cilium(`{${ALL}, egress: [{toCIDR: [10.9.0.0/16]}]}`), 'egress', { 'web network 1': 'allowed', 'web world 1': 'denied', 'web bank 1': 'denied' }],
    [cilium(`{${ALL}, egress: [{toNodes: [{matchLabels: {pool: back}}]}]}`), 'egress', { 'web node 1': 'allowed', 'web host 1': 'denied' }],
    [cilium(`{${ALL}, egress: [{toNodes: [{matchExpressions: [{key: pool, operator: NotIn, values: [back]}]}]}]}`), 'egress', { 'web node 1': 'denied', 'web host 1': 'allowed' }],
    [cilium(`{${ALL}, egress: [{toNodes: [{}]}]}`), 'egress', { 'web node 1': 'allowed', 'web host 1': 'allowed', 'web api 1': 'denied' }],
    // denials win, and deny nothing else where default deny is off
    [cilium(`{${EP}, ingress: [{fromEntities: [all]}], ingressDeny: [{fromEndpoints: [{matchLabels: {app: web}}]}]}`), 'ingress', { 'web api 1': 'denied', 'old api 1': 'allowed' }],
    [cilium(`{${EP}, ingressDeny: [{fromEndpoints: [{matchLabels: {app: web}}]}], enableDefaultDeny: {ingress: false}}`), 'ingress', { 'web api 1': 'denied', 'old api 1': 'allowed' }],
    [cilium(`{${EP}, ingressDeny: [{toPorts: [{ports: [{port: http}]}]}], enableDefaultDeny: {ingress: false}}`), 'ingress', { 'web old 8080': 'unknown', 'web api 8080': 'denied', 'web api 80': 'allowed' }],
    [cluster(`{${EP}, ingress: [{fromEndpoints: [{}]}]}`), 'ingress', { 'web api 1': 'allowed', 'bank api 1': 'allowed', 'world api 1': 'denied' }],
    [cluster('{endpointSelector: {}, egress: [{toEndpoints: [{matchLabels: {"k8s:io.kubernetes.pod.namespace": kube-system, k8s-app: kube-dns}}]}]}'), 'egress', { 'bank dns 53/17': 'allowed', 'web dns 53': 'allowed', 'web api 1': 'denied' }],
    // a policy reaches no other namespace, whatever its selector says
    [cilium('{endpointSelector: {matchLabels: {"k8s:io.kubernetes.pod.namespace": bank}}, ingress: [{}]}'), 'ingress', { 'web bank 80': 'allowed', 'bank web 80': 'denied' }],
    // what any of them allows is allowed
    [`${plain(`{${API}, ingress: [{ports: [{port: 80}]}]}`)}---\n${cilium(`{${EP}, ingress: [{fromEntities: [world]}]}`)}`, 'ingress', { 'web api 80': 'allowed', 'world api 443': 'allowed', 'web api 443': 'denied' }],
  ];
  test.each(cases)('%s %s', (yaml, direction, verdicts) => {
    const read = policies(yaml);
    for (const [text, verdict] of Object.entries(verdicts)) expect(`${text}: ${judge(read, attemptOf(text), direction).verdict}`).toBe(`${text}: ${verdict}`);
  });

  test('says who decided', () => {
    const read = policies(`${plain(`{${API}, ingress: [{ports: [{port: 80}]}]}`)}---\n${cilium(`{${EP}, ingressDeny: [{fromEndpoints: [{matchLabels: {app: old}}]}]}`)}`);
    const allowed = judge(read, attemptOf('web api 80'), 'ingress');
    expect([told(allowed), allowed.by.map(({ rule }) => rule.path)]).toEqual(['allowed, rule', ['spec.ingress[0]']]);
    const denied = judge(read, attemptOf('web api 81'), 'ingress');
    expect([told(denied), denied.form === 'default deny' ? denied.selecting.map(({ name }) => name) : []]).toEqual(['denied, default deny', ['p', 'c']]);
    expect(told(judge(read, attemptOf('host api 81'), 'ingress'))).toBe('allowed, host');
    expect(told(judge(read, attemptOf('api world 81'), 'egress'))).toBe('allowed, no policy');
  });

  // laws that hold whatever the policies are
  test('seeded: one more allow rule never refuses, one more deny rule never allows, the order does not matter', () => {
    const next = random(31);
    const pick = <T>(list: readonly T[]): T => list[Math.floor(next() * list.length)] as T;
    const peers = ['fromEntities: [world]', 'fromEntities: [cluster]', 'fromEndpoints: [{}]', 'fromEndpoints: [{matchLabels: {app: web}}]', 'fromCIDR: [10.9.0.0/16]', 'fromEndpoints: [{matchExpressions: [{key: tier, operator: DoesNotExist}]}]'];
    const ports = ['', ', toPorts: [{ports: [{port: "80"}]}]', ', toPorts: [{ports: [{port: "1", endPort: 100, protocol: TCP}]}]', ', toPorts: [{ports: [{port: http}]}]', ', icmps: [{fields: [{type: 8}]}]'];
    const rule = (): string => `{${pick(peers)}${pick(ports)}}`;
    const subject = (): string => pick([EP, ALL, 'endpointSelector: {matchLabels: {tier: back}}']);
    const attempts = ['web api 80', 'old api 80', 'world api 443', 'network api 80/17', 'bank old 8080', 'web old 8/1', 'node api 80'].map(attemptOf);
    const worth = { denied: 0, unknown: 1, allowed: 2 };
    for (let i = 0; i < 300; i++) {
      const some = Array.from({ length: 1 + Math.floor(next() * 3) }, () => cilium(`{${subject()}, ingress: [${rule()}, ${rule()}], ingressDeny: [${next() < 0.3 ? rule() : ''}]}`));
      const [base, reversed] = [policies(some.join('---\n')), policies(some.toReversed().join('---\n'))];
      const more = [...base, ...policies(cilium(`{${ALL}, ingress: [${rule()}], enableDefaultDeny: {ingress: false}}`))];
      const less = [...base, ...policies(cilium(`{${ALL}, ingressDeny: [${rule()}], enableDefaultDeny: {ingress: false}}`))];
      for (const attempt of attempts) {
        const verdict = worth[judge(base, attempt, 'ingress').verdict];
        expect(worth[judge(more, attempt, 'ingress').verdict]).toBeGreaterThanOrEqual(verdict);
        expect(worth[judge(less, attempt, 'ingress').verdict]).toBeLessThanOrEqual(verdict);
        expect(judge(reversed, attempt, 'ingress').verdict).toBe(judge(base, attempt, 'ingress').verdict);
      }
    }
  });
});

describe('closestRule()', () => {
  test.each([
    [cilium(`{${EP}, ingress: [{fromEndpoints: [{matchLabels: {app: shop-web}}]}, {fromEntities: [world]}]}`), 'web api 80', 'spec.ingress[0]: it wants app=shop-web, not app=web'],
    [cilium(`{${EP}, ingress: [{fromEntities: [world]}, {fromEndpoints: [{matchLabels: {app: web}}], toPorts: [{ports: [{port: "8080", protocol: TCP}]}]}]}`), 'web api 80', 'spec.ingress[1]: its ports are 8080 TCP, not 80 TCP'],
    [cilium(`{${EP}, ingress: [{fromEndpoints: [{matchLabels: {app: web, tier: front}}]}]}`), 'web api 80', 'spec.ingress[0]: it wants tier=front'],
    [cilium(`{${EP}, ingress: [{fromEndpoints: [{}], toPorts: [{ports: [{port: "80"}]}]}]}`), 'bank api 80', 'spec.ingress[0]: it wants namespace=shop, not namespace=bank'],
    [plain(`{${API}, ingress: [{from: [{ipBlock: {cidr: 10.0.0.0/8}}]}]}`), 'world api 80', 'spec.ingress[0]: it means 10.0.0.0/8'],
    [cilium(`{${EP}, ingress: [{}]}`), 'web api 80', 'none'],
  ])('%s: %s is closest to %s', (yaml, text, words) => {
    const closest = closestRule(policies(yaml), attemptOf(text), 'ingress');
    expect(closest === undefined ? 'none' : `${closest.rule.path}: ${closest.missing}`).toBe(words);
  });
});

