import { isWorld, type PolicyEnd } from './end.ts';
import { type Attempt, isPeer, portMatch } from './evaluate.ts';
import type { Direction, Peer, Policy, PortRange, Rule } from './policy.ts';
import { NAMESPACE_LABEL, requirementText, unmet } from './selector.ts';

/** A rule that nearly lets something through, and what is missing, as a sentence's end. */
export interface ClosestRule {
  policy: Policy;
  rule: Rule;
  missing: string;
}

/** Weight of a port that is another one: a rule for the same peer is closer than one for the same port. */
const PORT_WEIGHT = 1.5;
/** Of a peer that cannot be told apart by labels: an entity, a network. */
const OTHER_KIND_WEIGHT = 4;

/** Of the rules that could have allowed an attempt at the end that `direction` is about, the one with the least missing. */
export function closestRule(selecting: readonly Policy[], attempt: Attempt, direction: Direction): ClosestRule | undefined {
  const peer = direction === 'egress' ? attempt.destination : attempt.source;
  let closest: (ClosestRule & { weight: number }) | undefined;
  for (const policy of selecting) {
    for (const rule of policy.rules) {
      if (rule.direction !== direction || rule.isDeny || rule.peers?.length === 0) continue;
      const who = peerMiss(rule, peer);
      const isPortMissed = portMatch(rule, attempt) === 'no';
      const weight = who.weight + (isPortMissed ? PORT_WEIGHT : 0);
      if (closest !== undefined && weight >= closest.weight) continue;
      closest = { policy, rule, weight, missing: [who.words, isPortMissed ? `its ports are ${portsText(rule)}, not ${attemptPort(attempt)}` : ''].filter((words) => words !== '').join('; ') };
    }
  }
  return closest;
}

function peerMiss({ peers }: Rule, end: PolicyEnd): { weight: number; words: string } {
  if (peers === undefined || peers.some((peer) => isPeer(peer, end))) return { weight: 0, words: '' };
  const misses = peers.map((peer) => missOf(peer, end)).sort((one, other) => one.weight - other.weight);
  return misses[0] ?? { weight: OTHER_KIND_WEIGHT, words: 'it names nobody' };
}

function missOf(peer: Peer, end: PolicyEnd): { weight: number; words: string } {
  if (peer.type !== 'endpoints' || isWorld(end)) return { weight: OTHER_KIND_WEIGHT, words: `it means ${peerText(peer)}` };
  const missing = unmet(peer.selector, end.labels);
  const words = missing.map((requirement) => {
    const found = end.labels.find(({ key }) => key === requirement.key);
    const name = requirement.key === NAMESPACE_LABEL ? 'namespace' : requirement.key;
    return `it wants ${requirementText(requirement)}${found === undefined || requirement.operator === 'Exists' ? '' : `, not ${name}=${found.value}`}`;
  });
  return { weight: missing.length, words: words.join(', ') };
}

function peerText(peer: Peer): string {
  switch (peer.type) {
    case 'endpoints': return peer.selector.length === 0 ? 'every endpoint' : peer.selector.map(requirementText).join(', ');
    case 'entity': return peer.name;
    case 'cidr': return `${peer.text}${peer.except.length > 0 ? ' with exceptions' : ''}`;
    case 'fqdn': return peer.text;
    case 'service': return `service ${peer.namespace}/${peer.name}`;
    case 'nodes': return 'nodes';
  }
}

const PROTOCOLS: Readonly<Record<number, string>> = { 0: 'any protocol', 1: 'ICMP', 6: 'TCP', 17: 'UDP', 58: 'ICMP6', 132: 'SCTP' };

/** Ports of a rule in words: `8080 TCP, 9000-9010 any protocol`. */
export function portsText({ ports, icmps }: Rule): string {
  const words = [...(ports ?? []).map(rangeText), ...(icmps ?? []).map(({ family, type }) => `ICMP${family === 6 ? '6' : ''}${type === undefined ? '' : ` type ${type}`}`)];
  return words.length === 0 ? 'none' : `${words.slice(0, 4).join(', ')}${words.length > 4 ? ` and ${words.length - 4} more` : ''}`;
}

function rangeText({ protocol, first, last, name }: PortRange): string {
  const port = name !== '' ? name : first === 0 ? 'all' : first === last ? String(first) : `${first}-${last}`;
  return `${port} ${PROTOCOLS[protocol] ?? `protocol ${protocol}`}`;
}

function attemptPort({ protocol, port }: Attempt): string {
  return `${protocol === 1 || protocol === 58 ? `type ${port}` : port} ${PROTOCOLS[protocol] ?? `protocol ${protocol}`}`;
}
