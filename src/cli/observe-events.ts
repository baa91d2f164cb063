import { EventPrinter } from '../flow/event-text.ts';
import { type GetAgentEventsResponse, GetAgentEventsResponseCodec, type GetDebugEventsResponse, GetDebugEventsResponseCodec } from '../wire/gen/observer.ts';
import { toJson } from '../wire/json.ts';
import { ObserverService } from '../wire/services.ts';
import type { CommandContext } from './command.ts';
import { readConnection } from './connection-flags.ts';
import type { FlagValues } from './flags.ts';
import { readOutput } from './output-flags.ts';
import { readSelection } from './selection-flags.ts';
import { openServer } from './reach-server.ts';
import { callFailure } from './server-channel.ts';

/** `hubtop observe agent-events` and `debug-events`: a node's own socket answers them, a relay does not. */
export async function observeEvents(what: 'agent-events' | 'debug-events', values: FlagValues, context: CommandContext): Promise<number> {
  const settings = readConnection(values, context.env);
  const output = readOutput(values, context, settings.isDebug);
  const request = readSelection(values, { nowNs: BigInt(Date.now()) * 1_000_000n, isFromFile: false, isEvents: true });
  const printer = output.format === 'json' ? undefined : new EventPrinter(output.format, output.text);
  const agentText = (event: GetAgentEventsResponse): string => printer?.printAgentEvent(event) ?? `${toJson(GetAgentEventsResponseCodec, event)}\n`;
  const debugText = (event: GetDebugEventsResponse): string => printer?.printDebugEvent(event) ?? `${toJson(GetDebugEventsResponseCodec, event)}\n`;
  const { channel, close } = await openServer(settings, context);
  const options = { signal: context.signal };
  try {
    if (what === 'agent-events') for await (const event of channel.stream(ObserverService.GetAgentEvents, request, options)) await context.print(agentText(event));
    else for await (const event of channel.stream(ObserverService.GetDebugEvents, request, options)) await context.print(debugText(event));
  } catch (error) {
    const failure = callFailure(error, '');
    if (failure !== undefined && !context.signal.aborted) throw failure;
  } finally {
    await close();
  }
  const rest = printer?.finish() ?? '';
  if (rest !== '') await context.print(rest);
  return 0;
}
