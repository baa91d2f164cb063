import { readSync } from 'node:fs';
import { objectInfo } from './bpf-ids.ts';
import type { BpfObject } from './bpf-object.ts';
import { KernelError, errnoText } from './kernel-error.ts';
import { libbpf } from './libbpf.ts';
import { closeFd } from './native.ts';

const tcxIngress = 46; // BPF_TCX_INGRESS
const tcxEgress = 47;
const before = 8; // BPF_F_BEFORE; without an anchor it means the head of the chain
const enodev = -19;
const einval = -22;
const iteratorReadBytes = 65_536;

/** A program on a device. It ends with close(), with the device, or with this process. */
export interface DeviceLink {
  /** False once the device is gone: the kernel keeps the link, without a device. */
  isAttached(): boolean;
  close(): void;
  /** Instead of close(), when this process ends: the program stays in force. Without it nothing does. */
  leave?(): void;
}

/** A link of ours, by its descriptor. */
export interface TcxLink extends DeviceLink {
  fd: number;
}

/** A way of hanging the packet programs on devices. */
export interface Attacher {
  /** On both ways of a device; undefined when it went away meanwhile. */
  attach(ifindex: number): DeviceLink | undefined;
  /** Once every device there is has been attached to: takes away what is left of an agent before. */
  settle?(): void;
  /** After all its links. */
  close(): void;
}

/**
 * Puts a program first on a device, so that no other program can hide packets
 * from it. Direction as the device sees it: ingress of a host-side veth is what
 * the pod sends. Undefined when the device went away meanwhile.
 */
export function attachToDevice(programFd: number, ifindex: number, direction: 'ingress' | 'egress'): TcxLink | undefined {
  const options = new Uint8Array(64); // struct bpf_link_create_opts: size, flags, …
  const view = new DataView(options.buffer);
  view.setBigUint64(0, BigInt(options.length), true);
  view.setUint32(8, before, true);
  const fd = Number(libbpf().bpf_link_create(programFd, ifindex, direction === 'ingress' ? tcxIngress : tcxEgress, options));
  if (fd === enodev) return undefined;
  if (fd === einval) throw new KernelError('kernel-too-old', 'this kernel has no tcx links (Linux 6.6 or newer): leave out --attach tcx');
  if (fd < 0) throw new KernelError('attach-failed', `cannot attach to device ${ifindex} (${direction}): ${errnoText(fd)}`);
  return linkOn(fd, ifindex);
}

/** The link behind a descriptor, as long as that is on this device. */
export function linkOn(fd: number, ifindex: number): TcxLink {
  let isOpen = true;
  return {
    fd,
    isAttached: () => isOpen && linkInfo(fd).ifindex === ifindex,
    close: () => {
      if (isOpen) closeFd(fd);
      isOpen = false;
    },
  };
}

/** A pinned link, with the program and the device (0: gone) that it holds together; undefined where there is none. */
export function openLink(path: string): { fd: number; programId: number; ifindex: number } | undefined {
  const fd = Number(libbpf().bpf_obj_get(path));
  return fd < 0 ? undefined : { fd, ...linkInfo(fd) };
}

/** struct bpf_link_info: type, id, program id, padding, then for tcx ifindex and attach type. */
function linkInfo(fd: number): { programId: number; ifindex: number } {
  const info = objectInfo(fd, 64);
  return { programId: info.getUint32(8, true), ifindex: info.getUint32(16, true) };
}

/** Starts a tracing program (tp_btf); it ends with the returned function. */
export function attachTracing(object: BpfObject, program: string): () => void {
  const link = checkedLink(libbpf().bpf_program__attach_trace(object.programPointer(program)), program);
  return () => libbpf().bpf_link__destroy(link);
}

/** A program that prints about things of the kernel, read as text. */
export class BpfIterator {
  private readonly link: bigint;
  private readonly program: string;

  constructor(object: BpfObject, program: string) {
    this.program = program;
    this.link = checkedLink(libbpf().bpf_program__attach_iter(object.programPointer(program), null), program);
  }

  /** Walks once and returns what the program printed. */
  read(): string {
    const fd = Number(libbpf().bpf_iter_create(libbpf().bpf_link__fd(this.link) as number));
    if (fd < 0) throw new KernelError('system-call', `cannot start BPF iterator ${this.program}: ${errnoText(fd)}`);
    try {
      return readAll(fd);
    } finally {
      closeFd(fd);
    }
  }

  close(): void {
    libbpf().bpf_link__destroy(this.link);
  }
}

function checkedLink(link: unknown, program: string): bigint {
  if (typeof link !== 'bigint' || link === 0n) throw new KernelError('attach-failed', `cannot attach BPF program ${program}: is another security module or lockdown=confidentiality in the way?`);
  return link;
}

function readAll(fd: number): string {
  const chunk = Buffer.alloc(iteratorReadBytes);
  const parts: string[] = [];
  for (let length = readSync(fd, chunk); length > 0; length = readSync(fd, chunk)) parts.push(chunk.toString('latin1', 0, length));
  return parts.join('');
}
