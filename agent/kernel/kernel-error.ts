/** What stopped the kernel part, so that callers can react without reading text. */
export type KernelProblem =
  | 'not-linux' | 'no-koffi' | 'no-libbpf' | 'no-privilege' | 'no-btf' | 'no-object' | 'kernel-too-old' | 'load-failed' | 'attach-failed' | 'system-call';

/** The kernel, or what we need beside it, refused: one line that says what failed, on what, and what to do. */
export class KernelError extends Error {
  override readonly name = 'KernelError';
  constructor(readonly problem: KernelProblem, message: string, options?: ErrorOptions) {
    super(message, options);
  }
}

/** Text of a negative errno as libbpf returns it, such as "EPERM (operation not permitted)". */
export function errnoText(result: number): string {
  const number = Math.abs(result);
  return errnoNames.get(number) ?? `errno ${number}`;
}

/** The numbers bpf(2), netlink(7) and mmap(2) give back, from asm-generic/errno.h. */
const errnoNames: ReadonlyMap<number, string> = new Map([
  [1, 'EPERM (operation not permitted)'],
  [2, 'ENOENT (no such entry)'],
  [4, 'EINTR (interrupted)'],
  [7, 'E2BIG (map full, or argument too big)'],
  [9, 'EBADF (bad file descriptor)'],
  [11, 'EAGAIN (nothing to read)'],
  [12, 'ENOMEM (out of memory)'],
  [13, 'EACCES (permission denied, or refused by the verifier)'],
  [16, 'EBUSY (busy)'],
  [17, 'EEXIST (exists already)'],
  [19, 'ENODEV (no such device)'],
  [22, 'EINVAL (invalid argument)'],
  [24, 'EMFILE (too many open files)'],
  [28, 'ENOSPC (no space)'],
  [95, 'EOPNOTSUPP (not supported by this kernel)'],
  [105, 'ENOBUFS (messages were lost)'],
  [524, 'ENOTSUPP (not supported by this kernel)'],
]);

/** The one line that says what an error is. */
export function errorLine(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
