import { type Attacher, attachToDevice, type DeviceLink } from './attach.ts';
import type { BpfObject } from './bpf-object.ts';
import { ClsactAttacher, packetProgramsOf, type PacketPrograms } from './clsact.ts';
import { sweepClsact } from './clsact-filters.ts';
import { errorLine, KernelError } from './kernel-error.ts';
import { NetlinkSocket } from './netlink-socket.ts';

/** How programs hang on devices: links that end with us, or filters for kernels below 6.6. */
export type AttachMode = 'tcx' | 'clsact';

/** The attacher of a mode; without one, links as long as the kernel takes them. What a dead agent left behind is taken away first. */
export function openAttacher(object: BpfObject, mode: AttachMode | undefined, onWarning: (line: string) => void): Attacher {
  const programs = packetProgramsOf(object);
  sweepLeftovers(onWarning);
  const clsact = (): Attacher => new ClsactAttacher(programs, onWarning);
  if (mode === 'clsact') return clsact();
  const tcx: Attacher = { attach: (ifindex) => attachLinks(programs, ifindex), close: () => undefined };
  return mode === 'tcx' ? tcx : fallBack(tcx, clsact, onWarning);
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
        onWarning('no tcx links on this kernel: attached as clsact filters; a crash leaves them behind until the next start');
        return now.attach(ifindex);
      }
    },
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
