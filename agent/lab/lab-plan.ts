import { formatIp, parseIp } from '../../src/lib/ip-bytes.ts';
import { namespaceObject, nodeObject, podObject, serviceObject, type PlainObject } from '../demo/kube-objects.ts';
import type { PodRole } from './pod-roles.ts';

/** A node: a network namespace with a link to the other one. */
export interface LabNode {
  name: string;
  /** Network namespace. */
  netns: string;
  ipv4: string;
  ipv6: string;
  podCidr4: string;
  podCidr6: string;
}

/** A pod: a network namespace with a veth into its node's. */
export interface LabPod {
  namespace: string;
  name: string;
  app: string;
  node: string;
  netns: string;
  ipv4: string;
  ipv6: string;
  /** Name of the veth's end in the node's namespace. */
  device: string;
  mac: string;
  roles: PodRole[];
}

/** A pocket cluster: who there is, and what each does. */
export interface LabPlan {
  id: string;
  nodes: LabNode[];
  pods: LabPod[];
  objects: PlainObject[];
}

/** MAC address of every host side veth, as Calico has it: pods need not ask for it. */
export const hostMac = 'ee:ee:ee:ee:ee:ee';

interface PodSpec {
  namespace: string;
  name: string;
  app: string;
  node: 'node-a' | 'node-b';
  owner: { kind: string; name: string };
}

const specs: readonly PodSpec[] = [
  { namespace: 'shop', name: 'web-7f6c-2xkzp', app: 'web', node: 'node-a', owner: { kind: 'ReplicaSet', name: 'web-7f6c' } },
  { namespace: 'shop', name: 'api-5d9b-8hq4m', app: 'api', node: 'node-a', owner: { kind: 'ReplicaSet', name: 'api-5d9b' } },
  { namespace: 'kube-system', name: 'dns-6c8f-j9wld', app: 'dns', node: 'node-a', owner: { kind: 'ReplicaSet', name: 'dns-6c8f' } },
  { namespace: 'default', name: 'commentary-fanout-5f6d-hq2c', app: 'commentary-fanout', node: 'node-a', owner: { kind: 'ReplicaSet', name: 'commentary-fanout-5f6d' } },
  { namespace: 'shop', name: 'web-7f6c-9plmw', app: 'web', node: 'node-b', owner: { kind: 'ReplicaSet', name: 'web-7f6c' } },
  { namespace: 'payments', name: 'payments-84bf-q6rvn', app: 'payments', node: 'node-b', owner: { kind: 'ReplicaSet', name: 'payments-84bf' } },
  { namespace: 'shop', name: 'refused-job-4kfzx', app: 'refused-job', node: 'node-b', owner: { kind: 'Job', name: 'refused-job' } },
  { namespace: 'default', name: 'chat-relay-84bb-v5ms', app: 'chat-relay', node: 'node-b', owner: { kind: 'ReplicaSet', name: 'chat-relay-84bb' } },
];

const ports = { web: 8000, api: 8080, payments: 9090, dns: 53, chat: 50051, closed: 9999 } as const;
const virtualIps = { web: '10.96.1.10', api: '10.96.1.11', payments: '10.96.1.12', chat: '10.96.1.13', dns: '10.96.0.10' } as const;
const firstPodAddress = 10;

/** The plan of the lab with this id (letters and digits, at most six: names of links are short). With services, somebody at the sockets must translate them. */
export function planLab(id: string, { hasServices = false } = {}): LabPlan {
  const nodes = ['node-a', 'node-b'].map((name, index): LabNode => ({
    name,
    netns: `ht-lab-${id}-${name}`,
    ipv4: `172.30.251.${index + 1}`,
    ipv6: `fd00:251::${index + 1}`,
    podCidr4: `10.251.${index + 1}.0/24`,
    podCidr6: `fd00:251:${index + 1}::/64`,
  }));
  const bare = specs.map((spec, index) => placePod(id, spec, index));
  const pods = bare.map((pod): LabPod => ({ ...pod, roles: [...rolesOf(pod.app, bare), ...(hasServices ? serviceRoles(pod.app) : [])] }));
  return { id, nodes, pods, objects: labObjects(nodes, pods) };
}

function placePod(id: string, spec: PodSpec, index: number): Omit<LabPod, 'roles'> {
  const node = spec.node === 'node-a' ? 1 : 2;
  const address = firstPodAddress + index;
  const ipv4 = `10.251.${node}.${address}`;
  const mac = [0x0a, 0x58, ...(parseIp(ipv4)?.bytes.subarray(0, 4) ?? [])].map((byte) => byte.toString(16).padStart(2, '0')).join(':');
  const ipv6 = parseIp(`fd00:251:${node}::${address.toString(16)}`);
  return {
    namespace: spec.namespace, name: spec.name, app: spec.app, node: spec.node,
    netns: `ht-lab-${id}-${spec.name}`,
    ipv4,
    ipv6: ipv6 === undefined ? '' : formatIp(ipv6.bytes, 6),
    device: `htl${address}`,
    mac,
  };
}

