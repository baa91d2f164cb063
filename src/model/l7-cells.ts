/** Routes that are told apart at a time; 0 is "(other)". */
export const MAX_ROUTES = 1_024;
const DETAIL_BITS = 14;
const KIND_BITS = 3;
const DETAILS = 1 << DETAIL_BITS;

/** What a cell of a route counts, and what its detail is. */
export const L7Kind = {
  /** Requests; detail 0. */
  REQUESTS: 0,
  /** Answers by status: HTTP as it is, gRPC from GRPC_CODE on, Kafka from KAFKA_CODE on. */
  CODE: 1,
  /** Answers by latencyIndex(). */
  LATENCY: 2,
  /** By party of the directory. */
  CALLER: 3,
  CALLER_BAD: 4,
  /** By place in the route's list of pods. */
  POD: 5,
  POD_BAD: 6,
  /** By place in that list times POD_OCTAVES, plus the power of two of the latency in microseconds. */
  POD_OCTAVE: 7,
} as const;
type Kind = (typeof L7Kind)[keyof typeof L7Kind];

export const POD_OCTAVES = 32;
export const GRPC_CODE = 1_000;
export const KAFKA_CODE = 2_000;
/** Kafka's error codes begin at -1. */
const KAFKA_LEAST = -1;
const KAFKA_MOST = 999;

/** Key of a cell. */
export function l7Key(route: number, kind: Kind, detail: number): number {
  return (((route << KIND_BITS) | kind) << DETAIL_BITS) | Math.max(0, Math.min(DETAILS - 1, detail));
}

export function routeOfKey(key: number): number {
  return key >> (DETAIL_BITS + KIND_BITS);
}

export function kindOfKey(key: number): number {
  return (key >> DETAIL_BITS) & 7;
}

export function detailOfKey(key: number): number {
  return key & (DETAILS - 1);
}

/** Status of an answer as a cell has it. */
export function httpCode(code: number): number {
  return Math.min(GRPC_CODE - 1, code);
}

export function grpcCode(status: number): number {
  return GRPC_CODE + Math.max(0, Math.min(99, status));
}

export function kafkaCode(error: number): number {
  return KAFKA_CODE - KAFKA_LEAST + Math.max(KAFKA_LEAST, Math.min(KAFKA_MOST, error));
}

// grpc/grpc, doc/statuscodes.md: the caller's fault, or a race he has to settle
const GRPC_CALLER: readonly number[] = [3, 5, 6, 7, 9, 10, 11, 16];
const GRPC_NAMES = ['OK', 'CANCELLED', 'UNKNOWN', 'INVALID_ARGUMENT', 'DEADLINE_EXCEEDED', 'NOT_FOUND', 'ALREADY_EXISTS', 'PERMISSION_DENIED', 'RESOURCE_EXHAUSTED',
  'FAILED_PRECONDITION', 'ABORTED', 'OUT_OF_RANGE', 'UNIMPLEMENTED', 'INTERNAL', 'UNAVAILABLE', 'DATA_LOSS', 'UNAUTHENTICATED'];

/** Whose fault an answer is: 5xx and its like in gRPC and Kafka, 4xx and its like, or nobody's. */
export function classOfCode(code: number): 'server' | 'caller' | 'good' {
  if (code >= KAFKA_CODE) return code === kafkaCode(0) ? 'good' : 'server';
  if (code >= GRPC_CODE) {
    const status = code - GRPC_CODE;
    return status <= 1 ? 'good' : GRPC_CALLER.includes(status) ? 'caller' : 'server';
  }
  return code >= 500 ? 'server' : code >= 400 ? 'caller' : 'good';
}

/** A status in a reader's words: `503`, `UNAVAILABLE`, `error 7`. */
export function codeText(code: number): string {
  if (code >= KAFKA_CODE) return code === kafkaCode(0) ? 'ok' : `error ${code - KAFKA_CODE + KAFKA_LEAST}`;
  if (code >= GRPC_CODE) return GRPC_NAMES[code - GRPC_CODE] ?? `status ${code - GRPC_CODE}`;
  return String(code);
}
