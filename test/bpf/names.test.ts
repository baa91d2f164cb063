import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { catalogFromObjects } from '../../agent/catalog/catalog-from-objects.ts';
import type { DnsMessage } from '../../agent/decode/kernel.ts';
import { EndpointVersions } from '../../agent/enrich/endpoint-versions.ts';
import { PolicyEngine } from '../../agent/enrich/policy-engine.ts';
import { readDnsRing } from '../../agent/kernel/dns-ring.ts';
import { PolicyTable } from '../../agent/kernel/policy-table.ts';
import { parseIp } from '../../src/lib/ip-bytes.ts';
import { dnsMessage } from '../agent/dns-message.ts';
import { ethernet, ipv4, ipv6, tcp, udp } from './packets.ts';
import { cannotTest, Programs } from './programs.ts';

const [TCP, UDP, SHOT, NEXT] = [6, 17, 2, -1];
const WATCHES_NAMES = 2;
const ENFORCE = 2;
const VIRTUAL = 2;
const RING_BYTES = 256 << 10;

const pod = (namespace: string, name: string, ips: readonly string[]): unknown => ({
  kind: 'Pod', metadata: { name, namespace, uid: name, labels: { app: name } }, spec: { nodeName: 'here', containers: [] }, status: { phase: 'Running', podIPs: ips.map((ip) => ({ ip })) },
});
const [web, dns, other, example, virtual] = ['10.0.1.1', '10.0.3.7', '10.0.2.5', '93.184.216.34', '10.96.0.10'];
const six = { web: 'fd00::11', dns: 'fd00::37', example: '2001:db8::1' };
const service = (name: string, clusterIP: string, ...backends: readonly string[]): unknown[] => [
  { kind: 'Service', metadata: { name, namespace: 'kube-system' }, spec: { clusterIP, ports: [{ port: 53, protocol: 'UDP' }] } },
  { kind: 'EndpointSlice', metadata: { name, namespace: 'kube-system', labels: { 'kubernetes.io/service-name': name } }, addressType: 'IPv4', ports: [{ port: 53, protocol: 'UDP' }], endpoints: backends.map((ip) => ({ addresses: [ip], conditions: { ready: true } })) },
];
const policy = {
  kind: 'CiliumNetworkPolicy', metadata: { name: 'names', namespace: 'shop' },
  spec: {
    endpointSelector: {},
    egress: [
      { toEndpoints: [{ matchLabels: { 'k8s:io.kubernetes.pod.namespace': 'kube-system' } }], toPorts: [{ ports: [{ port: '53', protocol: 'UDP' }], rules: { dns: [{ matchPattern: '*' }] } }] },
      { toEndpoints: [{ matchLabels: { app: 'other' } }], toPorts: [{ ports: [{ port: '53', protocol: 'UDP' }] }] },
      { toFQDNs: [{ matchName: 'www.example.com' }], toPorts: [{ ports: [{ port: '443', protocol: 'TCP' }] }] },
    ],
  },
};
const catalog = catalogFromObjects([pod('shop', 'web', [web, six.web]), pod('kube-system', 'dns', [dns, six.dns]), pod('shop', 'other', [other]), policy, ...service('dns', virtual, dns), ...service('mixed', '10.96.0.11', dns, other)]);

function bytesOf(ip: string): number[] {
  const { bytes, family } = parseIp(ip) ?? { bytes: new Uint8Array(16), family: 4 };
  return [...bytes.subarray(0, family === 4 ? 4 : 16)];
}

function packet(from: string, to: string, protocol: number, payload: Uint8Array): Uint8Array {
  const ends = { from: bytesOf(from), to: bytesOf(to) };
  return from.includes(':') ? ethernet(0x86dd, ipv6(protocol, payload, ends)) : ethernet(0x0800, ipv4(protocol, payload, ends));
}

function datagram(sourcePort: number, destinationPort: number, message: Uint8Array): Uint8Array {
  const bytes = udp(sourcePort, destinationPort, message.length);
  bytes.set(message, 8);
  return bytes;
}

const answer = (name: string, ip: string): Uint8Array => dnsMessage(name, [{ owner: name, address: bytesOf(ip) }]);

