import { execFile, execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createServer, type AddressInfo, type Server } from 'node:net';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { attachToDevice, attachTracing, BpfIterator, type DeviceLink } from '../../agent/kernel/attach.ts';
import { DropReasons } from '../../agent/kernel/drop-reasons.ts';
import { netnsCookie } from '../../agent/kernel/open-kernel.ts';
import { Direction } from '../../agent/decode/event.ts';
import { Programs, cannotTest, hook, type Event } from './programs.ts';

const run = promisify(execFile);
const netns = `htbpf-${process.pid}`;
const device = `htb${process.pid}`;
const host = [198, 51, 100, 1];
const pod = [198, 51, 100, 2];
const POD_REF = 7;
const bulkBytes = 4_000_000;

function ip(command: string): void {
  execFileSync('ip', command.split(' '));
}

async function inPod(script: string): Promise<string> {
  return (await run('nsenter', [`--net=/run/netns/${netns}`, 'bash', '-c', script])).stdout;
}

/** Bytes and packets of the pod's own end. */
async function podDevice(): Promise<{ receivedBytes: number; receivedPackets: number; sentBytes: number; sentPackets: number }> {
  const line = (await inPod('grep eth0: /proc/self/net/dev')).trim().split(/[\s:]+/).slice(1).map(Number);
  return { receivedBytes: line[0] ?? 0, receivedPackets: line[1] ?? 0, sentBytes: line[8] ?? 0, sentPackets: line[9] ?? 0 };
}

