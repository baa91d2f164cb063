import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { client, ethernet, extension, fragmentHeader, icmp, ipv4, ipv6, server, tcp, udp } from './packets.ts';
import { denyPod, narrow, oneDenied, peer, pod, policy } from './denied-pod.ts';
import { cannotTest, hook, Programs } from './programs.ts';

const [IPV4, IPV6] = [0x0800, 0x86dd];
const [ICMP, TCP, UDP, ICMPV6] = [1, 6, 17, 58];
const SHOT = 2;
const NEXT = -1;
const back = { from: server.ipv4, to: client.ipv4 };
const now = (): number => Number(process.hrtime.bigint() / 1_000_000_000n);

const sent = (source: number, port: number, flags: string): Uint8Array => ethernet(IPV4, ipv4(TCP, tcp(source, port, flags)));
const got = (source: number, port: number, flags: string): Uint8Array => ethernet(IPV4, ipv4(TCP, tcp(source, port, flags), back));
const fragment4 = (protocol: number, payload: Uint8Array, offset: number, more: boolean, id = 9): Uint8Array => ethernet(IPV4, ipv4(protocol, payload, { fragment: { id, offset, more } }));
const fragment6 = (protocol: number, payload: Uint8Array, offset: number, more: boolean, id = 9): Uint8Array => ethernet(IPV6, ipv6(44, fragmentHeader(protocol, { id, offset, more }, payload)));
const families: [string, typeof fragment4][] = [['IPv4', fragment4], ['IPv6', fragment6]];

/** Wrapped in so many headers of destination options. */
function wrapped(count: number, payload: Uint8Array): Uint8Array {
  let inner = payload;
  for (let i = 0; i < count; i++) inner = extension(i === 0 ? TCP : 60, 0, inner);
  return ethernet(IPV6, ipv6(count === 0 ? TCP : 60, inner));
}

