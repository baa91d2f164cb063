import type { Server as GrpcServer, ServerCredentials, ServerDuplexStream, ServerUnaryCall, sendUnaryData } from '@grpc/grpc-js';
import { type EventEmitter, setMaxListeners } from 'node:events';
import { openBatchOut, type BytesCall } from './batch-out.ts';
import type { Binding, CallInfo } from './binding.ts';
import { bindTarget, ListenError } from './listen.ts';
import { metadataFromHeaders, type Metadata } from './metadata.ts';
import { serverCredentials } from './server-tls.ts';
import { Code, RpcError, toRpcError } from './status.ts';
import { formatTarget, isLocalOnly, parseTarget } from './target.ts';
import type { ServerTls } from './tls-files.ts';

type Grpc = typeof import('@grpc/grpc-js');

/** What a server serves, and where. */
export interface ServeOptions {
  /** Targets as parseTarget reads them; port 0 takes a free one. */
  listen: readonly string[];
  services: readonly Binding[];
  /** Sent as header metadata with every answer. */
  headers?: Metadata;
  tls?: ServerTls;
  /** Allows plaintext on an address that other machines can reach. */
  insecure?: boolean;
  /** Errors of ours that ended a call; the caller got code UNKNOWN with the message. */
  onError?: (error: Error) => void;
}

/** A running server. */
export interface RpcServer {
  /** As parseTarget reads them, with real ports; in the order of `listen`. */
  addresses: string[];
  /** Ends every call with UNAVAILABLE and closes the listeners. */
  close(): Promise<void>;
}

/** Streams that run at once, and as many other calls, of all clients, and on one connection; a relay has one call a client of its own on each. */
export const maxCalls = 1_024;
const maxCallsPerConnection = 512;
/** Largest request: ten thousand addresses in a filter are 180 KB, and what a request may hold besides bytes, binding.ts says. */
const maxRequestBytes = 512 * 1024;
/** Requests of all running calls together: filters built from one take up to forty times its bytes. */
export const maxRunningRequestBytes = 4 * 1024 * 1024;
/** What one connection may hold in headers and frames that wait. */
const maxSessionMegabytes = 64;

/** How long a closing server lets calls say goodbye. */
const closeGraceMs = 200;

/** Starts a gRPC server. Throws ListenError with one line when an address cannot be had; then nothing listens. */
export async function serve(options: ServeOptions): Promise<RpcServer> {
  const targets = options.listen.map((text) => parseTarget(text));
  const open = targets.find((target) => !isLocalOnly(target));
  if (open && !options.tls && options.insecure !== true) {
    throw new ListenError(`cannot listen on ${formatTarget(open)} without TLS: give a certificate and key, or allow plaintext explicitly`);
  }
  const grpc = await import('@grpc/grpc-js');
  // its own log goes to stderr, over a dashboard; what matters comes back as errors
  if (process.env['GRPC_VERBOSITY'] === undefined) grpc.setLogVerbosity(grpc.logVerbosity.NONE);
  const serving: Serving = { options, streams: new Set(), unaries: new Set(), requestBytes: 0, isClosing: false };
  const server = new grpc.Server({
    'grpc.max_receive_message_length': maxRequestBytes,
    'grpc.max_concurrent_streams': maxCallsPerConnection,
    'grpc-node.max_session_memory': maxSessionMegabytes,
    // its lists are kept for a service we do not serve, and the bundle has none
    'grpc.enable_channelz': 0,
    // of a name it listens on only the addresses are looked up
    'grpc.service_config_disable_resolution': 1,
  });
  for (const binding of options.services) register(grpc, server, binding, serving);
  const secured = options.tls ? serverCredentials(grpc, options.tls, options.onError ?? (() => {})) : undefined;
  const credentials: ServerCredentials = secured?.credentials ?? grpc.ServerCredentials.createInsecure();
  const addresses: string[] = [];
  try {
    for (const target of targets) {
      const bound = await bindTarget(server, target, target.kind === 'unix' ? grpc.ServerCredentials.createInsecure() : credentials);
      addresses.push(formatTarget(bound.kind === 'tcp' ? { ...bound, tls: options.tls !== undefined } : bound));
    }
  } catch (error) {
    server.forceShutdown();
    secured?.stop();
    throw error;
  }
  return {
    addresses,
    close: () => {
      secured?.stop();
      serving.isClosing = true;
      for (const call of [...serving.streams, ...serving.unaries]) call.abort();
      return shutDown(server);
    },
  };
}

function shutDown(server: GrpcServer): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => {
      server.forceShutdown();
      resolve();
    }, closeGraceMs);
    server.tryShutdown(() => {
      clearTimeout(timer);
      resolve();
    });
  });
}

type DialogCall = ServerDuplexStream<Uint8Array, Uint8Array>;

interface Serving {
  options: ServeOptions;
  streams: Set<AbortController>;
  unaries: Set<AbortController>;
  requestBytes: number;
  isClosing: boolean;
}