describe.skipIf(cannotTest !== '')('names in the datapath', () => {
  let programs: Programs;
  let engine: PolicyEngine;
  let close: () => void;
  let messages: DnsMessage[];
  let arrived: () => void;

  beforeAll(() => {
    programs = new Programs({ maxEntries: { ht_dns: RING_BYTES } });
    close = readDnsRing(programs.object.map('ht_dns'), (message) => {
      messages.push({ ...message, bytes: message.bytes.slice() });
      arrived();
    });
  });
  afterAll(() => {
    close();
    programs.close();
  });

  const configure = (flags = WATCHES_NAMES): void => { programs.configure({ mode: ENFORCE, flags }); };

  beforeEach(() => {
    programs.reset();
    messages = [];
    arrived = () => undefined;
    const versions = new EndpointVersions('here');
    engine = new PolicyEngine(versions, 'enforce');
    const { tables, upserts } = engine.take(catalog, 1n);
    expect(tables.watchesNames).toBe(true);
    new PolicyTable({ policies: programs.object.map('ht_policies'), networks: programs.object.map('ht_networks') }).setEndpoints(tables.endpoints);
    for (const { ip, ref, labels, isVirtual, behind = 0 } of upserts) programs.setAddress(bytesOf(ip), ref, labels, isVirtual === true ? VIRTUAL | (behind << 8) : 1);
    for (const [ifindex, ip] of [web, dns, other].entries()) programs.setDevice(ifindex + 1, versions.at(ip).ref, { labels: versions.at(ip).labels });
    configure();
  });

  /** Asks a resolver and gives back what the answer did: nothing is heard of one that is not copied, so another follows it. */
  const ask = (port: number, resolver: string, message: Uint8Array, asker = web): number => {
    const sent = programs.send(packet(asker, resolver, UDP, datagram(port, 53, new Uint8Array(20)))).returned;
    programs.receive(packet(resolver, asker, UDP, datagram(53, port, message)));
    return sent;
  };
  const next = async (count: number): Promise<void> => {
    while (messages.length < count) await new Promise<void>((resolve) => { arrived = resolve; });
  };
  const learn = (): void => {
    for (const message of messages) {
      const { upserts, isIncomplete } = engine.learn(message, 1n);
      expect(isIncomplete).toBe(false);
      for (const { ip, ref, labels } of upserts) programs.setAddress(bytesOf(ip), ref, labels, 0);
    }
  };
  const connect = (from: string, to: string, port: number): number => programs.send(packet(from, to, TCP, tcp(40_001, port, 'S'))).returned;

  test('an answer to a question lets its addresses through, without a new epoch and on the rule\'s ports alone, in both families', async () => {
    expect([connect(web, example, 443), connect(six.web, six.example, 443)]).toEqual([SHOT, SHOT]);
    expect([ask(5_001, dns, answer('WWW.example.com', example)), ask(5_002, six.dns, answer('www.example.com', six.example), six.web)]).toEqual([NEXT, NEXT]);
    await next(2);
    learn();
    expect([connect(web, example, 443), connect(six.web, six.example, 443), connect(web, example, 80), connect(web, '93.184.216.35', 443)]).toEqual([NEXT, NEXT, SHOT, SHOT]);
  });

  test('answers count only where a rule parses the question: not of another server, not unasked, not sent by the pod, not while nobody wants names', async () => {
    expect(ask(5_001, other, answer('www.example.com', '6.6.6.1'))).toBe(NEXT);
    expect(ask(5_002, '8.8.8.8', answer('www.example.com', '6.6.6.2'))).toBe(SHOT);
    programs.receive(packet(dns, web, UDP, datagram(53, 5_003, answer('www.example.com', '6.6.6.3'))));
    programs.send(packet(web, dns, UDP, datagram(5_004, 53, answer('www.example.com', '6.6.6.4'))));
    configure(0);
    ask(5_005, dns, answer('www.example.com', '6.6.6.5'));
    configure();
    ask(5_006, dns, answer('www.example.com', example));
    await next(1);
    expect(messages.map(({ bytes }) => [...bytes.subarray(-4)])).toEqual([bytesOf(example)]);
  });

  test('a service\'s address is as the pods behind it, where those are all alike', async () => {
    expect([ask(5_001, '10.96.0.11', answer('www.example.com', '6.6.6.1')), ask(5_002, virtual, answer('www.example.com', example))]).toEqual([NEXT, NEXT]);
    await next(1);
    learn();
    expect([messages.length, connect(web, example, 443), connect(web, '6.6.6.1', 443)]).toEqual([1, NEXT, SHOT]);
  });

  test.each([['a pod', dns], ['a service', virtual]])('answers of %s that came by another pod\'s device are forged', async (_who, resolver) => {
    const [webDevice, dnsDevice, otherDevice, uplink] = [1, 2, 3, 99];
    for (const ingressIfindex of [otherDevice, webDevice, dnsDevice, uplink]) {
      programs.send(packet(web, resolver, UDP, datagram(5_001, 53, new Uint8Array(20))));
      programs.receive(packet(resolver, web, UDP, datagram(53, 5_001, answer('www.example.com', `6.6.6.${ingressIfindex}`))), { ingressIfindex });
    }
    await next(2);
    expect(messages.map(({ bytes }) => bytes.at(-1))).toEqual([dnsDevice, uplink]);
    expect(programs.counters().dnsForeign).toBe(2);
  });

  test('an answer that is longer than is copied names nobody', async () => {
    ask(5_001, dns, Uint8Array.from([...answer('www.example.com', example), ...new Uint8Array(1_300)]));
    await next(1);
    expect([messages[0]?.isCut, messages[0]?.bytes.length]).toEqual([true, 1_232]);
    learn();
    expect(connect(web, example, 443)).toBe(SHOT);
    expect(engine.tables(0).find(({ name }) => name === 'DNS answers')?.missed).toBe(1);
  });

  test('answers that find no room in the ring are counted', async () => {
    const sent = 260;
    for (let i = 0; i < sent; i++) ask(6_000 + i, dns, answer('www.example.com', example));
    const { dnsLost } = programs.counters();
    await next(sent - dnsLost);
    expect(dnsLost).toBeGreaterThan(0);
    expect(messages.length + dnsLost).toBe(sent);
    expect(engine.tables(dnsLost).find(({ name }) => name === 'DNS answers')).toMatchObject({ maxEntries: messages.length, missed: dnsLost });
  });
});
