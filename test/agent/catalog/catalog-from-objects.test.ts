import { expect, test } from 'vitest';
import { catalogFromObjects } from '../../../agent/catalog/catalog-from-objects.ts';
import { isIdentityLabel } from '../../../agent/catalog/identity-labels.ts';
import { firstIdentity, lastIdentity, numberIdentities } from '../../../agent/catalog/identity-numbers.ts';

interface PodOptions { labels?: Record<string, string>; owner?: { kind: string; name: string }; phase?: string; created?: string; hostNetwork?: boolean; ports?: unknown[] }

function pod(name: string, ip: string, options: PodOptions = {}): Record<string, unknown> {
  const [namespace = '', podName = ''] = name.split('/');
  return {
    kind: 'Pod',
    metadata: {
      name: podName, namespace, uid: `uid-${podName}`, labels: options.labels ?? {}, creationTimestamp: options.created ?? '2026-01-01T00:00:00Z',
      ownerReferences: options.owner === undefined ? [] : [{ ...options.owner, controller: true }],
    },
    spec: { nodeName: 'node-a', hostNetwork: options.hostNetwork ?? false, containers: [{ ports: options.ports ?? [] }] },
    status: { phase: options.phase ?? 'Running', podIPs: ip === '' ? [] : ip.split(',').map((each) => ({ ip: each })) },
  };
}

test('catalogFromObjects() gives a pod its addresses, labels, workload and node', () => {
  const { endpoints, warnings } = catalogFromObjects([
    { kind: 'Namespace', metadata: { name: 'shop', labels: { team: 'cart', 'kubernetes.io/metadata.name': 'shop' } } },
    pod('shop/web-5d9f7-x', '10.0.0.1,fd00::1', { labels: { app: 'web', 'pod-template-hash': '5d9f7' }, owner: { kind: 'ReplicaSet', name: 'web-5d9f7' } }),
  ]);
  expect(warnings).toEqual([]);
  expect(endpoints).toMatchObject([{ ips: ['10.0.0.1', 'fd00::1'], namespace: 'shop', pod_name: 'web-5d9f7-x', node_name: 'node-a', hostNetwork: false, workloads: [{ name: 'web', kind: 'Deployment' }] }]);
  expect(endpoints[0]?.labels).toEqual([
    'k8s:app=web',
    'k8s:io.cilium.k8s.namespace.labels.kubernetes.io/metadata.name=shop',
    'k8s:io.cilium.k8s.namespace.labels.team=cart',
    'k8s:io.cilium.k8s.policy.cluster=default',
    'k8s:io.cilium.k8s.policy.serviceaccount=default',
    'k8s:io.kubernetes.pod.namespace=shop',
  ]);
});

test.each([
  [{ kind: 'ReplicaSet', name: 'web-5d9f7' }, { 'pod-template-hash': '5d9f7' }, { name: 'web', kind: 'Deployment' }],
  [{ kind: 'ReplicaSet', name: 'web-5d9f7' }, {}, { name: 'web-5d9f7', kind: 'ReplicaSet' }],
  [{ kind: 'StatefulSet', name: 'postgres' }, {}, { name: 'postgres', kind: 'StatefulSet' }],
  [{ kind: 'Job', name: 'rewards-28473920' }, {}, { name: 'rewards', kind: 'CronJob' }],
  [{ kind: 'Job', name: 'import-1' }, {}, { name: 'import-1', kind: 'Job' }],
  [undefined, {}, { name: 'p', kind: 'Pod' }],
])('workloadOf() %j', (owner, labels, workload) => {
  const { endpoints } = catalogFromObjects([pod('shop/p', '10.0.0.1', { labels, ...(owner === undefined ? {} : { owner }) })]);
  expect(endpoints[0]?.workloads).toEqual([workload]);
});

test('workloadOf() believes the ReplicaSet and Job objects more than names', () => {
  const { endpoints } = catalogFromObjects([
    { kind: 'ReplicaSet', metadata: { name: 'odd', namespace: 'shop', ownerReferences: [{ kind: 'Rollout', name: 'canary', controller: true }] } },
    pod('shop/p', '10.0.0.1', { owner: { kind: 'ReplicaSet', name: 'odd' } }),
  ]);
  expect(endpoints[0]?.workloads).toEqual([{ name: 'canary', kind: 'Rollout' }]);
});

test('catalogFromObjects() leaves out pods that are over, have no address, or lost theirs to a younger one', () => {
  const { endpoints, warnings } = catalogFromObjects([
    pod('shop/done', '10.0.0.1', { phase: 'Succeeded' }),
    pod('shop/pending', ''),
    pod('shop/young', '10.0.0.2', { created: '2026-02-02T00:00:00Z' }),
    pod('shop/old', '10.0.0.2', { created: '2026-02-01T00:00:00Z' }),
  ]);
  expect(endpoints.map((endpoint) => endpoint.pod_name)).toEqual(['young']);
  expect(warnings).toEqual(['10.0.0.2 is claimed by pod shop/young and pod shop/old: taken as pod shop/young']);
});

