import { sweepClsact } from './clsact-filters.ts';
import { requireKoffi } from './native.ts';
import { NetlinkSocket } from './netlink-socket.ts';
import { claimPins, holderText } from './pin-claim.ts';
import { linkPins, nodeOfPinFolder, pinFolders, removePinFolder } from './pin-folder.ts';
import { requireLinux, requirePrivileges } from './requirements.ts';

/** Takes away what dead agents left in force, in these folders or in all; never anything of a living one. One line for each thing found. */
export function cleanUp(folders = pinFolders()): string[] {
  requireLinux();
  requirePrivileges();
  requireKoffi();
  return [...folders.flatMap(cleanFolder), ...cleanFilters()];
}

/** Ends what an enforcing agent left in a folder. One line of what was there; none where there was nothing. */
export function cleanFolder(folder: string): string[] {
  if (!pinFolders().includes(folder) && linkPins(folder).length === 0) return [];
  const claim = claimPins(folder);
  const node = nodeOfPinFolder(folder);
  if ('holder' in claim) return [`left ${node}: ${holderText(claim.holder)} enforces its policies: stop it first`];
  try {
    const pins = removePinFolder(folder);
    return [`removed ${node}: ${pins.length} links on ${new Set(pins.map(({ ifindex }) => ifindex)).size} devices, which kept its policies in force`];
  } finally {
    claim.release();
  }
}

function cleanFilters(): string[] {
  const socket = NetlinkSocket.open({ isSubscribed: false });
  try {
    const { removed, inUse } = sweepClsact(socket);
    return [...(removed > 0 ? [`removed ${removed} filters that dead agents left on devices`] : []), ...(inUse > 0 ? [`left ${inUse} filters: their agents run`] : [])];
  } finally {
    socket.close();
  }
}
