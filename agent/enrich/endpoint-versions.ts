import { isInsidePrefix, type IpPrefix, parsePrefix } from '../../src/flow/ip-prefix.ts';
import { parseIp } from '../../src/lib/ip-bytes.ts';
import type { Endpoint } from '../../src/wire/gen/flow.ts';
import type { CatalogSnapshot, EndpointFact } from '../decode/facts.ts';
import type { AddressRow, NetworkRow } from '../decode/kernel.ts';
import type { PolicyClass } from '../policy/compile.ts';
import type { AddressOrder } from '../policy/address-order.ts';
import type { NameClass } from '../policy/name-classes.ts';
import { inOrder, ownAddress, prefixText } from '../policy/networks.ts';
import { describeChange, type EndpointChange, subjectOf } from './endpoint-change.ts';
import { type LabelSet, LabelSets, MAX_LABEL_SETS, WORLD_LABELS, unknownEndpoint } from './label-sets.ts';
import { type Candidate, type EndpointVersion, makeVersion, traitOf } from './endpoint-version.ts';
import { API_SERVER_LABEL, FirstLocalIdentity, Identity } from './identity.ts';
import { LocalEndpointIds } from './local-endpoint-ids.ts';
import { LocalIdentities } from './local-identities.ts';
import { nodeCandidates } from './node-candidates.ts';

/** Retired versions kept for each row of the history, which names three at most; beyond it the oldest are forgotten, and counted. */
const RETIRED_PER_ROW = 4;

/** Label sets whose common endpoint is kept; made anew when they are more. */
const MAX_COMMONS = 4_096;

/** Hubble's default of a history. */
const DEFAULT_ROWS = 4_095;

/** Ref of addresses nobody knows. */
export const WORLD_REF = 0;

/** Label sets that fit beside the flags of an address. */
const MAX_BEHIND = 0xff_ffff;
const NAME_LABEL = 'fqdn:';
const CLUSTER_LABEL = 'k8s:io.cilium.k8s.policy.cluster=';

/** How full a table of the agent is; as maps of the kernel are told. */
export interface TableFill {
  name: string;
  entries: number;
  maxEntries: number;
  /** Names that were asked for and are gone, or found no room, since the start. That old ones are forgotten is no harm in itself. */
  missed: number;
}

/** What the datapath and the change list have to learn. */
export interface VersionUpdate {
  upserts: AddressRow[];
  removals: string[];
  /** All of them, as they are now. */
  networks: NetworkRow[];
  changes: EndpointChange[];
}

/** What policies in force want to tell apart besides labels. */
export interface PolicyNeeds {
  networks: readonly IpPrefix[];
  /** `namespace/name` of services that rules name. */
  services: ReadonlySet<string>;
  /** Keys of labels that rules select nodes by. */
  nodeLabels: ReadonlySet<string>;
  /** Addresses that resolvers gave for names, by what rules make of them. */
  names: readonly (NameClass & { ips: readonly string[] })[];
  /** Without policies nobody needs to know which addresses are virtual. */
  hasPolicies: boolean;
}

const noNeeds: PolicyNeeds = { networks: [], services: new Set(), nodeLabels: new Set(), names: [], hasPolicies: false };

const worldEndpoint: Endpoint = { identity: Identity.world, labels: ['reserved:world'] };

/**
 * Gives every state of an endpoint a number that never means anything else,
 * so that a history row keeps the name it was drained with even when the
 * address has a new owner.
 */
