import { NXDOMAIN } from './dns-cells.ts';

/** How long the next try along a search path may take: a resolver's answer, and the way here. */
const NEXT_TRY_MS = 2_000;
/** Lookups under way that are remembered; the one that waits longest goes first and counts as failed. */
const MAX_UNDER_WAY = 4_096;
/** Names with so many dots are tried as they are before the search path (options ndots:5 of Kubernetes). */
const NDOTS = 5;
/** Domains of clusters that are learned besides the usual one. */
const MAX_DOMAINS = 4;
const USUAL_DOMAIN = 'cluster.local.';

/** One answer along a search path. */
export interface Try {
  /** Number of the endpoint that asks, and its namespace. */
  client: number;
  namespace: string;
  clientParty: number;
  resolver: number;
  /** As dnsName() writes it. */
  name: string;
  /** `A`, `AAAA`. */
  type: string;
  rcode: number;
  timeMs: number;
  /** When it came here, by our clock. */
  arrivedMs: number;
  latencyUs: number;
  count: number;
}

/** What became of tries: lookups that ended, and noise. */
export interface SearchOutcome {
  /** A lookup ended with this try, under the name that a reader would give it. */
  onLookup(ended: Try): void;
  /** A try was followed by another one. `suffix` is what was put behind the name. */
  onNoise(tried: Try, suffix: string): void;
}

interface UnderWay {
  last: Try;
  suffix: string;
  /** The name that was wanted, without what the search path adds. */
  wanted: string;
  firstName: string;
  tries: number;
  /** Place of the last try in the order of tries. */
  place: number;
}

interface Place {
  wanted: string;
  suffix: string;
  /** 0, 1, 2 for the cluster's suffixes, 3 for others, 4 for none. */
  rank: number;
}

/**
 * Joins the tries of a resolver along its search path to one lookup: x.ns.svc.cluster.local., x.svc.cluster.local.,
 * x.cluster.local., whatever else the node adds, x. It failed only if the last try failed. Several lookups of one name by one pod
 * at a time are told apart by how far each is.
 */
export class SearchPaths {
  private readonly domains = new Set<string>([USUAL_DOMAIN]);
  /** By client, type and wanted name; the longest waiting first. */
  private readonly underWay = new Map<string, UnderWay[]>();
  private readonly clients = new Map<number, number>();
  private size = 0;

  /** Takes an answer. */
  take(tried: Try, outcome: SearchOutcome): void {
    this.learn(tried);
    const { wanted, suffix, rank } = this.placeOf(tried);
    const isAsIsFirst = wanted.split('.').length - 1 > NDOTS;
    const place = rank < 4 ? rank + (isAsIsFirst ? 1 : 0) : isAsIsFirst ? 0 : 4;
    const before = this.takeBefore(keyOf(tried, wanted), place, tried.count);
    if (before !== undefined) outcome.onNoise(before.last, before.suffix);
    const step: UnderWay = { last: tried, suffix, wanted, firstName: before?.firstName ?? tried.name, tries: (before?.tries ?? 0) + 1, place };
    // nothing comes after the last try, nor after an answer other than "no such name"
    if (tried.rcode !== NXDOMAIN) outcome.onLookup(tried);
    else if (place === 4) end(step, outcome);
    else this.wait(keyOf(tried, wanted), step, outcome);
  }

  /** Ends the lookups whose next try did not come until a time. */
  expire(nowMs: number, outcome: SearchOutcome): void {
    for (const [key, list] of this.underWay) {
      while ((list[0]?.last.arrivedMs ?? Infinity) + NEXT_TRY_MS <= nowMs) this.endFirst(key, list, outcome);
      if (list.length > 0) break;
    }
  }

  /** Forgets what is under way: nobody knows what came of it. */
  clear(): void {
    this.underWay.clear();
    this.clients.clear();
    this.size = 0;
  }

  /** The name a reader would give to what was asked, whichever try it is. */
  wantedName(asked: { client: number; namespace: string; name: string; type: string }): string {
    const { wanted, suffix } = this.placeOf(asked);
    return suffix !== '' && wanted.indexOf('.') < wanted.length - 1 ? wanted : asked.name;
  }

