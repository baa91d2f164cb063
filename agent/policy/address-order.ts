import { isInsidePrefix, type IpPrefix } from '../../src/flow/ip-prefix.ts';
import type { IpBytes } from '../../src/lib/ip-bytes.ts';

interface Placed<Thing> {
  ip: IpBytes;
  thing: Thing;
}

/** Things in the order of their addresses, so that those of a network stand side by side. Things of one address keep the order they came in. */
export class AddressOrder<Thing> {
  private readonly placed: readonly Placed<Thing>[];

  constructor(things: readonly Placed<Thing>[]) {
    this.placed = things.toSorted(({ ip: one }, { ip: other }) => compareIp(one, other));
  }

  /** Those whose address lies in a network, the lowest first. */
  *inside(prefix: IpPrefix): Iterable<Placed<Thing>> {
    for (let at = this.firstFrom(firstAddress(prefix)); at < this.placed.length; at++) {
      const found = this.placed[at];
      if (found === undefined || !isInsidePrefix(found.ip, prefix)) return;
      yield found;
    }
  }

  private firstFrom(ip: IpBytes): number {
    let [low, high] = [0, this.placed.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      const found = this.placed[middle];
      if (found !== undefined && compareIp(found.ip, ip) < 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

/** Negative where one address is lower than the other; those of IPv4 are lower than all of IPv6. */
export function compareIp(one: IpBytes, other: IpBytes): number {
  if (one.family !== other.family) return one.family - other.family;
  for (let i = 0; i < 16; i++) {
    const difference = (one.bytes[i] ?? 0) - (other.bytes[i] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

/** The first address of a network. */
export function firstAddress({ family, bytes, bits }: IpPrefix): IpBytes {
  const first = new Uint8Array(16);
  for (let i = 0; i < 16; i++) first[i] = (bytes[i] ?? 0) & (bits >= (i + 1) * 8 ? 255 : bits <= i * 8 ? 0 : 255 << (8 - (bits & 7)));
  return { family, bytes: first };
}
