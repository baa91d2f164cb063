import type { Endpoint } from '../../../src/wire/gen/flow.ts';
import { catalogFromObjects } from '../../catalog/catalog-from-objects.ts';
import type { EndpointFact } from '../../decode/facts.ts';
import { LocalEndpointIds } from '../../enrich/local-endpoint-ids.ts';
import { buildFleet } from '../fleet.ts';

/** One end of a story's traffic, as it is at one time. Never changed: what changes is made anew. */
export interface StoryEnd {
  /** `namespace/pod`, a node's name, or an address of the world. */
  name: string;
  /** Label `app`; `host` and `world` outside of pods. */
  app: string;
  ip: string;
  /** Where its packets are seen; empty for the world. */
  node: string;
  /** As a flow names it from another node: without the number of the local endpoint. */
  endpoint: Endpoint;
  /** As pair counters name it: without the pod. */
  labelSet: Endpoint;
  /** Number of the endpoint on its own node; 0 outside of pods. */
  localId: number;
}

/** Labels that say something; the rest of what Cilium counts would only make recordings larger. */
const told = /^k8s:(app|pci|team|io\.kubernetes\.pod\.namespace)=/;
/** Room for addresses of pods that come later, above those the fleet hands out. */
const lateSlot = 100;

/** Who there is while a story is told. Addresses are of one family: the world is identity 2. */
export class StoryCluster {
  readonly nodes: readonly { name: string; ip: string }[];
  private readonly pods = new Map<string, StoryEnd>();
  private readonly built: readonly StoryEnd[];
  private readonly ids = new LocalEndpointIds();
  private readonly outsiders = new Map<string, StoryEnd>();
  private slot = lateSlot;

  /** `nodeCount` as buildFleet() takes it. */
  constructor(nodeCount: number) {
    const fleet = buildFleet(nodeCount);
    this.nodes = fleet.nodes;
    for (const fact of catalogFromObjects(fleet.objects).endpoints) this.take(fact);
    this.built = [...this.pods.values()];
  }

  /** Pods of an app, in the order they came; empty where it runs nowhere. */
  of(app: string): StoryEnd[] {
    return [...this.pods.values()].filter((pod) => pod.app === app);
  }

  /** The first pod of an app, which must run. */
  one(app: string): StoryEnd {
    const [pod] = this.of(app);
    if (pod === undefined) throw new Error(`story: no pod of ${app}`);
    return pod;
  }

  /** The first pod of an app as it was before anything changed, whatever became of it. */
  before(app: string): StoryEnd {
    const pod = this.built.find((candidate) => candidate.app === app);
    if (pod === undefined) throw new Error(`story: there never was a pod of ${app}`);
    return pod;
  }

  /** Pods on a node. */
  on(node: string): number {
    return [...this.pods.values()].filter((pod) => pod.node === node).length;
  }

  /** Takes a pod out. */
  remove(pod: StoryEnd): void {
    this.pods.delete(pod.name);
  }

  /** Puts a pod back as it was. */
  restore(pod: StoryEnd): void {
    this.pods.set(pod.name, pod);
  }

  /** A pod in place of another, as a rollout makes it: another name and address, perhaps another node. */
  replace(pod: StoryEnd, { podName, node = pod.node }: { podName: string; node?: string }): StoryEnd {
    this.pods.delete(pod.name);
    const name = `${pod.endpoint.namespace ?? ''}/${podName}`;
    const ip = `10.244.${1 + this.nodes.findIndex((known) => known.name === node)}.${this.slot++}`;
    const fresh = { ...pod, name, ip, node, endpoint: { ...pod.endpoint, pod_name: podName }, localId: this.ids.idOf(name) };
    this.pods.set(name, fresh);
    return fresh;
  }

  /** A pod with another set of labels, and so another identity. */
  relabel(pod: StoryEnd, labels: string[], identity: number): StoryEnd {
    const fresh = { ...pod, endpoint: { ...pod.endpoint, labels, identity }, labelSet: { ...pod.labelSet, labels, identity } };
    this.pods.set(pod.name, fresh);
    return fresh;
  }

  /** An address outside of the cluster. */
  world(ip: string): StoryEnd {
    return this.outsider(ip, () => {
      const endpoint = { identity: 2, labels: ['reserved:world'] };
      return { name: ip, app: 'world', ip, node: '', endpoint, labelSet: endpoint, localId: 0 };
    });
  }

  /** A node itself; its own agent calls it the host, the others a remote node. */
  host(node: string): StoryEnd {
    return this.outsider(node, () => {
      const ip = this.nodes.find((known) => known.name === node)?.ip ?? '';
      const endpoint = { identity: 6, labels: ['reserved:remote-node'] };
      return { name: node, app: 'host', ip, node, endpoint, labelSet: endpoint, localId: 0 };
    });
  }

  /** Whoever a frame without addresses was meant for. */
  get unknown(): StoryEnd {
    return this.outsider('', () => {
      const endpoint = { identity: 0, labels: ['reserved:unknown'] };
      return { name: '', app: 'unknown', ip: '', node: '', endpoint, labelSet: endpoint, localId: 0 };
    });
  }

  private outsider(name: string, make: () => StoryEnd): StoryEnd {
    const known = this.outsiders.get(name) ?? make();
    this.outsiders.set(name, known);
    return known;
  }

  private take(fact: EndpointFact): void {
    const name = `${fact.namespace}/${fact.pod_name}`;
    const labels = fact.labels.filter((label) => told.test(label));
    const labelSet = { identity: fact.identity, namespace: fact.namespace, labels, workloads: fact.workloads };
    const app = labels.find((label) => label.startsWith('k8s:app='))?.slice('k8s:app='.length) ?? '';
    const { identity, namespace, workloads } = labelSet;
    this.pods.set(name, {
      name, app, ip: fact.ips[0] ?? '', node: fact.node_name, labelSet, localId: this.ids.idOf(name),
      endpoint: { identity, namespace, labels, pod_name: fact.pod_name, workloads },
    });
  }
}

const hostEndpoint: Endpoint = { identity: 1, labels: ['reserved:host'] };

/** An end as the agent of `node` names it in a flow. */
export function endpointSeenFrom(node: string, end: StoryEnd): Endpoint {
  if (end.node !== node) return end.endpoint;
  return end.app === 'host' ? hostEndpoint : { ID: end.localId, ...end.endpoint };
}

/** An end as the counters of `node` name it. */
export function labelSetSeenFrom(node: string, end: StoryEnd): Endpoint {
  return end.node === node && end.app === 'host' ? hostEndpoint : end.labelSet;
}
