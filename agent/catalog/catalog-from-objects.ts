import type { CatalogSnapshot, EndpointFact, NamespaceFact, NodeFact } from '../decode/facts.ts';
import { identityLabels } from './identity-labels.ts';
import { labelSetKey, numberIdentities } from './identity-numbers.ts';
import { type KubeObject, nameObject, readObject, unfoldList } from './kube-object.ts';
import type { PolicyObject } from '../policy/policy.ts';
import { readPolicyObject } from './policy-object.ts';
import { servicesOf } from './services.ts';
import { type OwnerLookup, workloadOf } from './workload.ts';

type OfKind<K extends KubeObject['kind']> = Extract<KubeObject, { kind: K }>;

/** Identity numbers that Cilium reserves, as far as the catalog hands them out. */
export const identityHost = 1;

/** Who is who, from plain Kubernetes objects as YAML or JSON parsers give them. Pure; whatever cannot be understood becomes a line in `warnings`. */
export function catalogFromObjects(objects: readonly unknown[]): CatalogSnapshot {
  const read: KubeObject[] = [];
  const warnings: string[] = [];
  const unknownKinds = new Map<string, number>();
  const policies: PolicyObject[] = [];
  for (const object of objects.flatMap(unfoldList)) {
    const policy = readPolicyObject(object);
    if (policy.result === 'read') policies.push(policy.object);
    if (policy.result === 'refused') warnings.push(`${nameObject(object)}: ${policy.reason}; it is not in force`);
    const reading = readObject(object);
    if (reading.result === 'read') read.push(reading.object);
    if (reading.result === 'broken') warnings.push(`${nameObject(object)}: ${reading.reason}; left out`);
    if (reading.result === 'unknown') unknownKinds.set(reading.kind, (unknownKinds.get(reading.kind) ?? 0) + 1);
  }
  warnings.push(...describeUnknownKinds(unknownKinds));
  const snapshot = buildCatalog(read);
  return { ...snapshot, policies, warnings: [...warnings, ...snapshot.warnings] };
}

/** One line per kind that the catalog has no use for. */
export function describeUnknownKinds(kinds: ReadonlyMap<string, number>): string[] {
  return [...kinds].map(([kind, count]) => `unknown kind ${kind}: ${count} object${count === 1 ? '' : 's'} left out`);
}

/** Joins objects into facts: identities over all of them, workloads, services with what stands behind. */
export function buildCatalog(objects: readonly KubeObject[]): CatalogSnapshot {
  const warnings: string[] = [];
  const namespaces = ofKind(objects, 'Namespace');
  const pods = ofKind(objects, 'Pod').filter((pod) => !pod.isOver && pod.ips.length > 0);
  return {
    endpoints: endpointsOf(pods, objects, warnings),
    services: servicesOf(ofKind(objects, 'Service'), ofKind(objects, 'EndpointSlice'), pods),
    nodes: ofKind(objects, 'Node').map(nodeFact),
    policies: [],
    namespaces: namespaces.map((namespace): NamespaceFact => ({ name: namespace.metadata.name, labels: labelTexts(namespace.metadata.labels) })),
    warnings,
  };
}

function ofKind<K extends KubeObject['kind']>(objects: readonly KubeObject[], kind: K): OfKind<K>[] {
  return objects.filter((object): object is OfKind<K> => object.kind === kind);
}

function labelTexts(labels: ReadonlyMap<string, string>): string[] {
  return [...labels].map(([key, value]) => `${key}=${value}`).sort();
}

function nodeFact(node: OfKind<'Node'>): NodeFact {
  return { name: node.metadata.name, ips: node.ips, labels: labelTexts(node.metadata.labels), podCidrs: node.podCidrs };
}

function endpointsOf(pods: readonly OfKind<'Pod'>[], objects: readonly KubeObject[], warnings: string[]): EndpointFact[] {
  const namespaceLabels = new Map(ofKind(objects, 'Namespace').map((namespace) => [namespace.metadata.name, namespace.metadata.labels]));
  const given = new Map(ofKind(objects, 'CiliumIdentity').map((identity) => [labelSetKey(identity.securityLabels), identity.identity]));
  const labelled = claimAddresses(pods, warnings).map(({ pod, ips }) => {
    const { namespace, labels } = pod.metadata;
    const own = identityLabels({ namespace, labels, serviceAccount: pod.serviceAccount }, namespaceLabels.get(namespace) ?? new Map());
    return { pod, ips, labels: pod.hostNetwork ? ['reserved:host'] : own };
  });
  const sets = labelled.filter(({ pod }) => !pod.hostNetwork).map(({ labels }) => labelSetKey(labels));
  const { numbers, overflow } = numberIdentities(sets, given);
  if (overflow > 0) warnings.push(`${overflow} label sets found no identity number: all of 256 to 65535 are taken`);
  const ownerOf = ownerLookup(objects);
  return labelled.map(({ pod, ips, labels }) => ({
    ips,
    namespace: pod.metadata.namespace,
    pod_name: pod.metadata.name,
    labels,
    workloads: [workloadOf(pod.metadata, ownerOf)],
    identity: pod.hostNetwork ? identityHost : (numbers.get(labelSetKey(labels)) ?? 0),
    node_name: pod.nodeName,
    hostNetwork: pod.hostNetwork,
    namedPorts: [...pod.containerPorts].filter(([name]) => name !== '').sort(),
    uid: pod.metadata.uid || `${pod.metadata.namespace}/${pod.metadata.name}`,
  }));
}

/** An address belongs to one pod: where two claim it, the younger object has it. */
function claimAddresses(pods: readonly OfKind<'Pod'>[], warnings: string[]): { pod: OfKind<'Pod'>; ips: string[] }[] {
  const owners = new Map<string, OfKind<'Pod'>>();
  for (const pod of pods) {
    if (pod.hostNetwork) continue;
    for (const ip of pod.ips) {
      const other = owners.get(ip);
      const winner = other !== undefined && other.metadata.created > pod.metadata.created ? other : pod;
      owners.set(ip, winner);
      if (other !== undefined) warnings.push(`${ip} is claimed by ${podName(other)} and ${podName(pod)}: taken as ${podName(winner)}`);
    }
  }
  return pods.map((pod) => ({ pod, ips: pod.hostNetwork ? pod.ips : pod.ips.filter((ip) => owners.get(ip) === pod) }))
    .filter(({ ips }) => ips.length > 0);
}

function podName(pod: OfKind<'Pod'>): string {
  return `pod ${pod.metadata.namespace}/${pod.metadata.name}`;
}

function ownerLookup(objects: readonly KubeObject[]): OwnerLookup {
  const owners = new Map<string, { kind: string; name: string }>();
  for (const { kind, metadata } of objects) {
    if ((kind === 'ReplicaSet' || kind === 'Job') && metadata.owner !== undefined) owners.set(`${kind} ${metadata.namespace}/${metadata.name}`, metadata.owner);
  }
  return (kind, namespace, name) => owners.get(`${kind} ${namespace}/${name}`);
}
