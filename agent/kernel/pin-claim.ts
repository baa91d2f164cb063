import { closeSync, fstatSync, openSync, readFileSync, statSync } from 'node:fs';
import { libc } from './native.ts';
import { makePinFolder } from './pin-folder.ts';

const exclusiveNow = 2 | 4; // LOCK_EX | LOCK_NB
/** Somebody may remove the folder between our making it and our locking it. */
const maxTries = 8;

/** The folder is ours until release() or our death; or somebody's who lives: his process, where it can be seen from here. */
export type PinClaim = { release: () => void } | { holder: number | undefined };

/** Locks a folder of pins, which is made if need be: the kernel ends the lock with the process, so a dead agent holds nothing. */
export function claimPins(folder: string): PinClaim {
  for (let tries = 1; ; tries++) {
    makePinFolder(folder);
    const fd = openSync(folder, 'r');
    if (Number(libc().flock(fd, exclusiveNow)) < 0) {
      const holder = holderOf(fd);
      closeSync(fd);
      return { holder };
    }
    if (isStill(folder, fd) || tries === maxTries) return { release: () => closeSync(fd) };
    closeSync(fd);
  }
}

/** The other one in words. */
export function holderText(holder: number | undefined): string {
  return holder === undefined ? 'a process that cannot be seen from here' : `process ${holder}`;
}

function isStill(folder: string, fd: number): boolean {
  return statSync(folder, { throwIfNoEntry: false })?.ino === fstatSync(fd).ino;
}

/** /proc/locks: number, FLOCK, ADVISORY, WRITE, process, major:minor:inode (hexadecimal but for the inode). */
function holderOf(fd: number): number | undefined {
  const { dev, ino } = fstatSync(fd);
  const [major, minor] = [(dev >> 8) & 0xfff, (dev & 0xff) | ((dev >> 12) & 0xfff00)];
  const place = `${major.toString(16).padStart(2, '0')}:${minor.toString(16).padStart(2, '0')}:${ino}`;
  for (const line of readFileSync('/proc/locks', 'utf8').split('\n')) {
    const [, kind, , , pid, where] = line.trim().split(/\s+/);
    if (kind === 'FLOCK' && where === place && Number(pid) > 0) return Number(pid);
  }
  return undefined;
}
