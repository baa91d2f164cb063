import { enumName } from '../wire/codec.ts';
import { safe } from '../flow/text-pieces.ts';
import { ChangeNotificationTypeEnum } from '../wire/gen/peer.ts';
import { PeerService } from '../wire/services.ts';
import { type Command, UsageError } from './command.ts';
import { connectionFlags, readConnection } from './connection-flags.ts';
import { openServer } from './reach-server.ts';
import { callFailure } from './server-channel.ts';

/** `hubtop watch peers`. */
export const watch: Command = {
  usage: 'watch peers [flags]',
  summary: 'The nodes an agent knows, and every change',
  flags: connectionFlags,
  usageExitCode: 1,
  maxPositionals: 1,
  async run(values, [what = ''], context) {
    if (!['peers', 'peer', 'p'].includes(what)) throw new UsageError(what === '' ? 'what to watch? peers' : `unknown command "${what}" for "hubtop watch"`);
    const { channel, close } = await openServer(readConnection(values, context.env), context);
    try {
      for await (const { type, address = '', name = '', tls } of channel.stream(PeerService.Notify, {}, { signal: context.signal })) {
        const serverName = tls?.server_name ?? '';
        const suffix = serverName === '' ? '' : ` (TLS.ServerName: ${safe(serverName)})`;
        await context.print(`${enumName(ChangeNotificationTypeEnum, type).padEnd(12)} ${safe(address)} ${safe(name)}${suffix}\n`);
      }
      return 0;
    } catch (error) {
      const failure = callFailure(error, '');
      if (failure === undefined || context.signal.aborted) return 0;
      throw failure;
    } finally {
      await close();
    }
  },
};
