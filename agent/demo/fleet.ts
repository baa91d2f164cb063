import { jobObject, namespaceObject, nodeObject, podObject, serviceObject, type PlainObject } from './kube-objects.ts';

/** A pod of the fleet and where it runs. */
export interface FleetPod {
  namespace: string;
  name: string;
  app: string;
  node: string;
  ipv4: string;
  ipv6: string;
  /** Host side veth. */
  device: string;
}

/** A simulated cluster: who there is. */
export interface Fleet {
  nodes: { name: string; ip: string }[];
  pods: FleetPod[];
  /** The same as Kubernetes objects, for the catalog. */
  objects: PlainObject[];
}

interface WorkloadSpec {
  namespace: string;
  app: string;
  kind: 'Deployment' | 'StatefulSet' | 'Job' | 'Pod';
  /** Pod names; a number makes so many after the kind's custom. */
  pods: readonly string[] | number;
  /** Service port; 0 = no service. */
  port: number;
  tier: string;
  /** Beside `app` and `tier`. */
  labels?: Readonly<Record<string, string>>;
}

const workloads: readonly WorkloadSpec[] = [
  { namespace: 'payments', app: 'checkout-api', kind: 'Deployment', pods: ['checkout-api-7d4b-x9hk', 'checkout-api-7d4b-m2qf', 'checkout-api-7d4b-t6zw', 'checkout-api-7d4b-p8cv'], port: 8080, tier: 'api' },
  { namespace: 'payments', app: 'ledger-svc', kind: 'StatefulSet', pods: 3, port: 9090, tier: 'core', labels: { team: 'ledger' } },
  { namespace: 'payments', app: 'fraud-detector', kind: 'Deployment', pods: 3, port: 8500, tier: 'core' },
  { namespace: 'payments', app: 'sanctions-svc', kind: 'Deployment', pods: 2, port: 8600, tier: 'core' },
  { namespace: 'payments', app: 'postgres-primary', kind: 'StatefulSet', pods: 1, port: 5432, tier: 'data' },
  { namespace: 'payments', app: 'postgres-replica', kind: 'StatefulSet', pods: 2, port: 5432, tier: 'data' },
  { namespace: 'payments', app: 'rewards-cron-job', kind: 'Job', pods: ['rewards-cron-job-1'], port: 0, tier: 'batch' },
  { namespace: 'payments', app: 'session-cache', kind: 'StatefulSet', pods: 2, port: 6379, tier: 'data' },
  { namespace: 'payments', app: 'notifier', kind: 'Deployment', pods: 2, port: 8700, tier: 'core' },
  { namespace: 'ingress', app: 'istio-gateway', kind: 'Deployment', pods: ['istio-gateway-789f-bbjk', 'istio-gateway-789f-wk4d'], port: 443, tier: 'edge' },
  { namespace: 'kube-system', app: 'kube-dns', kind: 'Deployment', pods: ['kube-dns-6c8f-4tzl', 'kube-dns-6c8f-r7nx'], port: 53, tier: 'system' },
  { namespace: 'default', app: 'commentary-fanout', kind: 'Deployment', pods: ['commentary-fanout-5f6d-hq2c'], port: 0, tier: 'api' },
  { namespace: 'default', app: 'chat-relay', kind: 'Deployment', pods: ['chat-relay-84bb-v5ms'], port: 50051, tier: 'api' },
  { namespace: 'monitoring', app: 'prometheus', kind: 'StatefulSet', pods: 1, port: 9090, tier: 'system' },
  { namespace: 'batch', app: 'report-builder', kind: 'Pod', pods: ['report-builder'], port: 0, tier: 'batch' },
  { namespace: 'payments', app: 'refund-svc', kind: 'Deployment', pods: 2, port: 8080, tier: 'core' },
  { namespace: 'payments', app: 'cardholder', kind: 'Deployment', pods: 2, port: 8443, tier: 'core', labels: { pci: 'true' } },
  { namespace: 'ingest', app: 'ingest-collector', kind: 'Deployment', pods: 3, port: 8090, tier: 'edge' },
  // one set a broker, as operators of brokers with an address of their own do
  ...['kafka-broker-1', 'kafka-broker-2', 'kafka-broker-3'].map((app): WorkloadSpec => ({ namespace: 'ingest', app, kind: 'StatefulSet', pods: 1, port: 9092, tier: 'data' })),
  { namespace: 'batch', app: 'resizer', kind: 'Deployment', pods: 3, port: 0, tier: 'batch' },
];

