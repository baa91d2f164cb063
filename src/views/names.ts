import type { Pair } from '../model/directory.ts';
import { portText } from '../model/pair-text.ts';
import { left, middle } from '../screen/line.ts';

const PROTOCOLS: Readonly<Record<number, string>> = { 1: 'ICMP', 2: 'IGMP', 6: 'TCP', 17: 'UDP', 58: 'ICMP6', 112: 'VRRP', 132: 'SCTP' };

/** Short name of an IP protocol number. */
export function protocolName(protocol: number): string {
  return protocol === 0 ? '-' : (PROTOCOLS[protocol] ?? String(protocol));
}

/** `source → destination:port` in exactly `width` cells: the repeated namespace goes first, then the middle of the names. */
export function pairCells(pair: Pair, width: number): string {
  const port = portText(pair).replace(/\/.*$/, '');
  const source = pair.source.name;
  let destination = pair.destination.name;
  const long = `${source} → ${destination}${port}`;
  if (long.length <= width) return long.padEnd(width);
  const namespace = pair.source.namespace;
  if (namespace !== '' && namespace === pair.destination.namespace) destination = destination.slice(namespace.length + 1);
  const room = width - 3 - port.length;
  const short = `${source} → ${destination}${port}`;
  if (short.length <= width) return short.padEnd(width);
  const half = room >> 1;
  const sourceWidth = destination.length < half ? room - destination.length : Math.min(source.length, half);
  const cut = middle(source, Math.max(4, sourceWidth));
  return left(`${cut} → ${middle(destination, Math.max(4, room - cut.length))}${port}`, width);
}
