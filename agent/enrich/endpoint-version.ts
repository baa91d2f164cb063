import type { Endpoint } from '../../src/wire/gen/flow.ts';

/** One endpoint as it was at one time. Never changed. */
export interface EndpointVersion {
  ref: number;
  labels: number;
  endpoint: Endpoint;
  /** The endpoint as a field of a Flow; encoded once, when the first flow names it. */
  readonly chunk: Uint8Array;
  ips: readonly string[];
  nodeName: string;
}
