// The plain, slow, obviously right evaluator: every rule of every policy is looked at. What the kernel's maps say is held against it.
import { isInsidePrefix } from '../../src/flow/ip-prefix.ts';
import { isEntity, isHost, isManaged, isNode, isWorld, type PolicyEnd } from './end.ts';
import type { Direction, Peer, Policy, PortRange, Rule } from './policy.ts';
import { matchesName } from './name-match.ts';
import { fits } from './selector.ts';

const [ICMP, ICMP6] = [1, 58];
const WITH_PORTS: readonly number[] = [6, 17, 132];

/** A connection that is about to be opened, from its first packet. */
export interface Attempt {
  source: PolicyEnd;
  destination: PolicyEnd;
  /** IP protocol number. */
  protocol: number;
  /** Of the destination; of ICMP its type. */
  port: number;
}

/** A policy and the rule of it that decided. */
export interface Decider {
  policy: Policy;
  rule: Rule;
}

/** What policies say at one end. */
export type Judgement =
  /** No policy selects this end for this direction. */
  | { verdict: 'allowed'; form: 'no policy' | 'vital'; by: readonly [] }
  | { verdict: 'allowed'; form: 'rule' | 'host'; by: readonly Decider[] }
  | { verdict: 'denied'; form: 'named deny'; by: readonly Decider[] }
  /** `selecting` would have had to allow it. */
  | { verdict: 'denied'; form: 'default deny'; by: readonly []; selecting: readonly Policy[] }
  /** It hangs on the port that a name stands for, and nobody knows it. */
  | { verdict: 'unknown'; form: 'named port'; by: readonly Decider[] };

/** What policies say at the end that `direction` is about: the source's for egress, the destination's for ingress. */
export function judge(policies: readonly Policy[], attempt: Attempt, direction: Direction): Judgement {
  const subject = direction === 'egress' ? attempt.source : attempt.destination;
  const peer = direction === 'egress' ? attempt.destination : attempt.source;
  if (isVital(attempt)) return { verdict: 'allowed', form: 'vital', by: [] };
  if (!isManaged(subject)) return { verdict: 'allowed', form: 'no policy', by: [] };
  // kubelet's probes: a pod that cannot be probed is killed, so that its node always passes
  if (direction === 'ingress' && isHost(peer)) return { verdict: 'allowed', form: 'host', by: [] };
  const selecting = policies.filter((policy) => fits(policy.subject, subject.labels));
  const deciders = selecting.flatMap((policy) => policy.rules.filter((rule) => rule.direction === direction).map((rule): Decider => ({ policy, rule })));
  const matching = (isDeny: boolean, match: Match): Decider[] => deciders.filter(({ rule }) => rule.isDeny === isDeny && matchOf(rule, attempt, peer) === match);
  const denied = matching(true, 'yes');
  if (denied.length > 0) return { verdict: 'denied', form: 'named deny', by: denied };
  const perhapsDenied = matching(true, 'unknown');
  const allowed = matching(false, 'yes');
  const denying = selecting.filter(({ denies }) => denies[direction]);
  if (allowed.length > 0 || denying.length === 0) {
    if (perhapsDenied.length > 0) return { verdict: 'unknown', form: 'named port', by: perhapsDenied };
    return allowed.length > 0 ? { verdict: 'allowed', form: 'rule', by: allowed } : { verdict: 'allowed', form: 'no policy', by: [] };
  }
  const perhapsAllowed = matching(false, 'unknown');
  if (perhapsAllowed.length > 0) return { verdict: 'unknown', form: 'named port', by: perhapsAllowed };
  return { verdict: 'denied', form: 'default deny', by: [], selecting: denying };
}

const UDP = 17;
/** Router and neighbour discovery. */
const [NDP_FIRST, NDP_LAST] = [133, 137];
const DHCP_PORTS: readonly number[] = [67, 68, 546, 547];

/** What a pod cannot live without, and no policy stops: finding its neighbours and its address. */
export function isVital({ protocol, port }: Attempt): boolean {
  return (protocol === ICMP6 && port >= NDP_FIRST && port <= NDP_LAST) || (protocol === UDP && DHCP_PORTS.includes(port));
}

/** Whether a rule is about an attempt; unknown where only a port's name stands between. */
export type Match = 'yes' | 'no' | 'unknown';

/** How a rule fits an attempt whose other end is `peer`. */
export function matchOf(rule: Rule, attempt: Attempt, peer: PolicyEnd): Match {
  return rule.peers === undefined || rule.peers.some((one) => isPeer(one, peer)) ? portMatch(rule, attempt) : 'no';
}

/** Whether an end is one that a rule names. */
export function isPeer(peer: Peer, end: PolicyEnd): boolean {
  switch (peer.type) {
    case 'endpoints': return fits(peer.selector, end.labels);
    case 'entity': return isEntity(end, peer.name);
    case 'fqdn': return end.names.some((name) => matchesName(peer.text, name)) || end.labels.some(({ source, key }) => source === 'fqdn' && key === peer.text);
    case 'service': return end.services.some(({ namespace, name }) => name === peer.name && namespace === peer.namespace);
    case 'nodes': return isNode(end) && fits(peer.selector, end.labels);
    case 'cidr': {
      const { ip } = end;
      // pods and nodes are known by what they are, not by where
      return ip !== undefined && isWorld(end) && isInsidePrefix(ip, peer.prefix) && !peer.except.some((prefix) => isInsidePrefix(ip, prefix));
    }
  }
}

/** How the ports and ICMP types of a rule fit. */
export function portMatch({ ports, icmps }: Rule, attempt: Attempt): Match {
  if (ports === undefined && icmps === undefined) return 'yes';
  const { protocol, port } = attempt;
  if (protocol === ICMP || protocol === ICMP6) return icmps?.some(({ family, type }) => family === (protocol === ICMP ? 4 : 6) && (type === undefined || type === port)) === true ? 'yes' : 'no';
  const matches = (ports ?? []).map((range) => rangeMatch(range, attempt));
  return matches.includes('yes') ? 'yes' : matches.includes('unknown') ? 'unknown' : 'no';
}

// a name is of the containers that listen, whichever end the rule is for
function rangeMatch({ protocol, first, last, name }: PortRange, attempt: Attempt): Match {
  if (protocol === 0 ? !WITH_PORTS.includes(attempt.protocol) : protocol !== attempt.protocol) return 'no';
  if (name === '') return attempt.port >= first && attempt.port <= last ? 'yes' : 'no';
  if (attempt.destination.ports === undefined) return 'unknown';
  return attempt.destination.ports.get(name) === attempt.port ? 'yes' : 'no';
}
