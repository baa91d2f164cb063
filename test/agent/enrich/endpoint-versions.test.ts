import { expect, test } from 'vitest';
import { type CatalogSnapshot, type EndpointFact, emptyCatalog } from '../../../agent/decode/facts.ts';
import { EndpointVersions } from '../../../agent/enrich/endpoint-versions.ts';
import { WORLD_LABELS } from '../../../agent/enrich/label-sets.ts';
import { shop } from '../row-fixture.ts';

function refOf(update: { upserts: { ip: string; ref: number }[] }, ip: string): number {
  return update.upserts.find((row) => row.ip === ip)?.ref ?? -1;
}

test('EndpointVersions.apply() names pods and nodes, not pods on the host network', () => {
  const versions = new EndpointVersions('node-a');
  const update = versions.apply(shop, 1n);
  expect(update.upserts.map((row) => [row.ip, row.isLocal, versions.get(row.ref).endpoint.pod_name ?? versions.get(row.ref).endpoint.labels?.[0]])).toEqual([
    ['192.168.0.1', false, 'reserved:host'],
    ['192.168.0.2', false, 'reserved:remote-node'],
    ['10.0.1.5', true, 'web'],
    ['fd00::5', true, 'web'],
    ['10.0.2.7', false, 'api'],
  ]);
  expect(update.changes.map((change) => [change.kind, change.subject])).toEqual([
    ['endpoint-added', 'node-a'], ['endpoint-added', 'node-b'], ['endpoint-added', 'shop/web'], ['endpoint-added', 'shop/api'],
  ]);
  expect(versions.apply(shop, 2n)).toEqual({ upserts: [], removals: [], networks: [], changes: [] });
});

test('EndpointVersions keep the name of the past when an address gets a new owner', () => {
  const versions = new EndpointVersions('node-a');
  const before = refOf(versions.apply(shop, 1n), '10.0.2.7');
  const heir = { ...shop.endpoints[1], pod_name: 'heir', uid: 'u9' } as CatalogSnapshot['endpoints'][number];
  const update = versions.apply({ ...shop, endpoints: [...shop.endpoints.slice(0, 1), heir] }, 2n);
  const after = refOf(update, '10.0.2.7');
  expect(after).toBeGreaterThan(before);
  expect([versions.get(before).endpoint.pod_name, versions.get(after).endpoint.pod_name]).toEqual(['api', 'heir']);
  expect(update.changes.map((change) => change.kind).toSorted()).toEqual(['endpoint-added', 'endpoint-removed']);
  expect(versions.apply({ ...shop, endpoints: [] }, 3n).removals.toSorted()).toEqual(['10.0.1.5', '10.0.2.7', 'fd00::5']);
});

test('EndpointVersions give pods of the same labels one label set, without a pod name', () => {
  const versions = new EndpointVersions('node-a');
  const twin = { ...shop.endpoints[0], pod_name: 'web-2', ips: ['10.0.1.6'], uid: 'u7' } as CatalogSnapshot['endpoints'][number];
  const { upserts } = versions.apply({ ...shop, endpoints: [...shop.endpoints, twin] }, 1n);
  const labels = upserts.filter((row) => row.ip.startsWith('10.0.1.')).map((row) => row.labels);
  expect(new Set(labels).size).toBe(1);
  expect(versions.labelSet(labels[0] ?? 0).endpoint).toEqual({ identity: 300, namespace: 'shop', labels: shop.endpoints[0]?.labels, workloads: shop.endpoints[0]?.workloads });
  expect(versions.labelSet(WORLD_LABELS).endpoint).toMatchObject({ identity: 2, labels: ['reserved:world'] });
  expect(versions.get(99_999)).toBe(versions.world);
});

test('EndpointVersions tell a changed identity', () => {
  const versions = new EndpointVersions('node-a');
  versions.apply(shop, 1n);
  const relabelled = { ...shop.endpoints[0], identity: 999 } as CatalogSnapshot['endpoints'][number];
  const update = versions.apply({ ...shop, endpoints: [relabelled, ...shop.endpoints.slice(1)] }, 5n);
  expect(update.changes).toMatchObject([{ kind: 'identity-changed', subject: 'shop/web', detail: '300 to 999: its labels are the same, their number is another', oldIdentity: 300, timeNs: 5n }]);
  expect(update.upserts.map((row) => row.ip)).toEqual(['10.0.1.5', 'fd00::5']);
});

