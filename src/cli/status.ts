import { statusText, type StatusFormat } from '../flow/status-text.ts';
import { ServerStatusResponseCodec } from '../wire/gen/observer.ts';
import { toJson } from '../wire/json.ts';
import { HealthService, OBSERVER_HEALTH_NAME, ObserverService } from '../wire/services.ts';
import { type Command, CommandError, UsageError } from './command.ts';
import { connectionFlags, readConnection } from './connection-flags.ts';
import { openServer } from './reach-server.ts';
import { callFailure } from './server-channel.ts';

/** grpc.health.v1: the service takes requests. */
const serving = 1;

/** `hubtop status`. */
export const status: Command = {
  usage: 'status [flags]',
  summary: 'Is the server well, and how much has it seen',
  flags: [{ name: 'output', short: 'o', kind: 'text', value: 'FORMAT', help: 'compact (default), dict, table, json' }, ...connectionFlags],
  usageExitCode: 1,
  maxPositionals: 0,
  async run(values, _positionals, context) {
    const settings = readConnection(values, context.env);
    const format = parseFormat(values.text('output') ?? 'compact');
    const { channel, server, close } = await openServer(settings, context);
    const options = { timeoutMs: settings.requestTimeoutMs, signal: context.signal };
    try {
      const health = await channel.unary(HealthService.Check, { service: OBSERVER_HEALTH_NAME }, options);
      const isServing = health.status === serving;
      if (format === 'compact') await context.print(`Healthcheck (via ${server}): ${isServing ? 'Ok' : 'Unavailable: NOT_SERVING'}\n`);
      if (!isServing) throw new CommandError('not healthy');
      const response = await channel.unary(ObserverService.ServerStatus, {}, options);
      await context.print(format === 'json' ? `${toJson(ServerStatusResponseCodec, response)}\n` : statusText(response, format));
      return 0;
    } catch (error) {
      if (error instanceof CommandError) throw error;
      const failure = callFailure(error, 'failed getting status');
      if (failure === undefined) return 0;
      throw failure;
    } finally {
      await close();
    }
  },
};

function parseFormat(name: string): StatusFormat | 'json' {
  if (name === 'compact' || name === 'dict' || name === 'json' || name === 'table') return name;
  if (name === 'tab') return 'table';
  throw new UsageError(`invalid output format: ${name}`);
}
