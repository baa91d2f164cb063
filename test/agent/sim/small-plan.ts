import type { PairShape, PlanPair, TrafficPlan } from '../../../agent/sim/traffic-plan.ts';
import { createSimKernel, type SimKernel, type SimOptions } from '../../../agent/sim/sim-kernel.ts';
import type { EventDraft } from '../../../agent/sim/event-emitter.ts';
import { EVENT_BYTES, OFFSET, WORD } from '../../../agent/decode/event.ts';
import { RingReader } from '../../../agent/decode/ring-reader.ts';
import { openSharedRing } from '../../../agent/decode/shared-ring.ts';

/** Ends: 0 web on a, 1 api on a, 2 api on b, 3 the world, 4 web on a by IPv6, 5 api on b by IPv6. */
const ends = [
  { ip: '10.1.0.1', node: 'a', device: 'lxc-web' },
  { ip: '10.1.0.2', node: 'a', device: 'lxc-api' },
  { ip: '10.2.0.1', node: 'b', device: 'lxc-api-b' },
  { ip: '203.0.113.7', node: '', device: '' },
  { ip: 'fd00:1::1', node: 'a', device: 'lxc-web' },
  { ip: 'fd00:2::1', node: 'b', device: 'lxc-api-b' },
];

function pair(shape: PairShape, change: Partial<PlanPair> = {}): PlanPair {
  return {
    shape, clients: [0], servers: [1, 2], protocol: 6, port: 8080, connectionsPerSecond: 20, isPeriodic: false,
    requestsPerConnection: 3, requestBytes: 700, responseBytes: 30_000, latencyNs: 4e6, ...change,
  };
}

/** Every shape, on one node and across, in both families. */
export const smallPlan: TrafficPlan = {
  ends,
  pairs: [
    pair('requests'),
    pair('requests', { clients: [4], servers: [5] }),
    pair('pool', { connectionsPerSecond: 2, requestsPerConnection: 30 }),
    pair('datagram', { protocol: 17, port: 53, requestBytes: 40, responseBytes: 120 }),
    pair('ping', { protocol: 1, port: 0, connectionsPerSecond: 3 }),
    pair('denied', { connectionsPerSecond: 2 }),
    pair('spoofed', { connectionsPerSecond: 1 }),
    pair('truncated', { connectionsPerSecond: 1 }),
    pair('refused', { port: 9, isPeriodic: true, connectionsPerSecond: 1 }),
    pair('reset', { isPeriodic: true, connectionsPerSecond: 0.25 }),
    pair('requests', { clients: [3], servers: [0], port: 443 }),
  ],
};

const startNs = 5_000_000_000n;

/** A kernel of node `a` unless told otherwise. */
export function smallKernel(change: Partial<SimOptions> = {}): SimKernel {
  const kernel = createSimKernel({
    nodeName: 'a', seed: 7, plan: smallPlan, startNs, ringBytes: [1 << 20, 1 << 20], cpus: 2, conntrackMax: 10_000,
    kernelConntrackFill: 0.1, bootId: 'boot', ...change,
  });
  kernel.setAddresses(ends.slice(0, 3).map(({ ip, node }, index) => ({ ip, ref: index + 1, labels: index + 11, isLocal: node === 'a' })), []);
  return kernel;
}

/** Steps a kernel as an agent does, reading both rings after each step. */
export function run(kernel: SimKernel, seconds: number, readers: RingReader[] = readersOf(kernel)): ReadEvent[] {
  const events: ReadEvent[] = [];
  for (let step = 1; step <= seconds * 100; step++) {
    kernel.step(startNs + BigInt(step) * 10_000_000n);
    if (step % 100 === 0) kernel.sweep({ all: false });
    for (const reader of readers) events.push(...readAll(reader));
  }
  return events;
}

/** One reader a lane, from where the consumer stands now. */
export function readersOf(kernel: SimKernel): RingReader[] {
  return kernel.rings.map((ring) => {
    if (ring.kind !== 'shared') throw new Error('a simulated ring is shared memory');
    return new RingReader(openSharedRing(ring));
  });
}

/** The numbers of an event that laws speak of, and the whole record as hexadecimal digits. */
export type ReadEvent = Pick<EventDraft, 'type' | 'subType' | 'reason' | 'direction' | 'why' | 'protocol' | 'timeNs' | 'cpu' | 'tcpFlags' | 'dropReason' | 'skbs' | 'segments' | 'bytes' | 'sourcePort' | 'destinationPort'>
  & { sequence: number; lane: number; sourceRef: number; destinationRef: number; hex: string };

/** Takes every committed record. */
export function readAll(reader: RingReader): ReadEvent[] {
  const events: ReadEvent[] = [];
  reader.refresh();
  while (reader.peek()) {
    events.push(readEvent(new DataView(reader.words.buffer, reader.recordWord * 4, EVENT_BYTES)));
    reader.take();
  }
  reader.publish();
  return events;
}

function readEvent(view: DataView): ReadEvent {
  const uint64 = (at: number): number => view.getUint32(at + 4, true) * WORD + view.getUint32(at, true);
  return {
    type: view.getUint8(OFFSET.type),
    subType: view.getUint8(OFFSET.sub_type),
    reason: view.getUint8(OFFSET.reason),
    direction: view.getUint8(OFFSET.direction),
    why: view.getUint8(OFFSET.why),
    protocol: view.getUint8(OFFSET.protocol),
    timeNs: uint64(OFFSET.time_ns),
    sequence: uint64(OFFSET.sequence),
    cpu: view.getUint16(OFFSET.cpu, true),
    lane: view.getUint8(OFFSET.lane),
    tcpFlags: view.getUint16(OFFSET.tcp_flags, true),
    dropReason: view.getUint32(OFFSET.drop_reason, true),
    skbs: view.getUint32(OFFSET.skbs, true),
    segments: view.getUint32(OFFSET.segments, true),
    bytes: uint64(OFFSET.bytes),
    sourcePort: view.getUint16(OFFSET.source_port, true),
    destinationPort: view.getUint16(OFFSET.destination_port, true),
    sourceRef: view.getUint32(OFFSET.source_ref, true),
    destinationRef: view.getUint32(OFFSET.destination_ref, true),
    hex: Buffer.from(view.buffer, view.byteOffset, EVENT_BYTES).toString('hex'),
  };
}