export class EndpointVersions {
  /** What nothing is known about, where the family does not matter: all there is in a cluster of one family. */
  readonly world: EndpointVersion;
  /** Versions forgotten because there were too many; rows that name them show an unknown endpoint. */
  forgottenCount = 0;
  private missedCount = 0;
  private readonly versions = new Map<number, EndpointVersion>();
  private readonly commons = new Map<number, EndpointVersion>();
  private readonly labelSets = new LabelSets(worldEndpoint);
  /** Live versions by their owner (pod uid or node). */
  private live = new Map<string, EndpointVersion>();
  /** Those of the apply() before. */
  private before: readonly EndpointVersion[] = [];
  private readonly networkIdentities = new LocalIdentities(FirstLocalIdentity.network);
  private readonly nodeIdentities = new LocalIdentities(FirstLocalIdentity.remoteNode);
  private addresses = new Map<string, AddressRow>();
  private virtualIps: ReadonlySet<string> = new Set();
  private podNetworks: readonly IpPrefix[] = [];
  private lastRef = WORLD_REF;
  private readonly localIds = new LocalEndpointIds();
  /** Somebody of whom nothing is known, not even that he is none of ours. */
  readonly unknown = worldVersion(unknownEndpoint);
  private readonly worldIpv4 = worldVersion({ identity: Identity.worldIpv4, labels: ['reserved:world-ipv4'] });
  private readonly worldIpv6 = worldVersion({ identity: Identity.worldIpv6, labels: ['reserved:world-ipv6'] });
  /** undefined until a catalog names somebody. Then it stays: a flow must be the same on every read. */
  private isDualStack: boolean | undefined;

  private readonly maxRetired: number;

  /** `historyCapacity` is that of the rows which name versions: a version is about a kilobyte. Rows kept by time besides may name one that is forgotten. */
  constructor(private readonly nodeName: string, historyCapacity: number = DEFAULT_ROWS) {
    this.maxRetired = RETIRED_PER_ROW * (historyCapacity + 1);
    this.world = worldVersion(worldEndpoint);
  }

  /** The version a row names; the world for 0. What was forgotten is unknown: it was somebody once. */
  get(ref: number): EndpointVersion {
    return this.versions.get(ref) ?? (this.isForgotten(ref) ? this.miss() : this.world);
  }

  /** The version a row names for an address: as get(), but a dual-stack cluster has a world for each family, as Cilium's. */
  of(ref: number, isIpv6: boolean): EndpointVersion {
    const version = this.versions.get(ref);
    if (version !== undefined) return version;
    if (this.isForgotten(ref)) return this.miss();
    if (this.isDualStack !== true) return this.world;
    return isIpv6 ? this.worldIpv6 : this.worldIpv4;
  }

  /** The version an address has now; the world where nobody has it. */
  at(ip: string): EndpointVersion {
    return this.of(this.addresses.get(ip)?.ref ?? WORLD_REF, ip.includes(':'));
  }

  /** The label set a pair names. Pairs join both families, so theirs is the one world. */
  labelSet(labels: number): LabelSet {
    return this.labelSets.get(labels);
  }

  /** What all endpoints of a label set have in common, for a row that stands for events of several. */
  common(labels: number): EndpointVersion {
    const known = this.commons.get(labels);
    if (known !== undefined) return known;
    const version = makeVersion(WORLD_REF, labels, { endpoint: this.labelSet(labels).endpoint, ips: [], nodeName: '' });
    if (this.commons.size >= MAX_COMMONS) this.commons.clear();
    this.commons.set(labels, version);
    return version;
  }

  /** Tables that forget when they are full. */
  tables(): TableFill[] {
    const { labelSets } = this;
    return [
      { name: 'retired endpoints', entries: this.retiredCount, maxEntries: this.maxRetired, missed: this.missedCount },
      { name: 'label sets', entries: labelSets.size, maxEntries: MAX_LABEL_SETS, missed: labelSets.missedCount + labelSets.overflowCount },
    ];
  }

  /** Pods of this node as of the last apply(). */
  localVersions(): EndpointVersion[] {
    return [...this.live.values()].filter((version) => version.nodeName === this.nodeName && version.endpoint.pod_name !== undefined);
  }

