import type { YamlValue } from '../lib/yaml-text.ts';
import type { Endpoint } from '../wire/gen/flow.ts';
import { dropSide, type DropContext } from './drop-context.ts';
import { reservedEntity, workloadLabels } from './workload-labels.ts';

/** A policy that would let one pair through. */
export interface AllowRule {
  /** Of the file and of the policy, without what names may not have. */
  name: string;
  policy: YamlValue;
  /** What the reader has to know of it, a sentence each. */
  notes: readonly string[];
}

const PROTOCOLS: Readonly<Record<number, string>> = { 6: 'TCP', 17: 'UDP', 132: 'SCTP' };
const ICMP = 1;
const ICMP6 = 58;
/** Entities of Cilium that an allow rule may name; the others are nobody's peer. */
const ENTITIES: readonly string[] = ['world', 'host', 'remote-node', 'kube-apiserver', 'ingress', 'health', 'init', 'unmanaged'];

/** The smallest policy that would allow a drop's pair; a sentence where there is none. */
export function allowRule(context: DropContext): AllowRule | string {
  const { drop, form, refusal } = context;
  if (drop.class !== 'pol') return 'no policy dropped this: a rule would not help';
  if (drop.reason.startsWith('AUTH_REQUIRED')) return 'a rule allows this already, and asks for authentication';
  if (form === 'named deny') return `a deny rule wins over every allow rule: ${refusal?.deniedBy[0]?.name ?? 'it'} has to change`;
  const side = dropSide(context);
  if (side === '') return 'nobody said at which end it was refused, so there is no telling whose rule is missing';
  const { source, destination } = drop.pair;
  const [subject, peer] = side === 'egress' ? [source, destination] : [destination, source];
  const [subjectEnd, peerEnd] = side === 'egress' ? [context.fact?.source, context.fact?.destination] : [context.fact?.destination, context.fact?.source];
  const selector = workloadLabels(subjectEnd?.labels);
  if (subject.namespace === '' || Object.keys(selector).length === 0) return `no labels are known that tell ${subject.name} from others`;
  const who = peerOf(context, peerEnd, side);
  if (typeof who === 'string') return who;
  const name = fileName(source.workload || source.name, destination.workload || destination.name, drop.pair.port);
  const where = { name, namespace: subject.namespace, selector, side, isNear: peer.namespace === subject.namespace };
  return wantsCilium(context, who) ? { name, policy: ciliumPolicy(context, where, who), notes: who.notes } : { name, policy: plainPolicy(context, where, who), notes: who.notes };
}

interface Peer {
  labels: Record<string, string>;
  namespace: string;
  entity: string;
  addresses: readonly string[];
  notes: readonly string[];
}

interface Where {
  name: string;
  namespace: string;
  selector: Record<string, string>;
  side: 'egress' | 'ingress';
  /** Both ends are in one namespace. */
  isNear: boolean;
}

function peerOf(context: DropContext, end: Endpoint | undefined, side: Where['side']): Peer | string {
  const party = side === 'egress' ? context.drop.pair.destination : context.drop.pair.source;
  const entity = reservedEntity(end?.labels) || (party.namespace === '' ? party.name : '');
  if (entity === '') {
    const labels = workloadLabels(end?.labels);
    if (Object.keys(labels).length === 0) return `no labels are known that tell ${party.name} from others`;
    return { labels, namespace: party.namespace, entity: '', addresses: [], notes: [] };
  }
  if (!ENTITIES.includes(entity)) return `${party.name} is nobody a rule could name`;
  if (entity !== 'world') return { labels: {}, namespace: '', entity, addresses: [], notes: [] };
  const addresses = [...(side === 'egress' ? context.fact?.destinationAddresses ?? [] : context.fact?.sourceAddresses ?? [])].filter((address) => /^[0-9a-f.:]+$/i.test(address)).sort();
  if (addresses.length === 0) return 'no address was seen yet: a rule for the whole world would be too much';
  return { labels: {}, namespace: '', entity, addresses, notes: ['addresses outside of the cluster change: these are the ones that were seen, there may be more'] };
}

