/** Packets as bytes, header by header, for programs that are run without a device. */

/** Addresses of the two ends, in the notation of the packet's family. */
export const client = { ipv4: [10, 0, 1, 5], ipv6: [0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 5] } as const;
/** The other end. */
export const server = { ipv4: [10, 0, 2, 9], ipv6: [0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 9] } as const;

/** TCP flags by letter, as tcpdump writes them. */
export const tcpFlag = { F: 1, S: 2, R: 4, P: 8, '.': 16, U: 32 } as const;

const macs = [0x0a, 0, 0, 0, 0, 2, 0x0a, 0, 0, 0, 0, 1];

function join(...parts: (Uint8Array | readonly number[])[]): Uint8Array {
  return Uint8Array.from(parts.flatMap((part) => [...part]));
}

function word(value: number): number[] {
  return [(value >>> 8) & 0xff, value & 0xff];
}

/** Ethernet header and payload, with VLAN tags between. */
export function ethernet(type: number, payload: Uint8Array, tags: readonly number[] = []): Uint8Array {
  const tagBytes = tags.flatMap((tag) => [...word(tag === 1 ? 0x8100 : 0x88a8), ...word(100 + tag)]);
  return join(macs, tagBytes, word(type), payload);
}

/** What may differ in an IPv4 header. */
export interface Ipv4Options {
  from?: readonly number[];
  to?: readonly number[];
  optionWords?: number;
  /** Offset in bytes; more = the MF bit. */
  fragment?: { id: number; offset: number; more: boolean };
  totalLength?: number;
}

/** An IPv4 header and what it carries. */
export function ipv4(protocol: number, payload: Uint8Array, options: Ipv4Options = {}): Uint8Array {
  const { from = client.ipv4, to = server.ipv4, optionWords = 0, fragment } = options;
  const headerWords = 5 + optionWords;
  const total = options.totalLength ?? headerWords * 4 + payload.length;
  const fragmentBits = fragment === undefined ? 0x4000 : (fragment.more ? 0x2000 : 0) | (fragment.offset >>> 3);
  const noOperation = Array.from({ length: optionWords * 4 }, () => 1);
  return join([0x40 | headerWords, 0], word(total), word(fragment?.id ?? 1), word(fragmentBits), [64, protocol, 0, 0], from, to, noOperation, payload);
}

/** An IPv6 header and what it carries. */
export function ipv6(next: number, payload: Uint8Array, { from = client.ipv6, to = server.ipv6 }: { from?: readonly number[]; to?: readonly number[] } = {}): Uint8Array {
  return join([0x60, 0, 0, 0], word(payload.length), [next, 64], from, to, payload);
}

/** An IPv6 extension header of `units` times 8 bytes, less the first 8. */
export function extension(next: number, units: number, payload: Uint8Array): Uint8Array {
  return join([next, units], new Uint8Array(6 + units * 8), payload);
}

/** An authentication header: its length counts words of four bytes, less two. */
export function authentication(next: number, words: number, payload: Uint8Array): Uint8Array {
  return join([next, words - 2], new Uint8Array(words * 4 - 2), payload);
}

/** An IPv6 fragment header. */
export function fragmentHeader(next: number, { id, offset, more }: { id: number; offset: number; more: boolean }, payload: Uint8Array): Uint8Array {
  return join([next, 0], word(offset | (more ? 1 : 0)), [0, 0], word(id), payload);
}

/** A TCP segment; flags as letters (`S`, `S.`, `P.`). */
export function tcp(sourcePort: number, destinationPort: number, flags: string, payloadBytes = 0): Uint8Array {
  const bits = [...flags].reduce((sum, letter) => sum | (tcpFlag[letter as keyof typeof tcpFlag] ?? 0), 0);
  return join(word(sourcePort), word(destinationPort), [0, 0, 0, 1, 0, 0, 0, 1, 0x50, bits, 0xff, 0xff, 0, 0, 0, 0], new Uint8Array(payloadBytes));
}

/** A UDP datagram. */
export function udp(sourcePort: number, destinationPort: number, payloadBytes = 4): Uint8Array {
  return join(word(sourcePort), word(destinationPort), word(8 + payloadBytes), [0, 0], new Uint8Array(payloadBytes));
}

/** An ICMP message: type, code, and four bytes that echo uses for id and sequence. */
export function icmp(type: number, code: number, id: number, payload: Uint8Array = new Uint8Array(8)): Uint8Array {
  return join([type, code, 0, 0], word(id), word(1), payload);
}