  // a service that is there proves the domain
  private learn({ name, namespace, rcode }: Try): void {
    if (rcode !== 0 || namespace === '' || this.domains.size >= MAX_DOMAINS) return;
    const at = name.indexOf(`.${namespace}.svc.`);
    if (at > 0 && !name.slice(0, at).includes('.')) this.domains.add(name.slice(at + namespace.length + 6));
  }

  private placeOf(asked: { client: number; namespace: string; name: string; type: string }): Place {
    const { name, namespace } = asked;
    for (const domain of this.domains) {
      if (!name.endsWith(`.${domain}`)) continue;
      const suffixes = [namespace === '' ? '' : `${namespace}.svc.${domain}`, `svc.${domain}`, domain];
      const rank = suffixes.findIndex((suffix) => suffix !== '' && name.endsWith(`.${suffix}`));
      const suffix = suffixes[rank] ?? '';
      return { wanted: name.slice(0, name.length - suffix.length), suffix, rank };
    }
    return this.knownPlace(asked) ?? { wanted: name, suffix: '', rank: 4 };
  }

  // a suffix of the node's own, such as ec2.internal: known by the lookup that is under way
  private knownPlace(asked: { client: number; name: string; type: string }): Place | undefined {
    if (!this.clients.has(asked.client)) return undefined;
    const { name } = asked;
    for (let dot = name.indexOf('.'); dot >= 0 && dot < name.length - 1; dot = name.indexOf('.', dot + 1)) {
      const wanted = name.slice(0, dot + 1);
      if (this.underWay.has(keyOf(asked, wanted))) return { wanted, suffix: name.slice(dot + 1), rank: 3 };
    }
    return undefined;
  }

  // the lookup that is furthest among those that are not as far as this try
  private takeBefore(key: string, place: number, count: number): UnderWay | undefined {
    const list = this.underWay.get(key);
    if (list === undefined) return undefined;
    let best = -1;
    list.forEach((step, i) => {
      if (step.place < place && step.last.count <= count && (best < 0 || step.place > (list[best]?.place ?? 0))) best = i;
    });
    const found = list[best];
    if (found !== undefined) this.drop(key, list, best);
    return found;
  }

  private wait(key: string, step: UnderWay, outcome: SearchOutcome): void {
    if (this.size >= MAX_UNDER_WAY) this.endOldest(outcome);
    const list = this.underWay.get(key) ?? [];
    // to the end of the order: it waits from now on
    this.underWay.delete(key);
    this.underWay.set(key, list);
    list.push(step);
    this.size++;
    this.clients.set(step.last.client, (this.clients.get(step.last.client) ?? 0) + 1);
  }

  private endOldest(outcome: SearchOutcome): void {
    const oldest = this.underWay.entries().next();
    if (oldest.done !== true) this.endFirst(oldest.value[0], oldest.value[1], outcome);
  }

  private endFirst(key: string, list: UnderWay[], outcome: SearchOutcome): void {
    const [step] = list;
    this.drop(key, list, 0);
    if (step !== undefined) end(step, outcome);
  }

  private drop(key: string, list: UnderWay[], at: number): void {
    const [step] = list.splice(at, 1);
    if (list.length === 0) this.underWay.delete(key);
    if (step === undefined) return;
    this.size--;
    const left = (this.clients.get(step.last.client) ?? 1) - 1;
    if (left > 0) this.clients.set(step.last.client, left);
    else this.clients.delete(step.last.client);
  }
}

function end({ last, wanted, firstName, tries }: UnderWay, outcome: SearchOutcome): void {
  const isDotted = wanted.indexOf('.') < wanted.length - 1;
  outcome.onLookup({ ...last, name: tries === 1 ? last.name : isDotted ? wanted : firstName });
}

function keyOf(asked: { client: number; type: string }, wanted: string): string {
  return `${asked.client} ${asked.type} ${wanted}`;
}
