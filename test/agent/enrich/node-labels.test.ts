import { expect, test } from 'vitest';
import { catalogFromObjects } from '../../../agent/catalog/catalog-from-objects.ts';
import type { CatalogSnapshot } from '../../../agent/decode/facts.ts';
import { EndpointVersions } from '../../../agent/enrich/endpoint-versions.ts';
import { LocalIdentities } from '../../../agent/enrich/local-identities.ts';
import { PolicyEngine } from '../../../agent/enrich/policy-engine.ts';

const node = (name: string, ip: string, labels: Record<string, string>): unknown => ({ kind: 'Node', metadata: { name, labels }, status: { addresses: [{ type: 'InternalIP', address: ip }] } });
const NODES = [
  node('here', '192.168.0.1', { 'kubernetes.io/os': 'linux', pool: 'front' }), node('there', '192.168.0.2', { 'kubernetes.io/os': 'linux', pool: 'back' }),
  node('far', '192.168.0.3', { 'kubernetes.io/os': 'linux', pool: 'back', rack: '7' }), node('bare', '192.168.0.4', {}),
];
const SERVER = [
  { kind: 'Service', metadata: { name: 'kubernetes', namespace: 'default' }, spec: { clusterIP: '10.96.0.1', ports: [{ port: 443, targetPort: 6443 }] } },
  { kind: 'EndpointSlice', metadata: { name: 'kubernetes', namespace: 'default', labels: { 'kubernetes.io/service-name': 'kubernetes' } }, addressType: 'IPv4', ports: [{ port: 6443, protocol: 'TCP' }], endpoints: [{ addresses: ['192.168.0.3'], conditions: { ready: true } }] },
];
const toNodes = (selector: unknown): unknown => ({ kind: 'CiliumNetworkPolicy', metadata: { name: 'p', namespace: 'shop' }, spec: { endpointSelector: {}, egress: [{ toNodes: [selector] }] } });
const catalog = (...objects: unknown[]): CatalogSnapshot => catalogFromObjects([...NODES, ...objects]);

function told(versions: EndpointVersions): [number | undefined, string][] {
  return [1, 2, 3, 4].map((last) => versions.at(`192.168.0.${last}`).endpoint).map(({ identity, labels = [] }) => [identity, labels.join(' ')]);
}

test('PolicyEngine gives nodes the labels that policies select nodes by, others not, and takes them away with the policy', () => {
  const versions = new EndpointVersions('here');
  const engine = new PolicyEngine(versions, 'enforce');
  engine.take(catalog(), 1n);
  expect(told(versions)).toEqual([[1, 'reserved:host'], [6, 'reserved:remote-node'], [6, 'reserved:remote-node'], [6, 'reserved:remote-node']]);
  engine.take(catalog(toNodes({ matchExpressions: [{ key: 'pool', operator: 'Exists' }] })), 2n);
  expect(told(versions)).toEqual([[1, 'node:pool=front reserved:host'], [33_554_433, 'node:pool=back reserved:remote-node'], [33_554_433, 'node:pool=back reserved:remote-node'], [6, 'reserved:remote-node']]);
  expect(versions.at('192.168.0.2').labels).toBe(versions.at('192.168.0.3').labels);
  engine.take(catalog(toNodes({ matchLabels: { rack: '7' } })), 3n);
  expect(told(versions)).toEqual([[1, 'reserved:host'], [6, 'reserved:remote-node'], [33_554_434, 'node:rack=7 reserved:remote-node'], [6, 'reserved:remote-node']]);
  engine.take(catalog(), 4n);
  expect(told(versions).map(([identity]) => identity)).toEqual([1, 6, 6, 6]);
});

test('PolicyEngine keeps what a node is besides: the kube-apiserver answers under its labels too', () => {
  const versions = new EndpointVersions('here');
  const engine = new PolicyEngine(versions, 'enforce');
  engine.take(catalog(...SERVER), 1n);
  expect(versions.at('192.168.0.3').endpoint).toEqual({ identity: 7, labels: ['reserved:kube-apiserver', 'reserved:remote-node'] });
  engine.take(catalog(...SERVER, toNodes({ matchLabels: { pool: 'back' } })), 2n);
  expect(versions.at('192.168.0.3').endpoint).toEqual({ identity: 33_554_434, labels: ['node:pool=back', 'reserved:kube-apiserver', 'reserved:remote-node'] });
  expect(versions.at('192.168.0.2').endpoint.identity).toBe(33_554_433);
});

test('LocalIdentities give back the same number, and never one that somebody has', () => {
  const identities = new LocalIdentities(100);
  expect(['a', 'b', 'a'].map((text) => identities.numberOf(text))).toEqual([100, 101, 100]);
  for (let i = 0; i < 65_536; i++) identities.numberOf(`churn ${i}`);
  identities.keep(new Set([100]));
  expect(identities.numberOf('a')).toBe(100);
  expect(identities.numberOf('b')).toBe(100 + 65_538);
});
