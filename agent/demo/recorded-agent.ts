import { HUBBLE_COMPAT_VERSION } from '../../src/lib/version.ts';
import { nodeNameHeader } from '../../src/rpc/metadata.ts';
import { serve, type RpcServer } from '../../src/rpc/serve.ts';
import { parseTarget } from '../../src/rpc/target.ts';
import type { Report } from '../../src/wire/gen/hubtop.ts';
import { timestampNs } from '../../src/wire/timestamp.ts';
import { EndpointVersions } from '../enrich/endpoint-versions.ts';
import { type RowContext, makeUuidPrefix } from '../enrich/row-context.ts';
import { HistoryWriter, allocateHistory } from '../history/history.ts';
import { WholeFlows } from '../history/whole-flows.ts';
import { AgentEvents } from '../server/agent-events.ts';
import { FlowRate } from '../server/flow-rate.ts';
import { GapList } from '../server/gap-list.ts';
import { agentBindings } from '../server/observer.ts';
import { DEFAULT_AGENT_PORT, PeerList } from '../server/peer-list.ts';
import { TelemetryHub } from '../server/telemetry-hub.ts';
import { threadTurns } from '../server/turns.ts';
import { WakeUp } from '../server/wake-up.ts';
import type { PlayedFlow } from './story/story-player.ts';

/** Ten minutes of a node of a story. */
const flowCapacity = 4_095;

/** An agent without a kernel: it serves what it is given, by the same services and rules as any other. */
export class RecordedAgent {
  private readonly whole = new WholeFlows(flowCapacity);
  /** No row ever comes, so all of them have come until now. */
  private readonly history = allocateHistory({ rows: 1 });
  private readonly rows = new HistoryWriter(this.history);
  private readonly gaps = new GapList();
  private readonly news = new WakeUp(() => {});
  private readonly telemetry = new TelemetryHub();
  private readonly rate = new FlowRate();
  private readonly namespaces = new Set<string>();
  private readonly peers: PeerList;
  private server: RpcServer | undefined;

  constructor(private readonly nodeName: string, private readonly startedNs: bigint) {
    this.peers = new PeerList(nodeName);
  }

  /** Serves on a free port of this machine; gives the address. */
  async start(wallNs: () => bigint): Promise<string> {
    const events = new AgentEvents(this.nodeName);
    events.started(this.startedNs);
    this.server = await serve({
      listen: ['127.0.0.1:0'],
      services: agentBindings({
        flows: {
          context: emptyContext(this.nodeName), history: this.history, whole: this.whole, gaps: this.gaps, news: this.news, turns: threadTurns, wallNs, onOvertaken: () => {},
        },
        events,
        namespaces: { list: () => [...this.namespaces].toSorted().map((namespace) => ({ namespace })) },
        peers: this.peers,
        telemetry: this.telemetry,
        rate: this.rate,
        startedNs: this.startedNs,
      }),
      headers: { 'hubble-server-version': HUBBLE_COMPAT_VERSION, [nodeNameHeader]: this.nodeName },
    });
    const address = this.server.addresses[0] ?? '';
    const target = parseTarget(address);
    this.peers.listening(address, target.kind === 'tcp' ? target.port : DEFAULT_AGENT_PORT);
    return address;
  }

  /** What happened until `untilNs`, in the order of time. */
  feed(flows: readonly PlayedFlow[], untilNs: bigint): void {
    for (const { response, extension } of flows) {
      const { flow, lost_events: lost } = response;
      if (flow !== undefined) {
        this.whole.add(flow, extension);
        for (const end of [flow.source, flow.destination]) if (end?.namespace !== undefined) this.namespaces.add(end.namespace);
      }
      if (lost !== undefined) {
        this.gaps.add([{ cpu: lost.cpu?.value ?? 0, lane: 1, count: Number(lost.num_events_lost ?? 0n), firstNs: timestampNs(lost.first), lastNs: timestampNs(lost.last) }]);
      }
    }
    this.whole.complete(untilNs);
    this.rows.setWatermark(untilNs);
    this.news.ring();
  }

  /** The report of a second that is over. */
  publish(report: Report): void {
    this.rate.second(this.whole.head());
    this.telemetry.publish(report);
  }

  async close(): Promise<void> {
    await this.server?.close();
  }
}

/** Nothing here has to be named: flows come with their names. */
function emptyContext(nodeName: string): RowContext {
  return {
    nodeName, nodeLabels: [], versions: new EndpointVersions(nodeName), emitterVersion: HUBBLE_COMPAT_VERSION, uuidPrefix: makeUuidPrefix(nodeName, ''),
    deviceName: () => '', dropReasonName: () => ({ name: '', subsystem: '' }), service: () => undefined, serviceOf: () => undefined, hasServices: () => false,
  };
}
