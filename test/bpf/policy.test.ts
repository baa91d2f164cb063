import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { parseDocuments } from '../../agent/catalog/parse-objects.ts';
import { readPolicyObject } from '../../agent/catalog/policy-object.ts';
import { type CatalogSnapshot, emptyCatalog, type EndpointFact } from '../../agent/decode/facts.ts';
import type { PolicyMode } from '../../agent/decode/kernel.ts';
import { EndpointVersions } from '../../agent/enrich/endpoint-versions.ts';
import { PolicyEngine } from '../../agent/enrich/policy-engine.ts';
import { PolicyTable } from '../../agent/kernel/policy-table.ts';
import { readConnection } from '../../agent/kernel/table-rows.ts';
import type { PolicyEnd } from '../../agent/policy/end.ts';
import { type Attempt, judge, portMatch } from '../../agent/policy/evaluate.ts';
import { parserName, parserNumber } from '../../agent/policy/parser.ts';
import { type PolicyObject, policyName } from '../../agent/policy/policy.ts';
import { parseIp } from '../../src/lib/ip-bytes.ts';
import { dnsMessage } from '../agent/dns-message.ts';
import { seededRandom } from '../src/seeded-random.ts';
import { ethernet, icmp, ipv4, ipv6, tcp, udp } from './packets.ts';
import { cannotTest, Programs } from './programs.ts';

const IPV4 = 0x0800;
const IPV6 = 0x86dd;
const [ICMP, TCP, UDP, ICMP6] = [1, 6, 17, 58];
const SHOT = 2;
const NEXT = -1;
const modes = { observe: 0, audit: 1, enforce: 2 } as const;

function pod(name: string, namespace: string, ip: string, labels: Record<string, string>, more: Partial<EndpointFact> = {}): EndpointFact {
  const own = Object.entries(labels).map(([key, value]) => `k8s:${key}=${value}`);
  return {
    ips: [ip, ip.replace('10.0.', 'fd00:0:0:').replace('.', '::')], namespace, pod_name: name, workloads: [], identity: 300 + Number(ip.split('.').at(-1)), node_name: 'here', hostNetwork: false, uid: name, namedPorts: [],
    labels: [...own, `k8s:io.kubernetes.pod.namespace=${namespace}`, `k8s:io.cilium.k8s.namespace.labels.team=${namespace === 'shop' ? 'retail' : 'money'}`].sort(), ...more,
  };
}

const pods: readonly EndpointFact[] = [
  pod('web', 'shop', '10.0.1.1', { app: 'web', tier: 'front' }),
  pod('api', 'shop', '10.0.1.2', { app: 'api', tier: 'back' }, { namedPorts: [['http', 8080]] }),
  pod('api-new', 'shop', '10.0.1.3', { app: 'api', tier: 'back' }, { namedPorts: [['http', 9090]] }),
  pod('queue', 'shop', '10.0.1.4', { app: 'queue' }),
  pod('bank', 'bank', '10.0.2.5', { app: 'bank', tier: 'back' }, { namedPorts: [['http', 80]] }),
  pod('ledger', 'bank', '10.0.2.6', { app: 'ledger', tier: 'back' }),
  pod('dns', 'kube-system', '10.0.3.7', { 'k8s-app': 'kube-dns' }),
];
const catalog: CatalogSnapshot = {
  ...emptyCatalog, endpoints: [...pods],
  nodes: [
    { name: 'here', ips: ['192.168.0.1'], labels: ['kubernetes.io/os=linux', 'pool=front'], podCidrs: [] }, { name: 'there', ips: ['192.168.0.2'], labels: ['kubernetes.io/os=linux', 'pool=back'], podCidrs: [] },
    { name: 'far', ips: ['192.168.0.3'], labels: ['kubernetes.io/os=windows', 'pool=back'], podCidrs: [] }, { name: 'bare', ips: ['192.168.0.4'], labels: [], podCidrs: [] },
  ],
  services: [{ namespace: 'shop', name: 'api', clusterIps: ['10.96.0.1'], ports: [{ name: '', protocol: 'TCP', port: 80, targetPort: 8080 }], backends: [{ ip: '10.0.1.2', port: 8080, protocol: 'TCP', portName: '' }] }],
};
const worldIps = ['93.184.216.34', '93.1.2.3', '10.9.1.1', '10.9.200.1', '172.16.5.5', '2001:db8::1', '2001:db8:1::1'];

