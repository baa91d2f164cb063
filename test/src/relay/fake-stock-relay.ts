import type { FlowsOut } from '../../../src/rpc/batch-out.ts';
import { frameStream, unary, type Binding } from '../../../src/rpc/binding.ts';
import { healthService } from '../../../src/rpc/health.ts';
import { serve, type RpcServer } from '../../../src/rpc/serve.ts';
import { Code, RpcError } from '../../../src/rpc/status.ts';
import { compileFilters } from '../../../src/flow/filter.ts';
import type { FlowPredicate } from '../../../src/flow/flow-view.ts';
import { flowViewOf } from '../../../src/flow/view-of-flow.ts';
import { timestampMs, timestampOf } from '../../../src/model/time.ts';
import { frameOf } from '../../../src/wire/frame-splitter.ts';
import type { Flow } from '../../../src/wire/gen/flow.ts';
import { GetFlowsResponseCodec, type GetFlowsRequest, type GetFlowsResponse, type Node } from '../../../src/wire/gen/observer.ts';
import { NodeState } from '../../../src/wire/gen/relay.ts';
import { OBSERVER_HEALTH_NAME, ObserverService } from '../../../src/wire/services.ts';

/** A node behind the relay: an agent of Cilium with its ring. */
export interface StockNode {
  name: string;
  address: string;
  version: string;
  startedMs: number;
  state: keyof typeof NodeState;
  isTls: boolean;
  maxFlows: number;
  seen: number;
  ring: Flow[];
}

interface Follower {
  out: FlowsOut;
  passes: FlowPredicate;
}

/**
 * A hubble-relay of Cilium 1.19 with the agents behind it, as its clients see them: Observer without telemetry, extensions or watermarks.
 * A flow sent goes into its node's ring and to the followers whose filters it passes. Not copied: the 1 s sort window.
 */
export class FakeStockRelay {
  readonly requests: GetFlowsRequest[] = [];
  readonly nodes = new Map<string, StockNode>();
  private readonly followers = new Set<Follower>();
  private server: RpcServer | undefined;

  /** `name` is the relay's own host name. */
  constructor(nodes: readonly string[], readonly name = 'hubble-relay-7c9d') {
    for (const node of nodes) this.addNode(node);
  }

  get address(): string {
    return this.server?.addresses[0] ?? '';
  }

  get followerCount(): number {
    return this.followers.size;
  }

  async start(listen = '127.0.0.1:0'): Promise<this> {
    this.server = await serve({ listen: [listen], services: this.services(), headers: { 'hubble-relay-version': '1.19.4' } });
    return this;
  }

  async stop(): Promise<void> {
    await this.server?.close();
  }

  addNode(name: string, more: Partial<StockNode> = {}): StockNode {
    const node: StockNode = {
      name, address: `192.0.2.${this.nodes.size + 1}:4244`, version: 'cilium v1.19.4+gabc123', startedMs: Date.now() - 3_600_000, state: 'NODE_CONNECTED',
      isTls: true, maxFlows: 4_095, seen: 0, ring: [], ...more,
    };
    this.nodes.set(name, node);
    return node;
  }

  /** The agent starts again: its ring is empty, its counts begin anew, and followers hear that its stream broke. */
  restartNode(name: string): void {
    const node = this.nodes.get(name);
    if (node === undefined) return;
    Object.assign(node, { startedMs: Date.now(), seen: 0, ring: [] });
    this.tell('NODE_ERROR', [name], 'rpc error: code = Unavailable desc = error reading from server: EOF');
  }

  /** Whether the relay reaches a node; followers hear of one that broke, but not of one that came back. */
  setState(name: string, state: StockNode['state'], message = ''): void {
    const node = this.nodes.get(name);
    if (node === undefined) return;
    node.state = state;
    if (state !== 'NODE_CONNECTED') this.tell('NODE_ERROR', [name], message);
  }

  send(...flows: Flow[]): void {
    for (const given of flows) {
      const { extensions: _ours, ...flow } = given;
      const node = this.nodes.get(flow.node_name ?? '');
      if (node !== undefined) {
        if (node.state !== 'NODE_CONNECTED') continue;
        node.seen++;
        node.ring.push(flow);
        if (node.ring.length > node.maxFlows) node.ring.shift();
      }
      const view = flowViewOf(flow);
      const frame = responseFrame({ flow, node_name: flow.node_name, time: flow.time });
      for (const { out, passes } of this.followers) if (passes(view)) out.write(frame);
    }
  }

  /** A loss as the node tells it: filters do not hold it back. Sources as LostEventSource: 1 perf ring, 2 queue, 3 Hubble's ring. */
  lose(node: string, source: 1 | 2 | 3, count: number): void {
    const now = timestampOf(Date.now());
    this.toAll({ lost_events: { source, num_events_lost: BigInt(count), ...(source === 3 ? {} : { cpu: { value: 0 } }), first: now, last: now }, node_name: node, time: now });
  }

  private tell(state: keyof typeof NodeState, nodes: string[], message: string): void {
    this.toAll(this.status(state, nodes, message));
  }

