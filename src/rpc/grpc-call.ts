import type { ClientHttp2Session, ClientHttp2Stream, IncomingHttpHeaders } from 'node:http2';
import { HUBTOP_VERSION } from '../lib/version.ts';
import { FrameSplitter, frameOf } from '../wire/frame-splitter.ts';
import { metadataFromHeaders, type Metadata } from './metadata.ts';
import { Code, RpcError, codeOfHttpStatus, codeOfReset, toRpcError } from './status.ts';

/** What every kind of call takes. */
export interface CallOptions {
  signal?: AbortSignal | undefined;
  /** The whole call's deadline; none by default. */
  timeoutMs?: number | undefined;
  metadata?: Metadata | undefined;
  /** The server's headers, once, before the first message. */
  onHeaders?: ((metadata: Metadata) => void) | undefined;
  /** Some bytes of an answer came, whole messages or not. */
  onBytes?: (() => void) | undefined;
}

/** A call with bytes in and runs of whole frames out. */
export interface FramesCall {
  /** Settles when the server has ended the call: rejects with an RpcError unless the status is OK. */
  readonly done: Promise<void>;
  /** Stops reading; the server is held back after one stream window (256 KiB). */
  pause(): void;
  resume(): void;
  /** Ends the call from here; `done` rejects with CANCELLED. */
  cancel(): void;
}

const errorOfCancel = (): RpcError => new RpcError(Code.CANCELLED, 'cancelled by the caller');

/** Starts one call on an open session. Batches given to `onBatch` stay valid and are never written again. */
export function startCall(
  session: ClientHttp2Session,
  call: { path: string; request: Uint8Array; onBatch: (frames: Uint8Array, count: number) => void },
  options: CallOptions = {},
): FramesCall {
  const stream = openStream(session, call.path, options);
  const outcome = watchOutcome(stream, options);
  const splitter = new FrameSplitter();
  stream.on('data', (chunk: Buffer) => {
    options.onBytes?.();
    if (outcome.isSettled()) return;
    // the splitter lends a frame that straddled chunks; ours to give away are only the chunk's bytes
    splitter.push(chunk, (frames, count) => call.onBatch(frames.buffer === chunk.buffer ? frames : frames.slice(), count));
    if (splitter.error !== undefined) outcome.fail(new RpcError(Code.INTERNAL, `broken answer to ${call.path}: message ${splitter.error}`));
  });
  stream.end(frameOf(call.request));
  return {
    done: outcome.done,
    pause: () => void stream.pause(),
    resume: () => void stream.resume(),
    cancel: () => outcome.fail(errorOfCancel()),
  };
}

function openStream(session: ClientHttp2Session, path: string, options: CallOptions): ClientHttp2Stream {
  return session.request({
    ...options.metadata,
    ':method': 'POST',
    ':path': path,
    'content-type': 'application/grpc',
    te: 'trailers',
    'user-agent': `hubtop/${HUBTOP_VERSION}`,
    ...(options.timeoutMs === undefined ? {} : { 'grpc-timeout': `${Math.max(1, Math.ceil(options.timeoutMs))}m` }),
  });
}

/** Turns headers, trailers, resets, deadlines and the caller's signal into one settled promise. */
function watchOutcome(stream: ClientHttp2Stream, options: CallOptions): { done: Promise<void>; isSettled: () => boolean; fail: (error: RpcError) => void } {
  let settled = false;
  let status: RpcError | 'ok' | undefined;
  let settle: (error?: RpcError) => void = () => {};
  const done = new Promise<void>((resolve, reject) => {
    settle = (error) => {
      if (settled) return;
      settled = true;
      clearTimeout(timer);
      options.signal?.removeEventListener('abort', abort);
      if (error) reject(error);
      else resolve();
    };
  });
  // whoever only looks at the batches need not look at `done`
  done.catch(() => {});
  const fail = (error: RpcError): void => {
    settle(error);
    stream.close(8);
    stream.resume();
  };
  const abort = (): void => fail(errorOfCancel());
  const timer = options.timeoutMs === undefined ? undefined
    : setTimeout(() => fail(new RpcError(Code.DEADLINE_EXCEEDED, `no answer within ${options.timeoutMs} ms`)), options.timeoutMs);
  if (options.signal?.aborted) queueMicrotask(abort);
  else options.signal?.addEventListener('abort', abort);

  stream.on('response', (headers) => {
    status = statusOf(headers);
    const http = Number(headers[':status']);
    if (status === undefined && http !== 200) status = new RpcError(codeOfHttpStatus(http), `the server answered HTTP ${http}, not gRPC`);
    if (status === undefined) options.onHeaders?.(metadataFromHeaders(headers));
  });
  stream.on('trailers', (trailers) => {
    status ??= statusOf(trailers);
  });
  stream.on('error', (cause) => {
    status ??= cause instanceof RpcError ? cause : new RpcError(codeOfReset(stream.rstCode), `stream broken: ${cause.message}`, { cause });
  });
  // 'end' comes only after every byte was read, and 'close' after both
  stream.on('close', () => settle(status === 'ok' ? undefined : status ?? errorOfClose(stream)));
  return { done, isSettled: () => settled, fail };
}

function errorOfClose(stream: ClientHttp2Stream): RpcError {
  if (stream.rstCode === 0 || stream.session === undefined || stream.session.destroyed) {
    return new RpcError(Code.UNAVAILABLE, 'the connection was lost');
  }
  return new RpcError(codeOfReset(stream.rstCode), `the server reset the stream (code ${stream.rstCode})`);
}

function statusOf(headers: IncomingHttpHeaders): RpcError | 'ok' | undefined {
  const text = headers['grpc-status'];
  if (text === undefined) return undefined;
  const code = Number(text);
  return code === Code.OK ? 'ok' : new RpcError(Number.isInteger(code) ? code : Code.UNKNOWN, messageOf(headers['grpc-message']));
}

function messageOf(encoded: string | string[] | undefined): string {
  const text = Array.isArray(encoded) ? encoded.join(',') : encoded ?? '';
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** For the session's users: a session that cannot carry another call. */
export function isSpent(session: ClientHttp2Session): boolean {
  return session.closed || session.destroyed;
}

/** Waits for the single message of a unary call. */
export function startUnary(
  session: ClientHttp2Session,
  call: { path: string; request: Uint8Array },
  options: CallOptions,
): Promise<Uint8Array> {
  let answer: Uint8Array | undefined;
  const running = startCall(session, { ...call, onBatch: (frames) => { answer ??= frames; } }, options);
  return running.done.then(
    () => {
      if (answer === undefined) throw new RpcError(Code.INTERNAL, `no message in the answer to ${call.path}`);
      return answer;
    },
    (error: unknown) => { throw toRpcError(error); },
  );
}
