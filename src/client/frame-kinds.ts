import { enumName } from '../wire/codec.ts';
import { GetFlowsResponseCodec } from '../wire/gen/observer.ts';
import { NodeStateEnum } from '../wire/gen/relay.ts';
import { tryDecode } from '../wire/codec.ts';
import { forEachMessage } from '../wire/frame-splitter.ts';
import type { ClientMessage } from './client-message.ts';

// protobuf writers put the oneof first: field 2, length-delimited
const nodeStatusTag = 0x12;

/** The node_status messages among a run of frames; flows are not decoded. */
export function nodeStatusesIn(frames: Uint8Array): Extract<ClientMessage, { type: 'node-status' }>[] {
  const found: Extract<ClientMessage, { type: 'node-status' }>[] = [];
  forEachMessage(frames, (start, end) => {
    if (frames[start] !== nodeStatusTag) return;
    const decoded = tryDecode(GetFlowsResponseCodec, frames.subarray(start, end));
    const status = decoded.ok ? decoded.value.node_status : undefined;
    if (status === undefined) return;
    const state = enumName(NodeStateEnum, status.state_change);
    for (const node of status.node_names ?? []) {
      found.push({ type: 'node-status', node, state, ...(status.message ? { message: status.message } : {}) });
    }
  });
  return found;
}
