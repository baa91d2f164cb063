import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { EventFlag, TraceReason } from '../../agent/decode/event.ts';
import type { PolicyMode } from '../../agent/decode/kernel.ts';
import { denyPod, narrow } from './denied-pod.ts';
import { client, ethernet, fragmentHeader, icmp, ipv4, ipv6, server, udp } from './packets.ts';
import { cannotTest, Programs } from './programs.ts';

const [ICMP, UDP, ICMPV6] = [1, 17, 58];
const SHOT = 2;
const NEXT = -1;
const [ALLOWED, DENIED] = [53, 99];
const router4 = [10, 9, 9, 9];
const router6 = [0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 9, 9];

/** Packets of one family: of the pod, to it, and errors about packets from somewhere between. */
interface Family {
  name: string;
  sent: (port: number) => Uint8Array;
  got: (port: number) => Uint8Array;
  /** To the pod. */
  errorTo: (type: number, about: Uint8Array) => Uint8Array;
  /** Of the pod. */
  errorFrom: (type: number, about: Uint8Array) => Uint8Array;
  types: readonly number[];
}

const bare = (frame: Uint8Array): Uint8Array => frame.subarray(14);
const families: readonly Family[] = [
  {
    name: 'IPv4', types: [3, 4, 5, 11, 12],
    sent: (port) => ethernet(0x0800, ipv4(UDP, udp(5000, port))), got: (port) => ethernet(0x0800, ipv4(UDP, udp(port, 5000), { from: server.ipv4, to: client.ipv4 })),
    errorTo: (type, about) => ethernet(0x0800, ipv4(ICMP, icmp(type, 0, 0, about), { from: router4, to: client.ipv4 })),
    errorFrom: (type, about) => ethernet(0x0800, ipv4(ICMP, icmp(type, 0, 0, about))),
  },
  {
    name: 'IPv6', types: [1, 2, 3, 4],
    sent: (port) => ethernet(0x86dd, ipv6(UDP, udp(5000, port))), got: (port) => ethernet(0x86dd, ipv6(UDP, udp(port, 5000), { from: server.ipv6, to: client.ipv6 })),
    errorTo: (type, about) => ethernet(0x86dd, ipv6(ICMPV6, icmp(type, 0, 0, about), { from: router6, to: client.ipv6 })),
    errorFrom: (type, about) => ethernet(0x86dd, ipv6(ICMPV6, icmp(type, 0, 0, about))),
  },
];

describe.skipIf(cannotTest !== '')('ICMP errors', () => {
  let programs: Programs;
  let allowAgain: () => void = () => {};
  beforeAll(() => { programs = new Programs(); });
  beforeEach(() => programs.reset());
  afterEach(() => allowAgain());
  afterAll(() => programs.close());

  /** Each passes; gives back what was told of it, its type and whether it is related. */
  function reasonsOf(errors: readonly Uint8Array[], way: 'send' | 'receive'): number[] {
    programs.events();
    for (const error of errors) expect(programs[way](error).returned).toBe(NEXT);
    const told = programs.events();
    expect(told.every(({ type, flags, why, skbs, bytes }, index) => type === 4 && (flags & EventFlag.icmpError) !== 0 && why === 6 && skbs === 1 && bytes === errors[index]?.length)).toBe(true);
    return told.map(({ reason }) => reason);
  }

  const all = (reason: number, { types }: Family): number[] => types.map(() => reason);

  describe.each(families)('$name', (family) => {
    test.each<[PolicyMode]>([['observe'], ['audit'], ['enforce']])('pass in mode %s, and are related to what passed', (mode) => {
      allowAgain = denyPod(programs, narrow, { mode });
      const about = (port: number): Uint8Array[] => family.types.map((type) => family.errorTo(type, bare(family.sent(port))));
      expect(programs.send(family.sent(ALLOWED)).returned).toBe(NEXT);
      expect(programs.send(family.sent(DENIED)).returned).toBe(mode === 'enforce' ? SHOT : NEXT);
      expect(reasonsOf(about(ALLOWED), 'receive')).toEqual(all(TraceReason.related, family));
      // what was refused went nowhere: whoever tells of it was not asked
      expect(reasonsOf(about(DENIED), 'receive')).toEqual(all(mode === 'enforce' ? TraceReason.unknown : TraceReason.related, family));
      expect(reasonsOf(about(7), 'receive')).toEqual(all(TraceReason.unknown, family));
      expect(programs.refused()).toBe(mode === 'enforce' ? 1 : 0);
      expect(programs.pairs().filter(({ port, direction }) => direction === 1 && family.types.includes(port)).map(({ skbs, reported, verdict }) => [skbs, reported, verdict])).toEqual(family.types.map(() => [3, 3, 1]));
    });

    test('of the pod about an answer that it got are related, and those about what it would have sent itself are not', () => {
      allowAgain = denyPod(programs, narrow);
      programs.send(family.sent(ALLOWED));
      expect(reasonsOf(family.types.map((type) => family.errorFrom(type, bare(family.got(ALLOWED)))), 'send')).toEqual(all(TraceReason.related, family));
      expect(reasonsOf(family.types.map((type) => family.errorFrom(type, bare(family.sent(ALLOWED)))), 'send')).toEqual(all(TraceReason.unknown, family));
      // to the pod, about a packet that it never sent but got
      expect(reasonsOf(family.types.map((type) => family.errorTo(type, bare(family.got(ALLOWED)))), 'receive')).toEqual(all(TraceReason.unknown, family));
    });

    test('that hold less than eight bytes of what was sent are related to nothing', () => {
      programs.send(family.sent(ALLOWED));
      const packet = bare(family.sent(ALLOWED));
      const cut = Array.from({ length: packet.length - 4 }, (_empty, bytes) => family.errorTo(family.types[0] ?? 0, packet.subarray(0, bytes)));
      expect(reasonsOf(cut, 'receive').every((reason) => reason === TraceReason.unknown)).toBe(true);
      expect(reasonsOf([family.errorTo(family.types[0] ?? 0, packet.subarray(0, packet.length - 4))], 'receive')).toEqual([TraceReason.related]);
    });
  });

  test('cut into fragments pass as well, though no rule allows their type', () => {
    allowAgain = denyPod(programs, narrow);
    const error = icmp(3, 0, 0, bare(families[0]?.sent(ALLOWED) ?? new Uint8Array()));
    const error6 = icmp(1, 0, 0, new Uint8Array(40));
    expect(programs.receive(ethernet(0x0800, ipv4(ICMP, error, { from: router4, to: client.ipv4, fragment: { id: 5, offset: 0, more: true } }))).returned).toBe(NEXT);
    expect(programs.receive(ethernet(0x0800, ipv4(ICMP, new Uint8Array(40), { from: router4, to: client.ipv4, fragment: { id: 5, offset: error.length, more: false } }))).returned).toBe(NEXT);
    expect(programs.receive(ethernet(0x86dd, ipv6(44, fragmentHeader(ICMPV6, { id: 5, offset: 0, more: true }, error6), { from: router6, to: client.ipv6 }))).returned).toBe(NEXT);
    expect(programs.refused()).toBe(0);
  });

  test('about a ping are related by its id', () => {
    const ping = (id: number): Uint8Array => ipv4(ICMP, icmp(8, 0, id));
    programs.send(ethernet(0x0800, ping(7)));
    const error = (id: number): Uint8Array => ethernet(0x0800, ipv4(ICMP, icmp(11, 0, 0, ping(id)), { from: router4, to: client.ipv4 }));
    expect(reasonsOf([error(7), error(8)], 'receive')).toEqual([TraceReason.related, TraceReason.unknown]);
  });
});
