import type { Label } from '../../src/flow/label-selector.ts';
import type { IpBytes } from '../../src/lib/ip-bytes.ts';
import { NAMESPACE_LABEL } from './selector.ts';

/** One end of a connection, as policies see it. */
export interface PolicyEnd {
  labels: readonly Label[];
  ip: IpBytes | undefined;
  /** Names that DNS answers gave for the address, small letters, no dot at the end. */
  names: readonly string[];
  /** Services that stand behind it, or that it stands behind. */
  services: readonly { namespace: string; name: string }[];
  /** Ports of its containers by name; undefined = nobody knows. */
  ports: ReadonlyMap<string, number> | undefined;
}

const WORLD: readonly string[] = ['world', 'world-ipv4', 'world-ipv6'];

function hasReserved({ labels }: PolicyEnd, ...names: readonly string[]): boolean {
  return labels.some(({ source, key }) => source === 'reserved' && names.includes(key));
}

/** Whether policies are enforced for it: a pod. */
export function isManaged({ labels }: PolicyEnd): boolean {
  return labels.some(({ source, key }) => source === 'k8s' && key === NAMESPACE_LABEL);
}

/** Whether it is outside of the cluster, by name or by network. */
export function isWorld(end: PolicyEnd): boolean {
  return !isManaged(end) && (hasReserved(end, ...WORLD) || end.labels.some(({ source }) => source === 'cidr' || source === 'fqdn'));
}

/** Whether it is the node of the pods themselves: Kubernetes' probes come from there, and no policy stops them. */
export function isHost(end: PolicyEnd): boolean {
  return hasReserved(end, 'host');
}

/** Whether an end belongs to what Cilium calls an entity. */
export function isEntity(end: PolicyEnd, name: string): boolean {
  switch (name) {
    case 'all': return true;
    case 'none': return false;
    case 'world': return isWorld(end);
    case 'world-ipv4': return isWorld(end) && end.ip?.family !== 6;
    case 'world-ipv6': return isWorld(end) && end.ip?.family === 6;
    case 'cluster': return isManaged(end) || hasReserved(end, 'host', 'remote-node', 'init', 'health', 'unmanaged', 'ingress', 'kube-apiserver');
    default: return hasReserved(end, name);
  }
}

/** Whether it is a node, this one or another. */
export function isNode(end: PolicyEnd): boolean {
  return hasReserved(end, 'host', 'remote-node');
}
