import type { ClientHttp2Session } from 'node:http2';
import type { Codec } from '../wire/codec.ts';
import { openSession } from './connection.ts';
import { FRAME_PREFIX_BYTES, forEachMessage } from '../wire/frame-splitter.ts';
import { isSpent, startCall, startUnary, type CallOptions, type FramesCall } from './grpc-call.ts';
import type { Metadata } from './metadata.ts';
import { Code, RpcError, toRpcError } from './status.ts';
import { formatTarget, type Target } from './target.ts';
import type { ClientTls } from './tls-files.ts';

/** One method of a service, as src/wire/services.ts lists them. */
export interface Method<Request, Response> {
  path: string;
  request: Codec<Request>;
  response: Codec<Response>;
}

/** How it stands with the connection. `idle` has not been tried or was closed in peace. */
export type ChannelState = 'idle' | 'connecting' | 'ready' | 'failed' | 'closed';

/** Options of a channel; metadata goes with every call. */
export interface ChannelOptions {
  tls?: ClientTls | undefined;
  metadata?: Metadata | undefined;
  connectTimeoutMs?: number | undefined;
  onState?: ((state: ChannelState, error?: RpcError) => void) | undefined;
}

const defaultConnectTimeoutMs = 5_000;
/** Bytes a slow reader of a decoded stream may leave before the server is held back. */
const maxQueuedBytes = 256 * 1024;

/**
 * Calls to one server over one HTTP/2 session, opened with the first call and
 * again with the first call after it broke. It never retries by itself.
 */
export class Channel {
  /** When the last bytes of any answer came, on performance.now()'s clock: a slow link is no dead one. */
  lastBytesMs = -Infinity;
  private session: Promise<ClientHttp2Session> | undefined;
  private current: ChannelState = 'idle';

  constructor(readonly target: Target, private readonly options: ChannelOptions = {}) {}

  get state(): ChannelState {
    return this.current;
  }

  /** Opens the session now; rejects with an RpcError in plain words. */
  async connect(): Promise<void> {
    await this.usableSession();
  }

  async unary<Request, Response>(method: Method<Request, Response>, request: Request, options: CallOptions = {}): Promise<Response> {
    const session = await this.usableSession();
    const frame = await startUnary(session, { path: method.path, request: method.request.encode(request) }, this.withMetadata(options));
    return decodeOrFail(method, frame.subarray(FRAME_PREFIX_BYTES));
  }

  /** Messages of a server stream, decoded. Leaving the loop early cancels the call. Not for flows: see openFlows. */
  async *stream<Request, Response>(method: Method<Request, Response>, request: Request, options: CallOptions = {}): AsyncGenerator<Response, void> {
    const queue: Uint8Array[] = [];
    let queuedBytes = 0;
    let wake: () => void = () => {};
    let end: { error: RpcError | undefined } | undefined;
    const finish = (reason?: unknown): void => {
      end ??= { error: reason === undefined ? undefined : toRpcError(reason) };
      wake();
    };
    const call = await this.frames(method, request, (frames) => {
      queue.push(frames);
      queuedBytes += frames.length;
      if (queuedBytes > maxQueuedBytes) call.pause();
      wake();
    }, options);
    call.done.then(() => finish(), finish);
    try {
      for (;;) {
        for (let frames = queue.shift(); frames !== undefined; frames = queue.shift()) {
          queuedBytes -= frames.length;
          // decoded when it is asked for: a reader that rests leaves bytes, not objects
          for (const message of messagesOf(frames)) yield decodeOrFail(method, message);
        }
        call.resume();
        if (end !== undefined && queue.length === 0) break;
        await new Promise<void>((resolve) => { wake = resolve; });
      }
      if (end.error) throw end.error;
    } finally {
      call.cancel();
    }
  }

  /** A server stream as runs of whole gRPC frames, undecoded; see startCall. */
  async frames<Request>(
    method: Pick<Method<Request, unknown>, 'path' | 'request'>,
    request: Request,
    onBatch: (frames: Uint8Array, count: number) => void,
    options: CallOptions = {},
  ): Promise<FramesCall> {
    const session = await this.usableSession();
    if (options.signal?.aborted) throw new RpcError(Code.CANCELLED, 'cancelled by the caller');
    try {
      return startCall(session, { path: method.path, request: method.request.encode(request), onBatch }, this.withMetadata(options));
    } catch (cause) {
      throw toRpcError(cause, Code.UNAVAILABLE);
    }
  }

  /** Drops the session and every call on it, for a reason that the calls end with; the next call opens a new one. */
  disconnect(reason?: RpcError): void {
    const session = this.session;
    this.session = undefined;
    if (this.current !== 'closed') this.setState('idle');
    session?.then((opened) => opened.destroy(reason), () => {});
  }

  close(): void {
    this.disconnect();
    this.setState('closed');
  }

  private withMetadata(given: CallOptions): CallOptions {
    const options = { ...given, onBytes: () => { this.lastBytesMs = performance.now(); } };
    return this.options.metadata === undefined ? options : { ...options, metadata: { ...this.options.metadata, ...options.metadata } };
  }

  private async usableSession(): Promise<ClientHttp2Session> {
    if (this.current === 'closed') throw new RpcError(Code.CANCELLED, `the channel to ${formatTarget(this.target)} is closed`);
    const held = await this.session?.catch(() => undefined);
    if (held !== undefined && !isSpent(held)) return held;
    // another call may have begun to connect while we waited
    if (this.session === undefined || this.current !== 'connecting') this.session = this.openAndWatch();
    return this.session;
  }

  private openAndWatch(): Promise<ClientHttp2Session> {
    this.setState('connecting');
    const opening = openSession(this.target, { tls: this.options.tls, connectTimeoutMs: this.options.connectTimeoutMs ?? defaultConnectTimeoutMs });
    const watched = opening.then((session) => {
      if (this.session !== watched) {
        session.destroy();
        throw new RpcError(Code.CANCELLED, 'the channel was closed while connecting');
      }
      const drop = (): void => this.drop(watched);
      session.once('close', drop);
      session.once('goaway', drop);
      this.setState('ready');
      return session;
    }, (error: unknown) => {
      if (this.session === watched) {
        this.session = undefined;
        this.setState('failed', toRpcError(error));
      }
      throw error;
    });
    return watched;
  }

  private drop(session: Promise<ClientHttp2Session>): void {
    if (this.session !== session) return;
    this.session = undefined;
    this.setState('failed', new RpcError(Code.UNAVAILABLE, `lost the connection to ${formatTarget(this.target)}`));
  }

  private setState(state: ChannelState, error?: RpcError): void {
    if (this.current === state || this.current === 'closed') return;
    this.current = state;
    this.options.onState?.(state, error);
  }
}

/** A channel to a server; it connects with the first call. */
export function openChannel(target: Target, options: ChannelOptions = {}): Channel {
  return new Channel(target, options);
}

function messagesOf(frames: Uint8Array): Uint8Array[] {
  const messages: Uint8Array[] = [];
  forEachMessage(frames, (start, stop) => { messages.push(frames.subarray(start, stop)); });
  return messages;
}

function decodeOrFail<Response>(method: { path: string; response: Codec<Response> }, bytes: Uint8Array): Response {
  try {
    return method.response.decode(bytes);
  } catch (cause) {
    throw new RpcError(Code.INTERNAL, `cannot decode the answer to ${method.path}`, { cause });
  }
}
