import { closeSync, existsSync, openSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { KernelError, errnoText } from './kernel-error.ts';
import { requireLinux } from './requirements.ts';

/**
 * Foreign functions through koffi. Nothing is loaded before the first call, so
 * that importing agent/kernel costs nothing where no kernel is wanted.
 *
 * Memory goes in as typed arrays (koffi passes their address); pointers come
 * back as BigInt, and a null one crashes the process in the next call: every
 * pointer is compared with 0n where it is made.
 */
type Koffi = typeof import('koffi');

/** A C function: numbers, pointers as BigInt, memory as typed arrays. */
export type NativeFunction = (...values: (number | bigint | string | null | ArrayBufferView)[]) => unknown;

/** Calls a C function on a thread of libuv's pool. The memory it is given must outlive it. */
export function callAsync(call: NativeFunction, values: Parameters<NativeFunction>, done: (result: unknown) => void): void {
  (call as NativeFunction & { async: (...all: unknown[]) => void }).async(...values, (error: unknown, result: unknown) => {
    if (error !== null && error !== undefined) throw error;
    done(result);
  });
}

/** Where memory, given to C, lives; the array must outlive the call that uses the address. */
export function addressOf(memory: ArrayBufferView): bigint {
  return koffi().address(memory);
}

/** An ArrayBuffer over foreign memory: reading it after the memory was unmapped kills the process. */
export function viewOf(pointer: bigint, length: number): ArrayBuffer {
  return koffi().view(pointer, length);
}

/** Text at a C string pointer, such as a program's name. */
export function stringAt(pointer: bigint): string {
  return pointer === 0n ? '' : koffi().decode.string(pointer);
}

/** errno of this thread's last failed call that reports by -1. */
export function lastErrno(): number {
  return koffi().errno();
}

/** Calls back whenever the file descriptor can be read; the returned function ends it. */
export function whenReadable(fd: number, listener: () => void): () => void {
  const handle = koffi().node.poll(fd, { readable: true }, listener);
  handle.unref();
  return () => handle.close();
}

/** The functions of a shared library by C prototype, or undefined when the library is not installed. */
export function loadLibrary<Name extends string>(file: string, prototypes: Record<Name, string>): Record<Name, NativeFunction> | undefined {
  let library;
  try {
    library = koffi().load(file);
  } catch (error) {
    if (error instanceof KernelError) throw error;
    return undefined;
  }
  const functions: Partial<Record<Name, NativeFunction>> = {};
  for (const name of Object.keys(prototypes) as Name[]) functions[name] = library.func(prototypes[name]);
  return functions as Record<Name, NativeFunction>;
}

const libcPrototypes = {
  bind: 'int bind(int fd, const void *address, uint32_t length)',
  clock_gettime: 'int clock_gettime(int clock, void *time)',
  close: 'int close(int fd)',
  flock: 'int flock(int fd, int operation)',
  getsockopt: 'int getsockopt(int fd, int level, int option, void *value, void *length)',
  mmap: 'void *mmap(void *address, size_t length, int protection, int flags, int fd, int64_t offset)',
  munmap: 'int munmap(void *address, size_t length)',
  recv: 'int64_t recv(int fd, void *buffer, size_t length, int flags)',
  send: 'int64_t send(int fd, const void *buffer, size_t length, int flags)',
  setns: 'int setns(int fd, int kind)',
  setsockopt: 'int setsockopt(int fd, int level, int option, const void *value, uint32_t length)',
  syscall: 'int64_t syscall(int64_t number, int64_t command, void *attributes, int64_t size)',
  socket: 'int socket(int domain, int type, int protocol)',
  getpagesize: 'int getpagesize()',
};

/** libc as koffi sees it. */
export type Libc = Record<keyof typeof libcPrototypes, NativeFunction>;

let loadedKoffi: Koffi | undefined;
let loadedLibc: Libc | undefined;

/** Throws with what to do when koffi is not installed: a bundle copied somewhere alone. */
export function requireKoffi(): void {
  koffi();
}

function koffi(): Koffi {
  if (loadedKoffi !== undefined) return loadedKoffi;
  requireLinux();
  try {
    loadedKoffi = requireFromHere()('koffi') as Koffi;
  } catch (error) {
    throw new KernelError('no-koffi', 'the npm package koffi is not installed beside hubtop: run hubtop from its source tree after npm ci, or npm install koffi here', { cause: error });
  }
  return loadedKoffi;
}

/** The bundle is CommonJS and knows its own file; under vitest the working directory is the source tree. */
function requireFromHere(): NodeJS.Require {
  const here = typeof __filename === 'string' && existsSync(__filename) ? __filename : join(process.cwd(), 'package.json');
  return createRequire(here);
}

/** The C library, loaded on first use. */
export function libc(): Libc {
  loadedLibc ??= loadLibrary('libc.so.6', libcPrototypes);
  if (loadedLibc === undefined) throw new KernelError('system-call', 'libc.so.6 cannot be loaded: hubtop agent needs glibc');
  return loadedLibc;
}

const clockBoottime = 7; // linux/time.h CLOCK_BOOTTIME
const time = new BigInt64Array(2);

/** Nanoseconds of CLOCK_BOOTTIME, the clock that stamps events. */
export function boottimeNs(): bigint {
  libc().clock_gettime(clockBoottime, time);
  return (time[0] ?? 0n) * 1_000_000_000n + (time[1] ?? 0n);
}

/** Moves this thread into a network namespace, such as /run/netns/NAME: sockets and attachments made from now on belong there. */
export function enterNetworkNamespace(path: string): void {
  const cloneNewnet = 0x4000_0000;
  const fd = openSync(path, 'r');
  try {
    if (Number(libc().setns(fd, cloneNewnet)) < 0) throw new KernelError('system-call', `cannot enter network namespace ${path}: ${errnoText(lastErrno())}`);
  } finally {
    closeSync(fd);
  }
}

/** Closes a descriptor that C gave us. */
export function closeFd(fd: number): void {
  if (fd >= 0) libc().close(fd);
}

/** Maps memory of a descriptor, or throws with what was being mapped. */
export function mapMemory(fd: number, options: { length: number; offset: number; isWritable: boolean; what: string }): bigint {
  const protection = options.isWritable ? 3 : 1; // PROT_READ | PROT_WRITE
  const mapShared = 1;
  const pointer = libc().mmap(null, options.length, protection, mapShared, fd, options.offset) as bigint;
  if (pointer === 0xffff_ffff_ffff_ffffn || pointer === 0n) {
    throw new KernelError('system-call', `cannot map ${options.what}: ${errnoText(lastErrno())}`);
  }
  return pointer;
}
