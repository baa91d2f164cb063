import { compileFilters } from '../../src/flow/filter.ts';
import type { FlowView } from '../../src/flow/flow-view.ts';
import { Code, RpcError } from '../../src/rpc/status.ts';
import { tryDecode } from '../../src/wire/codec.ts';
import type { Timestamp } from '../../src/wire/gen/google.ts';
import { timestampNs } from '../../src/wire/timestamp.ts';
import { FlowsOptionsCodec } from '../../src/wire/gen/hubtop.ts';
import type { GetFlowsRequest } from '../../src/wire/gen/observer.ts';
import type { FlowRange } from './flow-cursor.ts';

const FLOWS_OPTIONS_SUFFIX = '/hubtop.v1.FlowsOptions';

/** A GetFlows request, understood. */
export interface FlowRequest {
  range: FlowRange;
  matches: (view: FlowView) => boolean;
  hasExtension: boolean;
  hasWatermarks: boolean;
}

/** Reads a request; throws the RpcError that Hubble's server would answer. */
export function readFlowRequest(request: GetFlowsRequest): FlowRequest {
  const isFirst = request.first ?? false;
  const isFollow = request.follow ?? false;
  if (isFirst && isFollow) throw new RpcError(Code.INVALID_ARGUMENT, 'first cannot be specified with follow');
  const filters = compileFilters({ whitelist: request.whitelist, blacklist: request.blacklist });
  if (!filters.ok) throw new RpcError(Code.UNKNOWN, filters.error);
  return {
    range: {
      number: Number(request.number ?? 0n),
      isFirst,
      isFollow,
      sinceNs: optionalNs(request.since),
      untilNs: optionalNs(request.until),
    },
    matches: filters.matches,
    ...readOptions(request),
  };
}

function optionalNs(time: Timestamp | undefined): bigint | undefined {
  return time === undefined ? undefined : timestampNs(time);
}

function readOptions(request: GetFlowsRequest): { hasExtension: boolean; hasWatermarks: boolean } {
  const { extensions } = request;
  const isOurs = extensions?.type_url?.endsWith(FLOWS_OPTIONS_SUFFIX) === true;
  // Somebody else's extension, or a broken one of ours, asks for nothing.
  const options = isOurs ? tryDecode(FlowsOptionsCodec, extensions.value ?? new Uint8Array(0)) : undefined;
  const value = options?.ok === true ? options.value : {};
  return { hasExtension: value.flow_extension ?? false, hasWatermarks: value.watermarks ?? false };
}
