import type { Direction, PortRange, Rule } from './policy.ts';
import type { PolicyEnd } from './end.ts';

/** Protocol and port as far as they count: 0 bits = whatever, 8 = the protocol, up to 24 = the port too. Of ICMP the type is the port's high byte. */
export interface PortPrefix {
  bits: number;
  protocol: number;
  port: number;
}

/** A prefix of a rule; unknown where the number of a named port is not known, so that any might be meant. */
export interface RulePrefix extends PortPrefix {
  isUnknown: boolean;
  /** What requests are parsed as; empty = nothing. */
  parser: string;
}

const [ICMP, ICMP6] = [1, 58];
const WITH_PORTS: readonly number[] = [6, 17, 132];
const PROTOCOL_BITS = 8;
const PORT_BITS = 16;
const MAX_PORT = 65_535;

/** Everything that no rule narrows. */
export const WILD: PortPrefix = { bits: 0, protocol: 0, port: 0 };

/** One number for a prefix, as a key. */
export function prefixKey({ bits, protocol, port }: PortPrefix): number {
  return (bits * 256 + protocol) * 65_536 + port;
}

/** The prefixes that cover one, itself included, the narrowest first. */
export function coveringPrefixes({ bits, protocol, port }: PortPrefix): PortPrefix[] {
  const covering: PortPrefix[] = [];
  for (let narrower = bits; narrower >= PROTOCOL_BITS; narrower--) covering.push({ bits: narrower, protocol, port: narrower === PROTOCOL_BITS ? 0 : maskPort(port, narrower - PROTOCOL_BITS) });
  return [...covering, WILD];
}

function maskPort(port: number, bits: number): number {
  return port & (MAX_PORT << (PORT_BITS - bits)) & MAX_PORT;
}

/** The prefixes of a range of ports: at most 30. */
export function rangePrefixes(protocol: number, first: number, last: number): PortPrefix[] {
  const prefixes: PortPrefix[] = [];
  for (let at = first; at <= last;) {
    let size = at === 0 ? MAX_PORT + 1 : at & -at;
    while (at + size - 1 > last) size /= 2;
    prefixes.push({ bits: PROTOCOL_BITS + PORT_BITS - Math.log2(size), protocol, port: at });
    at += size;
  }
  return prefixes;
}

/** Whether the ports of a rule are the same whoever is at the other end: a named port of an egress rule is the other end's. */
export function hasFixedPorts({ ports }: Rule, direction: Direction): boolean {
  return direction === 'ingress' || ports === undefined || ports.every(({ name }) => name === '');
}

/** The prefixes of a rule for a connection to `server`. */
export function rulePrefixes({ ports, icmps }: Rule, server: PolicyEnd): RulePrefix[] {
  if (ports === undefined && icmps === undefined) return [{ ...WILD, isUnknown: false, parser: '' }];
  const types = (icmps ?? []).map(({ family, type }): RulePrefix => {
    const protocol = family === 4 ? ICMP : ICMP6;
    return type === undefined ? { bits: PROTOCOL_BITS, protocol, port: 0, isUnknown: false, parser: '' } : { bits: 2 * PROTOCOL_BITS, protocol, port: type << 8, isUnknown: false, parser: '' };
  });
  return [...types, ...(ports ?? []).flatMap((range) => portPrefixes(range, server))];
}

function portPrefixes({ protocol, first, last, name, parser = '' }: PortRange, server: PolicyEnd): RulePrefix[] {
  const protocols = protocol === 0 ? WITH_PORTS : [protocol];
  if (name === '') return protocols.flatMap((one) => rangePrefixes(one, first, last)).map((prefix) => ({ ...prefix, isUnknown: false, parser }));
  if (server.ports === undefined) return protocols.map((one) => ({ bits: PROTOCOL_BITS, protocol: one, port: 0, isUnknown: true, parser }));
  const port = server.ports.get(name);
  return port === undefined ? [] : protocols.map((one) => ({ bits: PROTOCOL_BITS + PORT_BITS, protocol: one, port, isUnknown: false, parser }));
}
