import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { EventType, OFFSET } from '../../../agent/decode/event.ts';
import type { Kernel, KernelSample } from '../../../agent/decode/kernel.ts';
import { RingReader } from '../../../agent/decode/ring-reader.ts';
import { openKernel } from '../../../agent/kernel/open-kernel.ts';
import { openRing, type OpenRing } from '../../../agent/kernel/ring.ts';
import { ScratchNode, bpfOf, deviceCounters, missingForKernelTests, objectPath, run, type ScratchPod } from './scratch-namespaces.ts';

const missing = missingForKernelTests();
if (missing !== undefined) console.error(`skipped: agent/kernel with the real kernel: ${missing}`);

interface SeenEvent {
  type: number;
  direction: number;
  ifindex: number;
  endpointRef: number;
  sourceRef: number;
  destinationRef: number;
  protocol: number;
  dropReason: number;
  timeNs: bigint;
}

function drain(rings: OpenRing[]): SeenEvent[] {
  const events: SeenEvent[] = [];
  for (const ring of rings) {
    const reader = new RingReader(ring);
    reader.refresh();
    for (; reader.peek(); reader.take()) events.push(readEvent(ring, reader.recordWord * 4));
    reader.publish();
  }
  return events;
}

function readEvent(ring: OpenRing, at: number): SeenEvent {
  const view = new DataView(ring.data.buffer, ring.data.byteOffset + at, 144);
  return {
    type: view.getUint8(OFFSET.type),
    direction: view.getUint8(OFFSET.direction),
    ifindex: view.getUint32(OFFSET.ifindex, true),
    endpointRef: view.getUint32(OFFSET.endpoint_ref, true),
    sourceRef: view.getUint32(OFFSET.source_ref, true),
    destinationRef: view.getUint32(OFFSET.destination_ref, true),
    protocol: view.getUint8(OFFSET.protocol),
    dropReason: view.getUint32(OFFSET.drop_reason, true),
    timeNs: view.getBigUint64(OFFSET.time_ns, true),
  };
}

function pairSums(sample: KernelSample): { skbs: number; bytes: number; connections: number } {
  return sample.pairs.reduce(
    (sum, row) => ({ skbs: sum.skbs + row.skbs, bytes: sum.bytes + row.bytes, connections: sum.connections + row.connections }),
    { skbs: 0, bytes: 0, connections: 0 },
  );
}

