import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { Direction, EVENT_VERSION, EventFlag, Point, TraceReason } from '../../agent/decode/event.ts';
import { authentication, client, ethernet, extension, fragmentHeader, icmp, ipv4, ipv6, server, tcp, udp } from './packets.ts';
import { Programs, cannotTest, hook } from './programs.ts';

const IPV4 = 0x0800;
const IPV6 = 0x86dd;
const TCP = 6;
const UDP = 17;
const back = { from: server.ipv4, to: client.ipv4 };
const noFold = 1; // HT_CONFIG_NO_FOLD
const why = { new: 1, flags: 2, close: 3, interval: 4, sweep: 5, untracked: 6 };

const tcp4 = (flags: string, payloadBytes = 0): Uint8Array => ethernet(IPV4, ipv4(TCP, tcp(40_000, 80, flags, payloadBytes)));
const tcp4Back = (flags: string, payloadBytes = 0): Uint8Array => ethernet(IPV4, ipv4(TCP, tcp(80, 40_000, flags, payloadBytes), back));

// for live.test.ts too
if (cannotTest !== '') console.warn(`kernel programs not tested: ${cannotTest}`);

describe.skipIf(cannotTest !== '')('tc hooks', () => {
  let programs: Programs;
  beforeAll(() => {
    programs = new Programs();
  });
  beforeEach(() => programs.reset());
  afterAll(() => programs.close());

  test.each<[string, Uint8Array, { protocol: number; ports: [number, number]; flags?: number; vlans?: number }]>([
    ['IPv4 TCP', tcp4('S'), { protocol: TCP, ports: [40_000, 80] }],
    ['IPv4 with 40 bytes of options', ethernet(IPV4, ipv4(UDP, udp(5000, 53), { optionWords: 10 })), { protocol: UDP, ports: [5000, 53] }],
    ['IPv4 of total length 0 (BIG TCP)', ethernet(IPV4, ipv4(TCP, tcp(40_000, 80, 'S'), { totalLength: 0 })), { protocol: TCP, ports: [40_000, 80] }],
    ['SCTP', ethernet(IPV4, ipv4(132, udp(7, 9))), { protocol: 132, ports: [7, 9] }],
    ['a protocol without ports', ethernet(IPV4, ipv4(47, new Uint8Array(8))), { protocol: 47, ports: [0, 0] }],
    ['IPv6 UDP', ethernet(IPV6, ipv6(UDP, udp(5000, 53))), { protocol: UDP, ports: [5000, 53], flags: EventFlag.ipv6 }],
    ['IPv6 hop-by-hop', ethernet(IPV6, ipv6(0, extension(TCP, 1, tcp(1, 2, 'S')))), { protocol: TCP, ports: [1, 2], flags: EventFlag.ipv6 }],
    ['IPv6 routing', ethernet(IPV6, ipv6(43, extension(TCP, 2, tcp(1, 2, 'S')))), { protocol: TCP, ports: [1, 2], flags: EventFlag.ipv6 }],
    ['IPv6 destination options', ethernet(IPV6, ipv6(60, extension(UDP, 0, udp(1, 2)))), { protocol: UDP, ports: [1, 2], flags: EventFlag.ipv6 }],
    ['IPv6 mobility', ethernet(IPV6, ipv6(135, extension(UDP, 0, udp(1, 2)))), { protocol: UDP, ports: [1, 2], flags: EventFlag.ipv6 }],
    ['IPv6 authentication', ethernet(IPV6, ipv6(51, authentication(UDP, 6, udp(1, 2)))), { protocol: UDP, ports: [1, 2], flags: EventFlag.ipv6 }],
    ['IPv6 atomic fragment', ethernet(IPV6, ipv6(44, fragmentHeader(UDP, { id: 1, offset: 0, more: false }, udp(1, 2)))), { protocol: UDP, ports: [1, 2], flags: EventFlag.ipv6 }],
    ['six IPv6 extension headers', ethernet(IPV6, ipv6(0, extension(60, 0, extension(60, 0, extension(60, 0, extension(60, 0, extension(60, 0, extension(UDP, 0, udp(1, 2))))))))), { protocol: UDP, ports: [1, 2], flags: EventFlag.ipv6 }],
    ['one VLAN tag', ethernet(IPV4, ipv4(UDP, udp(1, 2)), [1]), { protocol: UDP, ports: [1, 2], flags: EventFlag.vlan, vlans: 1 }],
    ['QinQ', ethernet(IPV6, ipv6(UDP, udp(1, 2)), [2, 1]), { protocol: UDP, ports: [1, 2], flags: EventFlag.ipv6 | EventFlag.vlan, vlans: 2 }],
  ])('ht_from_endpoint() reads %s', (_name, packet, { protocol, ports, flags = 0, vlans = 0 }) => {
    expect(programs.send(packet).returned).toBe(-1);
    const [event, ...others] = programs.events();
    expect(others).toEqual([]);
    expect(event).toMatchObject({
      version: EVENT_VERSION, type: 4, sub_type: Point.toStack, reason: TraceReason.new, direction: Direction.egress, why: why.new, flags,
      protocol, lane: 0, vlan_count: vlans, source_port: ports[0], destination_port: ports[1], skbs: 1, segments: 1, bytes: packet.length, ifindex: 1,
      source: flags & EventFlag.ipv6 ? Buffer.from(client.ipv6).toString('hex') : '10.0.1.5', source_mac: '0a0000000001', sequence: 0,
    });
    expect(programs.pairs()).toMatchObject([{ skbs: 1, segments: 1, bytes: packet.length, connections: 1, reported: 1, port: ports[1], protocol, direction: 2, isReply: false, verdict: 1 }]);
  });

  test.each<[string, Uint8Array, 'notIp' | 'malformed']>([
    ['ARP', ethernet(0x0806, new Uint8Array(28)), 'notIp'],
    ['LLDP in a VLAN', ethernet(0x88cc, new Uint8Array(46), [1]), 'notIp'],
    ['IPv4 that ends in its header', ethernet(IPV4, ipv4(TCP, new Uint8Array(0)).subarray(0, 19), [1]), 'malformed'],
    ['an IPv4 header of four words', ethernet(IPV4, Uint8Array.from([0x44, ...ipv4(TCP, tcp(1, 2, 'S')).subarray(1)])), 'malformed'],
    ['IPv4 shorter than it says', ethernet(IPV4, ipv4(UDP, udp(1, 2), { totalLength: 400 })), 'malformed'],
    ['TCP that ends in its header', ethernet(IPV4, ipv4(TCP, tcp(1, 2, 'S').subarray(0, 12))), 'malformed'],
    ['IPv6 that ends in its header', ethernet(IPV6, ipv6(TCP, new Uint8Array(0)).subarray(0, 39), [1]), 'malformed'],
    ['IPv6 shorter than it says', ethernet(IPV6, ipv6(UDP, udp(1, 2, 60)).subarray(0, 60)), 'malformed'],
    ['seven IPv6 extension headers', ethernet(IPV6, ipv6(0, extension(60, 0, extension(60, 0, extension(60, 0, extension(60, 0, extension(60, 0, extension(60, 0, extension(UDP, 0, udp(1, 2)))))))))), 'malformed'],
    ['an extension header that is cut off', ethernet(IPV6, ipv6(0, new Uint8Array([TCP, 0, 0, 0]))), 'malformed'],
    ['three VLAN tags', ethernet(IPV4, ipv4(UDP, udp(1, 2)), [2, 1, 1]), 'malformed'],
  ])('ht_to_endpoint() lets %s pass, counted and not reported', (_name, packet, counter) => {
    expect(programs.receive(packet).returned).toBe(-1);
    const counters = programs.counters();
    expect([counters.notIp, counters.malformed]).toEqual(counter === 'notIp' ? [1, 0] : [0, 1]);
    expect(counters.skbs[hook.receive]).toBe(1);
    expect(counters.bytes[hook.receive]).toBe(packet.length);
    expect(programs.events()).toEqual([]);
    expect(programs.pairs()).toEqual([]);
  });

  test('ht_from_endpoint() and ht_to_endpoint() report a TCP connection by its flags, with volumes since the last report', () => {
    programs.send(tcp4('S'));
    programs.receive(tcp4Back('S.'));
    programs.send(tcp4('.'));
    programs.send(tcp4('P.', 100));
    for (let i = 0; i < 10; i++) programs.receive(tcp4Back('.', 1000));
    programs.send(tcp4('F.'));
    programs.receive(tcp4Back('F.'));
    programs.send(tcp4('.'));
    const events = programs.events().toSorted((a, b) => a.time_ns - b.time_ns);
    expect(events.map(({ why: reason, lane, reason: trace, direction, sub_type, skbs, bytes, tcp_flags_seen }) => [reason, lane, trace, direction, sub_type, skbs, bytes, tcp_flags_seen])).toEqual([
      [why.new, 0, TraceReason.new, 2, Point.toStack, 1, 54, 0x02],
      [why.flags, 1, TraceReason.reply, 2, Point.toEndpoint, 1, 54, 0x12],
      [why.flags, 1, TraceReason.established, 2, Point.toStack, 1, 54, 0x10],
      [why.flags, 1, TraceReason.established, 2, Point.toStack, 1, 154, 0x18],
      [why.close, 0, TraceReason.established, 2, Point.toStack, 1, 54, 0x11],
      [why.close, 0, TraceReason.reply, 2, Point.toEndpoint, 11, 10 * 1054 + 54, 0x11],
    ]);
    expect(programs.pairs().toSorted((a, b) => Number(a.isReply) - Number(b.isReply))).toMatchObject([
      { isReply: false, port: 80, direction: 2, skbs: 5, bytes: 4 * 54 + 154, connections: 1, reported: 4 },
      { isReply: true, port: 80, direction: 2, skbs: 12, bytes: 12 * 54 + 10_000, connections: 0, reported: 2 },
    ]);
    expect(programs.sweep({ all: true })).toEqual({ live: 1, liveSkbs: 0, liveBytes: 0, reported: 1, deleted: 0 });
    expect(programs.events()).toMatchObject([{ why: why.sweep, reason: TraceReason.established, sub_type: Point.toStack, skbs: 1, bytes: 54, source: '10.0.1.5', source_port: 40_000, destination_port: 80 }]);
  });

  test('ht_to_endpoint() takes a SYN+ACK without entry for the answer to a connection the pod opened', () => {
    programs.receive(tcp4Back('S.'));
    expect(programs.events()).toMatchObject([{ why: why.new, reason: TraceReason.reply, direction: Direction.egress }]);
    expect(programs.pairs()).toMatchObject([{ isReply: true, port: 80, direction: 2 }]);
    expect(programs.counters().midStream).toBe(0);
  });

  test('ht_from_endpoint() marks a connection that it meets in its middle, and takes the low port for the server', () => {
    programs.send(tcp4Back('.', 10));
    expect(programs.events()).toMatchObject([{ why: why.new, reason: TraceReason.reply, direction: Direction.ingress, flags: EventFlag.midStream }]);
    expect(programs.counters()).toMatchObject({ midStream: 1, conntrackInserted: 1 });
  });

  test('ht_from_endpoint() opens a connection again when its ports are used again', () => {
    programs.send(tcp4('S'));
    programs.receive(tcp4Back('R.'));
    programs.send(tcp4('S'));
    expect(programs.events().map((event) => event.why)).toEqual([why.new, why.close, why.new]);
    expect(programs.pairs().find((pair) => !pair.isReply)).toMatchObject({ connections: 2, resets: 0 });
    expect(programs.pairs().find((pair) => pair.isReply)).toMatchObject({ connections: 0, resets: 1 });
  });

  test('ht_from_endpoint() names both ends by ht_addresses, and again when the epoch moves', () => {
    programs.setAddress(client.ipv4, 7, 70);
    programs.setDevice(1, 7);
    programs.send(tcp4('S'));
    programs.setAddress(server.ipv4, 9, 90);
    programs.receive(tcp4Back('S.'));
    programs.configure({ epoch: 2 });
    programs.send(tcp4('.'));
    expect(programs.events().toSorted((a, b) => a.time_ns - b.time_ns)).toMatchObject([
      { source_ref: 7, source_labels: 70, destination_ref: 0, destination_labels: 0, endpoint_ref: 7 },
      { source_ref: 0, source_labels: 0, destination_ref: 7, destination_labels: 70, endpoint_ref: 7 },
      { source_ref: 7, source_labels: 70, destination_ref: 9, destination_labels: 90, endpoint_ref: 7 },
    ]);
  });

  test('ht_from_endpoint() counts wire segments of a GSO packet', () => {
    const packet = tcp4('P.', 3000);
    programs.send(packet, { gsoSegments: 3, gsoSize: 1000 });
    expect(programs.events()).toMatchObject([{ skbs: 1, segments: 3, bytes: packet.length }]);
    expect(programs.counters().segments[hook.send]).toBe(3);
  });

  test('ht_from_endpoint() keys ICMP echo by its id', () => {
    programs.send(ethernet(IPV4, ipv4(1, icmp(8, 0, 77))));
    programs.receive(ethernet(IPV4, ipv4(1, icmp(0, 0, 77), back)));
    programs.send(ethernet(IPV4, ipv4(1, icmp(8, 0, 78))));
    expect(programs.events()).toMatchObject([
      { why: why.new, icmp_type: 8, source_port: 0, destination_port: 0 },
      { why: why.new, icmp_type: 8 },
      { why: why.interval, reason: TraceReason.reply, icmp_type: 0 },
    ]);
    expect(programs.pairs().map(({ port, isReply, skbs }) => [port, isReply, skbs]).toSorted()).toEqual([[0, true, 1], [8, false, 2]]);
  });

  test.each([
    ['IPv4', ethernet(IPV4, ipv4(UDP, udp(5000, 53))), ethernet(IPV4, ipv4(1, icmp(3, 3, 0, ipv4(UDP, udp(5000, 53))), { from: [10, 9, 9, 9], to: client.ipv4 })), 3],
    ['IPv6', ethernet(IPV6, ipv6(UDP, udp(5000, 53))), ethernet(IPV6, ipv6(58, icmp(1, 4, 0, ipv6(UDP, udp(5000, 53))), { from: server.ipv6, to: client.ipv6 })), 1],
  ])('ht_to_endpoint() relates an ICMP error to the connection it is about, %s', (_family, packet, error, type) => {
    programs.receive(error);
    programs.send(packet);
    programs.receive(error);
    const events = programs.events().filter((event) => event.why === why.untracked);
    expect(events.map(({ reason, icmp_type, skbs, bytes, lane }) => [reason, icmp_type, skbs, bytes, lane])).toEqual([
      [TraceReason.unknown, type, 1, error.length, 1],
      [TraceReason.related, type, 1, error.length, 1],
    ]);
    expect(events.every((event) => (event.flags & EventFlag.icmpError) !== 0)).toBe(true);
    expect(programs.pairs().find((pair) => pair.port === type)).toMatchObject({ skbs: 2, reported: 2, direction: 1 });
  });

  test.each([
    ['IPv4', (offset: number, more: boolean, payload: Uint8Array) => ethernet(IPV4, ipv4(UDP, payload, { fragment: { id: 9, offset, more } }))],
    ['IPv6', (offset: number, more: boolean, payload: Uint8Array) => ethernet(IPV6, ipv6(44, fragmentHeader(UDP, { id: 9, offset, more }, payload)))],
  ])('ht_from_endpoint() accounts later fragments to the first one, and says when it was not seen, %s', (_family, fragment) => {
    const first = fragment(0, true, udp(5000, 53, 1000));
    const later = fragment(1008, false, new Uint8Array(200));
    programs.send(later);
    expect(programs.events()).toMatchObject([{ why: why.untracked, source_port: 0, destination_port: 0, skbs: 1, bytes: later.length }]);
    expect(programs.counters().fragmentsUnmatched).toBe(1);
    programs.send(first);
    programs.send(later);
    expect(programs.events()).toMatchObject([{ why: why.new, source_port: 5000, destination_port: 53, bytes: first.length }]);
    expect(programs.sweep({ all: true })).toMatchObject({ live: 1, reported: 1 });
    expect(programs.events()).toMatchObject([{ why: why.sweep, bytes: later.length, source_port: 5000 }]);
    expect(programs.counters().fragmentsUnmatched).toBe(1);
  });

  test('ht_to_endpoint() reports each connection of a SYN flood once', () => {
    for (let i = 0; i < 1000; i++) programs.receive(ethernet(IPV4, ipv4(TCP, tcp(1024 + i, 80, 'S'))), { repeat: 3 });
    const events = programs.events();
    expect(events).toHaveLength(1000);
    expect(events.every((event) => event.why === why.new && event.lane === 0 && event.direction === Direction.ingress)).toBe(true);
    expect(programs.pairs()).toMatchObject([{ skbs: 3000, connections: 1000, reported: 1000, bytes: 3000 * 54 }]);
    expect(programs.counters().conntrackInserted).toBe(1000);
    expect(programs.sweep()).toMatchObject({ live: 1000, liveSkbs: 2000, liveBytes: 2000 * 54, reported: 0 });
  });

  test('ht_to_endpoint() keeps the ledger exact when conntrack forgets', () => {
    using small = new Programs({ maxEntries: { ht_conntrack: 256 } });
    for (let i = 0; i < 2000; i++) small.receive(ethernet(IPV4, ipv4(UDP, udp(1024 + i, 53))), { repeat: 2 });
    const swept = small.sweep({ all: true });
    const { conntrackInserted, conntrackDeleted, skbs } = small.counters();
    const reportedSkbs = small.events().reduce((sum, event) => sum + event.skbs, 0);
    expect(skbs[hook.receive]).toBe(4000);
    expect(small.pairs()).toMatchObject([{ skbs: 4000, connections: 2000 }]);
    expect(conntrackInserted).toBe(2000);
    const evicted = conntrackInserted - conntrackDeleted - swept.live;
    expect(evicted).toBeGreaterThan(1700);
    expect(reportedSkbs).toBe(4000 - evicted); // each forgotten entry took one skb with it
  });

  test('ht_from_endpoint() loses no volume when the ring is full, and a gap in the sequence is as long as the loss', () => {
    using small = new Programs({ maxEntries: { ht_urgent: 4096, ht_bulk: 4096 } });
    small.configure({ flags: noFold });
    const connections = 100;
    const at = (i: number, flags: string): Uint8Array => ethernet(IPV4, ipv4(TCP, tcp(40_000 + i, 80, flags, 10)));
    for (let i = 0; i < connections; i++) small.send(at(i, 'S'));
    const first = small.events();
    const afterFirst = small.counters().events.find(({ kind, lane }) => kind === 'trace' && lane === 0);
    expect(first.length).toBeLessThan(connections);
    expect(afterFirst).toMatchObject({ happened: connections, submitted: first.length, lost: connections - first.length });
    small.send(at(connections, 'S'));
    const [next] = small.events();
    expect(next?.sequence).toBe(connections);
    expect(first.at(-1)?.sequence).toBe(first.length - 1);

    let skbs = first.reduce((sum, event) => sum + event.skbs, 0) + (next?.skbs ?? 0);
    let bytes = first.reduce((sum, event) => sum + event.bytes, 0) + (next?.bytes ?? 0);
    for (let round = 0; round < 20; round++) {
      small.sweep({ all: true });
      for (const event of small.events()) {
        skbs += event.skbs;
        bytes += event.bytes;
      }
    }
    expect(small.sweep({ all: true })).toMatchObject({ live: connections + 1, liveSkbs: 0, liveBytes: 0 });
    const pair = small.pairs()[0];
    expect([skbs, bytes]).toEqual([pair?.skbs, pair?.bytes]);
    for (const { happened, submitted, folded, lost, suppressed } of small.counters().events) expect(happened).toBe(submitted + folded + lost + suppressed);
  });

  test('ht_sweep() reports what went quiet and deletes what expired', () => {
    const nowS = Number(process.hrtime.bigint() / 1_000_000_000n);
    programs.send(ethernet(IPV4, ipv4(UDP, udp(5000, 53))), { repeat: 4 });
    programs.send(tcp4('S'));
    programs.receive(tcp4Back('R.'));
    programs.events();
    expect(programs.sweep()).toMatchObject({ live: 2, liveSkbs: 3, reported: 0, deleted: 0 });
    expect(programs.sweep({ nowS: nowS + 8 })).toMatchObject({ live: 2, liveSkbs: 0, reported: 1, deleted: 0 });
    expect(programs.events()).toMatchObject([{ why: why.sweep, skbs: 3, lane: 1, protocol: UDP, tcp_flags: 0 }]);
    expect(programs.sweep({ nowS: nowS + 20 })).toMatchObject({ live: 1, deleted: 1 });
    expect(programs.sweep({ nowS: nowS + 100 })).toMatchObject({ live: 0, deleted: 1 });
    expect(programs.counters()).toMatchObject({ conntrackInserted: 2, conntrackDeleted: 2 });
  });
});
