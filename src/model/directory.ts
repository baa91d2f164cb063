import type { Endpoint } from '../wire/gen/flow.ts';
import { scrub } from '../lib/scrub.ts';

/** Parties, pairs and reasons the model remembers at most; what comes later is counted under id 0, "(other)". */
export const MAX_PARTIES = 16_384;
export const MAX_PAIRS = 8_192;
export const MAX_REASONS = 512;

/** Buckets reach back an hour and ten minutes, and a flow's time may be an hour off: a pair that was not seen for longer is named nowhere. */
const PAIR_IDLE_SECONDS = 9_000;
/** How often idle pairs are looked for while the table is full. */
const LOOK_SECONDS = 60;

/** Pairs met lately, found without the map of all: a key of a double's size costs ten times as much. */
const RECENT = 2_048;

/** One side of a conversation at the level figures are grouped by: a workload, or what stands for one. */
export interface Party {
  /** What a reader sees, such as `shop/checkout`, `world` or `kube-system/coredns`. */
  name: string;
  namespace: string;
  /** Empty where the party is no workload. */
  workload: string;
  /** A label that says that its data is delicate, such as `pci=true`; absent where none says so. */
  sensitivity?: string;
}

/** Who talks to whom on which port: client, server, server port, IP protocol number. */
export interface Pair {
  source: Party;
  destination: Party;
  port: number;
  protocol: number;
}

const OTHER_PARTY: Party = { name: '(other)', namespace: '', workload: '' };
const OTHER_PAIR: Pair = { source: OTHER_PARTY, destination: OTHER_PARTY, port: 0, protocol: 0 };

/** Small numbers for everything that is counted by name. Only a pair's is used again, when nobody names it any more. */
export class Directory {
  /** Now, for the age of pairs; whoever holds the clock sets it. */
  second = 0;
  /** Told which ids of pairs mean nothing from now on, before they are used again. */
  onForget: (pairs: ReadonlySet<number>) => void = () => {};
  /** Names that found no place and count as "(other)". */
  overflowCount = 0;
  private readonly parties: Party[] = [OTHER_PARTY];
  private readonly partyIds = new Map<string, number>();
  private readonly pairs: Pair[] = [OTHER_PAIR];
  private readonly pairIds = new Map<number, number>();
  private readonly pairSeconds = new Float64Array(MAX_PAIRS);
  private readonly freePairs: number[] = [];
  /** Parties, and port with protocol, of recent pairs, and their ids. */
  private readonly recentParties = new Int32Array(RECENT);
  private readonly recentPorts = new Int32Array(RECENT).fill(-1);
  private readonly recentIds = new Int32Array(RECENT);
  private nextLook = 0;
  private readonly reasons: string[] = ['(other)'];
  private readonly reasonIds = new Map<string, number>();

  /** Id of the party an endpoint belongs to; `fallback` names an endpoint nothing is known about. */
  party(endpoint: Endpoint | undefined, fallback = 'world'): number {
    const party = partyOf(endpoint, fallback);
    const known = this.partyIds.get(party.name);
    if (known !== undefined) return known;
    if (this.parties.length >= MAX_PARTIES) return this.overflow();
    this.partyIds.set(party.name, this.parties.length);
    return this.parties.push(party) - 1;
  }

  /** Id of a pair of parties; port 0 where there is none. */
  pair(source: number, destination: number, port: number, protocol: number): number {
    // 14 + 14 bits, 16 + 8 bits
    const parties = source * MAX_PARTIES + destination;
    const ports = ((port & 0xffff) << 8) | (protocol & 0xff);
    const hash = Math.imul(parties ^ Math.imul(ports, 0x85eb_ca6b), 0x9e37_79b9);
    const slot = (hash ^ (hash >>> 15)) & (RECENT - 1);
    if (this.recentParties[slot] === parties && this.recentPorts[slot] === ports) {
      const recent = this.recentIds[slot] ?? 0;
      this.pairSeconds[recent] = this.second;
      return recent;
    }
    const id = this.findPair(source, destination, port, protocol);
    // what found no room is asked for again: some day there is some
    if (id === 0) return id;
    this.recentParties[slot] = parties;
    this.recentPorts[slot] = ports;
    this.recentIds[slot] = id;
    return id;
  }

  private findPair(source: number, destination: number, port: number, protocol: number): number {
    // 14 + 14 + 16 + 8 bits fit a double's 53
    const key = ((source * MAX_PARTIES + destination) * 65_536 + (port & 0xffff)) * 256 + (protocol & 0xff);
    const known = this.pairIds.get(key);
    if (known !== undefined) {
      this.pairSeconds[known] = this.second;
      return known;
    }
    const id = this.freePairId();
    if (id === undefined) return this.overflow();
    this.pairIds.set(key, id);
    this.pairSeconds[id] = this.second;
    this.pairs[id] = { source: this.partyAt(source), destination: this.partyAt(destination), port, protocol };
    return id;
  }

  private freePairId(): number | undefined {
    if (this.pairs.length < MAX_PAIRS) return this.pairs.length;
    if (this.freePairs.length === 0 && this.second >= this.nextLook) this.forgetIdlePairs();
    return this.freePairs.pop();
  }