describe.skipIf(missing !== undefined)('openKernel() on a node of two pods', () => {
  let node: ScratchNode;
  let web: ScratchPod;
  let api: ScratchPod;
  let kernel: Kernel;
  let rings: OpenRing[];
  const warnings: string[] = [];

  beforeAll(() => {
    node = new ScratchNode();
    web = node.addPod(1);
    api = node.addPod(2);
    kernel = openKernel({ objectPath, namespaceName: 'node', onWarning: (text) => warnings.push(text) });
    expect(kernel.attachedDevices(), 'nothing is watched before the first addresses').toEqual([]);
    kernel.setAddresses([], []);
    rings = kernel.rings.map(openRing);
  });

  afterAll(() => {
    for (const ring of rings ?? []) ring.close();
    kernel?.close();
    node?.remove();
  });

  test('attaches to the pods\' veths and not to the node\'s own way out', () => {
    expect(kernel.attachedDevices().map((device) => device.name).sort()).toEqual(['pod1', 'pod2']);
    expect(warnings).toEqual([]);
  });

  test('says who talks to whom once it knows the addresses, and which pod a device leads to', () => {
    kernel.setAddresses([
      { ip: web.ip, ref: 11, labels: 101, isLocal: true },
      { ip: api.ip, ref: 22, labels: 202, isLocal: true },
      { ip: 'fd00::1', ref: 33, labels: 303, isLocal: true },
    ], ['10.9.9.9']);
    const before = kernel.nowNs();
    web.inside(`ping -q -c 3 -i 0.05 ${api.ip}`);
    const events = drain(rings).filter((event) => event.type === EventType.trace);
    expect(events.find((event) => event.ifindex === web.hostIfindex && event.sourceRef === 11)).toMatchObject({ destinationRef: 22, endpointRef: 11, protocol: 1, direction: 2 });
    expect(events.find((event) => event.ifindex === api.hostIfindex && event.sourceRef === 11)).toMatchObject({ destinationRef: 22, endpointRef: 22, protocol: 1, direction: 1 });
    for (const { timeNs } of events) expect(timeNs >= before && timeNs <= kernel.nowNs()).toBe(true);
  });

  test('sample() counts what the pods\' own devices counted', () => {
    const start = kernel.sample();
    const devices = [web, api].map(deviceCounters);
    web.inside(`ping -q -c 20 -i 0.01 -s 500 ${api.ip}`);
    const end = kernel.sample();
    const grown = [web, api].map(deviceCounters).map((counters, index) => ({
      packets: counters.rxPackets + counters.txPackets - (devices[index]?.rxPackets ?? 0) - (devices[index]?.txPackets ?? 0),
      bytes: counters.rxBytes + counters.txBytes - (devices[index]?.rxBytes ?? 0) - (devices[index]?.txBytes ?? 0),
    }));
    const notIp = end.notIp - start.notIp;
    const skbs = pairSums(end).skbs - pairSums(start).skbs;
    expect(skbs + notIp).toBe(grown.reduce((sum, { packets }) => sum + packets, 0));
    expect(skbs).toBe(80);
    expect(pairSums(end).connections).toBeGreaterThanOrEqual(2);
    if (notIp === 0) expect(pairSums(end).bytes - pairSums(start).bytes).toBe(grown.reduce((sum, { bytes }) => sum + bytes, 0));
  });

  test('sample() lists our maps with their fill, and the node\'s connection tracking', () => {
    const { maps, conntrack, kernelConntrack } = kernel.sample();
    expect(maps.find((row) => row.isOwn && row.name === 'ht_addresses')).toMatchObject({ type: 'hash', maxEntries: 131072, entries: 3 });
    expect(conntrack.live).toBeGreaterThanOrEqual(2);
    for (const row of kernelConntrack) expect(row.namespace).toBe('node');
  });

  test('sample() times the programs, one sample in ten', () => {
    for (let samples = 0; samples < 10; samples++) {
      kernel.sample();
      web.inside(`ping -q -c 1 ${api.ip}`);
    }
    const { programRuns, programNs } = kernel.sample();
    expect(programRuns).toBeGreaterThan(0);
    expect(programNs / programRuns).toBeLessThan(100_000);
  });

  test('sweep() with all reports every connection and leaves nothing unreported', () => {
    web.inside(`ping -q -c 5 -i 0.01 ${api.ip}`);
    drain(rings);
    kernel.sweep({ all: true });
    expect(kernel.sample().conntrack).toMatchObject({ liveSkbs: 0, liveBytes: 0 });
    const { events } = kernel.sample();
    for (const { happened, submitted, folded, lost, suppressed } of events) expect(submitted + folded + lost + suppressed).toBe(happened);
  });

  test('a packet nobody listens for is a kernel drop with its reason', async () => {
    drain(rings);
    web.inside(`bash -c echo>/dev/udp/${api.ip}/4242`);
    const seen: SeenEvent[] = [];
    await vi.waitFor(() => {
      seen.push(...drain(rings).filter((event) => event.type === EventType.kernelDrop));
      expect(seen.map((event) => kernel.dropReasonName(event.dropReason).name)).toContain('NO_SOCKET');
    });
    expect(seen.find((event) => kernel.dropReasonName(event.dropReason).name === 'NO_SOCKET')).toMatchObject({ sourceRef: 11, destinationRef: 22, ifindex: api.hostIfindex });
    expect(kernel.sample().drops.some((row) => row.sourceLabels === 101 && row.destinationLabels === 202 && row.port === 4242)).toBe(true);
  });

  test('sample() says whose stack reset a connection and why', () => {
    expect(() => web.inside(`bash -c echo>/dev/tcp/${api.ip}/4243`)).toThrow();
    const { resets } = kernel.sample();
    expect(resets?.filter(({ port }) => port === 4243)).toEqual([{ clientLabels: 101, serverLabels: 202, port: 4243, family: 4, direction: 1, reason: 'NO_SOCKET', count: 1 }]);
  });

  test('follows pods that come and go', async () => {
    const job = node.addPod(3);
    await vi.waitFor(() => expect(kernel.attachedDevices().map((device) => device.name)).toContain('pod3'));
    kernel.setAddresses([{ ip: job.ip, ref: 44, labels: 404, isLocal: true }], []);
    await vi.waitFor(() => {
      drain(rings);
      job.inside(`ping -q -c 1 ${api.ip}`);
      kernel.sweep({ all: true });
      expect(drain(rings).some((event) => event.endpointRef === 44)).toBe(true);
    }, { timeout: 3000 });
    job.remove();
    await vi.waitFor(() => expect(kernel.attachedDevices().map((device) => device.name).sort()).toEqual(['pod1', 'pod2']), { timeout: 3000 });
    expect(warnings).toEqual([]);
  });

  test('a new pod whose device got the number of a removed one is watched too', async () => {
    const first = node.addPod(4);
    await vi.waitFor(() => expect(kernel.attachedDevices().map((device) => device.name)).toContain('pod4'));
    first.remove();
    await vi.waitFor(() => expect(run(`ip -n ${node.name} -o link`)).not.toContain('pod4'), { timeout: 3000 });
    const second = node.addPod(5, first.hostIfindex);
    await vi.waitFor(() => expect(kernel.attachedDevices()).toContainEqual({ name: 'pod5', ifindex: first.hostIfindex }));
    drain(rings);
    second.inside(`ping -q -c 1 ${api.ip}`);
    expect(drain(rings).filter((event) => event.ifindex === first.hostIfindex).length).toBeGreaterThan(0);
    second.remove();
    await vi.waitFor(() => expect(kernel.attachedDevices().map((device) => device.name)).not.toContain('pod5'), { timeout: 3000 });
  });

  test('a pod behind a bridge is found by its neighbour entry and the port of its MAC address', async () => {
    const bridged = node.addBridgedPod(6);
    kernel.setAddresses([{ ip: bridged.ip, ref: 66, labels: 606, isLocal: true }], []);
    await vi.waitFor(() => {
      drain(rings);
      bridged.inside(`ping -q -c 1 ${api.ip}`);
      kernel.sweep({ all: true });
      expect(drain(rings).some((event) => event.ifindex === bridged.hostIfindex && event.endpointRef === 66)).toBe(true);
    }, { timeout: 4000 });
    bridged.remove();
    await vi.waitFor(() => expect(kernel.attachedDevices().length).toBe(2), { timeout: 4000 });
  });

  test('two agents on the same devices see the same packets, and closing one leaves the other', () => {
    const other = openKernel({ objectPath });
    other.setAddresses([], []);
    // sequence numbers start at 0 in each: an agent that came back gave its flows the uuids of the one before
    expect(other.bootId).not.toBe(kernel.bootId);
    const start = [kernel, other].map((each) => pairSums(each.sample()).skbs);
    web.inside(`ping -q -c 5 -i 0.01 ${api.ip}`);
    expect([kernel, other].map((each, index) => pairSums(each.sample()).skbs - (start[index] ?? 0))).toEqual([20, 20]);
    other.close();
    web.inside(`ping -q -c 5 -i 0.01 ${api.ip}`);
    expect(pairSums(kernel.sample()).skbs - (start[0] ?? 0)).toBe(40);
  });

  test('close() gives back every program, map and link', () => {
    const before = bpfOf('self');
    const other = openKernel({ objectPath });
    other.setAddresses([], []);
    // two links on each pod's device, three tracers' and the map iterator's
    expect(bpfOf('self').filter((held) => held.startsWith('link_id ')).length).toBe(2 * (2 * 2 + 3 + 1));
    other.close();
    expect(bpfOf('self')).toEqual(before);
    expect(kernel.attachedDevices().length).toBe(2);
  });
});
