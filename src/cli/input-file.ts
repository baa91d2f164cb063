import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { compileFilters } from '../flow/filter.ts';
import { flowViewOf } from '../flow/view-of-flow.ts';
import { FlowCodec } from '../wire/gen/flow.ts';
import type { Timestamp } from '../wire/gen/google.ts';
import { type GetFlowsRequest, type GetFlowsResponse, GetFlowsResponseCodec } from '../wire/gen/observer.ts';
import { fromJson } from '../wire/json.ts';
import { CommandError, type CommandContext, UsageError } from './command.ts';
import type { FlowOutput } from './flow-output.ts';

/** Most that --last keeps in memory. */
const maxLast = 1_000_000n;
/** A longer line is no flow. */
const maxLineLength = 1 << 20;

/** Prints the flows of a file of JSON lines, chosen by the same request a server would get; the order is the file's. */
export async function printFlowFile(path: string, request: GetFlowsRequest, output: FlowOutput, context: CommandContext): Promise<void> {
  const filters = compileFilters(request);
  if (!filters.ok) throw new UsageError(filters.error);
  const number = request.number ?? 0n;
  const isLast = number > 0n && request.first !== true && number <= maxLast;
  const kept: GetFlowsResponse[] = [];
  let printed = 0n;
  for await (const response of readResponses(path, context)) {
    if (response.flow !== undefined && !filters.matches(flowViewOf(response.flow))) continue;
    if (isOutside(response.time ?? response.flow?.time, request)) continue;
    if (isLast) {
      kept.push(response);
      if (kept.length > Number(number)) kept.shift();
      continue;
    }
    await output.print(response);
    printed += 1n;
    if (request.first === true && printed >= number) break;
  }
  for (const response of kept) await output.print(response);
}

function isOutside(time: Timestamp | undefined, { since, until }: GetFlowsRequest): boolean {
  return (since !== undefined && isBefore(time, since)) || (until !== undefined && isBefore(until, time));
}

function isBefore(one: Timestamp | undefined, other: Timestamp | undefined): boolean {
  const [left, right] = [one?.seconds ?? 0n, other?.seconds ?? 0n];
  return left === right ? (one?.nanos ?? 0) < (other?.nanos ?? 0) : left < right;
}

/**
 * Lines that are no flow are named on stderr and skipped; bare flows of the legacy format are taken too. What a newer
 * server knows and we do not is said once, and left out.
 */
async function* readResponses(path: string, { signal, printError }: CommandContext): AsyncGenerator<GetFlowsResponse> {
  const input = path === '-' ? process.stdin : createReadStream(path);
  let number = 0;
  let isTolerant = false;
  try {
    for await (const line of createInterface({ input, crlfDelay: Infinity })) {
      if (signal.aborted) return;
      number += 1;
      if (line.trim() === '') continue;
      const isLine = line.length <= maxLineLength;
      const known = isLine && !isTolerant ? parseLine(line, false) : undefined;
      const response = known ?? (isLine ? parseLine(line, true) : undefined);
      if (known === undefined && response !== undefined && !isTolerant) {
        isTolerant = true;
        printError(`hubtop: ${path}:${number}: fields or values that are not known here are left out`);
      }
      if (response === undefined) printError(`hubtop: ${path}:${number}: not a flow in JSON, skipped`);
      else yield response;
    }
  } catch (error) {
    throw new CommandError(`cannot read ${path}: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  } finally {
    if (input !== process.stdin) input.destroy();
  }
}

function parseLine(line: string, ignoreUnknown: boolean): GetFlowsResponse | undefined {
  const response = fromJson(GetFlowsResponseCodec, line, { ignoreUnknown });
  if (response.ok && (response.value.flow ?? response.value.lost_events ?? response.value.node_status) !== undefined) return response.value;
  const flow = fromJson(FlowCodec, line, { ignoreUnknown });
  if (!flow.ok || flow.value.time === undefined) return undefined;
  // other events have a time and a node as well
  if (ignoreUnknown && (flow.value.verdict ?? flow.value.IP ?? flow.value.Type) === undefined) return undefined;
  return { flow: flow.value, time: flow.value.time, node_name: flow.value.node_name };
}
