/** gRPC's status codes. */
export const Code = {
  OK: 0,
  CANCELLED: 1,
  UNKNOWN: 2,
  INVALID_ARGUMENT: 3,
  DEADLINE_EXCEEDED: 4,
  NOT_FOUND: 5,
  ALREADY_EXISTS: 6,
  PERMISSION_DENIED: 7,
  RESOURCE_EXHAUSTED: 8,
  FAILED_PRECONDITION: 9,
  ABORTED: 10,
  OUT_OF_RANGE: 11,
  UNIMPLEMENTED: 12,
  INTERNAL: 13,
  UNAVAILABLE: 14,
  DATA_LOSS: 15,
  UNAUTHENTICATED: 16,
} as const;

const goNames = [
  'OK', 'Canceled', 'Unknown', 'InvalidArgument', 'DeadlineExceeded', 'NotFound', 'AlreadyExists', 'PermissionDenied',
  'ResourceExhausted', 'FailedPrecondition', 'Aborted', 'OutOfRange', 'Unimplemented', 'Internal', 'Unavailable',
  'DataLoss', 'Unauthenticated',
];

/** A call that did not end with OK. `message` is the server's text, or ours where there was no server. */
export class RpcError extends Error {
  constructor(readonly code: number, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'RpcError';
  }
}

/** The code's name as Go prints it, such as Unavailable; Code(99) for a number gRPC does not have. */
export function codeName(code: number): string {
  return goNames[code] ?? `Code(${code})`;
}

/** One line for people: for code UNKNOWN only the message, as the hubble CLI does, else with the code's name. */
export function rpcErrorText(error: RpcError): string {
  return error.code === Code.UNKNOWN ? error.message : `rpc error: code = ${codeName(error.code)} desc = ${error.message}`;
}

/** The one funnel for caught values: keeps an RpcError, wraps anything else with the given code. */
export function toRpcError(reason: unknown, code: number = Code.UNKNOWN): RpcError {
  if (reason instanceof RpcError) return reason;
  return new RpcError(code, reason instanceof Error ? reason.message : String(reason), { cause: reason });
}

const httpToGrpc: Record<number, number> = {
  400: Code.INTERNAL,
  401: Code.UNAUTHENTICATED,
  403: Code.PERMISSION_DENIED,
  404: Code.UNIMPLEMENTED,
  429: Code.UNAVAILABLE,
  502: Code.UNAVAILABLE,
  503: Code.UNAVAILABLE,
  504: Code.UNAVAILABLE,
};

/** For an answer that is no gRPC at all (a proxy's error page); gRPC's http-grpc-status-mapping.md. */
export function codeOfHttpStatus(status: number): number {
  return httpToGrpc[status] ?? Code.UNKNOWN;
}

/** Reset codes of HTTP/2 to gRPC's, as gRPC's PROTOCOL-HTTP2.md has them. */
export function codeOfReset(reset: number): number {
  if (reset === 8) return Code.CANCELLED;
  if (reset === 7) return Code.UNAVAILABLE;
  if (reset === 11) return Code.RESOURCE_EXHAUSTED;
  if (reset === 12) return Code.PERMISSION_DENIED;
  return Code.INTERNAL;
}
