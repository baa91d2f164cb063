import type { Channel, Method } from './channel.ts';
import type { CallOptions, FramesCall } from './grpc-call.ts';

/** A GetFlows call whose answers arrive as runs of whole gRPC frames, never decoded here. */
export interface FlowsSession extends FramesCall {
  /** Frames and bytes handed on so far. */
  readonly received: { frames: number; bytes: number };
}

/** Opens GetFlows (or any server stream) for a reader of bytes; see src/wire/flow-scan.ts for what to do with them. */
export async function openFlows<Request>(
  channel: Channel,
  method: Pick<Method<Request, unknown>, 'path' | 'request'>,
  request: Request,
  options: CallOptions & { onBatch: (frames: Uint8Array, count: number) => void },
): Promise<FlowsSession> {
  const received = { frames: 0, bytes: 0 };
  const call = await channel.frames(method, request, (frames, count) => {
    received.frames += count;
    received.bytes += frames.length;
    options.onBatch(frames, count);
  }, options);
  return { ...call, received };
}
