import { randomInt } from 'node:crypto';
import type { Attacher, DeviceLink } from './attach.ts';
import { objectInfo } from './bpf-ids.ts';
import type { BpfObject } from './bpf-object.ts';
import { claimHandle, filtersOf, freePriority, isOwnQdisc, ownFilterName, removeEmptyQdisc, WAYS } from './clsact-filters.ts';
import { errnoText, KernelError } from './kernel-error.ts';
import { boottimeNs } from './native.ts';
import { NetlinkSocket } from './netlink-socket.ts';
import { addClsact, addFilter, type Filter, type FilterPlace, removeFilter, type Way } from './netlink-tc.ts';

const ENODEV = 19, EEXIST = 17;
/** struct bpf_prog_info: type, then the id. */
const INFO_BYTES = 208, INFO_ID = 4;
/** Priorities that others take while we look. */
const MAX_TRIES = 16;
const HANDLE_TRIES = 16;
/** Whether our filters are still there is asked this often: an agent of the network may remove the qdisc under them. */
const VERIFY_NS = 5_000_000_000n;

/** What a device sends and receives, by hook of its host side. */
export interface PacketPrograms {
  ingress: number;
  egress: number;
}

interface OwnFilter extends FilterPlace {
  programId: number;
}

/** Hangs programs on devices as clsact filters, for kernels without tcx. A crash leaves them behind: sweepClsact() at the next start. */
export class ClsactAttacher implements Attacher {
  private readonly socket = NetlinkSocket.open({ isSubscribed: false });
  private readonly handle: number;
  private readonly release: () => void;

  constructor(private readonly programs: PacketPrograms, private readonly onWarning: (line: string) => void) {
    const claimed = claimAnyHandle();
    if (claimed === undefined) {
      this.socket.close();
      throw new KernelError('attach-failed', 'no handle for filters is free in this network namespace: do other agents run in it?');
    }
    this.handle = claimed.handle;
    this.release = claimed.release;
  }

  attach(ifindex: number): DeviceLink | undefined {
    const result = this.socket.change('make a clsact qdisc', (sequence) => addClsact(sequence, ifindex));
    if (result === ENODEV) return undefined;
    if (result !== 0 && result !== EEXIST) throw new KernelError('attach-failed', `cannot make a clsact qdisc on device ${ifindex}: ${errnoText(result)}`);
    const hasMadeQdisc = result === 0 || isOwnQdisc(this.socket, ifindex);
    const filters: OwnFilter[] = [];
    try {
      for (const way of WAYS) {
        const filter = this.add(ifindex, way, hasMadeQdisc);
        if (filter === undefined) return undefined;
        filters.push(filter);
      }
    } catch (error) {
      this.remove(filters, ifindex, hasMadeQdisc);
      throw error;
    }
    return this.link(filters, ifindex, hasMadeQdisc);
  }

  close(): void {
    this.release();
    this.socket.close();
  }

  private link(filters: readonly OwnFilter[], ifindex: number, hasMadeQdisc: boolean): DeviceLink {
    let verifiedNs = boottimeNs();
    let isOpen = true;
    return {
      isAttached: () => {
        if (!isOpen) return false;
        if (boottimeNs() - verifiedNs < VERIFY_NS) return true;
        verifiedNs = boottimeNs();
        return filters.every((filter) => this.find(filter) !== undefined);
      },
      close: () => {
        if (isOpen) this.remove(filters, ifindex, hasMadeQdisc);
        isOpen = false;
      },
    };
  }

  /** Undefined when the device is gone. */
  private add(ifindex: number, way: Way, hasMadeQdisc: boolean): OwnFilter | undefined {
    const fd = this.programs[way];
    for (let tries = 0; tries < MAX_TRIES; tries++) {
      const others = filtersOf(this.socket, ifindex, way);
      const place = { ifindex, way, priority: freePriority(new Set(others.map(({ priority }) => priority))), handle: this.handle };
      const result = this.socket.change('add a filter', (sequence) => addFilter(sequence, place, { fd, name: ownFilterName(way, hasMadeQdisc) }));
      if (result === 0) {
        const before = new Set(others.flatMap(({ name, kind, priority }) => (priority < place.priority ? [`${name || kind} at priority ${priority}`] : [])));
        if (before.size > 0) this.onWarning(`device ${ifindex} (${way}): ${[...before].join(', ')} runs before hubtop: what it decides is not seen here`);
        return { ...place, programId: objectInfo(fd, INFO_BYTES).getUint32(INFO_ID, true) };
      }
      if (result === ENODEV) return undefined;
      if (result !== EEXIST) throw new KernelError('attach-failed', `cannot attach to device ${ifindex} (${way}) as a clsact filter: ${errnoText(result)}: has it an ingress qdisc of others? tc qdisc show`);
    }
    throw new KernelError('attach-failed', `cannot attach to device ${ifindex} (${way}): others take every free priority`);
  }

  private find({ ifindex, way, priority, handle, programId }: OwnFilter): Filter | undefined {
    return filtersOf(this.socket, ifindex, way).find((filter) => filter.priority === priority && filter.handle === handle && filter.programId === programId);
  }

  /** Only what is still ours: another agent may have put its program in our place, and taking that away cuts a pod off. */
  private remove(filters: readonly OwnFilter[], ifindex: number, hasMadeQdisc: boolean): void {
    for (const filter of filters) if (this.find(filter) !== undefined) this.socket.change('remove a filter', (sequence) => removeFilter(sequence, filter));
    if (hasMadeQdisc) removeEmptyQdisc(this.socket, ifindex);
  }
}

/** The programs of an object, by hook. */
export function packetProgramsOf(object: BpfObject): PacketPrograms {
  return { ingress: object.programFd('ht_from_endpoint'), egress: object.programFd('ht_to_endpoint') };
}

function claimAnyHandle(): { handle: number; release: () => void } | undefined {
  for (let tries = 0; tries < HANDLE_TRIES; tries++) {
    const handle = randomInt(1, 2 ** 31);
    const release = claimHandle(handle);
    if (release !== undefined) return { handle, release };
  }
  return undefined;
}
