import { openChannel } from '../../src/rpc/channel.ts';
import { parseTarget } from '../../src/rpc/target.ts';
import { ObserverService } from '../../src/wire/services.ts';
import { LabError } from './run-tool.ts';

const pollMs = 50;

/** What a server says of itself. */
export interface ServerFigures {
  seenFlows: number;
  connectedNodes: number;
}

/** Asks once; undefined where nobody answers yet. */
export async function askStatus(address: string): Promise<ServerFigures | undefined> {
  const channel = openChannel(parseTarget(address));
  try {
    const status = await channel.unary(ObserverService.ServerStatus, {});
    return { seenFlows: Number(status.seen_flows ?? 0), connectedNodes: status.num_connected_nodes?.value ?? 0 };
  } catch {
    return undefined;
  } finally {
    channel.close();
  }
}

/** What to wait for, and when to give up: `check` may throw. */
export interface WaitOptions {
  what: string;
  seconds: number;
  isGood: (figures: ServerFigures) => boolean;
  check: () => void;
  signal: AbortSignal | undefined;
}

/** Asks until the answer is good. */
export async function waitForStatus(address: string, options: WaitOptions): Promise<void> {
  const deadlineMs = Date.now() + options.seconds * 1000;
  for (;;) {
    if (options.signal?.aborted === true) throw new LabError('the lab was stopped before it was ready');
    options.check();
    const figures = await askStatus(address);
    if (figures !== undefined && options.isGood(figures)) return;
    if (Date.now() > deadlineMs) throw new LabError(`${options.what} at ${address}: not within ${options.seconds} s`);
    await new Promise((resolve) => { setTimeout(resolve, pollMs); });
  }
}