/** What resolvers answered; one of them tries to take a pod's address. */
const answers: readonly [name: string, ips: readonly string[]][] = [
  ['www.example.com', ['93.184.216.34', '2001:db8::1']], ['a.cdn.example.com', ['93.1.2.3', '10.9.1.1']], ['b.cdn.example.com', ['93.1.2.3', '172.16.5.5', '10.0.1.1', '192.168.0.2']], ['other.example.net', ['10.9.200.1']],
];
const namesOf = (ip: string): string[] => answers.filter(([, ips]) => ips.includes(ip)).map(([name]) => name);

/** Whom an address belongs to, as the plain evaluator is told: from the facts, not from what was compiled. */
function endOf(ip: string): PolicyEnd {
  const fact = pods.find(({ ips }) => ips.includes(ip));
  const node = catalog.nodes.find(({ ips }) => ips.includes(ip));
  const labels = fact?.labels ?? (node === undefined ? ['reserved:world'] : [node.name === 'here' ? 'reserved:host' : 'reserved:remote-node', ...node.labels.map((label) => `node:${label}`)]);
  return {
    labels: labels.map((text) => ({ source: text.slice(0, text.indexOf(':')), key: text.slice(text.indexOf(':') + 1).split('=')[0] ?? '', value: text.includes('=') ? text.slice(text.indexOf('=') + 1) : '' })),
    ip: parseIp(ip), names: fact === undefined && node === undefined ? namesOf(ip) : [],
    services: catalog.services.filter(({ backends }) => backends.some((backend) => fact?.ips.includes(backend.ip))).map(({ namespace, name }) => ({ namespace, name })),
    ports: fact === undefined ? undefined : new Map(fact.namedPorts),
  };
}

function objects(yaml: string): PolicyObject[] {
  return parseDocuments(yaml).objects.map((object) => {
    const reading = readPolicyObject(object);
    if (reading.result !== 'read') throw new Error(JSON.stringify(reading));
    return reading.object;
  });
}

interface Case {
  /** The pod whose device the packet passes, and the other end. */
  subject: string;
  other: string;
  direction: 'ingress' | 'egress';
  protocol: number;
  port: number;
}

function packetOf({ subject, other, direction, protocol, port }: Case): Uint8Array {
  const [from, to] = (direction === 'egress' ? [subject, other] : [other, subject]).map((ip) => parseIp(ip));
  if (from === undefined || to === undefined) throw new Error('no address');
  const payload = protocol === TCP ? tcp(40_000, port, 'S') : protocol === UDP ? udp(40_000, port) : icmp(port, 0, 7);
  const bytes = from.family === 4 ? 4 : 16;
  const ends = { from: [...from.bytes.subarray(0, bytes)], to: [...to.bytes.subarray(0, bytes)] };
  return from.family === 4 ? ethernet(IPV4, ipv4(protocol, payload, ends)) : ethernet(IPV6, ipv6(protocol, payload, ends));
}

/** Programs with policies in force, as an agent would put them there. */
class Enforced {
  readonly engine: PolicyEngine;
  private readonly versions = new EndpointVersions('here');
  private readonly table: PolicyTable;
  private networks = false;
  private epoch = 1;

  constructor(private readonly programs: Programs, private readonly mode: PolicyMode) {
    this.engine = new PolicyEngine(this.versions, mode);
    this.table = new PolicyTable({ policies: programs.object.map('ht_policies'), networks: programs.object.map('ht_networks') });
  }

  take(policies: readonly PolicyObject[]): void {
    this.apply(policies);
    let isIncomplete = false;
    for (const [name, ips] of answers) {
      const learned = this.engine.learn({ labels: 0, isCut: false, bytes: dnsMessage(name, ips.map((ip) => ({ owner: name, address: addressBytes(ip) }))) }, 1n);
      for (const { ip, ref, labels } of learned.upserts) this.programs.setAddress(addressBytes(ip), ref, labels, 0);
      isIncomplete ||= learned.isIncomplete;
    }
    if (isIncomplete) this.apply(policies);
  }

