import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { EventFlag, EventType } from '../../agent/decode/event.ts';
import type { PolicyRow } from '../../agent/decode/kernel.ts';
import { CONNTRACK } from '../../agent/kernel/table-rows.ts';
import { PolicyTable } from '../../agent/kernel/policy-table.ts';
import { ANY_PEER } from '../../agent/policy/compile.ts';
import { client, ethernet, icmp, ipv4, server, tcp, udp } from './packets.ts';
import { cannotTest, Programs } from './programs.ts';

const IPV4 = 0x0800;
const [ICMP, TCP, UDP] = [1, 6, 17];
const [NEXT, SHOT] = [-1, 2];
const mode = { observe: 0, audit: 1, enforce: 2 } as const;
const verdict = { forwarded: 1, dropped: 2, audit: 4 } as const;
const [clientLabels, serverLabels] = [21, 22];
const egress = 2;
const deny = 1;
const byDefault = 2;
const back = { from: server.ipv4, to: client.ipv4 };
const farFuture = 0xffff_ffff;

const packet = (flags: string, port = 80, from = 40_000): Uint8Array => ethernet(IPV4, ipv4(TCP, tcp(from, port, flags)));
const answer = (flags: string, port = 80, to = 40_000): Uint8Array => ethernet(IPV4, ipv4(TCP, tcp(port, to, flags), back));
const row = (more: Partial<PolicyRow>): PolicyRow => ({ peer: ANY_PEER, direction: egress, bits: 0, protocol: 0, port: 0, policy: 0, flags: 0, parser: 0, ...more });
const denyAll = row({ policy: 9, flags: deny | byDefault });
const allowWeb = row({ peer: serverLabels, bits: 24, protocol: TCP, port: 80, policy: 7 });

