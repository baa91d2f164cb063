import { formatIp, parseIp } from '../../src/lib/ip-bytes.ts';
import { type Mapping, ShapeError, isMapping, mappingAt, mappingsAt, numberAt, textAt, textMapAt, textsAt } from './object-reader.ts';

/** The metadata every object has. */
export interface Metadata {
  name: string;
  namespace: string;
  uid: string;
  created: string;
  labels: Map<string, string>;
  owner: { kind: string; name: string } | undefined;
}

/** The objects the catalog understands, cut down to what it uses. */
export type KubeObject =
  | { kind: 'Pod'; metadata: Metadata; ips: string[]; nodeName: string; hostNetwork: boolean; serviceAccount: string; isOver: boolean; containerPorts: Map<string, number> }
  | { kind: 'Namespace'; metadata: Metadata }
  | { kind: 'Node'; metadata: Metadata; ips: string[]; podCidrs: string[] }
  | { kind: 'Service'; metadata: Metadata; clusterIps: string[]; selector: Map<string, string>; ports: { name: string; protocol: string; port: number; targetPort: string }[] }
  | { kind: 'EndpointSlice'; metadata: Metadata; service: string; ips: string[]; ports: { name: string; protocol: string; port: number }[] }
  | { kind: 'CiliumIdentity'; metadata: Metadata; identity: number; securityLabels: string[] }
  | { kind: 'ReplicaSet' | 'Job'; metadata: Metadata };

/** What one object turned out to be. `ignored`: a kind of Kubernetes that says nothing about who is who. */
export type ObjectReading =
  | { result: 'read'; object: KubeObject }
  | { result: 'ignored' }
  | { result: 'unknown'; kind: string }
  | { result: 'broken'; reason: string };

/** What the wire can carry. */
const maxIdentity = 0xffff_ffff;
/** Ports of all containers of a pod; with their names they stand for targets of services. */
const maxPodPorts = 1_024;

/** Kinds that a catalog may well hold and that say nothing about addresses; policies are read by another part. */
const ignoredKinds = new Set([
  'NetworkPolicy', 'CiliumNetworkPolicy', 'CiliumClusterwideNetworkPolicy', 'CiliumEndpoint', 'CiliumNode', 'Deployment', 'DaemonSet',
  'StatefulSet', 'CronJob', 'ConfigMap', 'Secret', 'ServiceAccount', 'Ingress', 'Endpoints', 'ReplicationController', 'PodDisruptionBudget',
  'HorizontalPodAutoscaler', 'PersistentVolumeClaim', 'PersistentVolume', 'Role', 'RoleBinding', 'ClusterRole', 'ClusterRoleBinding', 'Event',
]);

/** `Kind namespace/name` as far as the object tells. */
export function nameObject(object: unknown): string {
  if (!isMapping(object)) return 'object';
  const kind = typeof object['kind'] === 'string' ? object['kind'] : 'object';
  const metadata = isMapping(object['metadata']) ? object['metadata'] : {};
  const name = typeof metadata['name'] === 'string' ? metadata['name'] : '(no name)';
  return typeof metadata['namespace'] === 'string' ? `${kind} ${metadata['namespace']}/${name}` : `${kind} ${name}`;
}

/** Reads one plain object; never throws on whatever it is given. */
export function readObject(object: unknown): ObjectReading {
  if (!isMapping(object)) return { result: 'broken', reason: 'not a mapping' };
  try {
    const kind = textAt(object, 'kind');
    if (kind === '') return { result: 'broken', reason: 'no kind' };
    if (ignoredKinds.has(kind)) return { result: 'ignored' };
    const read = readers.get(kind);
    return read === undefined ? { result: 'unknown', kind } : { result: 'read', object: read(object, readMetadata(object)) };
  } catch (error) {
    // whatever else an object brings about, such as a stack that is too deep, the others are read
    return { result: 'broken', reason: error instanceof Error ? error.message : String(error) };
  }
}

const readers = new Map<string, (object: Mapping, metadata: Metadata) => KubeObject>([
  ['Pod', readPod],
  ['Namespace', (_object, metadata) => ({ kind: 'Namespace', metadata })],
  ['Node', readNode],
  ['Service', readService],
  ['EndpointSlice', readEndpointSlice],
  ['CiliumIdentity', readIdentity],
  ['ReplicaSet', (_object, metadata) => ({ kind: 'ReplicaSet', metadata })],
  ['Job', (_object, metadata) => ({ kind: 'Job', metadata })],
]);

/** Kinds that live in a namespace; one without is in `default`, as kubectl has it. */
const namespacedKinds = new Set(['Pod', 'Service', 'EndpointSlice', 'ReplicaSet', 'Job']);

function readMetadata(object: Mapping): Metadata {
  const metadata = mappingAt(object, 'metadata');
  const name = textAt(metadata, 'name');
  if (name === '') throw new ShapeError('metadata.name is missing');
  const owners = mappingsAt(metadata, 'ownerReferences');
  const owner = owners.find((candidate) => candidate['controller'] === true) ?? owners[0];
  return {
    name,
    namespace: textAt(metadata, 'namespace') || (namespacedKinds.has(textAt(object, 'kind')) ? 'default' : ''),
    uid: textAt(metadata, 'uid'),
    created: textAt(metadata, 'creationTimestamp'),
    labels: textMapAt(metadata, 'labels'),
    owner: owner === undefined ? undefined : { kind: textAt(owner, 'kind'), name: textAt(owner, 'name') },
  };
}

