import { AddressOrder } from './address-order.ts';
import { isHost, isManaged, isWorld, type PolicyEnd } from './end.ts';
import { type Decider, isPeer } from './evaluate.ts';
import { prefixText } from './networks.ts';
import type { Direction, Peer, Policy, Rule } from './policy.ts';
import { coveringPrefixes, hasFixedPorts, type PortPrefix, prefixKey, type RulePrefix, rulePrefixes, WILD } from './port-prefix.ts';
import { kept, LabelIndex, Numbers } from './label-index.ts';
import { fits } from './selector.ts';

/** Peer of the entries for whoever has no entries of his own (HT_ANY_PEER). */
export const ANY_PEER = 0xffff_ffff;

/** Ends that policies cannot tell apart, by the number the datapath knows them by. */
export interface PolicyClass {
  labels: number;
  end: PolicyEnd;
}

/** What an entry says. */
export type Outcome =
  /** No policy is about it. */
  | { kind: 'none' }
  | { kind: 'deny'; direction: Direction; by: readonly Decider[] }
  /** `parser` is what requests are parsed as, since a rule looks at them; empty = nothing. */
  | { kind: 'allow'; direction: Direction; by: readonly Decider[]; parser: string }
  | { kind: 'default-deny'; direction: Direction; selecting: readonly Policy[] }
  /** It hangs on a named port whose number nobody knows. */
  | { kind: 'unknown' };

/** One entry of an endpoint's policy map. The entry of a peer with the longest prefix decides; only a peer without any asks those of ANY_PEER. */
export interface PolicyEntry extends PortPrefix {
  peer: number;
  direction: Direction;
  outcome: Outcome;
}

/** Entries of one endpoint's policy map; Cilium's bound. What needs more is refused whole, since half of a policy is another one. */
export const MAX_POLICY_ENTRIES = 16_384;

/** What policies come to for an endpoint: its entries, or how many those would be where a map has no room for them. */
export type Compiled = { kind: 'entries'; entries: readonly PolicyEntry[] } | { kind: 'too-many'; count: number };

const DIRECTIONS: readonly Direction[] = ['ingress', 'egress'];

/**
 * Compiles policies for endpoints, given everybody they may talk to. What an
 * entry says is what evaluate.ts's judge() would: an entry of a peer has taken
 * the rules for whoever into account. Endpoints that the same policies select
 * share one result, and peers that the same rules name share their outcomes:
 * 1,000 label sets under 200 policies are otherwise 15 seconds' work.
 */
export class PolicyCompiler {
  /** Indexes into `classes` of the ends that a peer of a rule names, and of those that several do: one list for all rules that mean the same. */
  private readonly matches = new Map<string, number[]>();
  private readonly unions = new Map<string, number[]>();
  private readonly listNumbers = new Numbers<readonly number[]>();
  private readonly everybody: readonly number[];
  private readonly byLabel: LabelIndex;
  private readonly compiled = new Map<string, Compiled>();
  private readonly hosts: ReadonlySet<number>;
  /** Only these can be in a network. */
  private readonly worlds: AddressOrder<number>;
  /** Of rules whose ports are the same for all. */
  private readonly prefixes = new Map<Rule, RulePrefix[]>();

  constructor(private readonly policies: readonly Policy[], private readonly classes: readonly PolicyClass[]) {
    this.everybody = [...classes.keys()];
    this.byLabel = new LabelIndex(classes.map(({ end }) => end.labels));
    this.hosts = new Set(indexesOf(classes, isHost));
    this.worlds = new AddressOrder(classes.flatMap(({ end }, index) => (isWorld(end) && end.ip !== undefined ? [{ ip: end.ip, thing: index }] : [])));
  }

  /** What policies come to for an endpoint; undefined where none selects it. */
  compile(subject: PolicyEnd): Compiled | undefined {
    if (!isManaged(subject)) return undefined;
    const selecting = this.policies.flatMap((policy, index) => (fits(policy.subject, subject.labels) ? [index] : []));
    if (selecting.length === 0) return undefined;
    const key = `${selecting.join(' ')} ${portsText(subject)}`;
    const known = this.compiled.get(key);
    if (known !== undefined) return known;
    const made = this.compileSelected(subject, selecting.flatMap((index) => this.policies[index] ?? []));
    this.compiled.set(key, made);
    return made;
  }

