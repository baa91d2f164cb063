import { type Command, type CommandContext, UsageError } from './command.ts';
import { connectionFlags, readConnection } from './connection-flags.ts';
import { filterFlags } from './filter-flag-table.ts';
import { FlowOutput } from './flow-output.ts';
import type { FlagValues } from './flags.ts';
import { describeFilters, readFilters, readFlowsRequest, requestFlags } from './observe-request.ts';
import { outputFlags, readOutput } from './output-flags.ts';
import { selectionFlags } from './selection-flags.ts';
import { openServer } from './reach-server.ts';
import { callFailure } from './server-channel.ts';
import { openFlows } from '../rpc/flows-session.ts';
import type { GetFlowsRequest } from '../wire/gen/observer.ts';
import { ObserverService } from '../wire/services.ts';

/** `hubtop observe [flows|agent-events|debug-events]`. */
export const observe: Command = {
  usage: 'observe [flows|agent-events|debug-events] [flags]',
  summary: 'Print flows, from a relay or an agent, as hubble does',
  flags: [...selectionFlags, ...filterFlags, ...requestFlags, ...outputFlags, ...connectionFlags],
  usageExitCode: 1,
  maxPositionals: 1,
  async run(values, [what = 'flows'], context) {
    if (what === 'flows' || what === 'flow') return observeFlows(values, context);
    if (what === 'agent-events' || what === 'debug-events') {
      const { observeEvents } = await import('./observe-events.ts');
      return observeEvents(what, values, context);
    }
    throw new UsageError(`unknown command "${what}" for "hubtop observe"`);
  },
};

async function observeFlows(values: FlagValues, context: CommandContext): Promise<number> {
  if (values.bool('print-raw-filters')) {
    await context.print(describeFilters(readFilters(values, context.env)));
    return 0;
  }
  const settings = readConnection(values, context.env);
  const output = readOutput(values, context, settings.isDebug);
  const request = readFlowsRequest(values, context, { nowNs: BigInt(Date.now()) * 1_000_000n, output });
  const printer = new FlowOutput(output, context);
  const file = values.text('input-file') ?? '';
  if (file !== '' && values.bool('port-forward')) throw new UsageError('cannot set both --input-file and --port-forward');
  if (file !== '') {
    const { printFlowFile } = await import('./input-file.ts');
    await printFlowFile(file, request, printer, context);
  } else {
    await streamFlows(request, printer, { context, settings });
  }
  await printer.finish();
  return 0;
}

/** Runs GetFlows until it ends or the user has enough; a slow stdout slows the server, never fills memory. */
async function streamFlows(request: GetFlowsRequest, printer: FlowOutput, options: { context: CommandContext; settings: ReturnType<typeof readConnection> }): Promise<void> {
  const { signal } = options.context;
  const { channel, close } = await openServer(options.settings, options.context);
  let written: Promise<void> = Promise.resolve();
  try {
    const call = await openFlows(channel, ObserverService.GetFlows, request, {
      signal,
      onBatch: (frames) => {
        call.pause();
        written = printer.printFrames(frames).then(() => { call.resume(); });
      },
    });
    await call.done;
  } catch (error) {
    const failure = callFailure(error, '');
    if (failure !== undefined && !signal.aborted) throw failure;
  } finally {
    await written;
    await close();
  }
}