// a kind that nobody told is the one every cluster has, where it can say what is needed
function wantsCilium({ refusal, drop, allowedBy }: DropContext, peer: Peer): boolean {
  const deciding = [...(refusal?.deniedBy ?? []), ...(refusal?.selecting ?? []), ...(refusal?.closest?.policy === undefined ? [] : [refusal.closest.policy]), ...allowedBy.map(({ policy }) => policy)];
  const kind = deciding.find((policy) => policy.kind !== '')?.kind ?? '';
  return kind.startsWith('Cilium') || (peer.entity !== '' && peer.entity !== 'world') || PROTOCOLS[drop.pair.protocol] === undefined;
}

function ciliumPolicy({ drop }: DropContext, where: Where, peer: Peer): YamlValue {
  const to = where.side === 'egress' ? 'to' : 'from';
  const selects: YamlValue = peer.addresses.length > 0 ? { [`${to}CIDR`]: peer.addresses.map(cidr) }
    : peer.entity !== '' ? { [`${to}Entities`]: [peer.entity] }
      : { [`${to}Endpoints`]: [{ matchLabels: { ...(where.isNear ? {} : { 'k8s:io.kubernetes.pod.namespace': peer.namespace }), ...peer.labels } }] };
  const { port, protocol } = drop.pair;
  const ports: YamlValue = protocol === ICMP || protocol === ICMP6 ? { icmps: [{ fields: [{ family: protocol === ICMP ? 'IPv4' : 'IPv6', type: port }] }] }
    : PROTOCOLS[protocol] === undefined || port === 0 ? {} : { toPorts: [{ ports: [{ port: String(port), protocol: PROTOCOLS[protocol] ?? 'ANY' }] }] };
  return {
    apiVersion: 'cilium.io/v2', kind: 'CiliumNetworkPolicy', metadata: { name: where.name, namespace: where.namespace },
    spec: { endpointSelector: { matchLabels: where.selector }, [where.side]: [{ ...selects, ...ports }] },
  };
}

function plainPolicy({ drop }: DropContext, where: Where, peer: Peer): YamlValue {
  const isEgress = where.side === 'egress';
  const blocks: YamlValue[] = peer.addresses.length > 0 ? peer.addresses.map((address) => ({ ipBlock: { cidr: cidr(address) } }))
    : [{ ...(where.isNear ? {} : { namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': peer.namespace } } }), podSelector: { matchLabels: peer.labels } }];
  const { port, protocol } = drop.pair;
  return {
    apiVersion: 'networking.k8s.io/v1', kind: 'NetworkPolicy', metadata: { name: where.name, namespace: where.namespace },
    spec: {
      podSelector: { matchLabels: where.selector }, policyTypes: [isEgress ? 'Egress' : 'Ingress'],
      [where.side]: [{ [isEgress ? 'to' : 'from']: blocks, ...(port === 0 ? {} : { ports: [{ protocol: PROTOCOLS[protocol] ?? 'TCP', port }] }) }],
    },
  };
}

function cidr(address: string): string {
  return `${address}/${address.includes(':') ? 128 : 32}`;
}

/** Longest name of a label value, which policies' names become in places. */
const MAX_NAME = 63;

function fileName(from: string, to: string, port: number): string {
  const end = `-${port}`;
  const room = Math.floor((MAX_NAME - 'allow--'.length - end.length) / 2);
  return `allow-${plainName(from, room)}-${plainName(to, room)}${port === 0 ? '' : end}`;
}

// what no name may have becomes a dash
function plainName(text: string, room: number): string {
  const name = text.toLowerCase().replaceAll(/[^a-z0-9]+/g, '-').slice(0, room).replaceAll(/^-+|-+$/g, '');
  return name === '' ? 'x' : name;
}