describe.skipIf(cannotTest !== '')('whoever wants around a policy', () => {
  let programs: Programs;
  let allowAgain: () => void = () => {};
  beforeAll(() => { programs = new Programs(); });
  beforeEach(() => programs.reset());
  afterEach(() => allowAgain());
  afterAll(() => programs.close());

  test.each([
    ['an answer that nobody asked for', ['S.']],
    ['an answer, then an ACK', ['S.', '.']],
    ['an ACK from a low port', ['.']],
    ['a packet without flags', ['']],
  ])('ht_tracked() judges a SYN after %s', (_name, first) => {
    allowAgain = denyPod(programs, narrow);
    for (const flags of first) programs.send(sent(1000, 40_000, flags));
    expect(programs.send(sent(1000, 40_000, 'S')).returned).toBe(SHOT);
    for (const flags of first) programs.receive(got(1000, 40_000, flags));
    expect(programs.receive(got(1000, 40_000, 'S')).returned).toBe(SHOT);
    expect(programs.refused()).toBe(2);
  });

  test('ht_tracked() judges a SYN after an ACK that was let pass in the time of grace', () => {
    allowAgain = denyPod(programs, narrow, { graceUntilS: now() + 60 });
    expect(programs.send(sent(40_000, 8080, '.')).returned).toBe(NEXT);
    expect(programs.send(sent(40_000, 8080, 'P.')).returned).toBe(NEXT);
    expect(programs.send(sent(40_000, 8080, 'S')).returned).toBe(SHOT);
  });

  test('ht_tracked() lets both SYNs of a simultaneous opening pass where one side may open', () => {
    allowAgain = denyPod(programs, narrow);
    expect(programs.send(sent(40_000, 443, 'S')).returned).toBe(NEXT);
    // the other way is denied, and the connection needs no SYN of the peer
    expect(programs.receive(got(443, 40_000, 'S')).returned).toBe(SHOT);
    expect(programs.receive(got(443, 40_000, 'S.')).returned).toBe(NEXT);
    expect(programs.send(sent(40_000, 443, '.')).returned).toBe(NEXT);
  });

  test('ht_sorted_key() keeps what the pod forges in the name of its peer apart from what the peer sends', () => {
    allowAgain = denyPod(programs, oneDenied);
    // the pod sends what its peer would have sent to open a connection, and may: it talks to itself
    expect(programs.send(got(80, 40_000, '.')).returned).toBe(NEXT);
    expect(programs.send(got(80, 40_000, 'S')).returned).toBe(NEXT);
    expect(programs.send(sent(40_000, 80, '.')).returned).toBe(SHOT);
    expect(programs.send(sent(40_000, 80, 'S')).returned).toBe(SHOT);
  });

  test.each([[ICMP, 8, 0], [ICMPV6, 128, 129]])('ht_sorted_key() keeps the pings of both sides with one id apart, protocol %i', (protocol, request, reply) => {
    const ping = (type: number, isSent: boolean, id: number): Uint8Array => protocol === ICMP
      ? ethernet(IPV4, ipv4(ICMP, icmp(type, 0, id), isSent ? {} : back))
      : ethernet(IPV6, ipv6(ICMPV6, icmp(type, 0, id), isSent ? {} : { from: server.ipv6, to: client.ipv6 }));
    allowAgain = denyPod(programs, narrow);
    for (const id of [0, 7]) {
      expect(programs.send(ping(request, true, id)).returned).toBe(NEXT);
      expect(programs.receive(ping(reply, false, id)).returned).toBe(NEXT);
      // the peer may not ping the pod, whatever the pod did with this id
      expect(programs.receive(ping(request, false, id)).returned).toBe(SHOT);
    }
    expect(programs.pairs().map(({ port, verdict, isReply, skbs }) => [port, verdict, isReply, skbs]).toSorted()).toEqual([[reply, 1, true, 2], [request, 1, false, 2], [request, 2, false, 2]].toSorted());
  });

  test('ht_tracked() judges other ICMP questions by themselves, not as part of an allowed ping', () => {
    allowAgain = denyPod(programs, narrow);
    expect(programs.send(ethernet(IPV4, ipv4(ICMP, icmp(8, 0, 0)))).returned).toBe(NEXT);
    for (const type of [13, 15, 17]) expect(programs.send(ethernet(IPV4, ipv4(ICMP, icmp(type, 0, 0)))).returned).toBe(SHOT);
  });

  test.each(families)('ht_tracked() refuses all fragments of a refused datagram, and lets pass what comes before its first, %s', (_family, fragment) => {
    allowAgain = denyPod(programs, narrow);
    const first = fragment(UDP, udp(5000, 99, 1000), 0, true);
    const later = fragment(UDP, new Uint8Array(200), 1008, false);
    expect(programs.send(later).returned).toBe(NEXT);
    expect(programs.send(first).returned).toBe(SHOT);
    expect(programs.send(later).returned).toBe(SHOT);
    expect(programs.counters()).toMatchObject({ fragmentsUnmatched: 1, malformed: 0 });
    expect(programs.refused()).toBe(2);
    expect(programs.pairs().filter(({ verdict }) => verdict === 2)).toMatchObject([{ port: 99, skbs: 2, bytes: first.length + later.length }]);
    expect(programs.events().filter(({ type }) => type === 1).map(({ destination_port, skbs, drop_reason }) => [destination_port, skbs, drop_reason])).toEqual([[99, 1, 133], [99, 1, 133]]);
  });

  test.each(families)('ht_tracked() lets all fragments of an allowed datagram pass, in any order, %s', (_family, fragment) => {
    allowAgain = denyPod(programs, narrow);
    for (const [offset, more] of [[0, true], [1008, true], [2016, false]] as const) {
      expect(programs.send(fragment(UDP, offset === 0 ? udp(5000, 53, 1000) : new Uint8Array(1008), offset, more)).returned).toBe(NEXT);
    }
    for (const [offset, more] of [[2016, false], [0, true], [1008, true]] as const) {
      expect(programs.send(fragment(UDP, offset === 0 ? udp(5000, 53, 1000) : new Uint8Array(1008), offset, more, 10)).returned).toBe(NEXT);
    }
    expect(programs.counters()).toMatchObject({ fragmentsUnmatched: 1, conntrackInserted: 1 });
    expect(programs.refused()).toBe(0);
  });

  test.each(families)('ht_parse_l4() takes TCP cut into fragments before its flags for an opening, %s', (_family, fragment) => {
    allowAgain = denyPod(programs, oneDenied);
    const segment = tcp(1000, 40_000, 'S');
    const denied = tcp(1000, 80, 'S');
    expect(programs.send(fragment(TCP, denied.subarray(0, 8), 0, true)).returned).toBe(SHOT);
    expect(programs.send(fragment(TCP, segment.subarray(0, 8), 0, true, 10)).returned).toBe(NEXT);
    expect(programs.pairs().filter(({ isReply }) => isReply)).toEqual([]);
    expect(programs.counters()).toMatchObject({ malformed: 0 });
    expect(programs.refused()).toBe(1);
  });

  test('ht_join_fragment() knows an IPv6 datagram whose fragments begin with an extension header', () => {
    allowAgain = denyPod(programs, narrow);
    const inner = extension(UDP, 0, udp(5000, 99, 1000));
    expect(programs.send(ethernet(IPV6, ipv6(44, fragmentHeader(60, { id: 3, offset: 0, more: true }, inner)))).returned).toBe(SHOT);
    expect(programs.send(ethernet(IPV6, ipv6(44, fragmentHeader(60, { id: 3, offset: inner.length, more: false }, new Uint8Array(80))))).returned).toBe(SHOT);
  });

  test('ht_join_fragment() counts later fragments of a ping to its type', () => {
    const request = icmp(8, 0, 7, new Uint8Array(1000));
    programs.send(fragment4(ICMP, request, 0, true));
    programs.send(fragment4(ICMP, new Uint8Array(100), 1008, false));
    expect(programs.pairs()).toMatchObject([{ port: 8, protocol: ICMP, skbs: 2, isReply: false }]);
  });

  const unreadable: [string, Uint8Array][] = [
    ['behind nine extension headers', wrapped(9, tcp(40_000, 443, 'S'))],
    ['behind four VLAN tags', ethernet(IPV4, ipv4(TCP, tcp(40_000, 443, 'S')), [1, 1, 1, 1])],
    ['in a fragment whose headers go on in the next', ethernet(IPV6, ipv6(44, fragmentHeader(60, { id: 3, offset: 0, more: true }, extension(60, 0, new Uint8Array(0)))))],
  ];

  test.each(unreadable)('ht_is_unread_refused() refuses, under a default deny, a packet %s', (_name, packet) => {
    allowAgain = denyPod(programs, narrow);
    expect(programs.send(packet).returned).toBe(SHOT);
    expect(programs.receive(packet).returned).toBe(SHOT);
    expect(programs.counters()).toMatchObject({ malformed: 0 });
    expect(programs.refused()).toBe(2);
    expect(programs.pairs().map(({ direction, verdict, skbs, bytes }) => [direction, verdict, skbs, bytes]).toSorted()).toEqual([[hook.receive, 2, 1, packet.length], [hook.send, 2, 1, packet.length]]);
    expect(programs.events().map(({ type, policy: by, source_labels, destination_labels, drop_reason }) => [type, by, source_labels, destination_labels, drop_reason])).toEqual([
      [1, policy.denies, pod.labels, 0, 133], [1, policy.denies, 0, pod.labels, 133],
    ]);
  });

  test.each(unreadable)('ht_is_unread_refused() lets pass, without a default deny and in other modes, a packet %s', (_name, packet) => {
    allowAgain = denyPod(programs, oneDenied);
    expect([programs.send(packet).returned, programs.receive(packet).returned]).toEqual([NEXT, NEXT]);
    allowAgain();
    allowAgain = denyPod(programs, narrow, { mode: 'audit' });
    expect([programs.send(packet).returned, programs.receive(packet).returned]).toEqual([NEXT, NEXT]);
    expect(programs.counters()).toMatchObject({ malformed: 4 });
    expect(programs.refused()).toBe(0);
    expect(programs.pairs()).toEqual([]);
  });

  test('ht_has_ethernet() is not taken in by a MAC address that looks like an IP header', () => {
    allowAgain = denyPod(programs, narrow);
    const packet = sent(40_000, 8080, 'S');
    packet.set([0x45, 0, 0, packet.length], 0);
    expect(programs.send(packet).returned).toBe(SHOT);
    const packet6 = wrapped(0, tcp(40_000, 8080, 'S'));
    packet6.set([0x60, 0, 0, 0], 0);
    expect(programs.send(packet6).returned).toBe(SHOT);
    expect(programs.pairs().map(({ family, port }) => [family, port]).toSorted()).toEqual([[4, 8080], [6, 8080]]);
  });

  test('ht_is_vital() lets DHCP pass between its ports, not whatever else goes to one of them', () => {
    allowAgain = denyPod(programs, narrow);
    expect(programs.send(ethernet(IPV4, ipv4(UDP, udp(68, 67)))).returned).toBe(NEXT);
    expect(programs.receive(ethernet(IPV4, ipv4(UDP, udp(67, 68), back))).returned).toBe(NEXT);
    expect(programs.send(ethernet(IPV6, ipv6(UDP, udp(546, 547)))).returned).toBe(NEXT);
    expect(programs.send(ethernet(IPV4, ipv4(UDP, udp(5000, 67)))).returned).toBe(SHOT);
    expect(programs.send(ethernet(IPV4, ipv4(UDP, udp(68, 547)))).returned).toBe(SHOT);
  });

  test('ht_tracked() lets answers pass of what the pod may ask, and of what was asked before a policy denied it', () => {
    allowAgain = denyPod(programs, narrow);
    for (const flags of ['S', '.']) expect(programs.send(sent(40_000, 443, flags)).returned).toBe(NEXT);
    for (const flags of ['S.', 'P.', 'F.', '.']) expect(programs.receive(got(443, 40_000, flags)).returned).toBe(NEXT);
    expect(programs.send(ethernet(IPV4, ipv4(UDP, udp(5000, 53)))).returned).toBe(NEXT);
    allowAgain();
    allowAgain = denyPod(programs, narrow.filter(({ policy: by }) => by === policy.denies));
    programs.configure({ mode: 2, epoch: 3 });
    expect(programs.receive(ethernet(IPV4, ipv4(UDP, udp(53, 5000), back))).returned).toBe(NEXT);
    expect(programs.receive(got(443, 40_000, '.')).returned).toBe(NEXT);
    expect(programs.send(ethernet(IPV4, ipv4(UDP, udp(5000, 53)))).returned).toBe(SHOT);
    expect(programs.receive(ethernet(IPV4, ipv4(UDP, udp(53, 5000), back))).returned).toBe(NEXT);
    expect(programs.send(sent(40_000, 443, '.')).returned).toBe(SHOT);
  });

  test('ht_may_be_older() takes a datagram from a low port for an answer in the time of grace, and for a question after it', () => {
    allowAgain = denyPod(programs, narrow, { graceUntilS: now() + 60 });
    expect(programs.receive(ethernet(IPV4, ipv4(UDP, udp(53, 40_000), back))).returned).toBe(NEXT);
    expect(programs.receive(ethernet(IPV4, ipv4(UDP, udp(5000, 99), back))).returned).toBe(SHOT);
    programs.clear('ht_conntrack');
    programs.configure({ mode: 2, epoch: 3 });
    expect(programs.receive(ethernet(IPV4, ipv4(UDP, udp(53, 40_000), back))).returned).toBe(SHOT);
  });

  test('ht_judge() fails open while a pod or its peer is not known', () => {
    allowAgain = denyPod(programs, narrow);
    programs.setDevice(1, 0, { labels: 0 });
    expect(programs.send(sent(40_000, 80, 'S')).returned).toBe(NEXT);
    programs.setDevice(1, pod.ref, { labels: pod.labels });
    programs.setAddress(server.ipv4, peer.ref, peer.labels, 4); // HT_ADDRESS_UNKNOWN
    expect(programs.send(sent(40_001, 80, 'S')).returned).toBe(NEXT);
    expect(programs.counters()).toMatchObject({ policyUnknown: 2 });
    expect(programs.refused()).toBe(0);
    // and judges as soon as both are
    programs.setAddress(server.ipv4, peer.ref, peer.labels, 0);
    programs.configure({ mode: 2, epoch: 3 });
    expect([40_000, 40_001].map((port) => programs.send(sent(port, 80, '.')).returned)).toEqual([SHOT, SHOT]);
  });
});
