import { describe, expect, test } from 'vitest';
import { ANY_PEER, type Compiled, MAX_POLICY_ENTRIES, type Outcome, type PolicyClass, PolicyCompiler, type PolicyEntry } from '../../../agent/policy/compile.ts';
import type { PolicyEnd } from '../../../agent/policy/end.ts';
import { judge } from '../../../agent/policy/evaluate.ts';
import type { Direction } from '../../../agent/policy/policy.ts';
import { parseLabel } from '../../../src/flow/label-selector.ts';
import { parseIp } from '../../../src/lib/ip-bytes.ts';
import { seededRandom } from '../../src/seeded-random.ts';
import { policies } from './read-policies.ts';

function end(labels: string, ip: string, ports: Record<string, number> | undefined = {}): PolicyEnd {
  return { labels: labels.split(' ').map(parseLabel), ip: parseIp(ip), names: [], services: [], ports: ports === undefined ? undefined : new Map(Object.entries(ports)) };
}

const shop = 'k8s:io.kubernetes.pod.namespace=shop';
const ENDS = {
  web: end(`k8s:app=web ${shop}`, '10.0.1.1'),
  api: end(`k8s:app=api k8s:tier=back ${shop}`, '10.0.1.2', { http: 8080 }),
  old: end(`k8s:app=api ${shop}`, '10.0.1.9', { http: 80 }),
  bank: end('k8s:app=bank k8s:io.kubernetes.pod.namespace=bank', '10.0.2.1', undefined),
  world: end('reserved:world', '93.184.216.34', undefined),
  network: end('reserved:world cidr:10.9.0.0/16', '10.9.1.1', undefined),
  host: end('reserved:host', '192.168.0.1'),
  node: end('reserved:remote-node', '192.168.0.2'),
} as const;
type Who = keyof typeof ENDS;
const classes: PolicyClass[] = Object.values(ENDS).map((one, index) => ({ labels: index + 1, end: one }));
const labelsOf = (who: Who): number => Object.keys(ENDS).indexOf(who) + 1;

function entriesOf(compiled: Compiled | undefined): readonly PolicyEntry[] | undefined {
  if (compiled?.kind === 'too-many') throw new Error(`${compiled.count} entries`);
  return compiled?.entries;
}

/** The entry that a longest-prefix match finds, as the datapath does: the peer's own, or those of whoever where he has none at all. */
function lookUp(entries: readonly PolicyEntry[] | undefined, { peer, direction, protocol, port }: { peer: number; direction: Direction; protocol: number; port: number }): Outcome {
  if (entries === undefined) return { kind: 'none' };
  const place = protocol === 1 || protocol === 58 ? port << 8 : port;
  const covers = (entry: PolicyEntry): boolean => entry.bits === 0 || (entry.protocol === protocol && entry.port >> (24 - entry.bits) === place >> (24 - entry.bits));
  const longest = (who: number): PolicyEntry | undefined => entries.filter((entry) => entry.peer === who && entry.direction === direction && covers(entry)).toSorted((one, other) => other.bits - one.bits)[0];
  return (longest(peer) ?? longest(ANY_PEER))?.outcome ?? { kind: 'none' };
}

const api = 'endpointSelector: {matchLabels: {app: api}}';
const cilium = (name: string, spec: string): string => `kind: CiliumNetworkPolicy\nmetadata: {name: ${name}, namespace: shop}\nspec: ${spec}\n`;