  private compileSelected(subject: PolicyEnd, selecting: readonly Policy[]): Compiled {
    const parts = DIRECTIONS.flatMap((direction) => this.partsOf(subject, selecting, direction));
    const count = parts.reduce((sum, { prefixes, peers }) => sum + prefixes.length * peers.length, 0);
    if (count > MAX_POLICY_ENTRIES) return { kind: 'too-many', count };
    const entries: PolicyEntry[] = [];
    for (const { prefixes, peers, direction, decide } of parts) {
      for (const prefix of prefixes) {
        const { bits, protocol, port } = prefix;
        const outcome = decide(prefix);
        for (const peer of peers) entries.push({ bits, protocol, port, peer, direction, outcome });
      }
    }
    return { kind: 'entries', entries };
  }

  private partsOf(subject: PolicyEnd, selecting: readonly Policy[], direction: Direction): Part[] {
    const forWhoever = new Layer();
    const bundles = new Map<readonly number[], Decider[]>();
    for (const policy of selecting) {
      for (const rule of policy.rules) {
        if (rule.direction !== direction) continue;
        const decider = { policy, rule };
        if (rule.peers === undefined && hasFixedPorts(rule, direction)) forWhoever.add(decider, this.prefixesOf(rule, subject));
        else append(bundles, this.peersOf(rule), decider);
      }
    }
    const denying = selecting.filter(({ denies }) => denies[direction]);
    const probed = direction === 'ingress' ? this.hosts : new Set<number>();
    const all = [...bundles].map(([indexes, deciders]): Bundle => ({ indexes, deciders, layer: this.bundleLayer(deciders, { direction, subject }) }));
    const groups = this.alike(all, probed).map(({ alike, indexes }): Part => {
      const layers = alike.map(({ layer, deciders }) => layer ?? this.layerOf(deciders, this.endAt(indexes[0] ?? 0)));
      const prefixes = new Map([...layers.flatMap((layer) => [...layer.prefixes()]), ...forWhoever.prefixesInside(layers)].map((prefix) => [prefixKey(prefix), prefix]));
      return { direction, prefixes: [...prefixes.values()], peers: this.labelsOf(indexes), decide: (prefix) => outcomeOf(prefix, [...layers, forWhoever], { denying, direction }) };
    });
    return [
      { direction, prefixes: [...forWhoever.prefixesWith(WILD)], peers: [ANY_PEER], decide: (prefix) => outcomeOf(prefix, [forWhoever], { denying, direction }) },
      ...groups,
      // kubelet's probes: a pod that cannot be probed is killed, so that its node always passes
      { direction, prefixes: [WILD], peers: this.labelsOf([...probed]), decide: () => ({ kind: 'none' }) },
    ];
  }

  /** Peers by the rules that are about them, and by their named ports where those matter. */
  private alike(bundles: readonly Bundle[], except: ReadonlySet<number>): { alike: Bundle[]; indexes: number[] }[] {
    const about = new Map<number, number[]>();
    for (const [number, { indexes }] of bundles.entries()) for (const index of indexes) if (!except.has(index)) append(about, index, number);
    const groups = new Map<string, { alike: Bundle[]; indexes: number[] }>();
    for (const [index, those] of about) {
      const key = `${those.join(' ')} ${those.some((number) => bundles[number]?.layer === undefined) ? portsText(this.endAt(index)) : ''}`;
      kept(groups, key, () => ({ alike: those.flatMap((number) => bundles[number] ?? []), indexes: [] as number[] })).indexes.push(index);
    }
    return [...groups.values()];
  }

  /** undefined where their named ports are each peer's own. */
  private bundleLayer(deciders: readonly Decider[], { direction, subject }: { direction: Direction; subject: PolicyEnd }): Layer | undefined {
    return deciders.every(({ rule }) => hasFixedPorts(rule, direction)) ? this.layerOf(deciders, subject) : undefined;
  }

  private layerOf(deciders: readonly Decider[], server: PolicyEnd): Layer {
    const layer = new Layer();
    for (const decider of deciders) layer.add(decider, this.prefixesOf(decider.rule, server));
    return layer;
  }

  private endAt(index: number): PolicyEnd {
    const found = this.classes[index];
    if (found === undefined) throw new Error(`no class ${index}`);
    return found.end;
  }

  private labelsOf(indexes: readonly number[]): number[] {
    return indexes.map((index) => this.classes[index]?.labels ?? 0);
  }

  private prefixesOf(rule: Rule, server: PolicyEnd): RulePrefix[] {
    return rule.ports?.some(({ name }) => name !== '') === true ? rulePrefixes(rule, server) : kept(this.prefixes, rule, () => rulePrefixes(rule, server));
  }

  private peersOf({ peers }: Rule): readonly number[] {
    if (peers === undefined) return this.everybody;
    const lists = peers.map((peer) => this.endsOf(peer));
    if (lists.length === 1) return lists[0] ?? [];
    const key = lists.map((list) => this.listNumbers.of(list)).join(' ');
    return kept(this.unions, key, () => [...new Set(lists.flat())]);
  }