  private apply(policies: readonly PolicyObject[]): void {
    const { tables, upserts, removals } = this.engine.take({ ...catalog, policies }, BigInt(this.epoch));
    expect(this.table.setEndpoints(tables.endpoints)).toEqual([]);
    this.table.setNetworks(tables.networks);
    this.networks = this.table.hasNetworks;
    for (const { ip, ref, labels, isVirtual } of upserts) this.programs.setAddress(addressBytes(ip), ref, labels, isVirtual === true ? 2 : 1);
    for (const ip of removals) {
      const key = new Uint8Array(20);
      key.set(addressBytes(ip));
      key[16] = ip.includes(':') ? 6 : 4;
      this.programs.object.map('ht_addresses').delete(key);
    }
    this.programs.configure({ epoch: ++this.epoch, mode: modes[tables.mode], hasNetworks: this.networks });
  }

  /** `parser` is what the connection's entry says of it. */
  run(one: Case): { returned: number; policy: number; verdict: string; parser: string } {
    const version = this.versions.at(one.subject);
    this.programs.setDevice(1, version.ref, { labels: version.labels });
    const packet = packetOf(one);
    const { returned } = one.direction === 'egress' ? this.programs.send(packet) : this.programs.receive(packet);
    const told = this.programs.events().find(({ type }) => type === 5);
    const parsers: string[] = [];
    this.programs.object.map('ht_conntrack').forEach((key, value) => parsers.push(readConnection(key, value).parser));
    this.programs.clear('ht_conntrack');
    return { returned, parser: parsers.join(), policy: told?.policy ?? 0, verdict: told === undefined ? '' : told.drop_reason === 0 ? 'allowed' : 'denied' };
  }

  close(): void {
    this.table.setEndpoints(new Map());
    this.table.setNetworks([]);
  }
}

function addressBytes(ip: string): number[] {
  const { bytes, family } = parseIp(ip) ?? { bytes: new Uint8Array(16), family: 4 };
  return [...bytes.subarray(0, family === 4 ? 4 : 16)];
}

const everybody = [...pods.flatMap(({ ips }) => ips), ...catalog.nodes.flatMap(({ ips }) => ips), ...worldIps];
const portsOf = new Map<number, readonly number[]>([[TCP, [0, 80, 443, 8080, 9004, 9011, 9090, 65_535]], [UDP, [53, 80, 9004]], [ICMP, [8, 13]], [ICMP6, [128]]]);

function* casesFor(subjects: readonly string[], pick: () => boolean): Iterable<Case> {
  for (const subject of subjects) {
    for (const other of everybody) {
      const family = parseIp(subject)?.family;
      if (other === subject || parseIp(other)?.family !== family) continue;
      for (const direction of ['ingress', 'egress'] as const) {
        for (const [protocol, ports] of portsOf) {
          if ((protocol === ICMP && family === 6) || (protocol === ICMP6 && family === 4)) continue;
          for (const port of ports) if (pick()) yield { subject, other, direction, protocol, port };
        }
      }
    }
  }
}

