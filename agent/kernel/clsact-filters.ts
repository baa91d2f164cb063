import { programName } from './bpf-ids.ts';
import { closeFd, libc } from './native.ts';
import type { NetlinkSocket } from './netlink-socket.ts';
import { type Filter, listFilters, listQdiscs, removeClsact, removeFilter, type Way } from './netlink-tc.ts';

/** Beginning of the names of our filters; the rest is for us to read after a crash. */
const OWN_NAME = 'hubtop_';
const MADE_QDISC = '+qdisc';
const OWN_PROGRAM = 'ht_';
/** Both hooks of a clsact qdisc. */
export const WAYS: readonly Way[] = ['ingress', 'egress'];

/** Name of a filter of ours. It says whether the qdisc it hangs on is ours as well. */
export function ownFilterName(way: Way, hasMadeQdisc: boolean): string {
  return `${OWN_NAME}${way}${hasMadeQdisc ? MADE_QDISC : ''}`;
}

/** The filters on one hook of a device, first to last. Empty where the device is gone. */
export function filtersOf(socket: NetlinkSocket, ifindex: number, way: Way): Filter[] {
  const found = socket.list('filters', (sequence) => listFilters(sequence, { ifindex, way })).flatMap((message) => (message.kind === 'filter' ? [message.filter] : []));
  return found.filter(({ handle }) => handle !== 0).toSorted((one, other) => one.priority - other.priority);
}

/** Devices that have a qdisc filters hang on. */
export function filteredDevices(socket: NetlinkSocket): number[] {
  const found = socket.list('qdiscs', listQdiscs).flatMap((message) => (message.kind === 'qdisc' && (message.qdisc.kind === 'clsact' || message.qdisc.kind === 'ingress') ? [message.qdisc.ifindex] : []));
  return [...new Set(found)];
}

/** A priority that nobody has: never 1, which agents of the network take with REPLACE; the lowest after it, so that few run before us. */
export function freePriority(taken: ReadonlySet<number>): number {
  let priority = 2;
  while (taken.has(priority)) priority++;
  return priority;
}

/** Removes a qdisc that we made, unless somebody hung a filter on it meanwhile. */
export function removeEmptyQdisc(socket: NetlinkSocket, ifindex: number): void {
  if (WAYS.every((way) => filtersOf(socket, ifindex, way).length === 0)) socket.change('remove a clsact qdisc', (sequence) => removeClsact(sequence, ifindex));
}

/**
 * A name that only one process of this network namespace can have, and that goes with it: an abstract unix socket. Undefined
 * where somebody has it. The handle of our filters is such a name, so that those of the dead are told from those of the living.
 */
export function claimHandle(handle: number): (() => void) | undefined {
  const familyUnix = 1, datagram = 2 | 0x80000; // SOCK_DGRAM | SOCK_CLOEXEC
  const name = new TextEncoder().encode(`hubtop-clsact-${handle}`);
  const address = new Uint8Array(3 + name.length);
  address[0] = familyUnix;
  address.set(name, 3);
  const fd = Number(libc().socket(familyUnix, datagram, 0));
  if (fd < 0) return undefined;
  if (Number(libc().bind(fd, address, address.length)) >= 0) return () => closeFd(fd);
  closeFd(fd);
  return undefined;
}

/** What a sweep found. */
export interface Sweep {
  removed: number;
  /** Filters of agents that run. */
  inUse: number;
}

/** Takes away the clsact filters that dead agents left in this network namespace, and the qdiscs that they made; whatever is not ours by filter and program name stays. */
export function sweepClsact(socket: NetlinkSocket): Sweep {
  const sweep: Sweep = { removed: 0, inUse: 0 };
  for (const ifindex of filteredDevices(socket)) {
    let hasMadeQdisc = false;
    for (const way of WAYS) {
      for (const filter of filtersOf(socket, ifindex, way).filter(isOurs)) {
        const letGo = claimHandle(filter.handle);
        letGo?.();
        if (letGo === undefined) {
          sweep.inUse++;
          continue;
        }
        if (socket.change('remove a filter', (sequence) => removeFilter(sequence, { ...filter, way })) === 0) sweep.removed++;
        hasMadeQdisc ||= filter.name.endsWith(MADE_QDISC);
      }
    }
    if (hasMadeQdisc) removeEmptyQdisc(socket, ifindex);
  }
  return sweep;
}

/** Programs that dead agents left running in filters, and where. */
export function leftPrograms(socket: NetlinkSocket): { ifindex: number; programId: number }[] {
  return filteredDevices(socket).flatMap((ifindex) => WAYS.flatMap((way) => filtersOf(socket, ifindex, way).filter(isOurs).flatMap(({ handle, programId }) => {
    const letGo = claimHandle(handle);
    letGo?.();
    return letGo === undefined ? [] : [{ ifindex, programId }];
  })));
}

/** Whether an agent of ours made the qdisc of a device: who takes its place there answers for it as well. */
export function isOwnQdisc(socket: NetlinkSocket, ifindex: number): boolean {
  return WAYS.some((way) => filtersOf(socket, ifindex, way).some((filter) => isOurs(filter) && filter.name.endsWith(MADE_QDISC)));
}

function isOurs({ kind, name, programId }: Filter): boolean {
  return kind === 'bpf' && name.startsWith(OWN_NAME) && programName(programId).startsWith(OWN_PROGRAM);
}