  private endsOf(peer: Peer): number[] {
    // a peer means the same wherever it stands
    return kept(this.matches, peer.type === 'cidr' ? [peer.prefix, ...peer.except].map(prefixText).join(' ') : JSON.stringify(peer), () => this.candidates(peer).filter((index) => isPeer(peer, this.endAt(index))));
  }

  private candidates(peer: Peer): readonly number[] {
    if (peer.type === 'cidr') return [...this.worlds.inside(peer.prefix)].map(({ thing }) => thing);
    return (peer.type === 'endpoints' ? this.byLabel.narrow(peer.selector) : undefined) ?? this.everybody;
  }
}

/** Rules about the same peers. */
interface Bundle {
  indexes: readonly number[];
  deciders: readonly Decider[];
  layer: Layer | undefined;
}

/** Entries of some peers: each prefix for each of them. */
interface Part {
  direction: Direction;
  prefixes: readonly PortPrefix[];
  peers: readonly number[];
  decide: (prefix: PortPrefix) => Outcome;
}

function indexesOf(classes: readonly PolicyClass[], isMeant: (end: PolicyEnd) => boolean): number[] {
  return classes.flatMap(({ end }, index) => (isMeant(end) ? [index] : []));
}

function portsText({ ports }: PolicyEnd): string {
  return ports === undefined ? 'unknown' : JSON.stringify([...ports]);
}

function append<Key, Value>(lists: Map<Key, Value[]>, key: Key, value: Value): void {
  kept<Key, Value[]>(lists, key, () => []).push(value);
}

interface LayerRule {
  decider: Decider;
  isUnknown: boolean;
  parser: string;
}

const NO_RULES: readonly LayerRule[] = [];

/** Rules by the prefixes they are about. */
class Layer {
  private readonly byKey = new Map<number, { prefix: PortPrefix; rules: LayerRule[] }>();

  add(decider: Decider, prefixes: readonly RulePrefix[]): void {
    for (const { isUnknown, parser, ...prefix } of prefixes) {
      const key = prefixKey(prefix);
      const known = this.byKey.get(key);
      if (known === undefined) this.byKey.set(key, { prefix, rules: [{ decider, isUnknown, parser }] });
      else known.rules.push({ decider, isUnknown, parser });
    }
  }

  *prefixes(): Iterable<PortPrefix> {
    for (const { prefix } of this.byKey.values()) yield prefix;
  }

  *prefixesWith(extra: PortPrefix): Iterable<PortPrefix> {
    yield* this.prefixes();
    if (!this.byKey.has(prefixKey(extra))) yield extra;
  }

  /** Those of its prefixes that lie inside one of other layers. */
  *prefixesInside(others: readonly Layer[]): Iterable<PortPrefix> {
    for (const prefix of this.prefixes()) if (coveringPrefixes(prefix).some((covering) => others.some((other) => other.byKey.has(prefixKey(covering))))) yield prefix;
  }

  rulesAt(key: number): readonly LayerRule[] {
    return this.byKey.get(key)?.rules ?? NO_RULES;
  }
}

/** What the rules over a prefix come to, in the order of judge(). */
function outcomeOf(prefix: PortPrefix, layers: readonly Layer[], { denying, direction }: { denying: readonly Policy[]; direction: Direction }): Outcome {
  let parser = '';
  // one pass: networks in networks make thousands of rules for thousands of prefixes
  const found = [new Set<Decider>(), new Set<Decider>(), new Set<Decider>(), new Set<Decider>()];
  for (const key of coveringPrefixes(prefix).map(prefixKey)) {
    for (const layer of layers) {
      for (const one of layer.rulesAt(key)) {
        const { decider, isUnknown } = one;
        found[Number(decider.rule.isDeny) * 2 + Number(isUnknown)]?.add(decider);
        if (parser === '' && !decider.rule.isDeny && !isUnknown) ({ parser } = one);
      }
    }
  }
  const matching = (isDeny: boolean, isUnknown: boolean): Decider[] => [...found[Number(isDeny) * 2 + Number(isUnknown)] ?? []];
  const denied = matching(true, false);
  if (denied.length > 0) return { kind: 'deny', direction, by: denied };
  const allowed = matching(false, false);
  if (allowed.length > 0 || denying.length === 0) {
    if (matching(true, true).length > 0) return { kind: 'unknown' };
    if (allowed.length === 0) return { kind: 'none' };
    // whoever else allows it all the same: what passes is still looked at
    return { kind: 'allow', direction, by: allowed, parser };
  }
  return matching(false, true).length > 0 ? { kind: 'unknown' } : { kind: 'default-deny', direction, selecting: denying };
}
