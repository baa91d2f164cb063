import { createSharedRing } from '../decode/shared-ring.ts';
import type { AddressRow, AttachedDevice, Kernel, KernelSample } from '../decode/kernel.ts';
import { parseIp } from '../../src/lib/ip-bytes.ts';
import type { SimConnection, SimDevice } from './conntrack.ts';
import { Datapath } from './datapath.ts';
import { EventEmitter } from './event-emitter.ts';
import type { SimAddress } from './event-writer.ts';
import { dropReasonNames } from './drop-reason-names.ts';
import { mixSeed, seededRandom } from './random.ts';
import { RingWriter } from './ring-writer.ts';
import { SimCounters } from './sim-counters.ts';
import { Traffic, type ConnectionEnds } from './traffic.ts';
import type { PlanEnd, TrafficPlan } from './traffic-plan.ts';
import { sampleKernelConntrack, sampleMaps } from './sim-maps.ts';

/** Plain data, so that it can be sent to a worker. Nodes of one cluster share `seed`, `plan` and `startNs`. */
export interface SimOptions {
  nodeName: string;
  seed: number;
  plan: TrafficPlan;
  /** On the clock that step() is called with. */
  startNs: bigint;
  /** By lane: urgent, bulk. */
  ringBytes: readonly [number, number];
  cpus: number;
  conntrackMax: number;
  /** Share of the kernel's own conntrack that is taken, 0 to 1. */
  kernelConntrackFill: number;
  bootId: string;
}

/** A simulated kernel: time moves when step() is called. */
export interface SimKernel extends Kernel {
  /** Lets happen what happens until `nowNs`, which never goes back. */
  step(nowNs: bigint): void;
  /** For tests of the ledger: what went with evicted conntrack entries. */
  evicted(): { skbs: number; bytes: number };
}

/** Our programs take about this long a packet; what KernelSample.programNs says. */
const programNsPerPacket = 85;
const firstIfindex = 10;

/** The kernel of one node of a simulated cluster: equal options and steps give equal bytes. */
export function createSimKernel(options: SimOptions): SimKernel {
  const rings = options.ringBytes.map((bytes, lane) => createSharedRing(lane, bytes));
  const counters = new SimCounters();
  const random = seededRandom(mixSeed(options.seed, 1, ...options.nodeName.split('').map((letter) => letter.charCodeAt(0))));
  const emitter = new EventEmitter(rings.map((ring) => new RingWriter(ring)), counters, random, options.cpus);
  const datapath = new Datapath(counters, emitter, options.conntrackMax);
  const addresses = options.plan.ends.map(simAddress);
  const byIp = new Map(addresses.map((address) => [address.ip, address]));
  const devices = simDevices(options, addresses);
  const traffic = new Traffic({
    ...options,
    startNs: Number(options.startNs),
    connect: (ends) => simConnection(ends, addresses, devices, options.cpus),
  });
  let nowNs = options.startNs;

  return {
    rings,
    bootId: options.bootId,
    dropReasonName: (reason) => ({ name: dropReasonNames[reason & 0xffff] ?? `REASON_${reason & 0xffff}`, subsystem: 'core' }),
    setAddresses(upserts, removals) {
      setAddresses(byIp, upserts, removals);
      datapath.epoch += 1;
    },
    // nobody is at a socket here
    setServices: () => {},
    // its traffic is decided by the plan
    setPolicies: () => [],
    attachedDevices: () => attachedDevices(devices),
    step(atNs) {
      if (atNs < nowNs) return;
      nowNs = atNs;
      traffic.advance(Number(atNs), (connection, packet, isSending, timeNs) => datapath.pass(connection, packet, isSending, timeNs));
      emitter.flush(false);
    },
    sweep({ all }) {
      datapath.sweep(Number(nowNs), all);
      emitter.flush(all);
    },
    sample: () => sample(options, datapath, counters),
    evicted: () => ({ skbs: datapath.conntrack.evictedSkbs, bytes: datapath.conntrack.evictedBytes }),
    nowNs: () => nowNs,
    close: () => emitter.flush(true),
  };
}

function simAddress(end: PlanEnd): SimAddress {
  const ip = parseIp(end.ip);
  if (ip === undefined) throw new Error(`traffic plan: ${end.ip} is no address`);
  const tail = ip.family === 4 ? ip.bytes.subarray(0, 4) : ip.bytes.subarray(12, 16);
  return { ip: end.ip, bytes: ip.bytes, family: ip.family, mac: Uint8Array.of(0x0a, 0x58, ...tail), ref: 0, labels: 0 };
}

function simDevices(options: SimOptions, addresses: readonly SimAddress[]): Map<string, SimDevice> {
  const devices = new Map<string, SimDevice>();
  for (const [index, end] of options.plan.ends.entries()) {
    const address = addresses[index];
    if (end.node !== options.nodeName || end.device === '' || devices.has(end.device) || address === undefined) continue;
    devices.set(end.device, { ifindex: firstIfindex + devices.size, name: end.device, mac: Uint8Array.of(0xee, 0xee, 0xee, 0xee, 0xee, 0xee), address });
  }
  return devices;
}

function simConnection(ends: ConnectionEnds, addresses: readonly SimAddress[], devices: Map<string, SimDevice>, cpus: number): SimConnection | undefined {
  const client = addresses[ends.client];
  const server = addresses[ends.server];
  const device = devices.get(ends.device);
  if (client === undefined || server === undefined || device === undefined) return undefined;
  return {
    client, server, device,
    clientPort: ends.clientPort,
    serverPort: ends.pair.port,
    protocol: ends.pair.protocol,
    isClientSide: ends.isClientSide,
    cpu: ends.hash % cpus,
    hash: ends.hash,
    pairRows: [],
    pairEpoch: 0,
  };
}

function setAddresses(byIp: Map<string, SimAddress>, upserts: readonly AddressRow[], removals: readonly string[]): void {
  for (const { ip, ref, labels } of upserts) {
    const address = byIp.get(ip);
    if (address === undefined) continue;
    address.ref = ref;
    address.labels = labels;
  }
  for (const ip of removals) {
    const address = byIp.get(ip);
    if (address === undefined) continue;
    address.ref = 0;
    address.labels = 0;
  }
}

function attachedDevices(devices: Map<string, SimDevice>): AttachedDevice[] {
  return [...devices.values()].map(({ ifindex, name }) => ({ ifindex, name }));
}

function sample(options: SimOptions, datapath: Datapath, counters: SimCounters): KernelSample {
  const { conntrack, packets } = datapath;
  const unreported = conntrack.unreported();
  return {
    events: counters.sampleEvents(),
    pairs: [...counters.pairs.values()].map((row) => ({ ...row })),
    drops: [...counters.drops.values()].map((row) => ({ ...row })),
    maps: sampleMaps(conntrack, counters, options.plan.ends.length),
    kernelConntrack: [sampleKernelConntrack(options, conntrack, packets)],
    conntrack: {
      live: conntrack.entries.size,
      maxEntries: conntrack.maxEntries,
      inserted: conntrack.inserted,
      deleted: conntrack.deleted,
      failed: 0,
      midStream: conntrack.midStream,
      liveSkbs: unreported.skbs,
      liveBytes: unreported.bytes,
    },
    notIp: 0,
    malformed: 0,
    pairFailed: counters.pairFailed,
    pairFailedBytes: counters.pairFailedBytes,
    programRuns: packets,
    programNs: packets * programNsPerPacket,
  };
}
