import { closeSync, openSync, statfsSync } from 'node:fs';
import type { BpfObject } from './bpf-object.ts';
import { KernelError, errnoText } from './kernel-error.ts';
import { libbpf } from './libbpf.ts';
import { closeFd } from './native.ts';

const cgroup2Magic = 0x6367_7270; // CGROUP2_SUPER_MAGIC of linux/magic.h
const eperm = -1;

/** Programs of bpf/sock.h with their attach types (enum bpf_attach_type of linux/bpf.h). */
const socketPrograms: readonly (readonly [program: string, attachType: number])[] = [
  ['ht_connect4', 10], ['ht_connect6', 11], ['ht_sendmsg4', 14], ['ht_sendmsg6', 15],
  ['ht_recvmsg4', 19], ['ht_recvmsg6', 20], ['ht_getpeername4', 29], ['ht_getpeername6', 30],
];

/** The programs that are only needed where sockets are watched. */
export const socketProgramNames: readonly string[] = socketPrograms.map(([program]) => program);

/** Where cgroup v2 is mounted, from the text of /proc/mounts. */
export function cgroup2Mount(mounts: string): string | undefined {
  // blanks in a path are written \040
  return mounts.split('\n').map((line) => line.split(' ')).find(([, , type]) => type === 'cgroup2')?.[1]?.replaceAll(/\\(\d{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));
}

/**
 * Puts the programs at sockets on a cgroup and all below it. They end with the returned function, with the cgroup,
 * or with this process; what others have there stays and runs too.
 */
export function attachToCgroup(object: BpfObject, path: string): () => void {
  const folder = openCgroup(path);
  const links: number[] = [];
  const close = (): void => { for (const link of links.splice(0)) closeFd(link); };
  try {
    for (const [program, attachType] of socketPrograms) {
      const link = Number(libbpf().bpf_link_create(object.programFd(program), folder, attachType, null));
      if (link < 0) throw new KernelError('attach-failed', `cannot attach ${program} to cgroup ${path}: ${errnoText(link)}${link === eperm ? ': another program is there that wants to be alone' : ''}`);
      links.push(link);
    }
    return close;
  } catch (error) {
    close();
    throw error;
  } finally {
    closeSync(folder);
  }
}

function openCgroup(path: string): number {
  try {
    if (statfsSync(path).type !== cgroup2Magic) throw new KernelError('attach-failed', `${path} is no cgroup of version 2: give --cgroup a folder below the mount point that "grep cgroup2 /proc/mounts" shows`);
    return openSync(path, 'r');
  } catch (error) {
    if (error instanceof KernelError) throw error;
    throw new KernelError('attach-failed', `no cgroup at ${path}: give --cgroup a folder below the mount point that "grep cgroup2 /proc/mounts" shows`, { cause: error });
  }
}
