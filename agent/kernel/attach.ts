import { readSync } from 'node:fs';
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
}

/** A way of hanging the packet programs on devices. */
export interface Attacher {
  /** On both ways of a device; undefined when it went away meanwhile. */
  attach(ifindex: number): DeviceLink | undefined;
  /** After all its links. */
  close(): void;
}

/**
 * Puts a program first on a device, so that no other program can hide packets
 * from it. Direction as the device sees it: ingress of a host-side veth is what
 * the pod sends. Undefined when the device went away meanwhile.
 */
export function attachToDevice(programFd: number, ifindex: number, direction: 'ingress' | 'egress'): DeviceLink | undefined {
  const options = new Uint8Array(64); // struct bpf_link_create_opts: size, flags, …
  const view = new DataView(options.buffer);
  view.setBigUint64(0, BigInt(options.length), true);
  view.setUint32(8, before, true);
  const fd = Number(libbpf().bpf_link_create(programFd, ifindex, direction === 'ingress' ? tcxIngress : tcxEgress, options));
  if (fd === enodev) return undefined;
  if (fd === einval) throw new KernelError('kernel-too-old', 'this kernel has no tcx links (Linux 6.6 or newer): leave out --attach tcx');
  if (fd < 0) throw new KernelError('attach-failed', `cannot attach to device ${ifindex} (${direction}): ${errnoText(fd)}`);
  let isOpen = true;
  return {
    isAttached: () => isOpen && linkIfindex(fd) === ifindex,
    close: () => {
      if (isOpen) closeFd(fd);
      isOpen = false;
    },
  };
}

/** struct bpf_link_info: type, id, program id, padding, then for tcx ifindex and attach type. */
function linkIfindex(fd: number): number {
  const info = new Uint8Array(64);
  const length = new Uint32Array([info.length]);
  const result = Number(libbpf().bpf_obj_get_info_by_fd(fd, info, length));
  return result < 0 ? 0 : new DataView(info.buffer).getUint32(16, true);
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
