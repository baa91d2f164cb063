import { tryDecode } from '../../wire/codec.ts';
import { FlowsOptionsCodec, WatermarkCodec } from '../../wire/gen/hubtop.ts';
import { GetFlowsResponseCodec, type GetFlowsRequest } from '../../wire/gen/observer.ts';
import type { Timestamp } from '../../wire/gen/google.ts';

/** Type URLs of our extensions. */
export const flowsOptionsUrl = 'type.googleapis.com/hubtop.v1.FlowsOptions';
export const watermarkUrl = 'type.googleapis.com/hubtop.v1.Watermark';

/** No watermark is longer, and no flow of an agent is shorter: spares the decoding of flows. */
export const longestWatermarkBytes = 128;

/** The time of a watermark message; undefined for anything else. */
export function watermarkTime(message: Uint8Array): Timestamp | undefined {
  if (message.length > longestWatermarkBytes) return undefined;
  const decoded = tryDecode(GetFlowsResponseCodec, message);
  const extension = decoded.ok ? decoded.value.flow?.extensions : undefined;
  if (extension?.type_url !== watermarkUrl) return undefined;
  const watermark = tryDecode(WatermarkCodec, extension.value ?? new Uint8Array(0));
  return watermark.ok ? watermark.value.time : undefined;
}

/** The message that says: no flow older than this will follow. */
export function watermarkMessage(time: Timestamp): Uint8Array {
  return GetFlowsResponseCodec.encode({ flow: { extensions: { type_url: watermarkUrl, value: WatermarkCodec.encode({ time }) } } });
}

/** Whether the caller wants watermarks. */
export function wantsWatermarks(request: GetFlowsRequest): boolean {
  if (request.extensions?.type_url !== flowsOptionsUrl) return false;
  const options = tryDecode(FlowsOptionsCodec, request.extensions.value ?? new Uint8Array(0));
  return options.ok && options.value.watermarks === true;
}

/** The same request, asking for watermarks too; a stranger's extension is left alone, and the order is then best effort. */
export function askForWatermarks(request: GetFlowsRequest): GetFlowsRequest {
  if (request.extensions !== undefined && request.extensions.type_url !== flowsOptionsUrl) return request;
  const asked = tryDecode(FlowsOptionsCodec, request.extensions?.value ?? new Uint8Array(0));
  const options = { ...(asked.ok ? asked.value : {}), watermarks: true };
  return { ...request, extensions: { type_url: flowsOptionsUrl, value: FlowsOptionsCodec.encode(options) } };
}
