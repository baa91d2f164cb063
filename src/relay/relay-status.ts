import { HUBBLE_COMPAT_VERSION } from '../lib/version.ts';
import { unary, type Binding, type CallInfo } from '../rpc/binding.ts';
import { Code, RpcError } from '../rpc/status.ts';
import type { GetNodesResponse, Namespace, Node, ServerStatusResponse } from '../wire/gen/observer.ts';
import { NodeState } from '../wire/gen/relay.ts';
import { ObserverService } from '../wire/services.ts';
import type { Peer } from './peer-pool.ts';

/** Names of unreachable nodes a status lists, as Hubble's relay. */
const maxUnavailableNames = 10;
const maxUint64 = 2n ** 64n - 1n;
/** How long one node may take to answer for the others not to wait. */
const peerTimeoutMs = 4_000;

/** ServerStatus, GetNodes, GetNamespaces, and the two event streams that a relay does not serve. */
export function statusService(peers: () => readonly Peer[]): Binding[] {
  return [
    unary(ObserverService.ServerStatus, (_request, signal, info) => serverStatus(peers(), signal, info)),
    unary(ObserverService.GetNodes, (_request, signal, info) => nodes(peers(), signal, info)),
    unary(ObserverService.GetNamespaces, (_request, signal, info) => namespaces(peers(), signal, info)),
    refused(ObserverService.GetAgentEvents, 'GetAgentEvents not yet implemented'),
    refused(ObserverService.GetDebugEvents, 'GetDebugEvents not yet implemented'),
  ];
}

function refused(method: { path: string }, message: string): Binding {
  return { path: method.path, kind: 'stream', run: () => Promise.reject(new RpcError(Code.UNIMPLEMENTED, message)) };
}

/** Asks every available peer at once; a failure is a value. */
function askAll<Answer>(peers: readonly Peer[], ask: (peer: Peer) => Promise<Answer>): Promise<{ peer: Peer; answer?: Answer }[]> {
  return Promise.all(peers.map(async (peer) => {
    if (!peer.isAvailable) return { peer };
    try {
      return { peer, answer: await ask(peer) };
    } catch {
      return { peer };
    }
  }));
}

async function serverStatus(peers: readonly Peer[], signal: AbortSignal, info: CallInfo): Promise<ServerStatusResponse> {
  const answers = await askAll(peers, (peer) =>
    peer.channel.unary(ObserverService.ServerStatus, {}, { signal, timeoutMs: peerTimeoutMs, metadata: info.metadata }));
  const unavailable = answers.filter(({ answer }) => answer === undefined).map(({ peer }) => peer.name);
  const sum: Required<Pick<ServerStatusResponse, 'num_flows' | 'max_flows' | 'seen_flows' | 'uptime_ns' | 'flows_rate'>> =
    { num_flows: 0n, max_flows: 0n, seen_flows: 0n, uptime_ns: 0n, flows_rate: 0 };
  for (const { answer = {} } of answers) {
    sum.num_flows = saturated((sum.num_flows ?? 0n) + (answer.num_flows ?? 0n));
    sum.max_flows = saturated((sum.max_flows ?? 0n) + (answer.max_flows ?? 0n));
    sum.seen_flows = saturated((sum.seen_flows ?? 0n) + (answer.seen_flows ?? 0n));
    sum.flows_rate = (sum.flows_rate ?? 0) + (answer.flows_rate ?? 0);
    if ((answer.uptime_ns ?? 0n) > (sum.uptime_ns ?? 0n)) sum.uptime_ns = answer.uptime_ns ?? 0n;
  }
  return {
    ...sum,
    num_connected_nodes: { value: peers.length - unavailable.length },
    num_unavailable_nodes: { value: unavailable.length },
    unavailable_nodes: unavailable.slice(0, maxUnavailableNames),
    version: `hubble-relay v${HUBBLE_COMPAT_VERSION}`,
  };
}

/** What the wire can carry: one node's nonsense must not take the answer from the others. */
function saturated(sum: bigint): bigint {
  return sum > maxUint64 ? maxUint64 : sum;
}

async function nodes(peers: readonly Peer[], signal: AbortSignal, info: CallInfo): Promise<GetNodesResponse> {
  const answers = await askAll(peers, (peer) =>
    peer.channel.unary(ObserverService.ServerStatus, {}, { signal, timeoutMs: peerTimeoutMs, metadata: info.metadata }));
  return {
    nodes: answers.map(({ peer, answer }): Node => {
      const isTls = peer.tlsServerName !== undefined || (peer.channel.target.kind === 'tcp' && peer.channel.target.tls);
      const known = { name: peer.name, address: peer.address, tls: { enabled: isTls, ...(peer.tlsServerName ? { server_name: peer.tlsServerName } : {}) } };
      if (!peer.isAvailable) return { ...known, state: NodeState.NODE_UNAVAILABLE };
      if (answer === undefined) return { ...known, state: NodeState.NODE_ERROR };
      return {
        ...known, state: NodeState.NODE_CONNECTED, version: answer.version, uptime_ns: answer.uptime_ns,
        num_flows: answer.num_flows, max_flows: answer.max_flows, seen_flows: answer.seen_flows,
      };
    }),
  };
}

async function namespaces(peers: readonly Peer[], signal: AbortSignal, info: CallInfo): Promise<{ namespaces: Namespace[] }> {
  const answers = await askAll(peers, (peer) =>
    peer.channel.unary(ObserverService.GetNamespaces, {}, { signal, timeoutMs: peerTimeoutMs, metadata: info.metadata }));
  const union = new Map<string, Namespace>();
  for (const { answer } of answers) {
    for (const entry of answer?.namespaces ?? []) union.set(`${entry.cluster ?? ''}\n${entry.namespace ?? ''}`, entry);
  }
  return { namespaces: [...union].toSorted(([one], [other]) => (one < other ? -1 : 1)).map(([, entry]) => entry) };
}
