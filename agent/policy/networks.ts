import { isInsidePrefix, type IpPrefix } from '../../src/flow/ip-prefix.ts';
import { formatIp, type IpBytes } from '../../src/lib/ip-bytes.ts';
import { AddressOrder, compareIp, firstAddress } from './address-order.ts';
import type { Policy } from './policy.ts';

/** Networks that policies may name together; those of later policies are left out, and said. */
export const MAX_NETWORKS = 4_096;

/** The world of one family, for policies that tell the two apart. */
const EVERYTHING: readonly IpPrefix[] = [{ family: 4, bytes: new Uint8Array(16), bits: 0 }, { family: 6, bytes: new Uint8Array(16), bits: 0 }];

/** Every network that policies tell apart from its surroundings, each once. */
export function namedNetworks(policies: readonly Policy[]): IpPrefix[] {
  const found = new Map<string, IpPrefix>();
  const add = (prefix: IpPrefix): void => { found.set(prefixText(prefix), prefix); };
  for (const { rules } of policies) {
    for (const peer of rules.flatMap(({ peers }) => peers ?? [])) {
      if (peer.type === 'cidr') for (const prefix of [peer.prefix, ...peer.except]) add(prefix);
      if (peer.type === 'cidr' || (peer.type === 'entity' && peer.name.startsWith('world-'))) EVERYTHING.forEach(add);
    }
  }
  return [...found.values()];
}

/** `10.0.0.0/8`, without the bits that do not count. */
export function prefixText(prefix: IpPrefix): string {
  return `${formatIp(firstAddress(prefix).bytes, prefix.family)}/${prefix.bits}`;
}

/** Networks as ownAddress() wants them: those inside of one behind it. */
export function inOrder(networks: readonly IpPrefix[]): AddressOrder<IpPrefix> {
  return new AddressOrder(networks.toSorted((one, other) => one.bits - other.bits).map((network) => ({ ip: firstAddress(network), thing: network })));
}

/** An address of a network that lies in none of the narrower ones; undefined where they fill it. */
export function ownAddress(prefix: IpPrefix, all: AddressOrder<IpPrefix>): IpBytes | undefined {
  let address = firstAddress(prefix);
  for (const { ip, thing: other } of all.inside(prefix)) {
    if (other.bits <= prefix.bits) continue;
    if (compareIp(ip, address) > 0) return address;
    if (!isInsidePrefix(address, other)) continue;
    const next = addressAfter(other);
    if (next === undefined || !isInsidePrefix(next, prefix)) return undefined;
    address = next;
  }
  return address;
}

/** The address behind the last of a network; undefined behind the last of all. */
function addressAfter(prefix: IpPrefix): IpBytes | undefined {
  const { bytes } = firstAddress(prefix);
  for (let i = Math.ceil(prefix.bits / 8) - 1, step = 1 << ((8 - (prefix.bits & 7)) & 7); i >= 0; i--, step = 1) {
    const sum = (bytes[i] ?? 0) + step;
    bytes[i] = sum & 255;
    if (sum <= 255) return { family: prefix.family, bytes };
  }
  return undefined;
}
