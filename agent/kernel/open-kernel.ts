import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { Kernel, RingSource } from '../decode/kernel.ts';
import { AddressTable } from './address-table.ts';
import type { Attacher } from './attach.ts';
import { type AttachMode, openAttacher } from './attacher.ts';
import { attachToCgroup, socketProgramNames } from './cgroup.ts';
import { loadObject, type BpfObject, type LoadOptions } from './bpf-object.ts';
import { DeviceWatcher } from './device-watcher.ts';
import { readDnsRing } from './dns-ring.ts';
import { DropReasons } from './drop-reasons.ts';
import { FoldMaps } from './fold-maps.ts';
import { openKeptNames } from './kept-names.ts';
import { boottimeNs, libc, requireKoffi } from './native.ts';
import { NetlinkSocket } from './netlink-socket.ts';
import { inherit, openPins } from './pins.ts';
import { PolicyTable } from './policy-table.ts';
import { readKernelObject, requireBtf, requireLinux, requirePrivileges } from './requirements.ts';
import { Sampler } from './sampler.ts';
import { ServiceTable } from './service-table.ts';
import { traceKernel, unknownTracers } from './tracers.ts';

const defaultRingBytes = { urgent: 8 << 20, bulk: 16 << 20 };
const defaultReportIntervalSeconds = 5;
const unusedEntries = 128;
const noFold = 1; // HT_CONFIG_NO_FOLD
const hasSockets = 4; // HT_CONFIG_SOCKETS
/** From the start of enforcing, and from when the table of connections is so full that it forgets: connections whose beginning was not seen are not cut. */
const graceSeconds = 60;
const crowdedShare = 0.75;
const packetPrograms = ['ht_from_endpoint', 'ht_to_endpoint'];

/** How the kernel part shall be set up; everything has a default. */
export interface KernelOptions {
  /** Compiled programs; default: see readKernelObject. */
  objectPath?: string;
  /** Powers of two, at least a page. */
  ringBytes?: { urgent: number; bulk: number };
  conntrackEntries?: number;
  reportIntervalSeconds?: number;
  /** 'lose': events that a ring has no room for are lost, not folded; for tests and measurements. */
  onFullRing?: 'fold' | 'lose';
  /** Names of devices to watch, instead of the pods' veths found by themselves. */
  devices?: RegExp;
  /** How programs get onto devices; default: tcx links, clsact filters where the kernel has none. */
  attach?: AttachMode;
  /** Folder of a cgroup (version 2) whose sockets are watched, with all below it; none without it. */
  cgroup?: string;
  /** Whether sockets that ask for a service are sent to a backend (default: observe). */
  services?: 'observe' | 'translate';
  /** Name for the network namespace in conntrack rows, such as the node's. */
  namespaceName?: string;
  /** For the mode enforce: folder on a BPF file system where the programs stay in force without us, until the next agent with this folder takes over. */
  pinFolder?: string;
  /** What goes wrong later, one line each. */
  onWarning?: (text: string) => void;
}

/**
 * Loads the programs into the running kernel and keeps them on the pods'
 * devices of the current network namespace, until close() or the end of the
 * process: without a pinFolder a crash leaves nothing behind. Throws
 * KernelError with one line that says what is missing.
 */
export function openKernel(options: KernelOptions = {}): Kernel {
  requireLinux();
  requirePrivileges();
  const btf = requireBtf();
  requireKoffi();
  const leaveOut = unknownTracers(btf);
  const load = loadOptions(options);
  const object = loadObject(readKernelObject(options.objectPath), { ...load, leaveOut: [...load.leaveOut ?? [], ...leaveOut] });
  const closers: (() => void)[] = [() => object.close()];
  try {
    return assemble({ object, reasons: new DropReasons(btf), options, closers, leaveOut });
  } catch (error) {
    closeAll(closers);
    throw error;
  }
}