describe.skipIf(cannotTest !== '')('policies by mode', () => {
  let programs: Programs;
  let table: PolicyTable;
  let epoch = 1;
  beforeAll(() => { programs = new Programs(); });
  beforeEach(() => {
    programs.reset();
    table = new PolicyTable({ policies: programs.object.map('ht_policies'), networks: programs.object.map('ht_networks') });
    programs.setAddress(client.ipv4, 1, clientLabels);
    programs.setAddress(server.ipv4, 2, serverLabels);
    programs.setDevice(1, 1, { labels: clientLabels });
  });
  afterAll(() => { programs.close(); });

  function put(rows: readonly PolicyRow[], which: keyof typeof mode = 'enforce', graceUntilS = 0): void {
    expect(table.setEndpoints(new Map([[clientLabels, rows]]))).toEqual([]);
    programs.configure({ epoch: ++epoch, mode: mode[which], graceUntilS });
  }

  test('enforce drops what is denied, tells the verdict and the drop, counts it by pair and decision, and keeps no connection of it', () => {
    put([denyAll]);
    const refused = packet('S');
    expect(programs.send(refused).returned).toBe(SHOT);
    expect(programs.events().map(({ type, drop_reason, policy, skbs, line }) => ({ type, drop_reason, policy, skbs, hasLine: line > 0 }))).toEqual([
      { type: EventType.verdict, drop_reason: 133, policy: 9, skbs: 0, hasLine: false },
      { type: EventType.drop, drop_reason: 133, policy: 9, skbs: 1, hasLine: true },
    ]);
    expect(programs.pairs()).toMatchObject([{ verdict: verdict.dropped, skbs: 1, bytes: refused.length, connections: 0 }]);
    expect(programs.counters()).toMatchObject({ conntrackInserted: 0 });
  });

  test('of a storm of refused attempts each second tells a hundred, drops with their verdicts, and counts all', () => {
    put([denyAll]);
    const attempts = 1_000;
    for (let at = 0; at < attempts; at++) expect(programs.send(packet('S', 80, 40_000 + at)).returned).toBe(SHOT);
    const events = programs.events();
    const told = (type: number): number => events.filter((event) => event.type === type).length;
    expect(told(EventType.drop)).toBeGreaterThanOrEqual(100);
    expect(told(EventType.verdict)).toBe(told(EventType.drop));
    const held = attempts - told(EventType.drop);
    expect(held).toBeGreaterThan(0);
    const counts = programs.counters();
    for (const kind of ['drop', 'policy-verdict']) {
      expect(counts.events.find((event) => event.lane === 0 && event.kind === kind)).toMatchObject({ happened: attempts, submitted: attempts - held, suppressed: held, limited: held });
    }
    expect(counts.policyDenied).toBe(attempts);
    expect(programs.pairs()).toMatchObject([{ verdict: verdict.dropped, skbs: attempts }]);
  });

  test('audit lets it pass, and says that it would not have', () => {
    put([denyAll], 'audit');
    expect(programs.send(packet('S')).returned).toBe(NEXT);
    const [told, trace] = programs.events();
    expect(told).toMatchObject({ type: EventType.verdict, drop_reason: 133, policy: 9 });
    expect((told?.flags ?? 0) & EventFlag.audited).not.toBe(0);
    expect(trace).toMatchObject({ type: EventType.trace, skbs: 1 });
    expect(programs.pairs()).toMatchObject([{ verdict: verdict.audit, connections: 1 }]);
    expect(programs.counters()).toMatchObject({ policyAudited: 1 });
  });

  test('observe asks no policy', () => {
    put([denyAll], 'observe');
    expect(programs.send(packet('S')).returned).toBe(NEXT);
    expect(programs.events().map(({ type, policy }) => [type, policy])).toEqual([[EventType.trace, 0]]);
  });

  test.each<[which: keyof typeof mode, isAskedAgain: boolean]>([['observe', false], ['enforce', true]])('in mode %s an answer under a new epoch leaves the question to the next packet of the client: %s', (which, isAskedAgain) => {
    put([denyAll, allowWeb], which);
    programs.send(packet('S'));
    put([denyAll, allowWeb], which);
    programs.receive(answer('S.'));
    const epochs: number[] = [];
    programs.object.map('ht_conntrack').forEach((_key, value) => epochs.push(new DataView(value.buffer, value.byteOffset).getUint32(CONNTRACK.epoch, true)));
    expect(epochs).toEqual([isAskedAgain ? epoch - 1 : epoch]);
  });

  test('an allowed connection names what allowed it, once, and in its pair', () => {
    put([denyAll, allowWeb]);
    for (const flags of ['S', '.', 'P.']) expect(programs.send(packet(flags)).returned).toBe(NEXT);
    expect(programs.receive(answer('S.')).returned).toBe(NEXT);
    expect(programs.events().filter(({ type }) => type === EventType.verdict)).toMatchObject([{ drop_reason: 0, policy: 7, sub_type: 2 }]);
    expect(programs.pairs().find(({ isReply }) => !isReply)).toMatchObject({ allowedBy: 7, verdict: verdict.forwarded });
  });

  test('a policy that changes ends the connections it denies, whose answers still pass, and lets them go on when it changes back', () => {
    put([denyAll, allowWeb]);
    expect(programs.send(packet('S')).returned).toBe(NEXT);
    expect(programs.receive(answer('S.')).returned).toBe(NEXT);
    put([denyAll]);
    expect(programs.receive(answer('P.')).returned).toBe(NEXT);
    expect(programs.send(packet('P.')).returned).toBe(SHOT);
    expect(programs.send(packet('P.')).returned).toBe(SHOT);
    expect(programs.receive(answer('P.')).returned).toBe(NEXT);
    put([denyAll, allowWeb]);
    expect(programs.send(packet('P.')).returned).toBe(NEXT);
    const verdicts = programs.events().filter(({ type }) => type === EventType.verdict);
    expect(verdicts.map(({ drop_reason }) => drop_reason)).toEqual([0, 133, 0]);
  });

  test('a new epoch that says the same is no news', () => {
    put([denyAll, allowWeb]);
    programs.send(packet('S'));
    put([denyAll, allowWeb]);
    programs.send(packet('.'));
    expect(programs.events().filter(({ type }) => type === EventType.verdict)).toHaveLength(1);
  });

  test.each<[name: string, bytes: Uint8Array]>([
    ['the middle of a stream', packet('.')],
    ['data in the middle of a stream', packet('P.', 443, 40_001)],
  ])('within the grace %s passes as audited, and is dropped after it', (_name, bytes) => {
    put([denyAll], 'enforce', farFuture);
    expect(programs.send(bytes).returned).toBe(NEXT);
    programs.clear('ht_conntrack');
    put([denyAll]);
    expect(programs.send(bytes).returned).toBe(SHOT);
  });

  test('a SYN is judged within the grace, too', () => {
    put([denyAll], 'enforce', farFuture);
    expect(programs.send(packet('S')).returned).toBe(SHOT);
  });

  test('fails open, and counts it, where the pod behind a device or the other end is not known yet', () => {
    put([denyAll]);
    programs.setDevice(1, 0);
    expect(programs.send(packet('S')).returned).toBe(NEXT);
    expect(programs.counters()).toMatchObject({ policyUnknown: 1 });
    programs.clear('ht_conntrack');
    programs.setDevice(1, 1, { labels: clientLabels });
    programs.setAddress(server.ipv4, 0, 0, 4);
    expect(programs.send(packet('S')).returned).toBe(NEXT);
    programs.clear('ht_conntrack');
    // a virtual address: who answers is decided behind us
    programs.setAddress(server.ipv4, 0, 0, 2);
    expect(programs.send(packet('S')).returned).toBe(NEXT);
    expect(programs.counters()).toMatchObject({ policyUnknown: 3 });
  });

  test('a pod is judged by its device, whatever source address its packets have', () => {
    put([denyAll, allowWeb]);
    const spoofed = ethernet(IPV4, ipv4(TCP, tcp(40_000, 443, 'S'), { from: [10, 9, 9, 9] }));
    expect(programs.send(spoofed).returned).toBe(SHOT);
  });

  test('a ping is judged by its request, and its answer passes', () => {
    put([denyAll, row({ peer: serverLabels, bits: 16, protocol: ICMP, port: 8 << 8, policy: 5 })]);
    expect(programs.send(ethernet(IPV4, ipv4(ICMP, icmp(8, 0, 77)))).returned).toBe(NEXT);
    expect(programs.receive(ethernet(IPV4, ipv4(ICMP, icmp(0, 0, 77), back))).returned).toBe(NEXT);
    expect(programs.send(ethernet(IPV4, ipv4(ICMP, icmp(13, 0, 78)))).returned).toBe(SHOT);
  });

  test('finding an address is never refused', () => {
    put([denyAll]);
    expect(programs.send(ethernet(IPV4, ipv4(UDP, udp(68, 67)))).returned).toBe(NEXT);
    expect(programs.send(ethernet(IPV4, ipv4(UDP, udp(68, 69)))).returned).toBe(SHOT);
  });

  test('of many drops a second few are told and all are counted', () => {
    put([denyAll]);
    const count = 1_000;
    for (let i = 0; i < count; i++) expect(programs.send(packet('S', 80, 20_000 + i)).returned).toBe(SHOT);
    const told = programs.events().filter(({ type }) => type === EventType.drop).length;
    const ledger = programs.counters().events.find(({ kind, lane }) => kind === 'drop' && lane === 0);
    expect(ledger).toMatchObject({ happened: count, submitted: told, suppressed: count - told, lost: 0 });
    expect(told).toBeLessThan(count);
    expect(programs.pairs()).toMatchObject([{ verdict: verdict.dropped, skbs: count }]);
  });

  test('a drop that finds no room in the table of pairs is counted as that, and not as volume that passed', () => {
    using small = new Programs({ maxEntries: { ht_pairs: 1 } });
    small.setAddress(client.ipv4, 1, clientLabels);
    small.setAddress(server.ipv4, 2, serverLabels);
    small.setDevice(1, 1, { labels: clientLabels });
    const own = new PolicyTable({ policies: small.object.map('ht_policies'), networks: small.object.map('ht_networks') });
    expect(own.setEndpoints(new Map([[clientLabels, [denyAll]]]))).toEqual([]);
    small.configure({ epoch: 2, mode: mode.enforce });
    const refused = 40;
    for (let i = 0; i < refused; i++) expect(small.send(packet('S', 1_000 + i)).returned).toBe(SHOT);
    const { policyDenied, policyUnlisted, pairFailed } = small.counters();
    const listed = small.pairs().reduce((sum, { skbs }) => sum + skbs, 0);
    expect([policyDenied, listed + policyUnlisted, pairFailed]).toEqual([refused, refused, 0]);
    expect(policyUnlisted).toBeGreaterThan(0);
  });

  test('a map with too many entries is refused whole, and what was there stays', () => {
    put([denyAll]);
    const many = Array.from({ length: 16_385 }, (_empty, i) => row({ peer: i + 100, policy: 1 }));
    expect(table.setEndpoints(new Map([[clientLabels, many]]))).toMatchObject([{ labels: clientLabels, reason: '16385 entries where a policy map holds 16384; what was in force for it stays' }]);
    expect(programs.send(packet('S')).returned).toBe(SHOT);
  });
});