/** A placement that never changes: neighbours in the list come to different nodes. */
const placementStep = 5;
const suffixLetters = 'bcdfghjklmnpqrstvwxz2456789';

/** The payments shop on so many nodes (1 to 99). Always the same for the same count. */
export function buildFleet(nodeCount: number): Fleet {
  const nodes = Array.from({ length: nodeCount }, (_, index) => ({ name: `node-${String(index + 1).padStart(2, '0')}`, ip: `192.168.50.${index + 11}` }));
  const podsPerNode = new Map<string, number>();
  const pods: FleetPod[] = [];
  for (const workload of workloads) {
    for (const name of podNames(workload)) {
      const nodeIndex = (pods.length * placementStep) % nodeCount;
      const node = nodes[nodeIndex]?.name ?? '';
      const slot = (podsPerNode.get(node) ?? 0) + 10;
      podsPerNode.set(node, slot - 9);
      pods.push({
        namespace: workload.namespace, name, app: workload.app, node,
        ipv4: `10.244.${nodeIndex + 1}.${slot}`,
        ipv6: `fd00:10:244:${(nodeIndex + 1).toString(16)}::${slot.toString(16)}`,
        device: `cali${hashText(`${workload.namespace}/${name}`)}`,
      });
    }
  }
  return { nodes, pods, objects: fleetObjects(nodes, pods) };
}

function podNames({ app, kind, pods }: WorkloadSpec): readonly string[] {
  if (typeof pods !== 'number') return pods;
  return Array.from({ length: pods }, (_, index) => {
    if (kind === 'StatefulSet') return `${app}-${index}`;
    return `${app}-${templateHash(app)}-${suffix(app, index)}`;
  });
}

function templateHash(app: string): string {
  return hashText(app).slice(0, 4);
}

/** Four letters of the alphabet Kubernetes draws names from. */
function suffix(app: string, index: number): string {
  const hash = Number.parseInt(hashText(`${app} ${index}`), 16);
  return [1, 29, 29 ** 2, 29 ** 3].map((divisor) => suffixLetters[Math.floor(hash / divisor) % suffixLetters.length] ?? 'b').join('');
}

/** FNV-1a, as eight hexadecimal digits. */
function hashText(text: string): string {
  let hash = 0x811c9dc5;
  for (let index = 0; index < text.length; index++) hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  return (hash >>> 0).toString(16).padStart(8, '0');
}

function fleetObjects(nodes: Fleet['nodes'], pods: readonly FleetPod[]): PlainObject[] {
  const namespaces = [...new Set(workloads.map((workload) => workload.namespace))];
  return [
    ...namespaces.map(namespaceObject),
    ...nodes.map(({ name, ip }, index) => nodeObject(name, [ip], [`10.244.${index + 1}.0/24`, `fd00:10:244:${(index + 1).toString(16)}::/64`])),
    jobObject('payments', 'rewards-cron-job-1', 'rewards-cron-job'),
    ...pods.map(fleetPodObject),
    ...workloads.filter((workload) => workload.port > 0).map((workload, index) =>
      serviceObject(workload.namespace, workload.app, `10.96.${workload.app === 'kube-dns' ? '0.10' : `1.${index + 10}`}`, workload.port, workload.app === 'kube-dns' ? 'UDP' : 'TCP')),
  ];
}

function fleetPodObject(pod: FleetPod): PlainObject {
  const workload = workloads.find((candidate) => candidate.app === pod.app && candidate.namespace === pod.namespace);
  const labels: Record<string, string> = { app: pod.app, tier: workload?.tier ?? '', ...workload?.labels };
  const parts = { namespace: pod.namespace, name: pod.name, node: pod.node, ips: [pod.ipv4, pod.ipv6], labels };
  switch (workload?.kind) {
    case 'Deployment': {
      const hash = pod.name.split('-').at(-2) ?? '';
      return podObject({ ...parts, labels: { ...labels, 'pod-template-hash': hash }, owner: { kind: 'ReplicaSet', name: `${pod.app}-${hash}` } });
    }
    case 'StatefulSet':
      return podObject({ ...parts, labels: { ...labels, 'statefulset.kubernetes.io/pod-name': pod.name }, owner: { kind: 'StatefulSet', name: pod.app } });
    case 'Job':
      return podObject({ ...parts, labels: { ...labels, 'batch.kubernetes.io/job-name': pod.name }, owner: { kind: 'Job', name: pod.name } });
    default:
      return podObject(parts);
  }
}