function loadOptions({ ringBytes = defaultRingBytes, conntrackEntries, cgroup }: KernelOptions): LoadOptions {
  const maxEntries: Record<string, number> = { ht_urgent: ringBytes.urgent, ht_bulk: ringBytes.bulk };
  if (conntrackEntries !== undefined) maxEntries.ht_conntrack = conntrackEntries;
  if (cgroup !== undefined) return { maxEntries };
  // ten megabytes of tables that would stay empty, and programs that older kernels do not take
  for (const map of ['ht_reverse', 'ht_sockets', 'ht_asked']) maxEntries[map] = unusedEntries;
  return { maxEntries, leaveOut: socketProgramNames };
}

interface Parts {
  object: BpfObject;
  reasons: DropReasons;
  options: KernelOptions;
  /** Programs that this kernel has no tracepoint for. */
  leaveOut: readonly string[];
  /** Grows while parts are made; run from the last to the first. */
  closers: (() => void)[];
}

function assemble({ object, reasons, options, leaveOut, closers }: Parts): Kernel {
  const onWarning = options.onWarning ?? (() => undefined);
  tellReasons(object, reasons);
  const namespace = netnsCookie();
  const addresses = new AddressTable(
    { addresses: object.map('ht_addresses'), devices: object.map('ht_devices'), config: object.map('ht_config') },
    { reportIntervalSeconds: options.reportIntervalSeconds ?? defaultReportIntervalSeconds, netnsCookie: namespace, flags: (options.onFullRing === 'lose' ? noFold : 0) | (options.cgroup === undefined ? 0 : hasSockets) },
    onWarning,
  );
  const policies = new PolicyTable({ policies: object.map('ht_policies'), networks: object.map('ht_networks') });
  const sampler = new Sampler(object, { namespace: options.namespaceName ?? '', packetPrograms, resetReason: (reason) => reasons.resetName(reason) });
  closers.push(() => sampler.close());
  const services = options.cgroup === undefined ? undefined : new ServiceTable({ services: object.map('ht_services'), backends: object.map('ht_backends') }, options.services ?? 'observe', onWarning);
  // before the first connect of a pod that is started next; it knows no service yet and lets all pass
  if (options.cgroup !== undefined) closers.push(attachToCgroup(object, options.cgroup));
  const folds = new FoldMaps({ a: object.map('ht_folds_a'), b: object.map('ht_folds_b'), state: object.map('ht_fold_state') });
  let watcher: DeviceWatcher | undefined;
  let areTold = false; // policies
  const pins = options.pinFolder === undefined ? undefined : openPins({ folder: options.pinFolder, namespace }, onWarning);
  if (pins !== undefined) closers.push(() => pins.release());
  const names = pins === undefined ? undefined : openKeptNames(pins.folder, onWarning);
  closers.push(() => names?.close());
  const attacher = openAttacher(object, { mode: options.attach, pins, onWarning });
  closers.push(() => attacher.close());
  const begin = (): DeviceWatcher => {
    addresses.publish(); // the mode as well, before any packet is looked at
    const watch = (): DeviceWatcher => watchDevices({ attacher, addresses, options, onWarning });
    if (pins === undefined) return follow(watch());
    const { attached, carried } = inherit(pins, object.map('ht_conntrack'), watch);
    sampler.carried = carried;
    attacher.settle?.();
    closers.push(() => onWarning('policies stay in force: hubtop agent --cleanup ends them'));
    return follow(attached);
  };
  const follow = (begun: DeviceWatcher): DeviceWatcher => {
    closers.push(() => begun.close());
    closers.push(...traceKernel(object, leaveOut, onWarning));
    return begun;
  };
  return {
    rings: ringSources(object),
    dropReasonName: (reason) => reasons.name(reason),
    setAddresses: (upserts, removals) => {
      addresses.apply(upserts, removals);
      // in the place of another's programs ours must not come before they know what is denied
      if (pins === undefined || areTold) watcher ??= begin();
      if (watcher !== undefined) joinDevices(addresses, watcher);
      // last: whoever is judged anew finds policies, addresses and devices as they are now
      addresses.publish();
    },
    addAddresses: (upserts) => { addresses.apply(upserts, []); },
    onDnsMessage: (listener) => { closers.push(readDnsRing(object.map('ht_dns'), listener)); },
    ...(names === undefined ? {} : { names }),
    setServices: (rows) => services?.apply(rows),
    setPolicies: ({ mode, endpoints, networks, watchesNames = false }) => {
      const refused = policies.setEndpoints(endpoints);
      const missing = policies.setNetworks(networks);
      if (missing > 0) onWarning(`${missing} networks of policies did not fit the datapath's table: their addresses are judged as the world`);
      // what began before is not cut; the kernel's own table may forget later too, see Sampler
      if (mode === 'enforce' && addresses.policies.mode !== 'enforce') addresses.giveGrace(graceSeconds);
      addresses.policies = { mode, hasNetworks: policies.hasNetworks, watchesNames };
      areTold = true;
      return refused;
    },
    attachedDevices: () => watcher?.attached() ?? [],
    sample: () => {
      const sample = sampler.sample();
      if (sample.conntrack.live > sample.conntrack.maxEntries * crowdedShare) addresses.giveGrace(graceSeconds);
      return sample;
    },
    sweep: (which) => sampler.sweep(which),
    takeFolds: () => folds.take(),
    setPressedInterval: (seconds) => { addresses.setPressedInterval(seconds); },
    nowNs: boottimeNs,
    // sequence numbers start anew with every load, so the boot's own id would give two flows one uuid
    bootId: `${readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()} ${randomUUID()}`,
    close: () => closeAll(closers),
  };
}

