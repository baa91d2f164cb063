import type { RelayForward } from '../client/kube/relay-forward.ts';
import type { Channel } from '../rpc/channel.ts';
import { CommandError, type CommandContext } from './command.ts';
import type { ConnectionSettings } from './connection-flags.ts';
import { channelOf } from './server-channel.ts';

/** A server that can be connected to. */
export interface ReachedServer {
  /** With the address to connect to. */
  settings: ConnectionSettings;
  /** The way through kubectl; undefined where there is none. */
  forward: RelayForward | undefined;
  close(): Promise<void>;
}

/** Opens the way to the server that the settings name; throws a CommandError when kubectl cannot. */
export async function reachServer(settings: ConnectionSettings, context: Pick<CommandContext, 'signal'>): Promise<ReachedServer> {
  if (settings.portForward === undefined) return { settings, forward: undefined, close: () => Promise.resolve() };
  const { forwardRelay } = await import('../client/kube/relay-forward.ts');
  const { kube, localPort } = settings.portForward;
  try {
    const forward = await forwardRelay(kube, { localPort, signal: context.signal });
    return { settings: { ...settings, server: forward.address }, forward, close: () => forward.close() };
  } catch (cause) {
    // whoever ended it is owed no reason
    context.signal.throwIfAborted();
    const words = cause instanceof Error ? cause.message : String(cause);
    throw new CommandError(words.includes('unable to listen') ? `${words}: --port-forward-port 0 takes a free one` : words, { cause });
  }
}

/** A channel to the server that the settings name, which may be behind kubectl; close() ends both. */
export interface ServerChannel {
  channel: Channel;
  /** What people call the server by. */
  server: string;
  close(): Promise<void>;
}

/** Opens the way and a channel; it connects with the first call. Throws as reachServer. */
export async function openServer(settings: ConnectionSettings, context: Pick<CommandContext, 'signal'>): Promise<ServerChannel> {
  const reached = await reachServer(settings, context);
  const channel = channelOf(reached.settings);
  return {
    channel,
    server: reached.settings.server,
    close: () => {
      channel.close();
      return reached.close();
    },
  };
}