/** Holds what the datapath does against the plain evaluator; gives back the cases that differ, and how many there were. */
function compare(enforced: Enforced, policies: readonly PolicyObject[], cases: Iterable<Case>): { differing: string[]; count: number; denied: number; unknown: number; parsed: number } {
  const result = { differing: [] as string[], count: 0, denied: 0, unknown: 0, parsed: 0 };
  const all = policies.flatMap((object) => object.policies);
  for (const one of cases) {
    const attempt: Attempt = {
      source: endOf(one.direction === 'egress' ? one.subject : one.other), destination: endOf(one.direction === 'egress' ? one.other : one.subject), protocol: one.protocol, port: one.port,
    };
    const judgement = judge(all, attempt, one.direction);
    const did = enforced.run(one);
    const decision = enforced.engine.decision(did.policy);
    const wanted = {
      returned: judgement.verdict === 'denied' ? SHOT : NEXT,
      verdict: judgement.by.length > 0 || judgement.verdict === 'denied' ? (judgement.verdict === 'unknown' || judgement.form === 'host' ? '' : judgement.verdict) : '',
      by: judgement.verdict === 'unknown' ? [] : judgement.form === 'default deny' ? judgement.selecting.map(policyName) : judgement.by.map(({ policy, rule }) => `${policyName(policy)} ${rule.path}`),
    };
    const found = { returned: did.returned, verdict: did.verdict, by: (decision?.kind === 'default-deny' ? decision.selecting.map(policyName) : decision?.by.map(({ policy, rule }) => `${policyName(policy)} ${rule.path}`)) ?? [] };
    result.count++;
    if (judgement.verdict === 'denied') result.denied++;
    if (judgement.verdict === 'unknown') result.unknown++;
    const parsers = judgement.form !== 'rule' ? [] : judgement.by.flatMap(({ rule }) => (rule.ports ?? []).filter((range) => portMatch({ ...rule, ports: [range] }, attempt) === 'yes').flatMap(({ parser = '' }) => (parser === '' ? [] : [parserName(parserNumber(parser))])));
    const isParsed = parsers.length === 0 ? did.parser === '' : parsers.includes(did.parser);
    if (did.parser !== '') result.parsed++;
    const same = isParsed && wanted.returned === found.returned && wanted.verdict === found.verdict && [...new Set(wanted.by)].sort().join() === [...new Set(found.by)].sort().join();
    if (!same) result.differing.push(`${JSON.stringify(one)}: wanted ${JSON.stringify(wanted)} (${judgement.form}), found ${JSON.stringify(found)}, parsed as ${did.parser} where ${parsers.join()} may be`);
  }
  return result;
}

const plain = (name: string, namespace: string, spec: string): string => `kind: NetworkPolicy\nmetadata: {name: ${name}, namespace: ${namespace}}\nspec: ${spec}\n`;
const cilium = (name: string, namespace: string, spec: string): string => `kind: CiliumNetworkPolicy\nmetadata: {name: ${name}, namespace: ${namespace}}\nspec: ${spec}\n`;
const cluster = (name: string, spec: string): string => `kind: CiliumClusterwideNetworkPolicy\nmetadata: {name: ${name}}\nspec: ${spec}\n`;
const API = 'endpointSelector: {matchLabels: {app: api}}';
const WEB = 'endpointSelector: {matchLabels: {app: web}}';