function rolesOf(app: string, pods: readonly Omit<LabPod, 'roles'>[]): PodRole[] {
  const find = (wanted: string): Omit<LabPod, 'roles'> => {
    const pod = pods.find((candidate) => candidate.app === wanted);
    if (pod === undefined) throw new Error(`no pod of ${wanted} in the lab`);
    return pod;
  };
  const dns = { servers: [find('dns').ipv4, find('dns').ipv6] };
  switch (app) {
    case 'web':
      return [
        { role: 'http-server', port: ports.web, responseBytes: 2_000 },
        { role: 'http-client', host: 'api.shop.svc.cluster.local', port: ports.api, path: '/cart', everyMs: 300, dns, family: 'both', isKeptAlive: false },
        { role: 'http-client', host: 'api.shop.svc.cluster.local', port: ports.api, path: '/live', everyMs: 60, dns, family: 'ipv4', isKeptAlive: true },
        { role: 'http-client', host: 'api.shop.svc.cluster.local', port: ports.api, path: '/live6', everyMs: 80, dns, family: 'ipv6', isKeptAlive: true },
      ];
    case 'api':
      return [{ role: 'http-server', port: ports.api, responseBytes: 24_000, upstream: { host: 'payments.payments.svc.cluster.local', port: ports.payments, dns } }];
    case 'payments':
      return [{ role: 'http-server', port: ports.payments, responseBytes: 900 }];
    case 'dns':
      return [{ role: 'dns-server', port: ports.dns, names: dnsNames(pods) }];
    case 'refused-job':
      return [
        { role: 'connector', ip: find('payments').ipv4, port: ports.closed, everyMs: 1_000 },
        // Answered by ICMP errors, in both families.
        { role: 'datagrams', ip: find('payments').ipv4, port: ports.closed, everyMs: 5_000, payload: 'anybody there?' },
        { role: 'datagrams', ip: find('payments').ipv6, port: ports.closed, everyMs: 7_000, payload: 'anybody there?' },
      ];
    case 'commentary-fanout':
      return [{ role: 'connector', ip: find('chat-relay').ipv4, port: ports.chat, everyMs: 4_000, payload: 'score update' }];
    case 'chat-relay':
      return [{ role: 'resetting-server', port: ports.chat }];
    default:
      return [];
  }
}

/** What asks for a virtual address; nothing in the lab but the agents knows what is behind it. */
function serviceRoles(app: string): PodRole[] {
  if (app !== 'web') return [];
  return [{ role: 'connector', ip: virtualIps.api, port: ports.api, everyMs: 900, payload: 'GET /by-service HTTP/1.0\r\n\r\n' }];
}

function dnsNames(pods: readonly Omit<LabPod, 'roles'>[]): Record<string, { ipv4: string; ipv6: string }> {
  return Object.fromEntries(pods.map(({ app, namespace, ipv4, ipv6 }) => [`${app}.${namespace}.svc.cluster.local`, { ipv4, ipv6 }]));
}

function labObjects(nodes: readonly LabNode[], pods: readonly LabPod[]): PlainObject[] {
  const namespaces = [...new Set(pods.map((pod) => pod.namespace))];
  return [
    ...namespaces.map(namespaceObject),
    ...nodes.map((node) => nodeObject(node.name, [node.ipv4, node.ipv6], [node.podCidr4, node.podCidr6])),
    ...pods.map((pod) => {
      const hash = pod.name.split('-').at(-2) ?? '';
      const spec = specs.find((candidate) => candidate.name === pod.name);
      const owner = spec?.owner ?? { kind: 'Pod', name: pod.name };
      const labels = { app: pod.app, ...(owner.kind === 'ReplicaSet' ? { 'pod-template-hash': hash } : {}) };
      return podObject({ namespace: pod.namespace, name: pod.name, node: pod.node, ips: [pod.ipv4, pod.ipv6], labels, owner });
    }),
    serviceObject('shop', 'web', virtualIps.web, ports.web),
    serviceObject('shop', 'api', virtualIps.api, ports.api),
    serviceObject('payments', 'payments', virtualIps.payments, ports.payments),
    serviceObject('kube-system', 'dns', virtualIps.dns, ports.dns, 'UDP'),
    serviceObject('default', 'chat-relay', virtualIps.chat, ports.chat),
    chatRelayIngress(),
  ];
}

/** Who may talk to the relay of chats. */
function chatRelayIngress(): PlainObject {
  return {
    apiVersion: 'networking.k8s.io/v1', kind: 'NetworkPolicy',
    metadata: { namespace: 'default', name: 'chat-relay-ingress', managedFields: [{ manager: 'hubtop-lab', operation: 'Apply', time: '2026-01-01T00:00:00Z' }] },
    spec: { podSelector: { matchLabels: { app: 'chat-relay' } }, policyTypes: ['Ingress'], ingress: [{ from: [{ podSelector: { matchLabels: { app: 'commentary-fanout' } } }] }] },
  };
}