  /** Takes a new catalog: new versions for what is new or different, and what that means for the address table. */
  apply(snapshot: CatalogSnapshot, nowNs: bigint, needs: PolicyNeeds = noNeeds): VersionUpdate {
    this.isDualStack ??= usesBothFamilies(snapshot);
    const behind = servicesByIp(snapshot, needs.services);
    const changes: EndpointChange[] = [];
    const live = new Map<string, EndpointVersion>();
    const apiServers = apiServerIps(snapshot);
    this.virtualIps = new Set(snapshot.services.flatMap(({ clusterIps }) => clusterIps));
    this.podNetworks = podNetworksOf(snapshot);
    const networks = inOrder(needs.networks);
    const candidates: Candidate[] = [
      ...snapshot.nodes.flatMap((node) => nodeCandidates(node, { isHost: node.name === this.nodeName, apiServers, labelKeys: needs.nodeLabels, identities: this.nodeIdentities })),
      ...snapshot.endpoints.filter((fact) => !fact.hostNetwork).map((fact) => this.podCandidate(fact, behind)),
      ...needs.networks.map((prefix) => this.networkCandidate(prefix, networks)),
      ...outsideServers(snapshot, apiServers, behind),
      ...needs.names.map((one) => this.nameCandidate(one)),
    ];
    for (const candidate of candidates) {
      if (live.has(candidate.owner)) continue;
      const before = this.live.get(candidate.owner);
      const version = this.versionOf(candidate, before);
      live.set(candidate.owner, version);
      const change = describeChange(before, version, nowNs);
      if (change !== undefined) changes.push(change);
    }
    for (const [owner, version] of this.live) {
      if (!live.has(owner)) changes.push({ kind: 'endpoint-removed', timeNs: nowNs, subject: subjectOf(version), detail: '', version });
    }
    this.before = [...this.live.values()];
    this.live = live;
    this.localIds.keep(new Set(live.keys()));
    this.forgetRetired();
    this.labelSets.keep(new Set([...live.values()].map((version) => version.labels)));
    const identities = new Set([...live.values()].map(({ endpoint }) => endpoint.identity ?? 0));
    for (const numbers of [this.networkIdentities, this.nodeIdentities]) numbers.keep(identities);
    return { ...this.updateAddresses(needs.hasPolicies ? this.virtualIps : [], needs.names.length === 0 ? new Map() : resolversOf(snapshot)), networks: needs.hasPolicies ? this.networkRows() : [], changes };
  }

  private versionOf(candidate: Candidate, before: EndpointVersion | undefined): EndpointVersion {
    const isSame = before !== undefined && sameEndpoint(before.endpoint, candidate.endpoint) && before.nodeName === candidate.nodeName && before.labels === this.labelSets.numberOf(candidate.endpoint, traitOf(candidate));
    if (isSame && sameList(before.ips, candidate.ips)) return before;
    const ref = isSame ? before.ref : ++this.lastRef;
    const version = makeVersion(ref, this.labelSets.numberOf(candidate.endpoint, traitOf(candidate)), candidate);
    this.versions.set(ref, version);
    return version;
  }

  /** Puts an address that may be named where it belongs; undefined where that takes an apply(). */
  addNamed({ key }: NameClass, ip: string): AddressRow | undefined {
    const version = this.live.get(nameOwner(key));
    if (version === undefined) return undefined;
    const row: AddressRow = { ip, ref: version.ref, labels: version.labels, isLocal: false };
    this.addresses.set(ip, row);
    return row;
  }

  private isNamed(ref: number): boolean {
    return this.versions.get(ref)?.endpoint.labels?.some((label) => label.startsWith(NAME_LABEL)) === true;
  }

  /** Whether an address may belong to a name: an answer must not make the world of a service, of a node or of a pod, even one that nobody told us of yet. */
  mayBeNamed(ip: string): boolean {
    const bytes = parseIp(ip);
    const known = this.addresses.get(ip);
    return bytes !== undefined && (known === undefined || this.isNamed(known.ref)) && !this.virtualIps.has(ip) && !this.podNetworks.some((prefix) => isInsidePrefix(bytes, prefix));
  }

  /** Addresses that rules name, as Cilium has them: an identity of this node alone, of the world. */
  private nameCandidate({ key, labels, like, ips }: PolicyNeeds['names'][number]): Candidate {
    return {
      owner: nameOwner(key), endpoint: { identity: this.networkIdentities.numberOf(key), labels: [...labels] }, ips: ips.filter((ip) => this.mayBeNamed(ip)), nodeName: '',
      ...(like === undefined ? {} : { like }),
    };
  }

  /** Ends that policies may meet now, and those of before the last apply(), which stand in the datapath for another moment. One for each label set. */
  policyClasses(): PolicyClass[] {
    const all = new Map([...this.before, ...this.live.values(), this.world].map(({ labels, end }) => [labels, { labels, end }]));
    return [...all.values()];
  }