describe('PolicyCompiler.compile()', () => {
  test('gives nothing for an endpoint that no policy selects, and for what is no pod', () => {
    const compiler = new PolicyCompiler(policies(cilium('a', `{${api}, ingress: [{}]}`)), classes);
    expect([compiler.compile(ENDS.web), compiler.compile(ENDS.host), compiler.compile(ENDS.world)]).toEqual([undefined, undefined, undefined]);
    expect(compiler.compile(ENDS.api)).toBeDefined();
  });

  test('gives endpoints that the same policies select one and the same result, unless their named ports differ', () => {
    const compiler = new PolicyCompiler(policies(cilium('a', `{${api}, ingress: [{toPorts: [{ports: [{port: http}]}]}]}`)), classes);
    expect(compiler.compile(ENDS.api)).toBe(compiler.compile({ ...ENDS.api, ip: parseIp('10.0.1.77') }));
    expect(compiler.compile(ENDS.api)).not.toBe(compiler.compile(ENDS.old));
  });

  test('lets the node in for probes, whatever is denied', () => {
    const compiler = new PolicyCompiler(policies(cilium('a', `{${api}, ingressDeny: [{fromEntities: [all]}]}`)), classes);
    const entries = entriesOf(compiler.compile(ENDS.api));
    expect(entries?.filter(({ peer }) => peer === labelsOf('host'))).toEqual([{ peer: labelsOf('host'), direction: 'ingress', bits: 0, protocol: 0, port: 0, outcome: { kind: 'none' } }]);
    expect(lookUp(entries, { peer: labelsOf('node'), direction: 'ingress', protocol: 6, port: 80 }).kind).toBe('deny');
  });

  test('counts what it does not write out: 10,000 ports for each of 1,000 peers', () => {
    const many = Array.from({ length: 1_000 }, (_, index): PolicyClass => ({ labels: 100 + index, end: end(`k8s:app=a${index} ${shop}`, '10.1.0.1') }));
    const ports = Array.from({ length: 10_000 }, (_, i) => `{fromEndpoints: [{}], toPorts: [{ports: [{port: "${i + 1}", protocol: TCP}]}]}`);
    const texts = Array.from({ length: 10 }, (_, i) => cilium(`a${i}`, `{${api}, ingress: [${ports.slice(i * 1_000, (i + 1) * 1_000).join()}]}`));
    const compiled = new PolicyCompiler(policies(texts.join('---\n')), many).compile(ENDS.api);
    // and two of whoever, one a direction
    expect(compiled).toEqual({ kind: 'too-many', count: 10_000 * 1_000 + 2 });
    expect(10_000 * 1_000).toBeGreaterThan(MAX_POLICY_ENTRIES);
  });

  test('seeded: what a longest match finds is what judge() says, for every peer and port', () => {
    const next = seededRandom(19);
    const pick = <T>(list: readonly T[]): T => list[Math.floor(next() * list.length)] as T;
    const peers = ['Entities: [world]', 'Entities: [cluster]', 'Entities: [all]', 'Endpoints: [{}]', 'Endpoints: [{matchLabels: {app: web}}, {matchLabels: {app: bank, "k8s:io.kubernetes.pod.namespace": bank}}]', 'CIDR: [10.9.0.0/16]', 'CIDRSet: [{cidr: 0.0.0.0/0, except: [10.0.0.0/8]}]', 'Endpoints: [{matchExpressions: [{key: tier, operator: DoesNotExist}]}]'];
    const ports = ['', ', toPorts: [{ports: [{port: "80", protocol: TCP}]}]', ', toPorts: [{ports: [{port: "1", endPort: 8079}]}]', ', toPorts: [{ports: [{port: http, protocol: TCP}]}]', ', icmps: [{fields: [{type: 8}]}]'];
    const rule = (way: 'from' | 'to'): string => `{${way}${pick(peers)}${pick(ports)}}`;
    const rules = (way: 'from' | 'to', chance: number): string => (next() < chance ? rule(way) : '');
    const subjects = [api, 'endpointSelector: {}', 'endpointSelector: {matchLabels: {tier: back}}'];
    let decided = 0;
    for (let round = 0; round < 60; round++) {
      const read = policies(Array.from({ length: 1 + Math.floor(next() * 3) }, (_, i) => cilium(`p${i}`, `{${pick(subjects)}, ingress: [${rule('from')}], ingressDeny: [${rules('from', 0.3)}], egress: [${rule('to')}], egressDeny: [${rules('to', 0.3)}]}`)).join('---\n'));
      const compiler = new PolicyCompiler(read, classes);
      for (const subject of ['api', 'old', 'web'] as const) {
        const entries = entriesOf(compiler.compile(ENDS[subject]));
        for (const other of Object.keys(ENDS) as Who[]) {
          for (const direction of ['ingress', 'egress'] as const) {
            for (const [protocol, port] of [[6, 80], [6, 8080], [17, 80], [17, 8079], [132, 80], [1, 8], [1, 0]] as const) {
              const [source, destination] = direction === 'ingress' ? [ENDS[other], ENDS[subject]] : [ENDS[subject], ENDS[other]];
              const { verdict } = judge(read, { source, destination, protocol, port }, direction);
              const outcome = lookUp(entries, { peer: labelsOf(other), direction, protocol, port });
              const found = outcome.kind === 'deny' || outcome.kind === 'default-deny' ? 'denied' : outcome.kind === 'unknown' ? 'unknown' : 'allowed';
              if (found !== 'allowed') decided++;
              if (found !== verdict) expect(`round ${round}, ${direction} of ${subject}, ${other} ${port}/${protocol}: ${found}`).toBe(`round ${round}, ${direction} of ${subject}, ${other} ${port}/${protocol}: ${verdict}`);
            }
          }
        }
      }
    }
    expect(decided).toBeGreaterThan(1_000);
  });
});
