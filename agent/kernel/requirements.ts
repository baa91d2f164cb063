import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { readBtfEnums } from './btf.ts';
import { KernelError } from './kernel-error.ts';

const btfPath = '/sys/kernel/btf/vmlinux';
/** Bits of linux/capability.h: CAP_NET_ADMIN, CAP_PERFMON, CAP_BPF; or CAP_SYS_ADMIN for the last two. */
const netAdmin = 1n << 12n;
const sysAdmin = 1n << 21n;
const perfmonAndBpf = (1n << 38n) | (1n << 39n);

/** Throws with what to do on another operating system. */
export function requireLinux(platform: string = process.platform): void {
  if (platform !== 'linux') throw new KernelError('not-linux', `hubtop agent needs Linux, this is ${platform}: run it on the node (demo and dashboard work here)`);
}

/** Throws with what to do when this process may not load BPF programs. */
export function requirePrivileges(status = readFileSync('/proc/self/status', 'utf8')): void {
  const effective = BigInt(`0x${/^CapEff:\s*([0-9a-f]+)/m.exec(status)?.[1] ?? '0'}`);
  const mayBpf = (effective & perfmonAndBpf) === perfmonAndBpf || (effective & sysAdmin) !== 0n;
  if (!mayBpf || (effective & netAdmin) === 0n) {
    throw new KernelError('no-privilege', 'hubtop agent needs root (or CAP_BPF, CAP_NET_ADMIN, CAP_PERFMON): run it with sudo');
  }
}

/** The kernel's type information. */
export function requireBtf(read: () => Uint8Array = () => readFileSync(btfPath)): Uint8Array {
  let btf: Uint8Array;
  try {
    btf = read();
  } catch (error) {
    throw new KernelError('no-btf', `no BTF at ${btfPath}: hubtop agent needs a kernel built with CONFIG_DEBUG_INFO_BTF`, { cause: error });
  }
  if (readBtfEnums(btf, ['bpf_attach_type']) === undefined) throw new KernelError('no-btf', `cannot read the BTF at ${btfPath}: hubtop agent does not know this kernel's format`);
  return btf;
}

/** Whether the kernel has links that end with whoever made them (6.6); else filters are used. */
export function hasTcx(btf: Uint8Array): boolean {
  return [...(readBtfEnums(btf, ['bpf_attach_type'])?.get('bpf_attach_type')?.values() ?? [])].includes('BPF_TCX_INGRESS');
}

/** The compiled programs: HUBTOP_BPF_OBJECT, else bpf/hubtop.o beside the bundle, else the build's in the source tree. */
export function readKernelObject(path = defaultObjectPath()): Uint8Array {
  try {
    return readFileSync(path);
  } catch (error) {
    throw new KernelError('no-object', `${path} is missing: apt-get install clang libbpf-dev, then npm run build`, { cause: error });
  }
}

declare const HUBTOP_BUNDLE: boolean | undefined;

/** Where the compiled programs should be. */
export function defaultObjectPath(): string {
  const isBundled = typeof HUBTOP_BUNDLE !== 'undefined';
  return process.env.HUBTOP_BPF_OBJECT ?? (isBundled ? join(dirname(__filename), 'bpf', 'hubtop.o') : join(process.cwd(), 'dist', 'bpf', 'hubtop.o'));
}