  private updateAddresses(virtualIps: Iterable<string>, resolvers: ReadonlyMap<string, readonly string[]>): { upserts: AddressRow[]; removals: string[] } {
    const wanted = new Map<string, AddressRow>();
    for (const version of this.live.values()) {
      for (const ip of version.ips) {
        if (wanted.has(ip)) continue;
        wanted.set(ip, { ip, ref: version.ref, labels: version.labels, isLocal: version.nodeName === this.nodeName && version.endpoint.pod_name !== undefined });
      }
    }
    for (const ip of virtualIps) {
      if (wanted.has(ip)) continue;
      const sets = new Set((resolvers.get(ip) ?? []).map((backend) => wanted.get(backend)?.labels ?? WORLD_LABELS));
      const [behind = WORLD_LABELS] = sets.size === 1 ? sets : [];
      wanted.set(ip, { ip, ref: WORLD_REF, labels: WORLD_LABELS, isLocal: false, isVirtual: true, ...(behind === WORLD_LABELS || behind > MAX_BEHIND ? {} : { behind }) });
    }
    const upserts = [...wanted.values()].filter((row) => !sameAddress(this.addresses.get(row.ip), row));
    const removals = [...this.addresses.keys()].filter((ip) => !wanted.has(ip));
    this.addresses = wanted;
    return { upserts, removals };
  }

  private isForgotten(ref: number): boolean {
    return ref !== WORLD_REF && ref <= this.lastRef;
  }

  private miss(): EndpointVersion {
    this.missedCount++;
    return this.unknown;
  }

  private get retiredCount(): number {
    return this.versions.size - this.live.size;
  }

  private forgetRetired(): void {
    if (this.retiredCount <= this.maxRetired) return;
    const liveRefs = new Set([...this.live.values()].map((version) => version.ref));
    for (const ref of this.versions.keys()) {
      if (this.retiredCount <= this.maxRetired) return;
      if (liveRefs.has(ref)) continue;
      this.versions.delete(ref);
      this.forgottenCount++;
    }
  }

  /** A network that policies name, as Cilium has it: an identity of this node alone, of the world. */
  private networkCandidate(prefix: IpPrefix, all: AddressOrder<IpPrefix>): Candidate {
    const text = prefixText(prefix);
    return { owner: `network ${text}`, endpoint: { identity: this.networkIdentities.numberOf(text), labels: [`cidr:${text}`, 'reserved:world'] }, ips: [], nodeName: '', network: { prefix, own: ownAddress(prefix, all) } };
  }

  private networkRows(): NetworkRow[] {
    const pods = this.podNetworks;
    const isUnknown = (prefix: IpPrefix): boolean => pods.some((cidr) => cidr.bits <= prefix.bits && isInsidePrefix(prefix, cidr));
    const named = [...this.live.values()].flatMap(({ network, ref, labels }): NetworkRow[] => (network === undefined ? [] : [{ prefix: network, ref, labels, isUnknown: isUnknown(network) }]));
    const texts = new Set(named.map(({ prefix }) => prefixText(prefix)));
    return [...named, ...pods.filter((prefix) => !texts.has(prefixText(prefix))).map((prefix): NetworkRow => ({ prefix, ref: WORLD_REF, labels: WORLD_LABELS, isUnknown: true }))];
  }

  private podCandidate(fact: EndpointFact, behind: ReadonlyMap<string, readonly string[]>): Candidate {
    const owner = `pod ${fact.namespace}/${fact.pod_name} ${fact.uid}`;
    const cluster = fact.labels.find((label) => label.startsWith(CLUSTER_LABEL))?.slice(CLUSTER_LABEL.length);
    const endpoint: Endpoint = {
      ...(fact.node_name === this.nodeName ? { ID: this.localIds.idOf(owner) } : {}),
      identity: fact.identity,
      ...(cluster === undefined ? {} : { cluster_name: cluster }),
      namespace: fact.namespace,
      labels: fact.labels,
      pod_name: fact.pod_name,
      workloads: fact.workloads.map(({ name, kind }) => ({ name, kind })),
    };
    const services = [...new Set(fact.ips.flatMap((ip) => behind.get(ip) ?? []))].sort();
    return { owner, endpoint, ips: fact.ips, nodeName: fact.node_name, services, ...(fact.namedPorts === undefined ? {} : { namedPorts: fact.namedPorts }) };
  }
}