test('catalogFromObjects() keeps a pod on the host network apart: identity host, address shared with the node', () => {
  const { endpoints, nodes } = catalogFromObjects([
    { kind: 'Node', metadata: { name: 'node-a', labels: { zone: 'a' } }, spec: { podCIDR: '10.0.0.0/24' }, status: { addresses: [{ type: 'Hostname', address: 'node-a' }, { type: 'ExternalIP', address: '198.51.100.1' }, { type: 'InternalIP', address: '192.0.2.1' }] } },
    pod('kube-system/proxy', '192.0.2.1', { hostNetwork: true }),
  ]);
  expect(nodes).toEqual([{ name: 'node-a', ips: ['192.0.2.1', '198.51.100.1'], labels: ['zone=a'], podCidrs: ['10.0.0.0/24'] }]);
  expect(endpoints).toMatchObject([{ hostNetwork: true, identity: 1, labels: ['reserved:host'] }]);
});

test('catalogFromObjects() fills a service from its slices, or from the pods its selector picks', () => {
  const service = (name: string): unknown => ({
    kind: 'Service', metadata: { name, namespace: 'shop' },
    spec: { clusterIP: '10.96.0.9', selector: { app: 'web' }, ports: [{ name: 'http', port: 80, targetPort: 'web' }] },
  });
  const { services } = catalogFromObjects([
    service('selected'), service('sliced'),
    { kind: 'EndpointSlice', metadata: { name: 's-1', namespace: 'shop', labels: { 'kubernetes.io/service-name': 'sliced' } }, addressType: 'IPv4', endpoints: [{ addresses: ['10.0.0.7'] }, { addresses: ['10.0.0.8'], conditions: { ready: false } }], ports: [{ name: 'http', port: 8081, protocol: 'TCP' }] },
    pod('shop/web-0', '10.0.0.1', { labels: { app: 'web' }, ports: [{ name: 'web', containerPort: 8080 }] }),
    pod('other/web-0', '10.0.0.2', { labels: { app: 'web' } }),
  ]);
  expect(services.map((fact) => [fact.name, fact.clusterIps, fact.backends])).toEqual([
    ['selected', ['10.96.0.9'], [{ ip: '10.0.0.1', port: 8080, protocol: 'TCP', portName: 'http' }]],
    ['sliced', ['10.96.0.9'], [{ ip: '10.0.0.7', port: 8081, protocol: 'TCP', portName: 'http' }]],
  ]);
});

test.each([
  ['not a mapping', 'text', ['object: not a mapping; left out']],
  ['no kind', { metadata: { name: 'x' } }, ['object x: no kind; left out']],
  ['no name', { kind: 'Pod' }, ['Pod (no name): metadata.name is missing; left out']],
  ['a bad address', pod('shop/web', '10.0.0.256'), ['Pod shop/web: status.podIPs "10.0.0.256" is not an IP address; left out']],
  ['labels that are a list', { kind: 'Pod', metadata: { name: 'web', namespace: 'shop', labels: ['a'] } }, ['Pod shop/web: labels is not a mapping; left out']],
  ['an unknown kind', { kind: 'Gadget', metadata: { name: 'g' } }, ['unknown kind Gadget: 1 object left out']],
  ['a policy', { kind: 'NetworkPolicy', metadata: { name: 'g' } }, []],
])('catalogFromObjects() survives %s', (_name, object, warnings) => {
  const snapshot = catalogFromObjects([object, pod('shop/good', '10.0.0.9')]);
  expect(snapshot.endpoints.map((endpoint) => endpoint.pod_name)).toEqual(['good']);
  expect(snapshot.warnings).toEqual(warnings);
});

test('catalogFromObjects() unfolds lists, typed lists included', () => {
  const { kind: _kind, ...bare } = pod('shop/b', '10.0.0.2');
  const { endpoints } = catalogFromObjects([{ kind: 'List', items: [pod('shop/a', '10.0.0.1')] }, { kind: 'PodList', items: [bare] }]);
  expect(endpoints.map((endpoint) => endpoint.pod_name)).toEqual(['a', 'b']);
});

test.each([
  ['app', true], ['app.kubernetes.io/name', true], ['io.kubernetes.pod.namespace', true], ['io.kubernetes.pod.name', false],
  ['kubernetes.io/arch', false], ['beta.kubernetes.io/os', false], ['pod-template-hash', false], ['statefulset.kubernetes.io/pod-name', false],
  ['io.cilium.k8s.namespace.labels.kubernetes.io/metadata.name', true], ['topology.kubernetes.io/zone', false], ['batch.kubernetes.io/job-name', true],
])('isIdentityLabel() %s is %s', (key, expected) => {
  expect(isIdentityLabel(key)).toBe(expected);
});

test('numberIdentities() agrees whatever the order, never hands a number out twice, and CiliumIdentity objects win', () => {
  const sets = Array.from({ length: 5000 }, (_, index) => `k8s:app=app-${index}`);
  const given = new Map([['k8s:app=app-7', 4711]]);
  const forward = numberIdentities(sets, given);
  const backward = numberIdentities(sets.toReversed(), given);
  expect([...forward.numbers].sort()).toEqual([...backward.numbers].sort());
  expect(new Set(forward.numbers.values()).size).toBe(5000);
  expect(forward.numbers.get('k8s:app=app-7')).toBe(4711);
  expect([...forward.numbers.values()].every((number) => number >= firstIdentity && number <= lastIdentity)).toBe(true);
});

test('numberIdentities() says when there are more label sets than numbers', () => {
  const { numbers, overflow } = numberIdentities(Array.from({ length: 65_290 }, (_, index) => `set-${index}`), new Map());
  expect(overflow).toBe(10);
  expect([...numbers.values()].filter((number) => number === 0)).toHaveLength(10);
});