  private toAll(response: GetFlowsResponse): void {
    const frame = responseFrame(response);
    for (const { out } of this.followers) out.write(frame);
  }

  private status(state: keyof typeof NodeState, nodes: string[], message = ''): GetFlowsResponse {
    return { node_status: { state_change: NodeState[state], node_names: nodes, ...(message === '' ? {} : { message }) }, node_name: this.name, time: timestampOf(Date.now()) };
  }

  private named(isReached: boolean): string[] {
    return [...this.nodes.values()].filter(({ state }) => (state === 'NODE_CONNECTED') === isReached).map(({ name }) => name);
  }

  private async getFlows(request: GetFlowsRequest, out: FlowsOut, signal: AbortSignal): Promise<void> {
    this.requests.push(request);
    const filters = compileFilters(request);
    const [reached, missed] = [this.named(true), this.named(false)];
    if (reached.length > 0) out.write(responseFrame(this.status('NODE_CONNECTED', reached)));
    if (missed.length > 0) out.write(responseFrame(this.status('NODE_UNAVAILABLE', missed)));
    // an agent refuses a bad filter, and the relay tells it of each node
    if (!filters.ok) return void out.write(responseFrame(this.status('NODE_ERROR', reached, filters.error)));
    const history = reached.flatMap((name) => historyOf(this.nodes.get(name)?.ring ?? [], request, filters.matches));
    for (const flow of history.toSorted((one, other) => timestampMs(one.time) - timestampMs(other.time))) out.write(responseFrame({ flow, node_name: flow.node_name, time: flow.time }));
    if (request.follow !== true || reached.length === 0) return;
    const follower: Follower = { out, passes: filters.matches };
    this.followers.add(follower);
    await new Promise<void>((resolve) => { signal.addEventListener('abort', () => { resolve(); }); });
    this.followers.delete(follower);
  }

  private listed(): Node[] {
    const nowMs = Date.now();
    return [...this.nodes.values()].map((node): Node => {
      const known = { name: node.name, address: node.address, state: NodeState[node.state], tls: { enabled: node.isTls, ...(node.isTls ? { server_name: `${node.name}.default.hubble-grpc.cilium.io` } : {}) } };
      if (node.state !== 'NODE_CONNECTED') return known;
      return { ...known, version: node.version, uptime_ns: BigInt(nowMs - node.startedMs) * 1_000_000n, num_flows: BigInt(node.ring.length), max_flows: BigInt(node.maxFlows), seen_flows: BigInt(node.seen) };
    });
  }

  private services(): Binding[] {
    const notYet = (path: string, message: string): Binding => ({ path, kind: 'stream', run: () => Promise.reject(new RpcError(Code.UNIMPLEMENTED, message)) });
    return [
      frameStream(ObserverService.GetFlows, (request, out, signal) => this.getFlows(request, out, signal)),
      unary(ObserverService.GetNodes, () => ({ nodes: this.listed() })),
      unary(ObserverService.ServerStatus, () => {
        const reached = this.listed().filter(({ state }) => state === NodeState.NODE_CONNECTED);
        const sum = (pick: (node: Node) => bigint | undefined): bigint => reached.reduce((total, node) => total + (pick(node) ?? 0n), 0n);
        const minuteAgo = Date.now() - 60_000;
        return {
          num_flows: sum((node) => node.num_flows), max_flows: sum((node) => node.max_flows), seen_flows: sum((node) => node.seen_flows),
          uptime_ns: reached.reduce((most, { uptime_ns = 0n }) => (uptime_ns > most ? uptime_ns : most), 0n), version: 'hubble-relay v1.19.4',
          flows_rate: [...this.nodes.values()].reduce((total, { ring }) => total + ring.filter(({ time }) => timestampMs(time) > minuteAgo).length / 60, 0),
          num_connected_nodes: { value: reached.length }, num_unavailable_nodes: { value: this.nodes.size - reached.length }, unavailable_nodes: this.named(false).slice(0, 10),
        };
      }),
      unary(ObserverService.GetNamespaces, () => ({ namespaces: [] })),
      notYet(ObserverService.GetAgentEvents.path, 'GetAgentEvents not yet implemented'),
      notYet(ObserverService.GetDebugEvents.path, 'GetDebugEvents not yet implemented'),
      ...healthService(['', OBSERVER_HEALTH_NAME], () => true),
    ];
  }
}

// per node, as the relay passes the request on: all since a time, or the newest so many
function historyOf(ring: readonly Flow[], request: GetFlowsRequest, passes: FlowPredicate): Flow[] {
  const found = ring.filter((flow) => passes(flowViewOf(flow)));
  if (request.since !== undefined) return found.filter(({ time }) => timestampMs(time) >= timestampMs(request.since));
  const number = Number(request.number ?? 0n);
  if (number > 0) return found.slice(-number);
  return request.follow === true ? [] : found;
}

function responseFrame(response: GetFlowsResponse): Uint8Array {
  return frameOf(GetFlowsResponseCodec.encode(response));
}
