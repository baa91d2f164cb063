import type { PolicyRow } from '../../agent/decode/kernel.ts';
import { ANY_PEER } from '../../agent/policy/compile.ts';

/** HT_MODE_ENFORCE. */
export const enforce = 2;
/** Number of the decision that every drawn entry names. */
export const decision = 7;
/** HT_DIRECTION_*. */
export const direction = { ingress: 1, egress: 2 } as const;

const tcp = 6;
const exactPortBits = 24;
const [denyFlag, defaultFlag] = [1, 2]; // HT_POLICY_*
const labelSets = 2000;
const [firstPort, ports] = [1024, 60_000];

/** What policies allow: TCP to this port of this peer, or of this pod by that peer. */
export interface Allowed {
  direction: number;
  peer: number;
  port: number;
}

/** So many entries of one pod's policy map: random peers and ports, the allowed one in the middle, default deny for the rest. */
export function drawEntries(count: number, allowed: Allowed, random: () => number): PolicyRow[] {
  const entry = { direction: allowed.direction, bits: exactPortBits, protocol: tcp, policy: decision, flags: 0, parser: 0 };
  const rows: PolicyRow[] = Array.from({ length: count - 2 }, () => ({ ...entry, peer: 1 + Math.floor(random() * labelSets), port: firstPort + Math.floor(random() * ports) }));
  rows.splice(rows.length >> 1, 0, { ...entry, peer: allowed.peer, port: allowed.port });
  return [...rows, { ...entry, peer: ANY_PEER, bits: 0, protocol: 0, port: 0, flags: denyFlag | defaultFlag }];
}
