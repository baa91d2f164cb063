/** Kubernetes objects as `kubectl get -o json` prints them, cut down to what says who is who. */
export type PlainObject = Record<string, unknown>;

/** What a pod object is made of. */
export interface PodParts {
  namespace: string;
  name: string;
  node: string;
  ips: readonly string[];
  labels: Record<string, string>;
  /** Kind and name of the controller. */
  owner?: { kind: string; name: string };
}

/** Objects made here carry this time: the same fleet gives the same objects. */
const created = '2026-01-01T00:00:00Z';

/** A running pod. */
export function podObject(pod: PodParts): PlainObject {
  const owners = pod.owner === undefined ? {} : { ownerReferences: [{ ...pod.owner, apiVersion: 'v1', controller: true }] };
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: pod.name, namespace: pod.namespace, uid: `${pod.namespace}-${pod.name}`, creationTimestamp: created, labels: pod.labels, ...owners },
    spec: { nodeName: pod.node, serviceAccountName: pod.labels['app'] ?? 'default' },
    status: { phase: 'Running', podIP: pod.ips[0], podIPs: pod.ips.map((ip) => ({ ip })) },
  };
}

/** A node with its own addresses and the ranges its pods get theirs from. */
export function nodeObject(name: string, ips: readonly string[], podCidrs: readonly string[]): PlainObject {
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { name, uid: `node-${name}`, creationTimestamp: created, labels: { 'kubernetes.io/hostname': name, 'kubernetes.io/os': 'linux' } },
    spec: { podCIDR: podCidrs[0], podCIDRs: podCidrs },
    status: { addresses: [...ips.map((address) => ({ type: 'InternalIP', address })), { type: 'Hostname', address: name }] },
  };
}

/** A namespace; Kubernetes itself labels it with its name. */
export function namespaceObject(name: string): PlainObject {
  return {
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: { name, uid: `namespace-${name}`, creationTimestamp: created, labels: { 'kubernetes.io/metadata.name': name } },
  };
}

/** A service in front of the pods with label `app`. */
export function serviceObject(namespace: string, app: string, clusterIp: string, port: number, protocol = 'TCP'): PlainObject {
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: app, namespace, uid: `service-${namespace}-${app}`, creationTimestamp: created, labels: { app } },
    spec: { clusterIP: clusterIp, clusterIPs: [clusterIp], selector: { app }, ports: [{ name: 'main', port, targetPort: port, protocol }] },
  };
}

/** A job that a CronJob made. */
export function jobObject(namespace: string, name: string, cronJob: string): PlainObject {
  return {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: { name, namespace, uid: `job-${namespace}-${name}`, creationTimestamp: created, ownerReferences: [{ kind: 'CronJob', name: cronJob, controller: true }] },
  };
}
