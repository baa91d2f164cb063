import { closeSync, constants, openSync, readSync, write as writeLater, writeSync } from 'node:fs';

/** How output bytes reach the terminal. `tryWrite` never waits: it gives the bytes taken, 0 = would wait. */
export interface ByteSink {
  /** Undefined where only `writeAsync` works. */
  tryWrite?: ((bytes: Uint8Array) => number) | undefined;
  writeAsync?: ((bytes: Uint8Array, done: (error: Error | null, taken: number) => void) => void) | undefined;
  close?(): void;
}

/** How often a terminal that takes or gives nothing is asked again while the process waits for it. */
const LOOK_MS = 5;
/** Most time last words may take in all, in stalls allowed. */
const MOST_STALLS = 10;
/** Most bytes read in one go. */
const READ_BYTES = 4_096;

/**
 * The terminal behind a file descriptor, opened a second time with O_NONBLOCK: the flag belongs to the open file and is
 * not shared with the shell that started us. Where that cannot be done, writes go through the thread pool.
 */
export function ttySink(fd: number): ByteSink {
  const own = openNonBlocking(fd, constants.O_WRONLY);
  if (own === undefined) {
    return { writeAsync: (bytes, done) => writeLater(fd, bytes, 0, bytes.length, null, (error, taken) => done(error, taken ?? 0)) };
  }
  return { tryWrite: (bytes) => orWait(() => writeSync(own, bytes)), close: () => closeSync(own) };
}

/** Reads what the terminal behind a file descriptor has to say right now, without waiting; empty = nothing. */
export function readWaiting(fd: number): Uint8Array {
  const own = openNonBlocking(fd, constants.O_RDONLY);
  if (own === undefined) return new Uint8Array();
  const bytes = new Uint8Array(READ_BYTES);
  try {
    return bytes.subarray(0, orWait(() => readSync(own, bytes)));
  } catch {
    return new Uint8Array();
  } finally {
    closeSync(own);
  }
}

/**
 * Writes bytes while the process waits: for ways out that leave no later turn. Gives up when nothing was taken for
 * `stallMs`, or after ten times that; says whether all of it went out.
 */
export function writeWithin(sink: ByteSink, bytes: Uint8Array, stallMs: number): boolean {
  const { tryWrite } = sink;
  if (tryWrite === undefined) {
    sink.writeAsync?.(bytes, () => {});
    return true;
  }
  let rest = bytes;
  const beganMs = Date.now();
  for (let movedMs = beganMs; rest.length > 0;) {
    const taken = takenOrGone(tryWrite, rest);
    if (taken < 0) return false;
    rest = rest.subarray(taken);
    const now = Date.now();
    if (taken > 0) movedMs = now;
    else if (now - movedMs >= stallMs) return false;
    else sleep(LOOK_MS);
    if (now - beganMs >= stallMs * MOST_STALLS) return false;
  }
  return true;
}

/** Looks every few milliseconds until `isDone` says so or the time is over; the process waits. */
export function waitUntil(isDone: () => boolean, limitMs: number): void {
  const untilMs = Date.now() + limitMs;
  while (!isDone() && Date.now() < untilMs) sleep(1);
}

function takenOrGone(tryWrite: (bytes: Uint8Array) => number, bytes: Uint8Array): number {
  try {
    return tryWrite(bytes);
  } catch {
    return -1;
  }
}

function orWait(act: () => number): number {
  try {
    return act();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EAGAIN') return 0;
    throw error;
  }
}

function sleep(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}

function openNonBlocking(fd: number, mode: number): number | undefined {
  for (const path of [`/proc/self/fd/${fd}`, '/dev/tty']) {
    try {
      return openSync(path, mode | constants.O_NONBLOCK | constants.O_NOCTTY);
    } catch {
      // the next path, or the thread pool
    }
  }
  return undefined;
}
