import type { Peer, Policy } from './policy.ts';

/** `namespace/name` of the services that rules name. */
export function namedServices(policies: readonly Policy[]): Set<string> {
  return new Set(peersOf(policies).flatMap((peer) => (peer.type === 'service' ? [`${peer.namespace}/${peer.name}`] : [])));
}

/** Keys of the labels that rules select nodes by. */
export function namedNodeLabels(policies: readonly Policy[]): Set<string> {
  return new Set(peersOf(policies).flatMap((peer) => (peer.type === 'nodes' ? peer.selector.map(({ key }) => key) : [])));
}

function peersOf(policies: readonly Policy[]): Peer[] {
  return policies.flatMap(({ rules }) => rules.flatMap(({ peers }) => peers ?? []));
}
