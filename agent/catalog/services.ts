import type { ServiceBackendFact, ServiceFact, ServicePortFact } from '../decode/facts.ts';
import type { KubeObject } from './kube-object.ts';

/** Backends of one service; more are left out. */
const maxBackends = 16_384;

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
      backends: upTo(maxBackends, own === undefined ? selectBackends(service, podsOf.get(namespace) ?? []) : own.flatMap(sliceBackendSets)),
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

/** Sets are made one after the other, so that what is left out is never made. */
type BackendSet = () => ServiceBackendFact[];

function upTo(count: number, sets: readonly BackendSet[]): ServiceBackendFact[] {
  const backends: ServiceBackendFact[] = [];
  for (const set of sets) {
    if (backends.length >= count) break;
    backends.push(...set());
  }
  return backends.slice(0, count);
}

function sliceBackendSets(slice: Slice): BackendSet[] {
  return slice.ips.map((ip) => () => slice.ports.map(({ name, protocol, port }) => ({ ip, protocol, port, portName: name })));
}

/** A service without a selector is filled by somebody else; it picks nothing. */
function selectBackends(service: Service, pods: readonly Pod[]): BackendSet[] {
  if (service.selector.size === 0) return [];
  const chosen = pods.filter((pod) => [...service.selector].every(([key, value]) => pod.metadata.labels.get(key) === value));
  return chosen.map((pod) => () => pod.ips.flatMap((ip) => service.ports.map((port) => {
    const named = pod.containerPorts.get(port.targetPort);
    return { ip, protocol: port.protocol, port: named ?? portFact(port).targetPort, portName: port.name };
  })));
}
