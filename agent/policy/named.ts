import type { NameSelector } from './name-classes.ts';
import type { Peer, Policy } from './policy.ts';

/** `namespace/name` of the services that rules name. */
export function namedServices(policies: readonly Policy[]): Set<string> {
  return new Set(peersOf(policies).flatMap((peer) => (peer.type === 'service' ? [`${peer.namespace}/${peer.name}`] : [])));
}

/** Keys of the labels that rules select nodes by. */
export function namedNodeLabels(policies: readonly Policy[]): Set<string> {
  return new Set(peersOf(policies).flatMap((peer) => (peer.type === 'nodes' ? peer.selector.map(({ key }) => key) : [])));
}

/** Names and patterns of names that rules allow or deny. */
export function namedNames(policies: readonly Policy[]): NameSelector[] {
  const found = peersOf(policies).flatMap((peer) => (peer.type === 'fqdn' ? [peer] : []));
  return [...new Map(found.map((peer) => [peer.text, peer])).values()];
}

function peersOf(policies: readonly Policy[]): Peer[] {
  return policies.flatMap(({ rules }) => rules.flatMap(({ peers }) => peers ?? []));
}
