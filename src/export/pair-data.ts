import type { Pair, Party } from '../model/directory.ts';
import type { Data } from './data.ts';

const PROTOCOLS: Readonly<Record<number, string>> = { 1: 'ICMP', 2: 'IGMP', 6: 'TCP', 17: 'UDP', 58: 'ICMPv6', 112: 'VRRP', 132: 'SCTP' };

/** A protocol by its name; the number as text where it has none here, null for none. */
export function protocolData(protocol: number): string | null {
  return protocol === 0 ? null : PROTOCOLS[protocol] ?? String(protocol);
}

/** Who talks to whom: client, server, the server's port. */
export function pairData(pair: Pair): { readonly [key: string]: Data } {
  return { source: partyData(pair.source), destination: partyData(pair.destination), port: pair.port, protocol: protocolData(pair.protocol) };
}

function partyData({ name, namespace, workload }: Party): Data {
  return { name, namespace, workload };
}