test.each<[string, readonly string[], string]>([
  ['another value', ['k8s:app=web-2', 'k8s:io.kubernetes.pod.namespace=shop'], 'app=web is now app=web-2'],
  ['one more and one less', ['k8s:io.kubernetes.pod.namespace=shop', 'k8s:tier=front'], 'tier=front is new; app=web is gone'],
  ['more than anybody reads', [1, 2, 3, 4, 5, 6].map((n) => `k8s:l${n}=`), 'l1= is new; l2= is new; l3= is new; l4= is new; 4 more labels'],
])('EndpointVersions say which labels made the new identity: %s', (_case, labels, words) => {
  const versions = new EndpointVersions('node-a');
  versions.apply(shop, 1n);
  const relabelled = { ...shop.endpoints[0], labels, identity: 999 } as CatalogSnapshot['endpoints'][number];
  expect(versions.apply({ ...shop, endpoints: [relabelled, ...shop.endpoints.slice(1)] }, 5n).changes).toMatchObject([{ detail: `300 to 999: ${words}` }]);
});

test.each<[string, string, number, readonly string[]]>([
  ['on another node', '192.168.0.2', 7, ['reserved:kube-apiserver', 'reserved:remote-node']],
  ['on this node', '192.168.0.1', 1, ['reserved:host', 'reserved:kube-apiserver']],
  ['outside of the cluster', '203.0.113.9', 7, ['cidr:203.0.113.9/32', 'reserved:kube-apiserver', 'reserved:world']],
  ['in a pod, which stays what it is', '10.0.2.7', 301, ['k8s:app=api', 'k8s:io.kubernetes.pod.namespace=shop']],
])('EndpointVersions know the kube-apiserver by the backends of default/kubernetes: %s', (_case, ip, identity, labels) => {
  const versions = new EndpointVersions('node-a');
  const kubernetes = { namespace: 'default', name: 'kubernetes', clusterIps: ['10.96.0.1'], ports: [], backends: [{ ip, port: 6443, protocol: 'TCP', portName: 'https' }] };
  versions.apply({ ...shop, services: [kubernetes] }, 1n);
  expect(versions.at(ip).endpoint).toMatchObject({ identity, labels });
  expect(versions.at('192.168.0.1').endpoint.labels).toContain('reserved:host');
  versions.apply(shop, 2n);
  expect(versions.at(ip).endpoint.labels).not.toContain('reserved:kube-apiserver');
});

test('EndpointVersions give local pods a number that a restart keeps, and remote pods none', () => {
  const number = (node: string, pod: string): number | undefined => {
    const versions = new EndpointVersions(node);
    const { upserts } = versions.apply(shop, 1n);
    return upserts.map((row) => versions.get(row.ref).endpoint).find((endpoint) => endpoint.pod_name === pod)?.ID;
  };
  const id = number('node-a', 'web') ?? 0;
  expect(id).toBeGreaterThan(0);
  expect(id).toBeLessThan(65_536);
  expect(number('node-a', 'web')).toBe(id);
  expect([number('node-a', 'api'), number('node-b', 'web')]).toEqual([undefined, undefined]);
});

test('EndpointVersions take the cluster name from the label of the identity', () => {
  const versions = new EndpointVersions('node-a');
  const [web] = shop.endpoints;
  const { upserts } = versions.apply({ ...shop, endpoints: [{ ...web, labels: ['k8s:app=web', 'k8s:io.cilium.k8s.policy.cluster=prod'] } as CatalogSnapshot['endpoints'][number]] }, 1n);
  expect(upserts.map((row) => versions.get(row.ref).endpoint.cluster_name)).toContain('prod');
});

test.each<[string, readonly string[], number]>([
  ['one family', ['10.0.1.5'], 2],
  ['both families', ['10.0.1.5', 'fd00::5'], 9],
])('EndpointVersions.of() has the world of a cluster with %s, and keeps to it', (_name, ips, world) => {
  const versions = new EndpointVersions('node-a');
  const [web] = shop.endpoints;
  versions.apply({ ...shop, endpoints: [{ ...web, ips: [...ips] } as CatalogSnapshot['endpoints'][number]] }, 1n);
  expect(versions.of(0, false).endpoint.identity).toBe(world);
  // what was read once must read the same when the second family comes later
  versions.apply({ ...shop, endpoints: [{ ...web, ips: ['10.0.1.5', 'fd00::5'] } as CatalogSnapshot['endpoints'][number]] }, 2n);
  expect(versions.of(0, false).endpoint.identity).toBe(world);
});

test('apply() of the same catalog gives the same versions, and a version is encoded once, when a flow names it', () => {
  const versions = new EndpointVersions('node-a');
  const fact: EndpointFact = { ips: ['10.0.0.1'], namespace: 'shop', pod_name: 'web', labels: ['k8s:app=web'], workloads: [{ name: 'web', kind: 'Deployment' }], identity: 300, node_name: 'node-a', hostNetwork: false, uid: 'u' };
  const catalog = (): CatalogSnapshot => structuredClone({ ...emptyCatalog, endpoints: [fact] });
  const ref = versions.apply(catalog(), 1n).upserts[0]?.ref ?? 0;
  const version = versions.get(ref);
  expect(versions.apply(catalog(), 2n)).toEqual({ upserts: [], removals: [], networks: [], changes: [] });
  expect(versions.get(ref)).toBe(version);
  expect(version.chunk).toBe(version.chunk);
});
