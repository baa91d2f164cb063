import { compileFilters } from '../flow/filter.ts';
import { flowViewOf } from '../flow/view-of-flow.ts';
import { tryDecode } from '../wire/codec.ts';
import { FRAME_PREFIX_BYTES, forEachMessage } from '../wire/frame-splitter.ts';
import { GetFlowsResponseTag } from '../wire/gen/field-numbers.ts';
import { GetFlowsResponseCodec, type GetFlowsRequest } from '../wire/gen/observer.ts';

/** Chooses among the flows of a file as a server would for a request; lost events pass always. Gives the frames that pass. */
export function flowChooser(request: GetFlowsRequest | null): (frames: Uint8Array) => Uint8Array {
  const { whitelist = [], blacklist = [] } = request ?? {};
  if (whitelist.length + blacklist.length === 0) return (frames) => frames;
  const filters = compileFilters({ whitelist, blacklist });
  if (!filters.ok) return () => new Uint8Array(0);
  return (frames) => {
    const passing: Uint8Array[] = [];
    forEachMessage(frames, (start, end) => {
      if (frames[start] === GetFlowsResponseTag.flow) {
        const decoded = tryDecode(GetFlowsResponseCodec, frames.subarray(start, end));
        if (!decoded.ok || decoded.value.flow === undefined || !filters.matches(flowViewOf(decoded.value.flow))) return;
      }
      passing.push(frames.subarray(start - FRAME_PREFIX_BYTES, end));
    });
    return Buffer.concat(passing);
  };
}
