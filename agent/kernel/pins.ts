import { leftPrograms } from './clsact-filters.ts';
import { ConntrackHeir, type RunningProgram } from './conntrack-heir.ts';
import type { BpfMap } from './bpf-map.ts';
import { KernelError } from './kernel-error.ts';
import { claimPins, holderText } from './pin-claim.ts';
import { NetlinkSocket } from './netlink-socket.ts';
import { canPinIn } from './pin-folder.ts';
import { pinnedPrograms, type PinPlace } from './pinned-attacher.ts';

/** A folder of pins that is ours until release(). */
export interface OwnPins extends PinPlace {
  release(): void;
}

/** Claims the folder where programs shall stay in force; undefined, and told, where nothing can be pinned. Throws where an agent lives that has it. */
export function openPins(place: PinPlace, onWarning: (line: string) => void): OwnPins | undefined {
  if (!canPinIn(place.folder)) {
    onWarning(`no BPF file system at ${place.folder}: enforcement ends with this agent (mount -t bpf bpf /sys/fs/bpf)`);
    return undefined;
  }
  const claim = claimPins(place.folder);
  if ('holder' in claim) throw new KernelError('attach-failed', `${holderText(claim.holder)} enforces policies by ${place.folder}: stop it first, or give another --node-name`);
  return { ...place, release: claim.release };
}

/** Attaches in the place of an agent before. Its connections are known before our programs see their packets; says how many those are. */
export function inherit<T>(place: PinPlace, conntrack: BpfMap, attachAll: () => T): { attached: T; carried: number } {
  const heir = new ConntrackHeir(conntrack, [...pinnedPrograms(place), ...filterPrograms()]);
  try {
    heir.copyAll();
    const attached = attachAll();
    heir.copyRest();
    return { attached, carried: heir.carried };
  } finally {
    heir.close();
  }
}

function filterPrograms(): RunningProgram[] {
  const socket = NetlinkSocket.open({ isSubscribed: false });
  try {
    return leftPrograms(socket);
  } finally {
    socket.close();
  }
}
