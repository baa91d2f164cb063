import { once } from 'node:events';
import { type Binding, frameStream, serverStream, unary } from '../../src/rpc/binding.ts';
import { healthService } from '../../src/rpc/health.ts';
import { reflectionService } from '../../src/rpc/reflection.ts';
import { Code, RpcError } from '../../src/rpc/status.ts';
import { HUBBLE_COMPAT_VERSION } from '../../src/lib/version.ts';
import type { ServerStatusResponse } from '../../src/wire/gen/observer.ts';
import { OBSERVER_HEALTH_NAME, ObserverService, PeerService, TelemetryService } from '../../src/wire/services.ts';
import { HistoryReader } from '../history/history.ts';
import type { AgentEvents } from './agent-events.ts';
import type { FlowRate } from './flow-rate.ts';
import { type FlowStreamSource, streamFlows } from './flow-stream.ts';
import type { NamespacesSeen } from './namespaces-seen.ts';
import type { PeerList } from './peer-list.ts';
import type { TelemetryHub } from './telemetry-hub.ts';

/** Everything the services of one agent answer from. */
export interface ServedNode {
  flows: FlowStreamSource;
  events: AgentEvents;
  namespaces: Pick<NamespacesSeen, 'list'>;
  peers: PeerList;
  telemetry: TelemetryHub;
  rate: FlowRate;
  startedNs: bigint;
}

/** All services of an agent: Observer, Peer, Telemetry, health and reflection. */
export function agentBindings(node: ServedNode): Binding[] {
  const bindings = [
    frameStream(ObserverService.GetFlows, (request, out, signal) => streamFlows(node.flows, request, out, signal)),
    serverStream(ObserverService.GetAgentEvents, (request, out, signal) => node.events.stream(request, out, signal)),
    // We have no debug events; who follows them waits, as on a quiet Hubble.
    serverStream(ObserverService.GetDebugEvents, async ({ follow }, _out, signal) => { if (follow === true && !signal.aborted) await once(signal, 'abort'); }),
    unary(ObserverService.GetNodes, () => { throw new RpcError(Code.UNIMPLEMENTED, 'GetNodes not implemented'); }),
    unary(ObserverService.GetNamespaces, () => ({ namespaces: node.namespaces.list() })),
    unary(ObserverService.ServerStatus, () => serverStatus(node)),
    serverStream(PeerService.Notify, (_request, out, signal) => node.peers.stream(out, signal)),
    frameStream(TelemetryService.Watch, (_request, out, signal) => node.telemetry.stream(out, signal)),
    ...healthService(['', OBSERVER_HEALTH_NAME], () => true),
  ];
  return [...bindings, ...reflectionService(bindings)];
}

function serverStatus(node: ServedNode): ServerStatusResponse {
  const reader = new HistoryReader(node.flows.history);
  const oldest = reader.oldest();
  const head = reader.head();
  const { whole } = node.flows;
  const wholeHead = whole.head();
  return {
    num_flows: BigInt(head - oldest + wholeHead - whole.oldest()),
    max_flows: BigInt(reader.capacity + (whole.isOpen ? whole.capacity : 0)),
    seen_flows: BigInt(head + wholeHead),
    uptime_ns: node.flows.wallNs() - node.startedNs,
    version: `cilium v${HUBBLE_COMPAT_VERSION}`,
    flows_rate: node.rate.perSecond(),
  };
}