describe.skipIf(cannotTest !== '')('policies in the datapath', () => {
  let programs: Programs;
  let enforced: Enforced;
  beforeAll(() => { programs = new Programs(); });
  beforeEach(() => {
    programs.reset();
    enforced = new Enforced(programs, 'enforce');
  });
  afterAll(() => { programs.close(); });

  const tables: [name: string, yaml: string][] = [
    ['default deny of ingress', plain('p', 'shop', '{podSelector: {matchLabels: {app: api}}}')],
    ['a peer by labels', plain('p', 'shop', '{podSelector: {matchLabels: {app: api}}, ingress: [{from: [{podSelector: {matchLabels: {app: web}}}], ports: [{port: 8080}]}]}')],
    ['a port range and a range that is no power of two', plain('p', 'shop', '{podSelector: {}, ingress: [{ports: [{port: 9000, endPort: 9010}, {port: 1, endPort: 442, protocol: UDP}]}]}')],
    ['a named port, which two pods of one label set number differently', plain('p', 'shop', '{podSelector: {}, policyTypes: [Ingress, Egress], ingress: [{ports: [{port: http}]}], egress: [{ports: [{port: http}]}]}')],
    ['networks with exceptions', plain('p', 'shop', '{podSelector: {}, policyTypes: [Egress], egress: [{to: [{ipBlock: {cidr: 10.0.0.0/8, except: [10.9.128.0/17]}}, {ipBlock: {cidr: 93.0.0.0/8}}]}]}')],
    ['networks inside networks, denied and allowed', cilium('c', 'shop', `{${API}, egress: [{toCIDR: [10.0.0.0/8, "2001:db8::/32"]}], egressDeny: [{toCIDR: [10.9.0.0/17, "2001:db8:1::/48"], toPorts: [{ports: [{port: "443"}]}]}]}`)],
    ['the world of one family', cluster('w', `{${API}, egress: [{toEntities: [world-ipv6]}]}`)],
    ['entities', cluster('w', '{endpointSelector: {}, ingress: [{fromEntities: [cluster]}], egress: [{toEntities: [world, remote-node]}]}')],
    ['a deny narrower than an allow', cilium('c', 'shop', `{${API}, ingress: [{fromEndpoints: [{}]}], ingressDeny: [{fromEndpoints: [{matchLabels: {app: web}}], toPorts: [{ports: [{port: "8080"}]}]}]}`)],
    ['a deny wider than an allow', cilium('c', 'shop', `{${API}, ingress: [{fromEndpoints: [{matchLabels: {app: web}}], toPorts: [{ports: [{port: "8080"}]}]}], ingressDeny: [{fromEntities: [all], toPorts: [{ports: [{port: "8000", endPort: 9000}]}]}]}`)],
    ['a deny for whoever under an allow of a peer', cilium('c', 'shop', `{${API}, ingress: [{fromEndpoints: [{matchLabels: {app: web}}]}], ingressDeny: [{toPorts: [{ports: [{port: "80"}]}]}]}`)],
    ['denies without default deny', cilium('c', 'shop', `{${API}, enableDefaultDeny: {ingress: false, egress: false}, ingressDeny: [{fromEndpoints: [{matchLabels: {app: web}}]}], egressDeny: [{toPorts: [{ports: [{port: "53", protocol: UDP}]}]}]}`)],
    ['ICMP by type and as a whole', cilium('c', 'shop', `{${API}, ingress: [{fromEndpoints: [{}], icmps: [{fields: [{type: 8, family: IPv4}]}]}], egress: [{icmps: [{fields: [{type: EchoRequest, family: IPv6}]}]}]}`)],
    ['a service', cilium('c', 'shop', `{${WEB}, egress: [{toServices: [{k8sService: {serviceName: api, namespace: shop}}], toPorts: [{ports: [{port: "8080"}]}]}]}`)],
    ['protocols without ports', cilium('c', 'shop', `{${API}, ingress: [{toPorts: [{ports: [{port: "0", protocol: UDP}]}]}]}`)],
    ['nodes', cluster('w', `{${API}, ingress: [{fromNodes: [{}]}]}`)],
    ['nodes by labels', cluster('w', `{${API}, ingress: [{fromNodes: [{matchLabels: {kubernetes.io/os: linux}}], toPorts: [{ports: [{port: "8080"}]}]}], egress: [{toNodes: [{matchExpressions: [{key: pool, operator: NotIn, values: [front]}, {key: kubernetes.io/os, operator: Exists}]}]}]}`)],
    ['names', cilium('c', 'shop', `{${API}, egress: [{toFQDNs: [{matchName: www.example.com}], toPorts: [{ports: [{port: "443"}]}]}, {toFQDNs: [{matchPattern: "*.cdn.example.com"}]}]}`)],
    ['names beside networks', cilium('c', 'shop', `{${API}, egress: [{toFQDNs: [{matchPattern: "*"}, {matchName: a.cdn.example.com}]}, {toCIDR: [10.9.200.0/24], toPorts: [{ports: [{port: "443"}]}]}], egressDeny: [{toCIDR: [93.1.0.0/16, "2001:db8::/32"], toPorts: [{ports: [{port: "80"}]}]}]}`)],
    ['several policies, of all kinds', [plain('p', 'shop', '{podSelector: {}, policyTypes: [Ingress, Egress], ingress: [{from: [{namespaceSelector: {matchLabels: {team: retail}}}]}]}'), cilium('c', 'shop', `{${API}, ingress: [{fromEndpoints: [{matchLabels: {"k8s:io.kubernetes.pod.namespace": bank}}], toPorts: [{ports: [{port: "8080"}]}]}]}`), cluster('w', '{endpointSelector: {}, egress: [{toEndpoints: [{matchLabels: {"k8s:io.kubernetes.pod.namespace": kube-system}}], toPorts: [{ports: [{port: "53", protocol: ANY}], rules: {dns: [{matchPattern: "*"}]}}]}]}')].join('---\n')],
  ];

  test.each(tables)('the map says what judge() says: %s', (_name, yaml) => {
    const policies = objects(yaml);
    enforced.take(policies);
    const { differing, count, denied } = compare(enforced, policies, casesFor(pods.slice(0, 3).flatMap(({ ips }) => ips), () => true));
    enforced.close();
    expect(differing).toEqual([]);
    expect(count).toBeGreaterThan(1_000);
    expect(denied).toBeGreaterThan(0);
  });

  test('a connection is marked for its parser where a rule that allows it looks at requests, on those ports alone', () => {
    const rules = (parser: string): string => `toPorts: [{ports: [{port: "8080"}, {port: "9000", endPort: 9010}], rules: {${parser}: [{}]}}, {ports: [{port: "80"}]}]`;
    const policies = objects(cilium('c', 'shop', `{${API}, ingress: [{fromEndpoints: [{matchLabels: {app: web}}], ${rules('http')}}, {fromEndpoints: [{}], toPorts: [{ports: [{port: "8080"}]}]}], egress: [{toPorts: [{ports: [{port: "53", protocol: UDP}], rules: {dns: [{matchPattern: "*"}]}}]}]}`));
    enforced.take(policies);
    const attempt = (other: string, port: number, more: Partial<Case> = {}): Case => ({ subject: '10.0.1.2', other, direction: 'ingress', protocol: TCP, port, ...more });
    expect([attempt('10.0.1.1', 8080), attempt('10.0.1.1', 9004), attempt('10.0.1.1', 80), attempt('10.0.1.4', 8080), attempt('10.0.3.7', 53, { direction: 'egress', protocol: UDP })].map((one) => enforced.run(one).parser)).toEqual(['http', 'http', '', '', 'dns']);
    expect(compare(enforced, policies, casesFor(['10.0.1.2'], () => true))).toMatchObject({ differing: [], parsed: expect.any(Number) as number });
    enforced.close();
  });

  const seeds = (process.env['HUBTOP_POLICY_SEEDS'] ?? '1 2 3 4 5 6').split(' ').map(Number);
  test.each(seeds)('the map says what judge() says of policies drawn with seed %i', (seed) => {
    const random = seededRandom(seed);
    let denied = 0;
    for (let round = 0; round < 6; round++) {
      const policies = objects(drawPolicies(random));
      enforced.take(policies);
      const compared = compare(enforced, policies, casesFor(pods.flatMap(({ ips }) => ips), () => random() < 0.04));
      expect(compared.differing).toEqual([]);
      denied += compared.denied;
    }
    enforced.close();
    expect(denied).toBeGreaterThan(0);
  });
});

