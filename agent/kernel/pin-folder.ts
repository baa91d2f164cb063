import { mkdirSync, readdirSync, rmdirSync, statfsSync, unlinkSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';

const BPF_MOUNT = '/sys/fs/bpf';
/** All pins of all agents. The number changes when names in it mean something else. */
const PIN_ROOT = `${BPF_MOUNT}/hubtop/v1`;
const BPF_FS_MAGIC = 0xcafe4a11;

/** Folder for what the agent of a node leaves in force: each has its own, so that several agents of a machine do not meet. */
export function pinFolderOf(nodeName: string): string {
  // dots are the one thing a BPF file system takes in no name
  return join(PIN_ROOT, encodeURIComponent(nodeName).replaceAll('.', '%2E'));
}

/** The node whose folder it is. */
export function nodeOfPinFolder(folder: string): string {
  try {
    return decodeURIComponent(basename(folder));
  } catch {
    return basename(folder);
  }
}

/** Folders of all nodes whose agents left something. */
export function pinFolders(): string[] {
  return namesIn(PIN_ROOT).map((name) => join(PIN_ROOT, name));
}

/** Whether things can be pinned there: the folder or what is there of its way lies on a BPF file system. */
export function canPinIn(folder: string): boolean {
  for (let path = folder; ; path = dirname(path)) {
    try {
      return statfsSync(path).type === BPF_FS_MAGIC;
    } catch {
      if (path === dirname(path)) return false;
    }
  }
}

/** Makes the folder and those above it. */
export function makePinFolder(folder: string): void {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
}

/** A link's pin: which device of which network namespace, and which of its ways. */
export interface LinkPin {
  path: string;
  /** SO_NETNS_COOKIE: never used again, as device numbers are. */
  namespace: bigint;
  ifindex: number;
  way: 'ingress' | 'egress';
}

/** The pin of a device's link. */
export function linkPin(folder: string, { namespace, ifindex, way }: Omit<LinkPin, 'path'>): LinkPin {
  return { path: join(folder, `${namespace}-${ifindex}-${way}`), namespace, ifindex, way };
}

/** Links pinned in a folder; what others put there is not among them. */
export function linkPins(folder: string): LinkPin[] {
  return namesIn(folder).flatMap((name) => {
    const [, namespace = '', ifindex, way] = /^(\d+)-(\d+)-(ingress|egress)$/.exec(name) ?? [];
    return way === 'ingress' || way === 'egress' ? [{ path: join(folder, name), namespace: BigInt(namespace), ifindex: Number(ifindex), way }] : [];
  });
}

/** The pin of the names that an agent leaves to the next. */
export function namesPin(folder: string): { path: string } {
  return { path: join(folder, 'names') };
}

/** Takes pins away; what nothing else holds ends with them. Gone already is no failure. */
export function unpin(pins: readonly { path: string }[]): void {
  for (const { path } of pins) ignoreMissing(() => unlinkSync(path));
}

/** Removes a folder of pins and, when they are empty then, hubtop's folders above it. Returns the pins it had. */
export function removePinFolder(folder: string): LinkPin[] {
  const pins = linkPins(folder);
  unpin([...pins, namesPin(folder)]);
  for (let path = folder; path.startsWith(`${BPF_MOUNT}/`); path = dirname(path)) {
    if (path !== folder && !path.startsWith(dirname(PIN_ROOT))) break;
    try {
      rmdirSync(path);
    } catch {
      break; // it has something of others in it, or is gone
    }
  }
  return pins;
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

function ignoreMissing(action: () => void): void {
  try {
    action();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
}
