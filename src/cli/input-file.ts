import { readRecording } from '../client/recording-reader.ts';
import { compileFilters } from '../flow/filter.ts';
import { flowViewOf } from '../flow/view-of-flow.ts';
import { tryDecode } from '../wire/codec.ts';
import { FRAME_PREFIX_BYTES } from '../wire/frame-splitter.ts';
import type { Timestamp } from '../wire/gen/google.ts';
import { type GetFlowsRequest, GetFlowsResponseCodec } from '../wire/gen/observer.ts';
import { CommandError, type CommandContext, UsageError } from './command.ts';
import type { FlowOutput } from './flow-output.ts';

/** Most that --last keeps in memory. */
const maxLast = 1_000_000n;

/**
 * Prints the flows of a recording, chosen by the same request a server would get; the order is the file's. What is no
 * flow is named on stderr once and counted.
 */
export async function printFlowFile(path: string, request: GetFlowsRequest, output: FlowOutput, context: CommandContext): Promise<void> {
  const isWanted = chooser(request);
  const number = request.number ?? 0n;
  const isLast = number > 0n && request.first !== true && number <= maxLast;
  const kept: Uint8Array[] = [];
  let printed = 0n;
  for await (const batch of framesOf(path, context)) {
    const wanted = batch.filter(isWanted);
    if (isLast) {
      kept.push(...wanted);
      if (kept.length > Number(number)) kept.splice(0, kept.length - Number(number));
      continue;
    }
    const left = request.first === true ? Number(number - printed) : wanted.length;
    await output.printFrames(Buffer.concat(wanted.slice(0, left)));
    printed += BigInt(wanted.length);
    if (request.first === true && printed >= number) break;
  }
  if (kept.length > 0) await output.printFrames(Buffer.concat(kept));
}

async function* framesOf(path: string, { signal, printError }: CommandContext): AsyncGenerator<Uint8Array[]> {
  try {
    for await (const batch of readRecording(path, { signal, say: (words) => { printError(`hubtop: ${words}`); } })) {
      yield batch.flatMap((message) => (message.kind === 'response' ? [message.frame] : []));
    }
  } catch (error) {
    throw new CommandError(error instanceof Error ? error.message : String(error), { cause: error });
  }
}

function chooser(request: GetFlowsRequest): (frame: Uint8Array) => boolean {
  const filters = compileFilters(request);
  if (!filters.ok) throw new UsageError(filters.error);
  const isEverything = (request.whitelist ?? []).length + (request.blacklist ?? []).length === 0 && request.since === undefined && request.until === undefined;
  if (isEverything) return () => true;
  return (frame) => {
    const decoded = tryDecode(GetFlowsResponseCodec, frame.subarray(FRAME_PREFIX_BYTES));
    if (!decoded.ok) return false;
    const { flow, time } = decoded.value;
    return (flow === undefined || filters.matches(flowViewOf(flow))) && !isOutside(time ?? flow?.time, request);
  };
}

function isOutside(time: Timestamp | undefined, { since, until }: GetFlowsRequest): boolean {
  return (since !== undefined && isBefore(time, since)) || (until !== undefined && isBefore(until, time));
}

function isBefore(one: Timestamp | undefined, other: Timestamp | undefined): boolean {
  const [left, right] = [one?.seconds ?? 0n, other?.seconds ?? 0n];
  return left === right ? (one?.nanos ?? 0) < (other?.nanos ?? 0) : left < right;
}
