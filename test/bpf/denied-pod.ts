import type { PolicyMode, PolicyRow } from '../../agent/decode/kernel.ts';
import { PolicyTable } from '../../agent/kernel/policy-table.ts';
import { ANY_PEER } from '../../agent/policy/compile.ts';
import { client, server } from './packets.ts';
import type { Programs } from './programs.ts';

/** The pod behind the device, and its peer. */
export const pod = { ref: 7, labels: 70 } as const;
/** Whom the pod may ask for TCP 443, UDP 53 and a ping, and who may ask it for TCP 80. */
export const peer = { ref: 9, labels: 90 } as const;
/** Numbers of the two decisions. */
export const policy = { allows: 1, denies: 2 } as const;

const modes = { observe: 0, audit: 1, enforce: 2 } as const;
const [ICMP, TCP, UDP, ICMPV6] = [1, 6, 17, 58];
const [INGRESS, EGRESS] = [1, 2];
const DENY = 1;
const DEFAULT = 2;
const portBits = 24;
const typeBits = 16;

const allowed = (direction: number, protocol: number, port: number): PolicyRow => ({ peer: peer.labels, direction, bits: portBits, protocol, port, policy: policy.allows, flags: 0, parser: 0 });
const ping = (protocol: number, type: number): PolicyRow => ({ ...allowed(EGRESS, protocol, type << 8), bits: typeBits });
const defaultDeny = (direction: number): PolicyRow => ({ peer: ANY_PEER, direction, bits: 0, protocol: 0, port: 0, policy: policy.denies, flags: DENY | DEFAULT, parser: 0 });

/** Default deny both ways, and little that is allowed. */
export const narrow: readonly PolicyRow[] = [
  defaultDeny(INGRESS), defaultDeny(EGRESS), allowed(EGRESS, TCP, 443), allowed(EGRESS, UDP, 53), allowed(INGRESS, TCP, 80), ping(ICMP, 8), ping(ICMPV6, 128),
];

/** Everything goes but TCP 80 to the peer, and the pod may talk to itself. */
export const oneDenied: readonly PolicyRow[] = [
  { ...defaultDeny(EGRESS), policy: policy.allows, flags: 0 }, { ...allowed(EGRESS, TCP, 80), policy: policy.denies, flags: DENY },
];

/** Puts the pod behind the loopback device of test runs, with such policies; the returned function takes them away. */
export function denyPod(programs: Programs, rows: readonly PolicyRow[], { mode = 'enforce' as PolicyMode, graceUntilS = 0, ifindex = 1 } = {}): () => void {
  for (const ip of [client.ipv4, client.ipv6]) programs.setAddress(ip, pod.ref, pod.labels);
  for (const ip of [server.ipv4, server.ipv6]) programs.setAddress(ip, peer.ref, peer.labels, 0);
  programs.setDevice(ifindex, pod.ref, { labels: pod.labels });
  const table = new PolicyTable({ policies: programs.object.map('ht_policies'), networks: programs.object.map('ht_networks') });
  const refused = table.setEndpoints(new Map([[pod.labels, rows]]));
  if (refused.length > 0) throw new Error(JSON.stringify(refused));
  programs.configure({ mode: modes[mode], graceUntilS, epoch: 2 });
  return () => { table.setEndpoints(new Map()); };
}
