import { closeSync, existsSync, openSync, writeSync } from 'node:fs';
import { gzipSync } from 'node:zlib';

/** Little packs well enough, and a burst must not stop the reading of flows for long. */
const GZIP_LEVEL = 3;

/** The file exists, and nobody said that it may be overwritten. */
export class FileExists extends Error {}

/**
 * A file that is readable at any moment, also after kill -9: each write is whole, and in a `.gz` file a gzip member of its
 * own (readers take members for one file). Writes wait for the disk: a slow one slows the sender, never fills memory.
 */
export class RecordingFile {
  /** Bytes in the file. */
  bytes = 0;
  private fd: number | undefined;

  /** Nothing is touched before the first write: whoever overwrites a file and then finds no server still has the old one. Throws FileExists. */
  constructor(readonly path: string, private readonly isOverwriting: boolean) {
    if (!isOverwriting && existsSync(path)) throw new FileExists(`${path} exists already`);
  }

  /** Writes whole lines. Throws an Error that says what failed. */
  write(bytes: Uint8Array): void {
    const fd = this.open();
    if (bytes.length === 0) return;
    const out = this.path.endsWith('.gz') ? gzipSync(bytes, { level: GZIP_LEVEL }) : bytes;
    try {
      for (let at = 0; at < out.length;) at += writeSync(fd, out, at);
    } catch (error) {
      throw this.failure('write', error);
    }
    this.bytes += out.length;
  }

  close(): void {
    if (this.fd !== undefined) closeSync(this.fd);
    this.fd = undefined;
  }

  private open(): number {
    try {
      this.fd ??= openSync(this.path, this.isOverwriting ? 'w' : 'wx', 0o644);
      return this.fd;
    } catch (error) {
      throw this.failure('create', error);
    }
  }

  private failure(what: string, error: unknown): Error {
    return new Error(`cannot ${what} ${this.path}: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  }
}
