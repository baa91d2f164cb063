import { type Channel, openChannel } from '../rpc/channel.ts';
import { Code, RpcError, rpcErrorText, toRpcError } from '../rpc/status.ts';
import { parseTarget } from '../rpc/target.ts';
import { CommandError } from './command.ts';
import type { ConnectionSettings } from './connection-flags.ts';

/** A channel by the user's settings; it connects with the first call. */
export function channelOf(settings: ConnectionSettings): Channel {
  return openChannel(parseTarget(settings.server), { tls: settings.tls, metadata: settings.metadata });
}

/** A failed call as one line that names what failed; a cancelled one is no failure (undefined). */
export function callFailure(error: unknown, what: string): CommandError | undefined {
  const reason = toRpcError(error);
  if (reason.code === Code.CANCELLED) return undefined;
  // a server that is not there is the network's story, not gRPC's: its own words name the address
  const text = isUnreachable(reason) ? reason.message : rpcErrorText(reason);
  return new CommandError(what === '' ? text : `${what}: ${text}`, { cause: error });
}

function isUnreachable(error: RpcError): boolean {
  return error.code === Code.UNAVAILABLE && error.cause !== undefined;
}
