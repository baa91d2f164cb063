/** An address as 16 bytes: IPv4 in the first four, the rest zero. */
export interface IpBytes {
  family: 4 | 6;
  bytes: Uint8Array;
}

/** Reads textual IPv4 or IPv6 (RFC 4291 §2.2, `::` and an IPv4 tail included); undefined for anything else. */
export function parseIp(text: string): IpBytes | undefined {
  const bytes = new Uint8Array(16);
  if (!text.includes(':')) return readIpv4(text, bytes, 0) ? { family: 4, bytes } : undefined;
  return readIpv6(text, bytes) ? { family: 6, bytes } : undefined;
}

/** Writes 4 or 16 bytes as text, IPv6 in the short form of RFC 5952. */
export function formatIp(bytes: Uint8Array, family: 4 | 6, at = 0): string {
  if (family === 4) return `${bytes[at] ?? 0}.${bytes[at + 1] ?? 0}.${bytes[at + 2] ?? 0}.${bytes[at + 3] ?? 0}`;
  const groups: number[] = [];
  for (let index = 0; index < 16; index += 2) groups.push(((bytes[at + index] ?? 0) << 8) | (bytes[at + index + 1] ?? 0));
  const [start, length] = longestZeroRun(groups);
  const hex = groups.map((group) => group.toString(16));
  if (length < 2) return hex.join(':');
  return `${hex.slice(0, start).join(':')}::${hex.slice(start + length).join(':')}`;
}

function longestZeroRun(groups: readonly number[]): [start: number, length: number] {
  let best: [number, number] = [0, 0];
  let length = 0;
  groups.forEach((group, index) => {
    length = group === 0 ? length + 1 : 0;
    if (length > best[1]) best = [index - length + 1, length];
  });
  return best;
}

function readIpv4(text: string, bytes: Uint8Array, at: number): boolean {
  const parts = text.split('.');
  if (parts.length !== 4) return false;
  return parts.every((part, index) => {
    const value = /^\d{1,3}$/.test(part) ? Number(part) : 256;
    bytes[at + index] = value;
    return value < 256;
  });
}

function readIpv6(text: string, bytes: Uint8Array): boolean {
  const halves = text.split('::');
  if (halves.length > 2) return false;
  const head = expandGroups(halves[0] ?? '');
  const tail = halves.length === 2 ? expandGroups(halves[1] ?? '') : [];
  if (head === undefined || tail === undefined) return false;
  const written = head.length + tail.length;
  if (halves.length === 2 ? written > 7 * 2 : written !== 16) return false;
  bytes.set(head, 0);
  bytes.set(tail, 16 - tail.length);
  return true;
}

/** Bytes of colon-separated groups, the last of which may be dotted IPv4. */
function expandGroups(text: string): number[] | undefined {
  if (text === '') return [];
  const groups = text.split(':');
  const bytes: number[] = [];
  for (const [index, group] of groups.entries()) {
    if (group.includes('.') && index === groups.length - 1) {
      const ipv4 = new Uint8Array(4);
      if (!readIpv4(group, ipv4, 0)) return undefined;
      bytes.push(...ipv4);
    } else if (/^[0-9a-fA-F]{1,4}$/.test(group)) {
      const value = Number.parseInt(group, 16);
      bytes.push(value >> 8, value & 255);
    } else return undefined;
  }
  return bytes;
}
