import { existsSync } from 'node:fs';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { EventFlag } from '../../agent/decode/event.ts';
import type { PolicyMode } from '../../agent/decode/kernel.ts';
import { denyPod, narrow } from './denied-pod.ts';
import { client, ethernet, extension, icmp, ipv4, ipv6, server, tcp, udp } from './packets.ts';
import { cannotTest, Programs } from './programs.ts';
import { attachCounted, ifindexOf, inNamespaceOf, ip, openRawSocket, openTun, receivedPackets, type RawSocket } from './raw-device.ts';

const [IPV4, IPV6, ARP, LLDP] = [0x0800, 0x86dd, 0x0806, 0x88cc];
const [ICMP, TCP, UDP, ICMPV6] = [1, 6, 17, 58];
const modes: readonly PolicyMode[] = ['observe', 'audit', 'enforce'];

/** What becomes of a frame: whether it is a packet of a pair, not IP, malformed, or lies deeper than we look. */
type Fate = 'pair' | 'not IP' | 'malformed' | 'unread';
type Way = 'send' | 'receive';

/** A frame of the pod (send) or to it (receive), to a port where the policies of denied-pod.ts let it pass. */
interface Frame {
  name: string;
  make: (way: Way) => Uint8Array;
  fate: Fate;
  vlans?: number;
}

const ends4 = (way: Way): { from: readonly number[]; to: readonly number[] } => (way === 'send' ? { from: client.ipv4, to: server.ipv4 } : { from: server.ipv4, to: client.ipv4 });
const ends6 = (way: Way): { from: readonly number[]; to: readonly number[] } => (way === 'send' ? { from: client.ipv6, to: server.ipv6 } : { from: server.ipv6, to: client.ipv6 });
const syn = (way: Way): Uint8Array => tcp(40_000, way === 'send' ? 443 : 80, 'S');
const over4 = (way: Way, payload = syn(way), protocol = TCP): Uint8Array => ipv4(protocol, payload, ends4(way));
const over6 = (way: Way, payload = syn(way), next = TCP): Uint8Array => ipv6(next, payload, ends6(way));

function changed(bytes: Uint8Array, at: number, ...values: number[]): Uint8Array {
  const copy = bytes.slice();
  copy.set(values, at);
  return copy;
}

function inExtensions(count: number, payload: Uint8Array): Uint8Array {
  let inner = payload;
  for (let i = 0; i < count; i++) inner = extension(i === 0 ? TCP : 60, 0, inner);
  return inner;
}

/** A frame cut at every byte behind its Ethernet header. */
function cut(name: string, make: (way: Way) => Uint8Array): Frame[] {
  return Array.from({ length: make('send').length - 14 }, (_empty, bytes) => ({ name: `${name} cut after ${14 + bytes} bytes`, make: (way: Way) => make(way).subarray(0, 14 + bytes), fate: 'malformed' as const }));
}

/** IP headers that tell the truth about a TCP header cut short: what conntrack wants of it are 14 bytes. */
const shortTcp: Frame[] = Array.from({ length: 20 }, (_empty, bytes) => [
  { name: `${bytes} bytes of TCP over IPv4`, make: (way: Way) => ethernet(IPV4, over4(way, syn(way).subarray(0, bytes))), fate: bytes < 14 ? 'malformed' as const : 'pair' as const },
  { name: `${bytes} bytes of TCP over IPv6`, make: (way: Way) => ethernet(IPV6, over6(way, syn(way).subarray(0, bytes))), fate: bytes < 14 ? 'malformed' as const : 'pair' as const },
]).flat();