  private forgetIdlePairs(): void {
    this.nextLook = this.second + LOOK_SECONDS;
    for (const [key, id] of this.pairIds) {
      if (this.second - (this.pairSeconds[id] ?? 0) < PAIR_IDLE_SECONDS) continue;
      this.pairIds.delete(key);
      this.freePairs.push(id);
    }
    this.recentPorts.fill(-1);
    if (this.freePairs.length > 0) this.onForget(new Set(this.freePairs));
  }

  /** Id of a drop reason's name. */
  reason(name: string): number {
    const known = this.reasonIds.get(name);
    if (known !== undefined) return known;
    if (this.reasons.length >= MAX_REASONS) return this.overflow();
    this.reasonIds.set(name, this.reasons.length);
    return this.reasons.push(name) - 1;
  }

  /** Id of a reason that was met before; undefined if it never was. */
  knownReason(name: string): number | undefined {
    return this.reasonIds.get(name);
  }

  /** Everybody that was met, in that order. */
  allParties(): readonly Party[] {
    return this.parties;
  }

  /** Every drop reason that was met. */
  allReasons(): readonly string[] {
    return this.reasons.slice(1);
  }

  partyAt(id: number): Party {
    return this.parties[id] ?? OTHER_PARTY;
  }

  pairAt(id: number): Pair {
    return this.pairs[id] ?? OTHER_PAIR;
  }

  /** Pairs handed out so far; ids are below it. */
  get pairCount(): number {
    return this.pairs.length;
  }

  reasonAt(id: number): string {
    return this.reasons[id] ?? '(other)';
  }

  private overflow(): number {
    this.overflowCount++;
    return 0;
  }
}

/** Key of drops by reason and pair, and its two halves. */
export function dropKey(reason: number, pair: number): number {
  return reason * MAX_PAIRS + pair;
}

export function dropKeyParts(key: number): { reason: number; pair: number } {
  return { reason: Math.floor(key / MAX_PAIRS), pair: key % MAX_PAIRS };
}

/** The party of an endpoint: its workload, else its pod, else what its labels or reserved identity say. */
export function partyOf(endpoint: Endpoint | undefined, fallback: string): Party {
  const namespace = scrub(endpoint?.namespace ?? '', 63);
  const workload = scrub(endpoint?.workloads?.[0]?.name || appLabel(endpoint?.labels), 120);
  const label = sensitiveLabel(endpoint?.labels);
  if (workload !== '') return { name: inNamespace(namespace, workload), namespace, workload, ...(label === undefined ? {} : { sensitivity: label }) };
  const pod = scrub(endpoint?.pod_name ?? '', 120);
  if (pod !== '') return { name: inNamespace(namespace, pod), namespace, workload: '' };
  return { name: reservedName(endpoint) || inNamespace(namespace, '') || fallback, namespace, workload: '' };
}

function inNamespace(namespace: string, name: string): string {
  return namespace === '' ? name : `${namespace}/${name}`;
}

const SENSITIVE_KEY = /(?:^|[._/-])(?:pci|pii|phi|hipaa|gdpr|sensitive|confidential)(?:[._-]?(?:dss|data|scope))?$/;
const SENSITIVE_VALUE = /^(?:pci|pci-dss|pii|phi|hipaa|confidential|sensitive|restricted|secret)$/;
const DENIED_VALUE = /^(?:false|no|none|0|off|out|out-of-scope)$/;

// what an owner wrote on his pods or namespace, and nothing that a name merely sounds like
function sensitiveLabel(labels: readonly string[] | undefined): string | undefined {
  for (const label of labels ?? []) {
    const at = label.indexOf('=');
    const [key, value] = at < 0 ? [label, ''] : [label.slice(0, at), label.slice(at + 1)];
    const name = key.replace(/^[a-z0-9]+:/, '').replace('io.cilium.k8s.namespace.labels.', '').toLowerCase();
    if (SENSITIVE_VALUE.test(value.toLowerCase()) || (SENSITIVE_KEY.test(name) && !DENIED_VALUE.test(value.toLowerCase()))) return scrub(`${name}${at < 0 ? '' : `=${value}`}`, 60);
  }
  return undefined;
}

function appLabel(labels: readonly string[] | undefined): string {
  for (const label of labels ?? []) {
    const match = /^(?:k8s:)?(?:app|k8s-app|app\.kubernetes\.io\/name)=(.+)$/.exec(label);
    if (match?.[1] !== undefined) return match[1];
  }
  return '';
}

// identity numbers 1 to 8 are reserved by Cilium
const RESERVED = ['', 'host', 'world', 'unmanaged', 'health', 'init', 'remote-node', 'kube-apiserver', 'ingress', 'world-ipv4', 'world-ipv6'];

function reservedName(endpoint: Endpoint | undefined): string {
  const label = endpoint?.labels?.find((candidate) => candidate.startsWith('reserved:'));
  const identity = endpoint?.identity ?? 0;
  const name = label === undefined ? RESERVED[identity] : scrub(label.slice('reserved:'.length), 63);
  // a dual-stack cluster has a world for each family; figures join them, as the pairs of telemetry do
  if (name === 'world-ipv4' || name === 'world-ipv6') return 'world';
  return name ?? (identity === 0 ? '' : `identity ${identity}`);
}