const asBuffer = (bytes: Uint8Array): Buffer => (Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length));
const asBytes = (bytes: Buffer): Uint8Array => bytes;

function register(grpc: Grpc, server: GrpcServer, binding: Binding, serving: Serving): void {
  if (binding.kind === 'unary') {
    server.register(binding.path, (call: ServerUnaryCall<Uint8Array, Uint8Array>, callback: sendUnaryData<Uint8Array>) => {
      call.sendMetadata(headersOf(grpc, serving.options.headers));
      void settle({ call, serving, kind: 'unary', requestBytes: call.request.length }, (signal) => binding.run(call.request, signal, infoOf(call))).then((result) => {
        if (result.error) callback({ code: result.error.code, details: result.error.message });
        else callback(null, result.value);
      });
    }, asBuffer, asBytes, 'unary');
    return;
  }
  if (binding.kind === 'dialog') {
    server.register(binding.path, (call: DialogCall) => {
      call.sendMetadata(headersOf(grpc, serving.options.headers));
      void settle({ call, serving, kind: 'dialog', requestBytes: 0 }, (signal) => converse(call, binding.answer, signal)).then((result) => {
        if (result.error) call.emit('error', { code: result.error.code, details: result.error.message });
        else call.end();
      });
    }, asBuffer, asBytes, 'bidi');
    return;
  }
  server.register(binding.path, (call: BytesCall) => {
    const out = openBatchOut(call, headersOf(grpc, serving.options.headers));
    void settle({ call, serving, kind: 'stream', requestBytes: call.request.length }, (signal) => binding.run(call.request, out, signal, infoOf(call))).then((result) => {
      if (result.error) call.emit('error', { code: result.error.code, details: result.error.message });
      else call.end();
    });
  }, asBuffer, asBytes, 'serverStream');
}

/** Answers what comes, one for one, no faster than the answers are taken. */
function converse(call: DialogCall, answer: (request: Uint8Array) => Uint8Array, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    signal.addEventListener('abort', () => resolve());
    call.on('end', resolve);
    call.on('error', () => resolve());
    call.on('data', (request: Uint8Array) => {
      try {
        if (call.write(answer(request))) return;
        call.pause();
        call.once('drain', () => call.resume());
      } catch (error) {
        reject(new RpcError(Code.INVALID_ARGUMENT, 'not a message of this method', { cause: error }));
      }
    });
  });
}

function infoOf(call: ServerUnaryCall<Uint8Array, Uint8Array> | BytesCall): CallInfo {
  return { metadata: metadataFromHeaders(call.metadata.getMap()), peer: call.getPeer() };
}

function headersOf(grpc: Grpc, headers: Metadata | undefined): InstanceType<Grpc['Metadata']> {
  const metadata = new grpc.Metadata();
  // grpc-js throws on what HTTP/2 cannot carry
  for (const [name, value] of Object.entries(headers ?? {})) if (/^[\x20-\x7e]*$/.test(value)) metadata.set(name, value);
  return metadata;
}

type Settled<Value> = { error: RpcError; value?: undefined } | { error?: undefined; value: Value };

/** A handler's end as a value: what it refused goes to the caller, what we broke also to onError. */
async function settle<Value>(
  { call, serving, kind, requestBytes }: { call: EventEmitter; serving: Serving; kind: Binding['kind']; requestBytes: number },
  run: (signal: AbortSignal) => Promise<Value>,
): Promise<Settled<Value>> {
  const cancelled = new AbortController();
  // a relay hands one signal to a call per node
  setMaxListeners(0, cancelled.signal);
  const cancel = (): void => cancelled.abort();
  // whoever opens streams without end leaves a question its answer
  const running = kind === 'unary' ? serving.unaries : serving.streams;
  if (running.size >= maxCalls) return { error: new RpcError(Code.RESOURCE_EXHAUSTED, `too many calls: ${maxCalls} are running`) };
  if (serving.requestBytes + requestBytes > maxRunningRequestBytes) return { error: new RpcError(Code.RESOURCE_EXHAUSTED, `too long requests: ${maxRunningRequestBytes} bytes are running`) };
  serving.requestBytes += requestBytes;
  call.on('cancelled', cancel);
  running.add(cancelled);
  try {
    const value = await run(cancelled.signal);
    return serving.isClosing ? { error: errorOfShutdown() } : { value };
  } catch (reason) {
    if (serving.isClosing) return { error: errorOfShutdown() };
    if (!(reason instanceof RpcError)) serving.options.onError?.(reason instanceof Error ? reason : new Error(String(reason)));
    return { error: toRpcError(reason) };
  } finally {
    running.delete(cancelled);
    serving.requestBytes -= requestBytes;
    call.off('cancelled', cancel);
  }
}

function errorOfShutdown(): RpcError {
  return new RpcError(Code.UNAVAILABLE, 'the server is shutting down');
}