const frames: readonly Frame[] = [
  ...cut('IPv4 TCP', (way) => ethernet(IPV4, over4(way))),
  ...cut('IPv6 TCP', (way) => ethernet(IPV6, over6(way))),
  ...shortTcp,
  { name: 'IPv4 TCP', make: (way) => ethernet(IPV4, over4(way)), fate: 'pair', vlans: 0 },
  { name: 'IPv6 TCP', make: (way) => ethernet(IPV6, over6(way)), fate: 'pair', vlans: 0 },
  { name: 'an IPv4 header of four words', make: (way) => ethernet(IPV4, changed(over4(way), 0, 0x44)), fate: 'malformed' },
  { name: 'an IPv4 header longer than the packet', make: (way) => ethernet(IPV4, changed(over4(way), 0, 0x4f)), fate: 'malformed' },
  { name: 'IPv4 of version 5', make: (way) => ethernet(IPV4, changed(over4(way), 0, 0x55)), fate: 'malformed' },
  { name: 'IPv4 that is longer than it is', make: (way) => ethernet(IPV4, changed(over4(way), 2, 0x05, 0xdc)), fate: 'malformed' },
  { name: 'IPv4 that is shorter than its header', make: (way) => ethernet(IPV4, changed(over4(way), 2, 0, 19)), fate: 'malformed' },
  { name: 'IPv6 of version 4', make: (way) => ethernet(IPV6, changed(over6(way), 0, 0x40)), fate: 'malformed' },
  { name: 'IPv6 that is longer than it is', make: (way) => ethernet(IPV6, changed(over6(way), 4, 0x05, 0xdc)), fate: 'malformed' },
  { name: 'an extension header that is longer than the packet', make: (way) => ethernet(IPV6, over6(way, changed(inExtensions(1, syn(way)), 1, 200), 60)), fate: 'malformed' },
  { name: 'six extension headers', make: (way) => ethernet(IPV6, over6(way, inExtensions(6, syn(way)), 60)), fate: 'pair' },
  { name: 'nine extension headers', make: (way) => ethernet(IPV6, over6(way, inExtensions(9, syn(way)), 60)), fate: 'unread' },
  { name: 'a TCP header of three words', make: (way) => ethernet(IPV4, over4(way, changed(syn(way), 12, 0x30))), fate: 'malformed' },
  { name: 'one VLAN tag', make: (way) => ethernet(IPV4, over4(way), [1]), fate: 'pair', vlans: 1 },
  { name: 'QinQ', make: (way) => ethernet(IPV6, over6(way), [2, 1]), fate: 'pair', vlans: 2 },
  { name: 'four VLAN tags', make: (way) => ethernet(IPV4, over4(way), [2, 1, 1, 1]), fate: 'unread' },
  { name: 'a VLAN tag and no more', make: (way) => ethernet(IPV4, over4(way), [2, 1]).subarray(0, 20), fate: 'malformed' },
  { name: 'ARP', make: () => ethernet(ARP, new Uint8Array(28)), fate: 'not IP' },
  { name: 'ARP in a VLAN', make: () => ethernet(ARP, new Uint8Array(28), [1]), fate: 'not IP' },
  { name: 'LLDP', make: () => ethernet(LLDP, new Uint8Array(46)), fate: 'not IP' },
  { name: 'a type nobody knows', make: () => ethernet(0x9999, new Uint8Array(46)), fate: 'not IP' },
  { name: 'a length instead of a type (802.3)', make: () => ethernet(46, new Uint8Array(46)), fate: 'not IP' },
  { name: 'headers outside of the linear part, IPv4', make: (way) => ethernet(IPV4, over4(way, tcp(40_000, way === 'send' ? 443 : 80, 'S', 8000))), fate: 'pair', vlans: 0 },
  { name: 'headers outside of the linear part, IPv6', make: (way) => ethernet(IPV6, over6(way, inExtensions(3, tcp(40_000, way === 'send' ? 443 : 80, 'S', 8000)), 60)), fate: 'pair', vlans: 0 },
  { name: 'QinQ outside of the linear part', make: (way) => ethernet(IPV6, over6(way, tcp(40_000, way === 'send' ? 443 : 80, 'S', 8000)), [2, 1]), fate: 'pair', vlans: 2 },
];

/** Where packets of the hooks were counted: each once. */
function places(programs: Programs): { skbs: number; pair: number; 'not IP': number; malformed: number; refused: number } {
  const { skbs, notIp, malformed, pairFailed } = programs.counters();
  const pairs = programs.pairs();
  const sum = (isRefused: boolean): number => pairs.filter(({ verdict }) => (verdict === 2) === isRefused).reduce((total, row) => total + row.skbs, 0);
  expect(pairFailed).toBe(0);
  return { skbs: skbs.reduce((total, count) => total + count, 0), pair: sum(false), 'not IP': notIp, malformed, refused: sum(true) };
}

async function until(isSo: () => boolean): Promise<void> {
  for (let tries = 0; tries < 200 && !isSo(); tries++) await new Promise((resolve) => { setTimeout(resolve, 2); });
}

