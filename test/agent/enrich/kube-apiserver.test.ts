import { expect, test } from 'vitest';
import { catalogFromObjects } from '../../../agent/catalog/catalog-from-objects.ts';
import { EndpointVersions } from '../../../agent/enrich/endpoint-versions.ts';
import { PolicyEngine } from '../../../agent/enrich/policy-engine.ts';

const SERVERS = ['203.0.113.9', '203.0.113.10'];
const egress = (rules: unknown): unknown => ({ kind: 'CiliumNetworkPolicy', metadata: { name: 'p', namespace: 'shop' }, spec: { endpointSelector: {}, egress: rules } });
const cluster = (policy: unknown): unknown[] => [
  { kind: 'Pod', metadata: { name: 'web', namespace: 'shop', uid: 'u', labels: { app: 'web' } }, spec: { nodeName: 'node-a', containers: [] }, status: { phase: 'Running', podIPs: [{ ip: '10.0.0.1' }] } },
  { kind: 'Service', metadata: { name: 'kubernetes', namespace: 'default' }, spec: { clusterIP: '10.96.0.1', ports: [{ port: 443, targetPort: 6443 }] } },
  { kind: 'EndpointSlice', metadata: { name: 'kubernetes', namespace: 'default', labels: { 'kubernetes.io/service-name': 'kubernetes' } }, addressType: 'IPv4', ports: [{ port: 6443, protocol: 'TCP' }], endpoints: SERVERS.map((ip) => ({ addresses: [ip], conditions: { ready: true } })) },
  policy,
];

test.each<[string, unknown, readonly boolean[]]>([
  ['an entity', egress([{ toEntities: ['kube-apiserver'] }]), [true, true]],
  ['the world', egress([{ toEntities: ['world'] }]), [true, true]],
  ['the network of one address', egress([{ toCIDR: ['203.0.113.9/32'] }]), [true, false]],
  ['a network without one address', egress([{ toCIDRSet: [{ cidr: '203.0.113.0/24', except: ['203.0.113.10/32'] }] }]), [true, false]],
  ['an ipBlock', { kind: 'NetworkPolicy', metadata: { name: 'p', namespace: 'shop' }, spec: { podSelector: {}, policyTypes: ['Egress'], egress: [{ to: [{ ipBlock: { cidr: '203.0.113.10/32' } }] }] } }, [false, true]],
  ['somebody else', egress([{ toEntities: ['host'] }]), [false, false]],
])('a kube-apiserver outside of the cluster is let through by rules about %s, each of its addresses by itself', (_rule, policy, isAllowed) => {
  const versions = new EndpointVersions('node-a');
  const { warnings, tables } = new PolicyEngine(versions, 'enforce').take(catalogFromObjects(cluster(policy)), 1n);
  expect(warnings).toEqual([]);
  const rows = tables.endpoints.get(versions.at('10.0.0.1').labels) ?? [];
  expect(rows.length).toBeGreaterThan(0);
  expect(SERVERS.map((ip) => versions.at(ip).endpoint.identity)).toEqual([7, 7]);
  expect(SERVERS.map((ip) => rows.some(({ peer, flags, policy: number }) => peer === versions.at(ip).labels && flags === 0 && number > 0))).toEqual(isAllowed);
});
