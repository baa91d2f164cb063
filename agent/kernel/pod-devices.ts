import type { Link, Neighbour, Route } from './netlink.ts';

/** What the current network namespace looks like. */
export interface NetworkView {
  links: ReadonlyMap<number, Link>;
  routes: readonly Route[];
  /** IP to MAC or device. */
  neighbours: readonly Neighbour[];
  /** MAC to port of a bridge. */
  bridgePorts: readonly Neighbour[];
}

/**
 * The devices behind which pods sit: every veth whose other end lives in
 * another network namespace, except the node's own way out. A node can be a
 * namespace itself (kind, our lab) whose eth0 is such a veth: it is told by
 * carrying a route through a gateway, or one to a whole network that somebody
 * configured; a pod's veth has routes to single addresses at most. With
 * `include` the device's name decides instead.
 */
export function podDevices(view: NetworkView, include?: RegExp): Link[] {
  const uplinks = new Set(view.routes.filter(leadsAway).map((route) => route.ifindex));
  return [...view.links.values()].filter((link) => {
    if (include !== undefined) return include.test(link.name);
    return link.kind === 'veth' && link.peerNamespaceId !== undefined && !uplinks.has(link.ifindex);
  });
}

function leadsAway({ hasGateway, isFromAddress, prefixLength, family }: Route): boolean {
  return hasGateway || (!isFromAddress && prefixLength < (family === 4 ? 32 : 128));
}

/**
 * Behind which device an address sits: by host route (ptp, Calico, AWS, GKE),
 * else by neighbour entry on the device itself, else by neighbour entry on a
 * bridge and the port its MAC address was seen on.
 */
export function devicesByAddress({ links, routes, neighbours, bridgePorts }: NetworkView): Map<string, number> {
  const byAddress = new Map<string, number>();
  const ports = new Map(bridgePorts.filter((port) => links.get(port.ifindex)?.master !== undefined).map((port) => [port.mac, port.ifindex]));
  for (const { ip, mac, ifindex } of neighbours) {
    if (ip !== undefined) byAddress.set(ip, (mac === undefined ? undefined : ports.get(mac)) ?? ifindex);
  }
  for (const { destination, prefixLength, family, ifindex, hasGateway } of routes) {
    if (prefixLength === (family === 4 ? 32 : 128) && !hasGateway) byAddress.set(destination, ifindex);
  }
  return byAddress;
}
