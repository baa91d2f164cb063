import type { Method } from './channel.ts';
import type { FlowsOut } from './batch-out.ts';
import { tryDecode, type Codec } from '../wire/codec.ts';
import { hasMoreFieldsThan } from '../wire/field-count.ts';
import { frameOf } from '../wire/frame-splitter.ts';
import type { Metadata } from './metadata.ts';
import { Code, RpcError } from './status.ts';

/** Fields of one request: the values that filters may have, twice. Two bytes make an object, and 500 KB of them took 0.1 s. */
const maxRequestFields = 32_768;

/** What a handler may know of the call besides the request. */
export interface CallInfo {
  metadata: Metadata;
  /** Address of the caller, for people. */
  peer: string;
}

/** Where a handler of a decoded server stream puts its messages; as FlowsOut. */
export interface MessagesOut<Response> {
  write(message: Response): boolean;
  drain(): Promise<void>;
}

/** One method of a server, bytes on both sides. Make it with unary(), serverStream() or frameStream(); a dialog answers each message with one. */
export type Binding =
  | { path: string; kind: 'dialog'; answer(request: Uint8Array): Uint8Array }
  | { path: string; kind: 'unary'; run(request: Uint8Array, signal: AbortSignal, info: CallInfo): Promise<Uint8Array> }
  | { path: string; kind: 'stream'; run(request: Uint8Array, out: FlowsOut, signal: AbortSignal, info: CallInfo): Promise<void> };

/** A method with one answer. A handler refuses by throwing an RpcError. */
export function unary<Request, Response>(
  method: Method<Request, Response>,
  handler: (request: Request, signal: AbortSignal, info: CallInfo) => Promise<Response> | Response,
): Binding {
  return {
    path: method.path,
    kind: 'unary',
    run: async (request, signal, info) => method.response.encode(await handler(readRequest(method, request), signal, info)),
  };
}

/** A server stream of decoded messages; the call ends with OK when the handler returns. */
export function serverStream<Request, Response>(
  method: Method<Request, Response>,
  handler: (request: Request, out: MessagesOut<Response>, signal: AbortSignal, info: CallInfo) => Promise<void>,
): Binding {
  return {
    path: method.path,
    kind: 'stream',
    run: async (request, out, signal, info) => handler(readRequest(method, request), {
      write: (message) => out.write(frameOf(method.response.encode(message))),
      drain: () => out.drain(),
    }, signal, info),
  };
}

/** A server stream whose handler writes runs of whole gRPC frames: GetFlows. */
export function frameStream<Request>(
  method: Pick<Method<Request, unknown>, 'path' | 'request'>,
  handler: (request: Request, out: FlowsOut, signal: AbortSignal, info: CallInfo) => Promise<void>,
): Binding {
  return {
    path: method.path,
    kind: 'stream',
    run: async (request, out, signal, info) => handler(readRequest(method, request), out, signal, info),
  };
}

/** In grpc-go's words; what a stranger sends is no bug of ours. */
function readRequest<Request>(method: Pick<Method<Request, unknown>, 'request'>, bytes: Uint8Array): Request {
  if (hasMoreFieldsThan(method.request as Codec<object>, bytes, maxRequestFields)) throw new RpcError(Code.RESOURCE_EXHAUSTED, `a request of more than ${maxRequestFields} fields`);
  const request = tryDecode(method.request, bytes);
  if (!request.ok) throw new RpcError(Code.INTERNAL, `grpc: error unmarshalling request: ${request.error}`);
  return request.value;
}