describe.skipIf(cannotTest !== '')('a pod behind a veth', () => {
  let programs: Programs;
  let links: DeviceLink[] = [];
  let stopTracing: (() => void) | undefined;
  let server: Server;
  let reasons: DropReasons;

  beforeAll(async () => {
    programs = new Programs();
    programs.setAddress(pod, POD_REF, 70);
    ip(`netns add ${netns}`);
    ip(`link add ${device} type veth peer name eth0 netns ${netns}`);
    const ifindex = Number(readFileSync(`/sys/class/net/${device}/ifindex`, 'utf8'));
    programs.setDevice(ifindex, POD_REF);
    programs.configure({ cookie: netnsCookie() });
    // attached before the device is up: what it counts is what we count
    for (const [program, direction] of [['ht_from_endpoint', 'ingress'], ['ht_to_endpoint', 'egress']] as const) {
      const link = attachToDevice(programs.object.programFd(program), ifindex, direction);
      if (link === undefined) throw new Error('the device is gone');
      links.push(link);
    }
    stopTracing = attachTracing(programs.object, 'ht_kfree_skb');
    reasons = new DropReasons(readFileSync('/sys/kernel/btf/vmlinux'));
    ip(`-n ${netns} addr add ${pod.join('.')}/24 dev eth0`);
    ip(`-n ${netns} link set eth0 up`);
    ip(`-n ${netns} link set lo up`);
    ip(`addr add ${host.join('.')}/24 dev ${device}`);
    ip(`link set ${device} up`);
    ip(`addr add fd98:51:100::1/64 dev ${device} nodad`);
    ip(`-n ${netns} addr add fd98:51:100::2/64 dev eth0 nodad`);
    server = createServer((socket) => socket.end(Buffer.alloc(bulkBytes)));
    await new Promise<void>((resolve) => server.listen(0, host.join('.'), resolve));
  });

  afterAll(() => {
    server?.close();
    stopTracing?.();
    for (const link of links) link.close();
    links = [];
    try {
      ip(`link del ${device}`);
      ip(`netns del ${netns}`);
    } finally {
      programs?.close();
    }
  });

  const drops = (): Event[] => programs.events().filter((event) => event.type === 8);
  const nameOf = (event: Event | undefined): string => reasons.name(event?.drop_reason ?? 0).name;

  test('ht_from_endpoint() and ht_to_endpoint() count the bytes that the pod reads in /proc/net/dev', async () => {
    const port = (server.address() as AddressInfo).port;
    const received = await inPod(`ping -c 3 -i 0.01 ${host.join('.')} > /dev/null; cat < /dev/tcp/${host.join('.')}/${port} | wc -c`);
    expect(Number(received)).toBe(bulkBytes);
    // neighbour discovery goes on by itself: compare in a moment in which nothing came or went
    let before = await podDevice();
    let [counters, pairs] = [programs.counters(), programs.pairs()];
    for (let attempt = 0; JSON.stringify(before) !== JSON.stringify(await podDevice()) && attempt < 50; attempt++) {
      before = await podDevice();
      [counters, pairs] = [programs.counters(), programs.pairs()];
    }
    expect({ receivedBytes: counters.bytes[hook.receive], receivedPackets: counters.skbs[hook.receive], sentBytes: counters.bytes[hook.send], sentPackets: counters.skbs[hook.send] }).toEqual(before);
    expect(pairs.find((pair) => pair.port === port && pair.isReply)?.bytes).toBeGreaterThan(bulkBytes);
    expect(pairs.reduce((sum, pair) => sum + pair.skbs, 0) + counters.notIp + counters.malformed).toBe(before.receivedPackets + before.sentPackets);
    const segments = pairs.find((pair) => pair.port === port && pair.isReply);
    expect(segments?.segments).toBeGreaterThan(segments?.skbs ?? 0);
  });

  test('events and what conntrack still holds add up to ht_pairs', () => {
    const events: Event[] = [];
    let [live, pairs] = [programs.sweep({ all: true }), programs.pairs()];
    // a packet between the sweep and the reading of the pairs would be in one of them only
    for (let attempt = 0; attempt < 50; attempt++) {
      const skbs = programs.counters().skbs.join(' ');
      live = programs.sweep({ all: true });
      events.push(...programs.events().filter((event) => event.type === 4));
      pairs = programs.pairs();
      if (programs.counters().skbs.join(' ') === skbs) break;
    }
    const { liveSkbs, liveBytes } = live;
    const sum = (pick: (row: { skbs: number; bytes: number }) => number, rows: readonly { skbs: number; bytes: number }[]): number => rows.reduce((total, row) => total + pick(row), 0);
    // the first test took no events, so these are all there were
    expect(sum((row) => row.skbs, events) + liveSkbs).toBe(sum((row) => row.skbs, pairs));
    expect(sum((row) => row.bytes, events) + liveBytes).toBe(sum((row) => row.bytes, pairs));
  });

  test('ht_kfree_skb() names the drop of a datagram nobody listens to, in the pod and in the node', async () => {
    drops();
    execFileSync('bash', ['-c', `echo -n x > /dev/udp/${pod.join('.')}/9`]);
    await inPod(`echo -n x > /dev/udp/${host.join('.')}/9`);
    const found = drops().filter((event) => event.protocol === 17 && event.destination_port === 9);
    expect(found.map((event) => [nameOf(event), event.source, event.destination, event.direction, event.ifindex !== 0, event.endpoint_ref])).toEqual([
      ['NO_SOCKET', host.join('.'), pod.join('.'), Direction.ingress, true, POD_REF],
      ['NO_SOCKET', pod.join('.'), host.join('.'), Direction.egress, true, POD_REF],
    ]);
    expect(found[0]).toMatchObject({ source_ref: 0, destination_ref: POD_REF, destination_labels: 70, why: 7, lane: 0, skbs: 1, bytes: 14 + 20 + 8 + 1 });
    expect(programs.drops().filter((row) => row.port === 9)).toHaveLength(2);
  });

  test('ht_kfree_skb() names the drop of a SYN to a closed port in the pod', async () => {
    drops();
    await run('bash', ['-c', `echo > /dev/tcp/${pod.join('.')}/9 || true`]).catch(() => undefined);
    expect(drops().filter((event) => event.destination_port === 9).map((event) => [nameOf(event), event.protocol, event.tcp_flags & 0x12])).toEqual([['NO_SOCKET', 6, 2]]);
  });

  test('ht_kfree_skb() reads IPv6', async () => {
    drops();
    await run('bash', ['-c', 'echo > /dev/tcp/fd98:51:100::2/9']).catch(() => undefined);
    expect(drops().filter((event) => event.destination_port === 9).map((event) => [nameOf(event), event.protocol, event.flags, event.destination, event.ifindex !== 0])).toEqual([
      ['NO_SOCKET', 6, 1, 'fd980051010000000000000000000002', true],
    ]);
  });

  test('ht_kfree_skb() leaves drops inside foreign namespaces to their node', async () => {
    const other = `${netns}-other`;
    ip(`netns add ${other}`);
    try {
      ip(`-n ${other} link set lo up`);
      drops();
      const before = programs.counters().foreignDrops;
      await run('nsenter', [`--net=/run/netns/${other}`, 'bash', '-c', 'echo -n x > /dev/udp/127.0.0.1/9']);
      expect(programs.counters().foreignDrops).toBeGreaterThan(before);
      expect(drops().filter((event) => event.destination === '127.0.0.1')).toEqual([]);
    } finally {
      ip(`netns del ${other}`);
    }
  });

  test('ht_maps() prints every map with its exact number of entries', () => {
    const iterator = new BpfIterator(programs.object, 'ht_maps');
    const lines = iterator.read().split('\n');
    iterator.close();
    const line = (name: string): string[] => lines.findLast((text) => text.endsWith(` ${name}`))?.split(' ') ?? [];
    expect(line('ht_addresses').slice(1)).toEqual(['1', '131072', '1', 'ht_addresses']);
    expect(line('ht_conntrack').slice(1)).toEqual(['9', '16384', String(programs.sweep().live), 'ht_conntrack']);
    expect(line('ht_bulk').slice(1)).toEqual(['27', String(1 << 20), '-', 'ht_bulk']);
  });
});