function nameOwner(key: string): string {
  return `names ${key}`;
}

/** Addresses behind those of services that may be resolvers': they are asked over UDP. */
function resolversOf({ services }: CatalogSnapshot): Map<string, string[]> {
  const asked = services.filter(({ ports }) => ports.some(({ protocol }) => protocol === 'UDP'));
  return new Map(asked.flatMap(({ clusterIps, backends }) => clusterIps.map((ip): [string, string[]] => [ip, backends.map((backend) => backend.ip)])));
}

function podNetworksOf({ nodes }: CatalogSnapshot): IpPrefix[] {
  return nodes.flatMap(({ podCidrs }) => podCidrs.flatMap((text) => parsePrefix(text) ?? []));
}

function worldVersion(endpoint: Endpoint): EndpointVersion {
  return makeVersion(WORLD_REF, WORLD_LABELS, { endpoint, ips: [], nodeName: '' });
}

function sameEndpoint(one: Endpoint, other: Endpoint): boolean {
  const [workloads, others] = [one.workloads ?? [], other.workloads ?? []];
  return one.ID === other.ID && one.identity === other.identity && one.cluster_name === other.cluster_name && one.namespace === other.namespace
    && one.pod_name === other.pod_name && sameList(one.labels ?? [], other.labels ?? []) && workloads.length === others.length
    && workloads.every(({ name, kind }, index) => name === others[index]?.name && kind === others[index]?.kind);
}

/** Where Kubernetes' own server answers. */
function apiServerIps({ services }: CatalogSnapshot): Set<string> {
  return new Set(services.find(({ namespace, name }) => namespace === 'default' && name === 'kubernetes')?.backends.map(({ ip }) => ip));
}

/** A managed cluster's server stands outside of it: it belongs to the world as well. */
function outsideServers({ nodes, endpoints }: CatalogSnapshot, servers: ReadonlySet<string>, behind: ReadonlyMap<string, readonly string[]>): Candidate[] {
  if (servers.size === 0) return [];
  const inside = new Set([...nodes, ...endpoints].flatMap((fact) => fact.ips));
  // each address by itself: rules about networks may tell them apart
  return [...servers].filter((ip) => !inside.has(ip)).map((ip) => ({
    owner: `kube-apiserver ${ip}`, endpoint: { identity: Identity.kubeApiserver, labels: [`cidr:${ip}/${ip.includes(':') ? 128 : 32}`, API_SERVER_LABEL, 'reserved:world'] }, ips: [ip], nodeName: '',
    services: [...(behind.get(ip) ?? [])].sort(),
  }));
}

/** Whether pods have addresses of both families; undefined without any pod. */
function usesBothFamilies({ endpoints }: CatalogSnapshot): boolean | undefined {
  const ips = endpoints.filter((fact) => !fact.hostNetwork).flatMap((fact) => fact.ips);
  return ips.length === 0 ? undefined : ips.some((ip) => ip.includes(':')) && ips.some((ip) => !ip.includes(':'));
}

/** `namespace/name` of wanted services by the addresses behind them. */
function servicesByIp({ services }: CatalogSnapshot, wanted: ReadonlySet<string>): Map<string, string[]> {
  const found = new Map<string, string[]>();
  for (const { namespace, name, backends } of services) {
    const text = `${namespace}/${name}`;
    if (wanted.has(text)) for (const { ip } of backends) found.set(ip, [...(found.get(ip) ?? []), text]);
  }
  return found;
}

function sameList(one: readonly string[], other: readonly string[]): boolean {
  return one.length === other.length && one.every((item, index) => item === other[index]);
}

function sameAddress(one: AddressRow | undefined, other: AddressRow): boolean {
  return one !== undefined && one.ref === other.ref && one.labels === other.labels && one.isLocal === other.isLocal && one.isVirtual === other.isVirtual && one.behind === other.behind;
}
