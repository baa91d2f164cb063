import { type Attacher, attachToDevice, type DeviceLink } from './attach.ts';
import type { BpfObject } from './bpf-object.ts';
import { ClsactAttacher, packetProgramsOf, type PacketPrograms } from './clsact.ts';
import { sweepClsact } from './clsact-filters.ts';
import { errorLine, KernelError } from './kernel-error.ts';
import { NetlinkSocket } from './netlink-socket.ts';
import { PinnedAttacher, type PinPlace } from './pinned-attacher.ts';

/** How programs hang on devices: links that end with us, or filters for kernels below 6.6. */
export type AttachMode = 'tcx' | 'clsact';

/** How an attacher shall work; everything has a default. */
export interface AttacherOptions {
  mode?: AttachMode | undefined;
  /** Where it leaves the programs in force when this process ends. */
  pins?: PinPlace | undefined;
  onWarning: (line: string) => void;
}

/** The attacher of a mode; without one, links as long as the kernel takes them. What a dead agent left behind goes first, or with pins once its successor is in its place. */
export function openAttacher(object: BpfObject, { mode, pins, onWarning }: AttacherOptions): Attacher {
  const programs = packetProgramsOf(object);
  if (pins === undefined) sweepLeftovers(onWarning);
  const clsact = (): Attacher => {
    const attacher = new ClsactAttacher(programs, onWarning);
    return pins === undefined ? attacher : staying(attacher);
  };
  const tcx = (): Attacher => (pins === undefined ? { attach: (ifindex) => attachLinks(programs, ifindex), close: () => undefined } : new PinnedAttacher(programs, pins, onWarning));
  const chosen = mode === 'clsact' ? clsact() : mode === 'tcx' ? tcx() : fallBack(tcx(), clsact, onWarning);
  if (pins === undefined) return chosen;
  return {
    attach: (ifindex) => chosen.attach(ifindex),
    settle: () => {
      chosen.settle?.();
      sweepLeftovers(onWarning);
    },
    close: () => chosen.close(),
  };
}

/** Filters stay by themselves, unless somebody removes them. */
function staying(attacher: Attacher): Attacher {
  return {
    attach: (ifindex) => {
      const link = attacher.attach(ifindex);
      return link === undefined ? undefined : { ...link, leave: () => undefined };
    },
    close: () => attacher.close(),
  };
}

/** The first attacher until it says that the kernel is too old for it, the second from then on. */
export function fallBack(first: Attacher, openSecond: () => Attacher, onWarning: (line: string) => void): Attacher {
  let now = first;
  return {
    attach: (ifindex) => {
      try {
        return now.attach(ifindex);
      } catch (error) {
        if (now !== first || !(error instanceof KernelError) || error.problem !== 'kernel-too-old') throw error;
        now = openSecond();
        onWarning('no tcx links on this kernel: attached as clsact filters; making their qdisc may lose a packet of a busy device, and a crash leaves them behind until the next start');
        return now.attach(ifindex);
      }
    },
    settle: () => now.settle?.(),
    close: () => {
      now.close();
      if (now !== first) first.close();
    },
  };
}

/** What a pod sends enters the host side of its veth, what it receives leaves there. */
function attachLinks(programs: PacketPrograms, ifindex: number): DeviceLink | undefined {
  const from = attachToDevice(programs.ingress, ifindex, 'ingress');
  if (from === undefined) return undefined;
  let to: DeviceLink | undefined;
  try {
    to = attachToDevice(programs.egress, ifindex, 'egress');
  } finally {
    if (to === undefined) from.close();
  }
  if (to === undefined) return undefined;
  const other = to;
  return {
    isAttached: () => from.isAttached() && other.isAttached(),
    close: () => {
      from.close();
      other.close();
    },
  };
}

function sweepLeftovers(onWarning: (line: string) => void): void {
  const socket = NetlinkSocket.open({ isSubscribed: false });
  try {
    const { removed } = sweepClsact(socket);
    if (removed > 0) onWarning(`${removed} filters that an agent left behind when it died were removed`);
  } catch (error) {
    onWarning(`what a dead agent may have left behind was not looked for: ${errorLine(error)}`);
  } finally {
    socket.close();
  }
}
