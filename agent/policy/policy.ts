import type { IpPrefix } from '../../src/flow/ip-prefix.ts';
import type { Selector } from './selector.ts';

export type Direction = 'ingress' | 'egress';

/** Who may be at the other end. A rule with several allows each of them. */
export type Peer =
  | { type: 'endpoints'; selector: Selector }
  | { type: 'entity'; name: string }
  | { type: 'cidr'; prefix: IpPrefix; except: readonly IpPrefix[]; text: string }
  /** Names that DNS answers gave an address for, `*` in them as Cilium reads it. */
  | { type: 'fqdn'; text: string }
  | { type: 'service'; namespace: string; name: string }
  | { type: 'nodes'; selector: Selector };

/** Ports of a rule: numbers from `first` to `last`, or a name that containers give a port; protocol 0 is any of TCP, UDP and SCTP. */
export interface PortRange {
  protocol: number;
  first: number;
  last: number;
  name: string;
  /** What requests to them are parsed as: `http`, `dns`, `kafka` or a name of somebody's own. */
  parser?: string;
}

/** One kind of ICMP message; without a type all of the family. */
export interface IcmpType {
  family: 4 | 6;
  type: number | undefined;
}

/** One rule of a policy. `peers` undefined: whoever; `ports` and `icmps` undefined: whatever. */
export interface Rule {
  direction: Direction;
  isDeny: boolean;
  peers: readonly Peer[] | undefined;
  ports: readonly PortRange[] | undefined;
  icmps: readonly IcmpType[] | undefined;
  /** Requests are looked at beyond this rule; what it lets through at layer 4 may be refused there. */
  parser: string;
  /** Where it stands: `spec.ingress[0]`. */
  path: string;
}

/** What one object of a cluster says about its endpoints' traffic, whatever its kind. */
export interface Policy {
  kind: 'NetworkPolicy' | 'CiliumNetworkPolicy' | 'CiliumClusterwideNetworkPolicy';
  /** Empty: of the whole cluster. */
  namespace: string;
  name: string;
  /** Whose traffic it is about. */
  subject: Selector;
  /** Directions in which nothing passes that no rule allows. */
  denies: Readonly<Record<Direction, boolean>>;
  rules: readonly Rule[];
  /** What it asks for and nobody here does, a sentence each. */
  notes: readonly string[];
}

/** `namespace/name`, or the name alone of a policy of the whole cluster. */
export function policyName({ namespace, name }: Pick<Policy, 'namespace' | 'name'>): string {
  return namespace === '' ? name : `${namespace}/${name}`;
}

/** One object of a cluster, with the policies it holds and who changed it last. */
export interface PolicyObject {
  kind: Policy['kind'];
  namespace: string;
  name: string;
  policies: readonly Policy[];
  /** `key=value` of the object's own labels, sorted. */
  labels: readonly string[];
  /** Field manager and operation of the newest entry of managedFields, and its time; "unknown" and empty where the object does not say. */
  who: string;
  operation: string;
  changed: string;
}
