import type { ServiceBackendFact, ServiceFact, ServicePortFact } from '../decode/facts.ts';
import type { KubeObject } from './kube-object.ts';

type Service = Extract<KubeObject, { kind: 'Service' }>;
type Slice = Extract<KubeObject, { kind: 'EndpointSlice' }>;
type Pod = Extract<KubeObject, { kind: 'Pod' }>;

/** Services with their backends: from EndpointSlices where there are any, else from the pods the selector picks. */
export function servicesOf(services: readonly Service[], slices: readonly Slice[], pods: readonly Pod[]): ServiceFact[] {
  const slicesOf = groupBy(slices, (slice) => `${slice.metadata.namespace}/${slice.service}`);
  const podsOf = groupBy(pods, (pod) => pod.metadata.namespace);
  return services.map((service) => {
    const { namespace, name } = service.metadata;
    const own = slicesOf.get(`${namespace}/${name}`);
    return {
      namespace,
      name,
      clusterIps: service.clusterIps,
      ports: service.ports.map(portFact),
      backends: own === undefined ? selectBackends(service, podsOf.get(namespace) ?? []) : own.flatMap(sliceBackends),
    };
  });
}

function groupBy<T>(items: readonly T[], keyOf: (item: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const group = groups.get(keyOf(item));
    if (group === undefined) groups.set(keyOf(item), [item]);
    else group.push(item);
  }
  return groups;
}

function portFact(port: Service['ports'][number]): ServicePortFact {
  const targetPort = port.targetPort === '' ? port.port : Number(port.targetPort);
  return { name: port.name, protocol: port.protocol, port: port.port, targetPort: Number.isInteger(targetPort) ? targetPort : 0 };
}

function sliceBackends(slice: Slice): ServiceBackendFact[] {
  return slice.ips.flatMap((ip) => slice.ports.map(({ protocol, port }) => ({ ip, protocol, port })));
}

/** A service without a selector is filled by somebody else; it picks nothing. */
function selectBackends(service: Service, pods: readonly Pod[]): ServiceBackendFact[] {
  if (service.selector.size === 0) return [];
  const chosen = pods.filter((pod) => [...service.selector].every(([key, value]) => pod.metadata.labels.get(key) === value));
  return chosen.flatMap((pod) => pod.ips.flatMap((ip) => service.ports.map((port) => {
    const named = pod.containerPorts.get(port.targetPort);
    return { ip, protocol: port.protocol, port: named ?? portFact(port).targetPort };
  })));
}