describe.skipIf(cannotTest !== '')('raw frames', { timeout: 60_000 }, () => {
  let programs: Programs;
  let allowAgain: () => void = () => {};
  beforeAll(() => { programs = new Programs(); });
  beforeEach(() => programs.reset());
  afterEach(() => allowAgain());
  afterAll(() => programs.close());

  describe('through a veth', () => {
    const netns = `htraw-${process.pid}`;
    const device = `htr${process.pid}`;
    const sockets: Partial<Record<Way, RawSocket>> = {};
    let hooks: ReturnType<typeof attachCounted>;
    let ifindex = 0;

    beforeAll(() => {
      ip(`netns add ${netns}`);
      ip(`link add ${device} mtu 9000 type veth peer name eth0 mtu 9000 netns ${netns}`);
      ifindex = ifindexOf(device);
      // nobody speaks there but we: no addresses, and no router discovery of IPv6
      for (const where of [['-n', netns, 'link', 'set', 'eth0'], ['link', 'set', device]]) {
        ip([...where, 'addrgenmode', 'none'].join(' '));
        ip([...where, 'up'].join(' '));
      }
      hooks = attachCounted(programs, ifindex);
      sockets.receive = openRawSocket(ifindex);
      sockets.send = inNamespaceOf(netns, () => openRawSocket(2));
    });
    afterAll(() => {
      for (const socket of Object.values(sockets)) socket.close();
      hooks?.close();
      ip(`link del ${device}`);
      ip(`netns del ${netns}`);
    });

    const arrived = { send: (): number => hooks.passed(), receive: (): number => inNamespaceOf(netns, () => receivedPackets('eth0')) };

    test.each(modes.flatMap((mode) => (['send', 'receive'] as const).map((way) => [mode, way] as const)))('mode %s: each frame is counted once, and passes unless a policy refuses it, %s', async (mode, way) => {
      allowAgain = denyPod(programs, narrow, { mode, ifindex });
      const wrong: string[] = [];
      for (const { name, make, fate, vlans } of frames) {
        // the kernel takes the first tag off and drops what has no room for another before any hook
        if (way === 'send' && name === 'a VLAN tag and no more') continue;
        const before = { ...places(programs), passed: arrived[way]() };
        const isSent = sockets[way]?.send(make(way)) ?? false;
        await until(() => places(programs).skbs > before.skbs);
        const isRefused = fate === 'unread' && mode === 'enforce';
        await until(() => isRefused || arrived[way]() > before.passed);
        const after = { ...places(programs), passed: arrived[way]() };
        const found = Object.fromEntries(Object.entries(after).map(([key, value]) => [key, value - before[key as keyof typeof before]]));
        const wanted = { skbs: 1, pair: 0, 'not IP': 0, malformed: 0, refused: 0, passed: isRefused ? 0 : 1, [isRefused ? 'refused' : fate === 'unread' ? 'malformed' : fate]: 1 };
        const told = programs.events().find(({ type }) => type === 4);
        if ((!isSent && !isRefused) || JSON.stringify(found) !== JSON.stringify(wanted)) wrong.push(`${name}: ${JSON.stringify(found)}`);
        if (vlans !== undefined && told?.vlan_count !== vlans) wrong.push(`${name}: ${told?.vlan_count} tags`);
        programs.clear('ht_conntrack');
      }
      expect(wrong).toEqual([]);
      for (const { happened, submitted, folded, lost, suppressed } of programs.counters().events) expect(happened).toBe(submitted + folded + lost + suppressed);
    });

    test.each([[3, 'pair'], [4, 'malformed']] as const)('%i VLAN tags, the first of which the kernel took off: a %s', async (tags, fate) => {
      sockets.send?.send(ethernet(IPV4, over4('send'), [2, ...Array.from({ length: tags - 1 }, () => 1)]));
      await until(() => places(programs).skbs > 0);
      expect(places(programs)).toMatchObject({ skbs: 1, [fate]: 1 });
      expect(programs.events().map(({ vlan_count }) => vlan_count)).toEqual(fate === 'pair' ? [tags] : []);
    });

    test('a refused connection does not arrive, whatever tags it has', async () => {
      allowAgain = denyPod(programs, narrow, { ifindex });
      const before = hooks.passed();
      for (const tags of [[], [1], [2, 1], [2, 1, 1]]) sockets.send?.send(ethernet(IPV4, over4('send', tcp(40_000, 8080, 'S')), tags));
      await until(() => places(programs).skbs >= 4);
      expect(places(programs)).toEqual({ skbs: 4, pair: 0, 'not IP': 0, malformed: 0, refused: 4 });
      expect(hooks.passed()).toBe(before);
    });
  });

  describe.skipIf(!existsSync('/dev/net/tun'))('through a tun device', () => {
    const device = `htt${process.pid}`;
    let tun: ReturnType<typeof openTun>;
    let hooks: ReturnType<typeof attachCounted>;
    let out: RawSocket;
    let ifindex = 0;

    beforeAll(() => {
      tun = openTun(device);
      ip(`link set ${device} addrgenmode none`);
      ip(`link set ${device} up`);
      ifindex = ifindexOf(device);
      hooks = attachCounted(programs, ifindex);
      out = openRawSocket(ifindex);
    });
    afterAll(() => {
      out?.close();
      hooks?.close();
      tun?.close();
    });

    const packets: [string, Uint8Array, { protocol: number; port: number }][] = [
      ['TCP over IPv4', ipv4(TCP, tcp(40_000, 443, 'S')), { protocol: TCP, port: 443 }],
      ['UDP over IPv4', ipv4(UDP, udp(40_000, 53)), { protocol: UDP, port: 53 }],
      ['a ping over IPv4', ipv4(ICMP, icmp(8, 0, 7)), { protocol: ICMP, port: 0 }],
      ['TCP over IPv6', ipv6(TCP, tcp(40_000, 443, 'S')), { protocol: TCP, port: 443 }],
      ['UDP over IPv6, behind an extension header', ipv6(60, extension(UDP, 0, udp(40_000, 53))), { protocol: UDP, port: 53 }],
      ['a ping over IPv6', ipv6(ICMPV6, icmp(128, 0, 7)), { protocol: ICMPV6, port: 0 }],
      ['headers outside of the linear part', ipv4(TCP, tcp(40_000, 443, 'S', 8000)), { protocol: TCP, port: 443 }],
      // at 12, where the type stands in an Ethernet header
      ['an IPv4 source of 8.0.0.1', ipv4(TCP, tcp(40_000, 443, 'S'), { from: [8, 0, 0, 1] }), { protocol: TCP, port: 443 }],
      ['an IPv6 source of fd00:0:86dd::1', ipv6(TCP, tcp(40_000, 443, 'S'), { from: [0xfd, 0, 0, 0, 0x86, 0xdd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1] }), { protocol: TCP, port: 443 }],
    ];

    test.each(packets)('ht_parse() reads %s, without MAC addresses, and enforce lets it pass where allowed', async (_name, packet, { protocol, port }) => {
      allowAgain = denyPod(programs, narrow, { ifindex });
      const before = hooks.passed();
      tun.write(packet);
      await until(() => hooks.passed() > before);
      const isIpv6 = (packet[0] ?? 0) >> 4 === 6;
      expect(programs.events().filter(({ type }) => type === 4)).toMatchObject([{ flags: EventFlag.l3Device | (isIpv6 ? EventFlag.ipv6 : 0), protocol, destination_port: port, source_mac: '000000000000', bytes: packet.length, ifindex, direction: 2 }]);
      expect([hooks.passed() - before, programs.refused()]).toEqual([1, 0]);
    });

    test.each<[string, (way: Way) => Uint8Array]>([
      ['TCP over IPv4', (way) => over4(way, tcp(40_000, 8080, 'S'))], ['UDP over IPv6', (way) => over6(way, udp(40_000, 8080), UDP)],
      ['a timestamp request', (way) => over4(way, icmp(13, 0, 7), ICMP)], ['nine extension headers', (way) => over6(way, inExtensions(9, syn(way)), 60)],
    ])('enforce refuses %s both ways where denied', async (_name, make) => {
      allowAgain = denyPod(programs, narrow, { ifindex });
      const before = hooks.passed();
      tun.write(make('send'));
      out.send(make('receive'));
      await until(() => programs.refused() === 2);
      expect([programs.refused(), hooks.passed() - before, tun.read()]).toEqual([2, 0, undefined]);
      expect(programs.events().filter(({ type }) => type === 1).map(({ flags, drop_reason }) => [flags & EventFlag.l3Device, drop_reason])).toEqual([[EventFlag.l3Device, 133], [EventFlag.l3Device, 133]]);
      expect(places(programs)).toEqual({ skbs: 2, pair: 0, 'not IP': 0, malformed: 0, refused: 2 });
    });

    test('ht_to_endpoint() reads what goes to the pod, which gets it unchanged', async () => {
      allowAgain = denyPod(programs, narrow, { ifindex });
      for (const packet of [over4('receive'), over6('receive')]) {
        out.send(packet);
        let got: Uint8Array | undefined;
        await until(() => { got = tun.read(); return got !== undefined; });
        expect(got).toEqual(packet);
      }
      expect(programs.events().filter(({ type }) => type === 4).map(({ direction, flags, destination_port }) => [direction, flags, destination_port])).toEqual([[1, EventFlag.l3Device, 80], [1, EventFlag.l3Device | EventFlag.ipv6, 80]]);
    });
  });
});