/** In the one way to write them that flows have, too: two ways to write one address would be two owners of it. */
function checkIps(ips: string[], where: string): string[] {
  return [...new Set(ips.map((ip) => {
    const address = parseIp(ip);
    if (address === undefined) throw new ShapeError(`${where} "${ip}" is not an IP address`);
    return formatIp(address.bytes, address.family);
  }))];
}

function readPod(object: Mapping, metadata: Metadata): KubeObject {
  const spec = mappingAt(object, 'spec');
  const status = mappingAt(object, 'status');
  const ips = mappingsAt(status, 'podIPs').map((entry) => textAt(entry, 'ip'));
  const single = textAt(status, 'podIP');
  const phase = textAt(status, 'phase');
  const ports: Mapping[] = [];
  for (const container of mappingsAt(spec, 'containers')) {
    ports.push(...mappingsAt(container, 'ports'));
    if (ports.length > maxPodPorts) throw new ShapeError(`containers have more than ${maxPodPorts} ports`);
  }
  return {
    kind: 'Pod',
    metadata,
    ips: checkIps(ips.length > 0 || single === '' ? ips : [single], 'status.podIPs'),
    nodeName: textAt(spec, 'nodeName'),
    hostNetwork: spec['hostNetwork'] === true,
    serviceAccount: textAt(spec, 'serviceAccountName') || textAt(spec, 'serviceAccount') || 'default',
    isOver: phase === 'Succeeded' || phase === 'Failed',
    containerPorts: new Map(ports.map((port) => [textAt(port, 'name'), numberAt(port, 'containerPort')])),
  };
}

function readNode(object: Mapping, metadata: Metadata): KubeObject {
  const spec = mappingAt(object, 'spec');
  const addresses = mappingsAt(mappingAt(object, 'status'), 'addresses').map((entry) => ({ type: textAt(entry, 'type'), address: textAt(entry, 'address') }));
  const pick = (type: string): string[] => addresses.filter((entry) => entry.type === type).map((entry) => entry.address);
  const cidrs = textsAt(spec, 'podCIDRs');
  const single = textAt(spec, 'podCIDR');
  return {
    kind: 'Node',
    metadata,
    ips: checkIps([...pick('InternalIP'), ...pick('ExternalIP')], 'status.addresses'),
    podCidrs: cidrs.length > 0 || single === '' ? cidrs : [single],
  };
}

function readService(object: Mapping, metadata: Metadata): KubeObject {
  const spec = mappingAt(object, 'spec');
  const many = textsAt(spec, 'clusterIPs');
  const ips = (many.length > 0 ? many : [textAt(spec, 'clusterIP')]).filter((ip) => ip !== '' && ip !== 'None');
  return {
    kind: 'Service',
    metadata,
    clusterIps: checkIps(ips, 'spec.clusterIPs'),
    selector: textMapAt(spec, 'selector'),
    ports: mappingsAt(spec, 'ports').map((port) => ({
      name: textAt(port, 'name'),
      protocol: textAt(port, 'protocol') || 'TCP',
      port: numberAt(port, 'port'),
      targetPort: textAt(port, 'targetPort'),
    })),
  };
}

function readEndpointSlice(object: Mapping, metadata: Metadata): KubeObject {
  const ready = mappingsAt(object, 'endpoints').filter((endpoint) => mappingAt(endpoint, 'conditions')['ready'] !== false);
  return {
    kind: 'EndpointSlice',
    metadata,
    service: metadata.labels.get('kubernetes.io/service-name') ?? '',
    // an FQDN slice names no addresses
    // of the addresses of an endpoint only the first counts (discovery/v1)
    ips: textAt(object, 'addressType') === 'FQDN' ? [] : checkIps(ready.flatMap((endpoint) => textsAt(endpoint, 'addresses').slice(0, 1)), 'endpoints.addresses'),
    ports: mappingsAt(object, 'ports').map((port) => ({ name: textAt(port, 'name'), protocol: textAt(port, 'protocol') || 'TCP', port: numberAt(port, 'port') })),
  };
}

function readIdentity(object: Mapping, metadata: Metadata): KubeObject {
  if (!/^\d{1,10}$/.test(metadata.name) || Number(metadata.name) > maxIdentity) throw new ShapeError('metadata.name of a CiliumIdentity is not a number of 32 bits');
  const labels = textMapAt(object, 'security-labels');
  return { kind: 'CiliumIdentity', metadata, identity: Number(metadata.name), securityLabels: [...labels].map(([key, value]) => `${key}=${value}`).sort() };
}

/** The objects inside, when it is a list (`List`, `PodList`, …); else the object itself. */
export function unfoldList(object: unknown): unknown[] {
  if (!isMapping(object) || typeof object['kind'] !== 'string' || !object['kind'].endsWith('List')) return [object];
  if (!Array.isArray(object['items'])) return [object];
  // items of a typed list leave out their kind
  const itemKind = object['kind'].slice(0, -'List'.length);
  // the one list without a bound: a cluster
  return object['items'].map((item) => (isMapping(item) && item['kind'] === undefined && itemKind !== '' ? { ...item, kind: itemKind } : item));
}
