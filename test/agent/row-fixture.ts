import { type CatalogSnapshot, emptyCatalog } from '../../agent/decode/facts.ts';
import { EndpointVersions } from '../../agent/enrich/endpoint-versions.ts';
import { type RowContext, ServiceLookup, makeUuidPrefix } from '../../agent/enrich/row-context.ts';
import { ServiceNumbers } from '../../agent/enrich/service-numbers.ts';

/** shop/web on the node itself, shop/api elsewhere, and a service before it. */
export const shop: CatalogSnapshot = {
  ...emptyCatalog,
  endpoints: [
    {
      ips: ['10.0.1.5', 'fd00::5'], namespace: 'shop', pod_name: 'web', labels: ['k8s:app=web', 'k8s:io.kubernetes.pod.namespace=shop'],
      workloads: [{ name: 'web', kind: 'Deployment' }], identity: 300, node_name: 'node-a', hostNetwork: false, uid: 'u1',
    },
    {
      ips: ['10.0.2.7'], namespace: 'shop', pod_name: 'api', labels: ['k8s:app=api', 'k8s:io.kubernetes.pod.namespace=shop'],
      workloads: [], identity: 301, node_name: 'node-b', hostNetwork: false, uid: 'u2',
    },
    {
      ips: ['192.168.0.1'], namespace: 'kube-system', pod_name: 'proxy', labels: [], workloads: [], identity: 1, node_name: 'node-a', hostNetwork: true, uid: 'u3',
    },
  ],
  services: [{ namespace: 'shop', name: 'api', clusterIps: ['10.96.0.9'], ports: [{ name: 'http', protocol: 'TCP', port: 80, targetPort: 8080 }], backends: [] }],
  nodes: [
    { name: 'node-a', ips: ['192.168.0.1'], labels: ['zone=one'], podCidrs: [] },
    { name: 'node-b', ips: ['192.168.0.2'], labels: [], podCidrs: [] },
  ],
};

/** What rows mean on node-a once it knows the shop. */
export function shopContext(): RowContext {
  const versions = new EndpointVersions('node-a');
  versions.apply(shop, 0n);
  const services = new ServiceLookup(shop);
  const numbers = new ServiceNumbers();
  numbers.apply(shop);
  return {
    nodeName: 'node-a',
    nodeLabels: ['zone=one'],
    versions,
    emitterVersion: '1.19.4+hubtop',
    uuidPrefix: makeUuidPrefix('node-a', 'boot'),
    deviceName: (ifindex) => (ifindex === 12 ? 'veth-web' : ''),
    dropReasonName: (reason) => ({ name: reason === 3 ? 'NO_SOCKET' : `REASON_${reason}`, subsystem: 'core' }),
    service: (ip, port) => services.get(ip, port),
    serviceOf: (number) => numbers.get(number),
    hasServices: () => true,
  };
}
