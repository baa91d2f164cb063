import { describe, expect, test } from 'vitest';
import type { PolicyEnd } from '../../../agent/policy/end.ts';
import type { PortRange, Rule } from '../../../agent/policy/policy.ts';
import { coveringPrefixes, hasFixedPorts, prefixKey, rangePrefixes, rulePrefixes } from '../../../agent/policy/port-prefix.ts';
import { seededRandom } from '../../src/seeded-random.ts';

const TCP = 6;

/** Ports that a prefix of 8 bits of protocol and some of port stands for. */
function portsOf({ bits, port }: { bits: number; port: number }): [number, number] {
  return [port, port + 2 ** (24 - bits) - 1];
}

const rule = (more: Partial<Rule>): Rule => ({ direction: 'ingress', isDeny: false, peers: undefined, ports: undefined, icmps: undefined, parser: '', path: 'spec.ingress[0]', ...more });
const server = (ports: Record<string, number> | undefined): PolicyEnd => ({ labels: [], ip: undefined, names: [], services: [], ports: ports === undefined ? undefined : new Map(Object.entries(ports)) });
const named = (name: string): PortRange => ({ protocol: TCP, first: 0, last: 0, name });

describe('rangePrefixes()', () => {
  test.each([[80, 80, 1], [0, 65_535, 1], [1, 65_534, 30], [8000, 8191, 2], [65_535, 65_535, 1], [0, 0, 1]])('covers %i to %i with %i prefixes', (first, last, count) => {
    expect(rangePrefixes(TCP, first, last)).toHaveLength(count);
  });

  test('seeded: covers exactly the range, each port once', () => {
    const seed = 51;
    const next = seededRandom(seed);
    for (let i = 0; i < 2_000; i++) {
      const [one, other] = [Math.floor(next() * 65_536), Math.floor(next() * 65_536)];
      const [first, last] = [Math.min(one, other), Math.max(one, other)];
      const prefixes = rangePrefixes(TCP, first, last);
      expect(prefixes.length).toBeLessThanOrEqual(30);
      let expected = first;
      for (const prefix of prefixes) {
        const [from, to] = portsOf(prefix);
        expect([from, prefix.protocol, from % (to - from + 1)]).toEqual([expected, TCP, 0]);
        expected = to + 1;
      }
      expect(expected).toBe(last + 1);
    }
  });
});

test('coveringPrefixes() gives what a longest-prefix match would look at, the narrowest first', () => {
  const covering = coveringPrefixes({ bits: 24, protocol: TCP, port: 0x1f91 });
  expect(covering.map(({ bits }) => bits)).toEqual([24, 23, 22, 21, 20, 19, 18, 17, 16, 15, 14, 13, 12, 11, 10, 9, 8, 0]);
  expect(covering.slice(0, 3).map(({ port }) => port)).toEqual([0x1f91, 0x1f90, 0x1f90]);
  expect(covering.at(-2)).toEqual({ bits: 8, protocol: TCP, port: 0 });
  expect(new Set(covering.map(prefixKey)).size).toBe(covering.length);
});

describe('rulePrefixes()', () => {
  test('of a rule without ports is everything, of ANY three protocols, of a type of ICMP its high byte', () => {
    expect(rulePrefixes(rule({}), server({}))).toMatchObject([{ bits: 0, isUnknown: false }]);
    expect(rulePrefixes(rule({ ports: [{ protocol: 0, first: 53, last: 53, name: '' }] }), server({})).map(({ protocol, port, bits }) => [protocol, port, bits])).toEqual([[6, 53, 24], [17, 53, 24], [132, 53, 24]]);
    expect(rulePrefixes(rule({ icmps: [{ family: 4, type: 8 }, { family: 6, type: undefined }] }), server({})).map(({ protocol, port, bits }) => [protocol, port, bits])).toEqual([[1, 8 << 8, 16], [58, 0, 8]]);
  });

  test('of a name is the number that the server has for it, nothing where it has none, the protocol where nobody knows', () => {
    const http = rule({ ports: [named('http')] });
    expect(rulePrefixes(http, server({ http: 8080 }))).toMatchObject([{ bits: 24, port: 8080, isUnknown: false }]);
    expect(rulePrefixes(http, server({ grpc: 9000 }))).toEqual([]);
    expect(rulePrefixes(http, server(undefined))).toMatchObject([{ bits: 8, protocol: TCP, isUnknown: true }]);
  });

  test('hasFixedPorts() says no where the name is of the other end', () => {
    expect([hasFixedPorts(rule({ ports: [named('http')] }), 'egress'), hasFixedPorts(rule({ ports: [named('http')] }), 'ingress'), hasFixedPorts(rule({}), 'egress')]).toEqual([false, true, true]);
  });
});
