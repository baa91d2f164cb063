import { execFile, execFileSync } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { readFileSync } from 'node:fs';
import { createServer, type AddressInfo, type Server } from 'node:net';
import { promisify } from 'node:util';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { attachToDevice, attachTracing, type DeviceLink } from '../../agent/kernel/attach.ts';
import { DropReasons } from '../../agent/kernel/drop-reasons.ts';
import { boottimeNs } from '../../agent/kernel/native.ts';
import { netnsCookie } from '../../agent/kernel/open-kernel.ts';
import { Direction, EventType } from '../../agent/decode/event.ts';
import type { TcpRow } from '../../agent/decode/kernel.ts';
import { client, ethernet, ipv4, server as serverEnd, tcp } from './packets.ts';
import { compileObject, Programs, cannotTest } from './programs.ts';

const run = promisify(execFile);
const netns = `httcp-${process.pid}`;
const device = `htt${process.pid}`;
const host = '198.51.100.1';
const pod = '198.51.100.2';
const podBytes = [198, 51, 100, 2];
const [POD_REF, POD_LABELS] = [7, 70];

function ip(command: string): void {
  execFileSync('ip', command.split(' '));
}

async function inPod(script: string): Promise<void> {
  await run('nsenter', [`--net=/run/netns/${netns}`, 'bash', '-c', script]).catch(() => undefined);
}

const total = (rows: readonly TcpRow[], pick: (row: TcpRow) => number): number => rows.reduce((sum, row) => sum + pick(row), 0);

describe.skipIf(cannotTest !== '')('connections without a SYN, packet by packet', () => {
  let programs: Programs;
  beforeAll(() => {
    programs = new Programs();
  });
  beforeEach(() => {
    programs.reset();
    programs.setAddress(client.ipv4, 1, 10);
  });
  afterAll(() => programs.close());

  const there = (flags: string): void => void programs.send(ethernet(0x0800, ipv4(6, tcp(40_000, 80, flags))));
  const back = (flags: string): void => void programs.receive(ethernet(0x0800, ipv4(6, tcp(80, 40_000, flags), { from: serverEnd.ipv4, to: client.ipv4 })));
  const nowS = (): number => Number(boottimeNs() / 1_000_000_000n);

  test.each<[string, { attachedS: number; packets: [(flags: string) => void, string][] }, Partial<TcpRow>]>([
    ['long after we came, reset: dead', { attachedS: 0, packets: [[there, 'P.'], [back, 'R']] }, { noSyn: 1, noSynReset: 1, noSynAttach: 0 }],
    ['long after we came, answered: evicted or idle since before', { attachedS: 0, packets: [[there, 'P.'], [back, '.'], [back, 'R']] }, { noSyn: 1, noSynReset: 0, noSynAttach: 0 }],
    ['soon after we came', { attachedS: nowS() - 5, packets: [[there, 'P.'], [back, 'R']] }, { noSyn: 0, noSynReset: 0, noSynAttach: 1 }],
  ])('ht_note_tcp() counts one %s', (_what, { attachedS, packets }, expected) => {
    programs.setDevice(1, 1, { attachedS });
    for (const [send, flags] of packets) send(flags);
    expect(programs.tcp()).toMatchObject([{ clientLabels: 10, serverLabels: 0, port: 80, family: 4, direction: Direction.egress, handshakes: 0, retransmits: 0, ...expected }]);
  });

  test.each<[string, [(flags: string) => void, string][]]>([
    ['late FINs and RSTs of what was closed', [[there, 'F.'], [back, 'R'], [there, 'R.']]],
    ['servers that go on', [[back, '.'], [there, '.'], [back, 'R']]],
  ])('ht_note_tcp() is quiet about %s', (_what, packets) => {
    programs.setDevice(1, 1);
    for (const [send, flags] of packets) send(flags);
    expect(programs.tcp()).toEqual([]);
  });

  test('ht_note_tcp() measures SYN to the first SYN-ACK, once a connection', () => {
    there('S');
    there('S');
    back('S.');
    back('S.');
    there('.');
    const [row, ...others] = programs.tcp();
    expect(others).toEqual([]);
    expect(row).toMatchObject({ clientLabels: 10, port: 80, direction: Direction.egress, handshakes: 1, noSyn: 0 });
    expect(row?.handshakeNs).toBeGreaterThan(0);
    expect(row?.handshakeMaxNs).toBe(row?.handshakeNs);
    const bucket = Math.max(0, Math.floor(Math.log2(row?.handshakeNs ?? 0)) - 16);
    expect(row?.handshakeBuckets.map((count, index) => (count > 0 ? index : -1)).filter((index) => index >= 0)).toEqual([Math.min(15, bucket)]);
  });
});