function watchDevices({ attacher, addresses, options, onWarning }: { attacher: Attacher; addresses: AddressTable; options: KernelOptions; onWarning: (text: string) => void }): DeviceWatcher {
  let watcher: DeviceWatcher | undefined;
  watcher = new DeviceWatcher({
    include: options.devices,
    // a device without an endpoint is not judged, not even for a moment
    beforeAttach: (wanted, deviceByAddress) => { addresses.setDevices(deviceByAddress, wanted); },
    attach: (ifindex) => attacher.attach(ifindex),
    onChange: () => {
      if (watcher !== undefined && joinDevices(addresses, watcher)) addresses.publish();
    },
    onWarning,
  });
  return watcher;
}

function joinDevices(addresses: AddressTable, watcher: DeviceWatcher): boolean {
  return addresses.setDevices(watcher.devicesByAddress(), new Set(watcher.attached().map((device) => device.ifindex)));
}

const [reasonNoise, reasonTrafficControl] = [1, 2]; // HT_REASON_NOISE, HT_REASON_TC

function tellReasons(object: BpfObject, reasons: DropReasons): void {
  const tell = (kind: number) => (reason: number): void => { object.map('ht_noise').update(new Uint8Array(new Uint32Array([reason]).buffer), new Uint8Array([kind])); };
  reasons.noise().forEach(tell(reasonNoise));
  reasons.trafficControl().forEach(tell(reasonTrafficControl));
}

function ringSources(object: BpfObject): RingSource[] {
  return ['ht_urgent', 'ht_bulk'].map((name, lane) => {
    const map = object.map(name);
    return { kind: 'mmap', lane, mapFd: map.fd, sizeBytes: map.maxEntries };
  });
}

/** SO_NETNS_COOKIE of asm-generic/socket.h: the number by which programs know our network namespace. */
export function netnsCookie(): bigint {
  const solSocket = 1, soNetnsCookie = 71;
  const socket = NetlinkSocket.open({ isSubscribed: false });
  const cookie = new BigUint64Array(1);
  libc().getsockopt(socket.fd, solSocket, soNetnsCookie, cookie, new Uint32Array([8]));
  socket.close();
  return cookie[0] ?? 0n;
}

function closeAll(closers: (() => void)[]): void {
  for (const close of closers.splice(0).toReversed()) close();
}
