import type { Channel, Method } from '../rpc/channel.ts';
import { sleep } from '../rpc/sleep.ts';
import { Code, rpcErrorText, toRpcError, type RpcError } from '../rpc/status.ts';
import { ObserverService } from '../wire/services.ts';
import type { NodesMessage } from './client-message.ts';

/** How often a server without telemetry is asked; a relay asks all its nodes for it. */
const ASK_MS = 10_000;
/** How long it may take: a relay waits for its slowest node. */
const ANSWER_MS = 8_000;

/** Asks a server for its nodes and its status until the signal; an agent alone has no list, and is asked for its status only. */
export async function watchNodes(channel: Channel, emit: (message: NodesMessage) => void, { signal, askMs = ASK_MS }: { signal: AbortSignal; askMs?: number }): Promise<void> {
  let hasList = true;
  while (!signal.aborted) {
    const [list, status] = await Promise.all([hasList ? ask(channel, ObserverService.GetNodes, signal) : undefined, ask(channel, ObserverService.ServerStatus, signal)]);
    if (signal.aborted) return;
    if (list?.error?.code === Code.UNIMPLEMENTED) hasList = false;
    const error = status.error ?? (hasList ? list?.error : undefined);
    emit({
      type: 'nodes',
      ...(list?.answer === undefined ? {} : { nodes: list.answer.nodes ?? [] }),
      ...(status.answer === undefined ? {} : { status: status.answer }),
      ...(error === undefined ? {} : { error: rpcErrorText(error) }),
    });
    await sleep(askMs, signal);
  }
}

async function ask<Response>(channel: Channel, method: Method<object, Response>, signal: AbortSignal): Promise<{ answer?: Response; error?: RpcError }> {
  try {
    return { answer: await channel.unary(method, {}, { signal, timeoutMs: ANSWER_MS }) };
  } catch (reason) {
    return { error: toRpcError(reason) };
  }
}
