import { tryDecode } from '../wire/codec.ts';
import { FlowCodec, type Endpoint, type Flow } from '../wire/gen/flow.ts';
import { FlowExtensionCodec, type FlowExtension } from '../wire/gen/hubtop.ts';
import { ROW_FLOW, type RowView } from './flow-rows.ts';
import type { State } from './state.ts';

/** A buffered row as a whole flow again, endpoints included; undefined for rows that are no flow or do not decode. */
export function flowOfRow(state: State, row: RowView): Flow | undefined {
  if (row.kind !== ROW_FLOW) return undefined;
  const decoded = tryDecode(FlowCodec, row.bytes);
  if (!decoded.ok) return undefined;
  const flow = decoded.value;
  if (row.source !== 0) flow.source = state.endpoints.get(row.source) as Endpoint;
  if (row.destination !== 0) flow.destination = state.endpoints.get(row.destination) as Endpoint;
  return flow;
}

/** What our own agents add to a flow; undefined on flows of other agents. */
export function extensionOf(flow: Flow): FlowExtension | undefined {
  const any = flow.extensions;
  if (any?.value === undefined || any.type_url?.endsWith('/hubtop.v1.FlowExtension') !== true) return undefined;
  const decoded = tryDecode(FlowExtensionCodec, any.value);
  return decoded.ok ? decoded.value : undefined;
}