describe.skipIf(cannotTest !== '')('TCP of a pod behind a veth', () => {
  let programs: Programs;
  let server: Server;
  let reasons: DropReasons;
  let ifindex = 0;
  const closers: (() => void)[] = [];

  const attach = (program: string, direction: 'ingress' | 'egress'): DeviceLink => {
    const link = attachToDevice(programs.object.programFd(program), ifindex, direction);
    if (link === undefined) throw new Error('the device is gone');
    return link;
  };
  const noise = (reason: number, kind: number): void => programs.object.map('ht_noise').update(new Uint8Array(new Uint32Array([reason]).buffer), new Uint8Array([kind]));

  beforeAll(async () => {
    programs = new Programs({}, compileObject('test/bpf/drop-once.bpf.c'));
    programs.setAddress(podBytes, POD_REF, POD_LABELS);
    reasons = new DropReasons(readFileSync('/sys/kernel/btf/vmlinux'));
    ip(`netns add ${netns}`);
    ip(`link add ${device} type veth peer name eth0 netns ${netns}`);
    ifindex = Number(readFileSync(`/sys/class/net/${device}/ifindex`, 'utf8'));
    programs.setDevice(ifindex, POD_REF);
    programs.configure({ cookie: netnsCookie() });
    for (const reason of reasons.trafficControl()) noise(reason, 2);
    for (const program of ['ht_kfree_skb', 'ht_send_reset', 'ht_retransmit']) closers.push(attachTracing(programs.object, program));
    for (const [program, direction] of [['ht_from_endpoint', 'ingress'], ['ht_to_endpoint', 'egress']] as const) closers.push(attach(program, direction).close);
    ip(`-n ${netns} addr add ${pod}/24 dev eth0`);
    ip(`-n ${netns} link set eth0 up`);
    ip(`addr add ${host}/24 dev ${device}`);
    ip(`link set ${device} up`);
    server = createServer((socket) => socket.end('x'));
    await new Promise<void>((resolve) => server.listen(0, host, resolve));
  });

  afterAll(() => {
    server?.close();
    for (const close of closers) close();
    try {
      ip(`link del ${device}`);
      ip(`netns del ${netns}`);
    } finally {
      programs?.close();
    }
  });

  const port = (): number => (server.address() as AddressInfo).port;
  const resets = (): unknown[] => programs.resets((reason) => reasons.resetName(reason)).map(({ clientLabels, serverLabels, port: at, direction, reason, count }) => [clientLabels, serverLabels, at, direction, reason, count]);

  test('the tc hooks time the handshake of a real connection at the client\'s device', async () => {
    await inPod(`cat < /dev/tcp/${host}/${port()}`);
    const rows = programs.tcp().filter((row) => row.port === port());
    expect(rows).toMatchObject([{ clientLabels: POD_LABELS, serverLabels: 0, direction: Direction.egress, handshakes: 1 }]);
    expect(total(rows, (row) => row.handshakeNs)).toBeGreaterThan(0);
  });

  test('ht_send_reset() says that the pod\'s stack reset, and by the kernel\'s own reason', async () => {
    await run('bash', ['-c', `echo > /dev/tcp/${pod}/9`]).catch(() => undefined);
    expect(resets()).toContainEqual([0, POD_LABELS, 9, Direction.ingress, 'NO_SOCKET', 1]);
  });

  test('ht_send_reset() says that the client gave up a connection with data in it', async () => {
    const serving = createServer((socket) => socket.on('error', () => undefined).write(Buffer.alloc(4096, 'x')));
    await new Promise<void>((resolve) => serving.listen(0, host, resolve));
    const { port: at } = serving.address() as AddressInfo;
    // closed with what came still unread: the stack resets
    await inPod(`exec 3<>/dev/tcp/${host}/${at}; read -t 0.2 -N 1 -u 3; exec 3>&-`);
    serving.close();
    expect(resets()).toContainEqual([POD_LABELS, 0, at, Direction.egress, 'TCP_ABORT_ON_CLOSE', 1]);
  });

  test('ht_retransmit() counts a SYN that nobody answers and that is sent again', async () => {
    ip(`-n ${netns} neigh add 198.51.100.77 lladdr ${readFileSync(`/sys/class/net/${device}/address`, 'utf8').trim()} dev eth0`);
    await inPod('timeout 1.5 bash -c "echo > /dev/tcp/198.51.100.77/80"');
    expect(programs.tcp().filter((row) => row.port === 80)).toMatchObject([{ clientLabels: POD_LABELS, serverLabels: 0, direction: Direction.egress, retransmits: 1, handshakes: 0 }]);
  });

  test('ht_kfree_skb() reports a hundred drops a second of one pair and reason, and counts all', async () => {
    programs.discardEvents();
    const before = programs.counters();
    const socket = createSocket('udp4');
    const sent = 1_000;
    for (let index = 0; index < sent; index++) await new Promise<void>((resolve) => socket.send('x', 4242, pod, () => resolve()));
    socket.close();
    const events = programs.events().filter((event) => event.type === EventType.kernelDrop && event.destination_port === 4242);
    const of = (counters: typeof before): { happened: number; submitted: number; suppressed: number; limited: number } => {
      const row = counters.events.find(({ lane, kind }) => lane === 0 && kind === 'kernel-drop');
      return { happened: row?.happened ?? 0, submitted: row?.submitted ?? 0, suppressed: row?.suppressed ?? 0, limited: row?.limited ?? 0 };
    };
    const [earlier, later] = [of(before), of(programs.counters())];
    expect(programs.drops().find((row) => row.port === 4242)?.skbs).toBe(sent);
    expect(events.length).toBeGreaterThanOrEqual(100);
    expect(events.length + later.limited - earlier.limited).toBe(sent);
    expect(later.limited).toBeGreaterThan(earlier.limited);
    expect(later.happened).toBe(later.submitted + later.suppressed);
  });

  test('ht_kfree_skb() leaves a drop to the program of ours that told of it, and names another program\'s', () => {
    closers.push(attach('ht_test_drop', 'egress').close);
    programs.discardEvents();
    const before = programs.counters().ownDropsMatched;
    execFileSync('bash', ['-c', `for port in 7001 7002 7001; do echo -n x > /dev/udp/${pod}/$port; done`]);
    const told = programs.events().filter((event) => event.type === EventType.kernelDrop).map((event) => [reasons.name(event.drop_reason).name, event.destination_port]);
    expect(told).toEqual([['TC_EGRESS', 7002]]);
    expect(programs.counters().ownDropsMatched - before).toBe(2);
  });
});
