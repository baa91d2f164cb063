import { isHost, isManaged, type PolicyEnd } from './end.ts';
import { type Decider, isPeer } from './evaluate.ts';
import type { Direction, Peer, Policy, Rule } from './policy.ts';
import { coveringPrefixes, hasFixedPorts, type PortPrefix, prefixKey, type RulePrefix, rulePrefixes, WILD } from './port-prefix.ts';
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

const DIRECTIONS: readonly Direction[] = ['ingress', 'egress'];

/**
 * Compiles policies for endpoints, given everybody they may talk to. What an
 * entry says is what evaluate.ts's judge() would: an entry of a peer has taken
 * the rules for whoever into account.
 */
export class PolicyCompiler {
  /** Indexes into `classes` of the ends that a peer of a rule names; rules of several subjects share them. */
  private readonly matches = new Map<Peer, number[]>();
  private readonly hosts: number[];

  constructor(private readonly policies: readonly Policy[], private readonly classes: readonly PolicyClass[]) {
    this.hosts = classes.flatMap(({ end }, i) => (isHost(end) ? [i] : []));
  }

  /** The entries of an endpoint; undefined where no policy selects it. */
  compile(subject: PolicyEnd): PolicyEntry[] | undefined {
    if (!isManaged(subject)) return undefined;
    const selecting = this.policies.filter((policy) => fits(policy.subject, subject.labels));
    return selecting.length === 0 ? undefined : DIRECTIONS.flatMap((direction) => this.compileDirection(subject, selecting, direction));
  }

  private compileDirection(subject: PolicyEnd, selecting: readonly Policy[], direction: Direction): PolicyEntry[] {
    const forWhoever = new Layer();
    const forPeer = new Map<number, Layer>();
    for (const policy of selecting) {
      for (const rule of policy.rules) {
        if (rule.direction !== direction) continue;
        const decider = { policy, rule };
        if (rule.peers === undefined && hasFixedPorts(rule, direction)) forWhoever.add(decider, rulePrefixes(rule, subject));
        else for (const index of this.peersOf(rule)) layerOf(forPeer, index).add(decider, rulePrefixes(rule, direction === 'ingress' ? subject : this.endAt(index)));
      }
    }
    const denying = selecting.filter(({ denies }) => denies[direction]);
    const decide = (prefix: PortPrefix, layers: readonly Layer[]): Outcome => outcomeOf(prefix, layers, { denying, direction });
    const entries: PolicyEntry[] = [...forWhoever.prefixesWith(WILD)].map((prefix) => ({ ...prefix, peer: ANY_PEER, direction, outcome: decide(prefix, [forWhoever]) }));
    const isProbed = direction === 'ingress' ? new Set(this.hosts) : new Set<number>();
    for (const [index, layer] of forPeer) {
      if (isProbed.has(index)) continue;
      const peer = this.classes[index]?.labels ?? 0;
      const prefixes = new Map([...layer.prefixes(), ...forWhoever.prefixesInside(layer)].map((prefix) => [prefixKey(prefix), prefix]));
      for (const prefix of prefixes.values()) entries.push({ ...prefix, peer, direction, outcome: decide(prefix, [layer, forWhoever]) });
    }
    // kubelet's probes: a pod that cannot be probed is killed, so that its node always passes
    for (const index of isProbed) entries.push({ ...WILD, peer: this.classes[index]?.labels ?? 0, direction, outcome: { kind: 'none' } });
    return entries;
  }

  private endAt(index: number): PolicyEnd {
    const found = this.classes[index];
    if (found === undefined) throw new Error(`no class ${index}`);
    return found.end;
  }

  private peersOf({ peers }: Rule): Iterable<number> {
    if (peers === undefined) return this.classes.keys();
    return new Set(peers.flatMap((peer) => {
      const known = this.matches.get(peer);
      if (known !== undefined) return known;
      const found = this.classes.flatMap(({ end }, index) => (isPeer(peer, end) ? [index] : []));
      this.matches.set(peer, found);
      return found;
    }));
  }
}

interface LayerRule {
  decider: Decider;
  isUnknown: boolean;
  parser: string;
}

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

  /** Those of its prefixes that lie inside one of another layer. */
  *prefixesInside(other: Layer): Iterable<PortPrefix> {
    for (const prefix of this.prefixes()) if (coveringPrefixes(prefix).some((covering) => other.byKey.has(prefixKey(covering)))) yield prefix;
  }

  rulesOver(prefix: PortPrefix): LayerRule[] {
    return coveringPrefixes(prefix).flatMap((covering) => this.byKey.get(prefixKey(covering))?.rules ?? []);
  }
}

function layerOf(layers: Map<number, Layer>, index: number): Layer {
  const known = layers.get(index);
  if (known !== undefined) return known;
  const made = new Layer();
  layers.set(index, made);
  return made;
}

/** What the rules over a prefix come to, in the order of judge(). */
function outcomeOf(prefix: PortPrefix, layers: readonly Layer[], { denying, direction }: { denying: readonly Policy[]; direction: Direction }): Outcome {
  const rules = layers.flatMap((layer) => layer.rulesOver(prefix));
  const matching = (isDeny: boolean, isUnknown: boolean): Decider[] =>
    [...new Set(rules.filter((one) => one.decider.rule.isDeny === isDeny && one.isUnknown === isUnknown).map(({ decider }) => decider))];
  const denied = matching(true, false);
  if (denied.length > 0) return { kind: 'deny', direction, by: denied };
  const allowed = matching(false, false);
  if (allowed.length > 0 || denying.length === 0) {
    if (matching(true, true).length > 0) return { kind: 'unknown' };
    if (allowed.length === 0) return { kind: 'none' };
    // whoever else allows it all the same: what passes is still looked at
    return { kind: 'allow', direction, by: allowed, parser: rules.find(({ decider, isUnknown, parser }) => !decider.rule.isDeny && !isUnknown && parser !== '')?.parser ?? '' };
  }
  return matching(false, true).length > 0 ? { kind: 'unknown' } : { kind: 'default-deny', direction, selecting: denying };
}
