import { isInsidePrefix, type IpPrefix } from '../../src/flow/ip-prefix.ts';
import { formatIp, type IpBytes } from '../../src/lib/ip-bytes.ts';
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

/** The first address of a network. */
export function firstAddress({ family, bytes, bits }: IpPrefix): IpBytes {
  const first = new Uint8Array(16);
  for (let i = 0; i < 16; i++) first[i] = (bytes[i] ?? 0) & (bits >= (i + 1) * 8 ? 255 : bits <= i * 8 ? 0 : 255 << (8 - (bits & 7)));
  return { family, bytes: first };
}

/** An address of a network that lies in none of the narrower ones; undefined where they fill it. */
export function ownAddress(prefix: IpPrefix, all: readonly IpPrefix[]): IpBytes | undefined {
  const inside = all.filter((other) => other.bits > prefix.bits && isInsidePrefix(firstAddress(other), prefix));
  let address: IpBytes | undefined = firstAddress(prefix);
  while (address !== undefined) {
    const at: IpBytes = address;
    const taken = inside.find((other) => isInsidePrefix(at, other));
    if (taken === undefined) return at;
    address = addressAfter(taken);
    if (address !== undefined && !isInsidePrefix(address, prefix)) return undefined;
  }
  return undefined;
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