/** Between one and five policies that have something to do with the pods above. */
function drawPolicies(random: () => number): string {
  const one = <T>(list: readonly T[]): T => {
    const drawn = list[Math.floor(random() * list.length)];
    if (drawn === undefined) throw new Error('nothing to draw from');
    return drawn;
  };
  const some = <T>(make: () => T, most: number): T[] => Array.from({ length: 1 + Math.floor(random() * most) }, make);
  const selectors = ['{}', '{matchLabels: {app: web}}', '{matchLabels: {app: api}}', '{matchLabels: {tier: back}}', '{matchExpressions: [{key: app, operator: NotIn, values: [web, bank]}]}', '{matchExpressions: [{key: tier, operator: Exists}]}'];
  const ports = ['{port: 80}', '{port: 8080}', '{port: http}', '{port: 9000, endPort: 9100}', '{port: 53, protocol: UDP}', '{protocol: UDP}', '{port: 1024, endPort: 65535}'];
  const ciliumPorts = ['{port: "80"}', '{port: "8080", protocol: TCP}', '{port: http, protocol: TCP}', '{port: "9000", endPort: 9010, protocol: ANY}', '{port: "53", protocol: ANY}', '{port: "0", protocol: UDP}'];
  const networks = ['10.0.0.0/8', '10.9.0.0/16', '93.0.0.0/8', '93.1.0.0/16', '0.0.0.0/0', '172.16.5.5/32', '"2001:db8::/32"'];
  const plainPeers = (): string => one([
    () => `{podSelector: ${one(selectors)}}`, () => `{namespaceSelector: ${one(['{}', '{matchLabels: {team: money}}', '{matchLabels: {kubernetes.io/metadata.name: shop}}'])}}`,
    () => '{namespaceSelector: {}, podSelector: {matchLabels: {tier: back}}}', () => '{ipBlock: {cidr: 10.0.0.0/8, except: [10.9.0.0/17]}}', () => '{ipBlock: {cidr: 0.0.0.0/0}}',
  ])();
  const plainPolicy = (i: number): string => {
    const rules = (at: string): string => some(() => `{${[...(random() < 0.7 ? [`${at}: [${some(plainPeers, 2).join(', ')}]`] : []), ...(random() < 0.6 ? [`ports: [${some(() => one(ports), 2).join(', ')}]`] : [])].join(', ')}}`, 2).join(', ');
    return plain(`p${i}`, one(['shop', 'bank']), `{podSelector: ${one(selectors)}, policyTypes: [${one(['Ingress', 'Egress', 'Ingress, Egress'])}], ingress: [${rules('from')}], egress: [${rules('to')}]}`);
  };
  const ciliumRule = (at: 'from' | 'to'): string => {
    const peer = one([
      () => [`${at}Endpoints: [${one(selectors)}]`], () => [`${at}Endpoints: [{matchLabels: {"k8s:io.kubernetes.pod.namespace": ${one(['shop', 'bank', 'kube-system'])}}}]`], () => [`${at}Entities: [${one(['world', 'cluster', 'host', 'remote-node', 'all', 'world-ipv4'])}]`],
      () => [`${at}CIDR: [${one(networks)}]`], () => [`${at}CIDRSet: [{cidr: 10.0.0.0/8, except: [10.9.128.0/17]}]`], () => (at === 'to' ? [`toFQDNs: [${one(['{matchName: www.example.com}', '{matchPattern: "*.cdn.example.com"}', '{matchPattern: "*"}', '{matchName: B.cdn.example.com.}'])}]`] : []), () => (at === 'to' ? ['toServices: [{k8sService: {serviceName: api, namespace: shop}}]'] : []), () => [`${at}Nodes: [${one(['{}', '{matchLabels: {pool: back}}', '{matchExpressions: [{key: kubernetes.io/os, operator: DoesNotExist}]}', '{matchExpressions: [{key: pool, operator: NotIn, values: [back]}]}'])}]`], () => [],
    ])();
    const port = one([() => [`toPorts: [{ports: [${some(() => one(ciliumPorts), 2).join(', ')}]${one(['', '', ', rules: {http: [{}]}', ', rules: {l7proto: constructor}'])}}]`], () => [], () => [`icmps: [{fields: [{type: ${one([8, 13])}, family: IPv4}]}]`]])();
    return `{${[...peer, ...port].join(', ')}}`;
  };
  const ciliumSpec = (): string => {
    const parts = one([['ingress'], ['egress'], ['ingress', 'egress'], ['ingress', 'ingressDeny'], ['egress', 'egressDeny'], ['ingressDeny', 'egressDeny']])
      .map((key) => `${key}: [${some(() => ciliumRule(key.startsWith('ingress') ? 'from' : 'to'), 2).join(', ')}]`);
    return `{endpointSelector: ${one(selectors)}, ${random() < 0.2 ? 'enableDefaultDeny: {ingress: false}, ' : ''}${parts.join(', ')}}`;
  };
  const count = 1 + Math.floor(random() * 5);
  return Array.from({ length: count }, (_empty, i) => one([() => plainPolicy(i), () => cilium(`c${i}`, one(['shop', 'bank']), ciliumSpec()), () => cluster(`w${i}`, ciliumSpec())])()).join('---\n');
}
