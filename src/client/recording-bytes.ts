import { createReadStream } from 'node:fs';
import { constants, createGunzip, type Gunzip } from 'node:zlib';

const CHUNK_BYTES = 256 * 1024;
/** Packed bytes unpacked in one go. */
const PIECE_BYTES = 16 * 1024;

/** Compressed bytes that are none from here on. What came before them is good. */
export class DamagedFile extends Error {}

/**
 * The bytes of a file, `-` for stdin, unpacked if they are gzip, whatever the name says. A gzip file that was cut gives
 * what is there; one that is damaged ends with a DamagedFile. onRead() hears how many bytes of the file itself were used. Ends early when the signal is aborted. Throws what the file system throws.
 */
export async function* recordingBytes(path: string, options: { signal?: AbortSignal | undefined; onRead?: ((bytes: number) => void) | undefined } = {}): AsyncGenerator<Uint8Array> {
  const { signal } = options;
  const input = path === '-' ? process.stdin : createReadStream(path, { highWaterMark: CHUNK_BYTES });
  // a pipe may be silent for ever
  const stop = (): void => void input.destroy();
  signal?.addEventListener('abort', stop, { once: true });
  try {
    const chunks = counted(input[Symbol.asyncIterator]() as AsyncIterator<Uint8Array>, options.onRead);
    const head = await firstBytes(chunks);
    const all = withHead(head, chunks);
    if (head[0] === 0x1f && head[1] === 0x8b) yield* unpacked(all);
    else yield* all;
  } catch (error) {
    if (signal?.aborted !== true) throw error;
  } finally {
    signal?.removeEventListener('abort', stop);
    if (input !== process.stdin) input.destroy();
  }
}

async function* counted(chunks: AsyncIterator<Uint8Array>, onRead: (bytes: number) => void = () => {}): AsyncGenerator<Uint8Array> {
  let read = 0;
  for (let next = await chunks.next(); next.done !== true; next = await chunks.next()) {
    yield next.value;
    read += next.value.length;
    onRead(read);
  }
}

async function firstBytes(chunks: AsyncIterator<Uint8Array>): Promise<Uint8Array> {
  let head: Uint8Array = new Uint8Array(0);
  while (head.length < 2) {
    const next = await chunks.next();
    if (next.done === true) break;
    head = head.length === 0 ? next.value : Buffer.concat([head, next.value]);
  }
  return head;
}

async function* withHead(head: Uint8Array, rest: AsyncIterator<Uint8Array>): AsyncGenerator<Uint8Array> {
  if (head.length > 0) yield head;
  for (let next = await rest.next(); next.done !== true; next = await rest.next()) yield next.value;
}

/**
 * Unpacks piece by piece: what came in the pieces before a damage is given on, and bytes that unpack to a thousand times
 * as many bind little memory.
 */
async function* unpacked(chunks: AsyncGenerator<Uint8Array>): AsyncGenerator<Uint8Array> {
  // a recorder that was killed leaves a file without its end: Z_SYNC_FLUSH takes that for an end
  const gunzip = createGunzip({ chunkSize: CHUNK_BYTES, finishFlush: constants.Z_SYNC_FLUSH });
  const out: Uint8Array[] = [];
  gunzip.on('data', (chunk: Uint8Array) => { out.push(chunk); });
  gunzip.on('error', () => { /* told by errored */ });
  for await (const chunk of chunks) {
    for (let at = 0; at < chunk.length && gunzip.errored === null; at += PIECE_BYTES) {
      await settled(gunzip, chunk.subarray(at, at + PIECE_BYTES));
      yield* out.splice(0);
    }
    if (gunzip.errored !== null) throw new DamagedFile(gunzip.errored.message, { cause: gunzip.errored });
  }
  await settled(gunzip, undefined);
  yield* out.splice(0);
}

/** Resolves when a piece is unpacked, or all of them (`undefined`), or never will be. */
function settled(gunzip: Gunzip, piece: Uint8Array | undefined): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      gunzip.off('close', done).off('end', done);
      resolve();
    };
    gunzip.once('close', done);
    if (piece === undefined) gunzip.once('end', done).end();
    else gunzip.write(piece, done);
  });
}
