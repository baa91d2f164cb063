import { nodeNameHeader } from '../src/rpc/metadata.ts';
import { serve, type RpcServer } from '../src/rpc/serve.ts';
import { parseTarget } from '../src/rpc/target.ts';
import type { ServerTls } from '../src/rpc/tls-files.ts';
import { HUBBLE_COMPAT_VERSION } from '../src/lib/version.ts';
import { type CatalogSnapshot, emptyCatalog } from './decode/facts.ts';
import type { PolicyMode } from './decode/kernel.ts';
import { startDrainThread } from './drain-worker.ts';
import { EndpointVersions } from './enrich/endpoint-versions.ts';
import { PolicyEngine, subjectName } from './enrich/policy-engine.ts';
import { type RowContext, ServiceLookup, makeUuidPrefix } from './enrich/row-context.ts';
import { ServiceNumbers } from './enrich/service-numbers.ts';
import { DEFAULT_HISTORY_CAPACITY, type HistorySize } from './history/history.ts';
import { WholeFlows } from './history/whole-flows.ts';
import { AgentEvents } from './server/agent-events.ts';
import { DrainHost, type DrainedNode, type KernelSource } from './server/drain-host.ts';
import { FlowRate } from './server/flow-rate.ts';
import { GapList } from './server/gap-list.ts';
import { NamespacesSeen } from './server/namespaces-seen.ts';
import { NameWatch } from './server/name-watch.ts';
import { NodeBeat, type OwnCost } from './server/node-beat.ts';
import { agentBindings } from './server/observer.ts';
import { DEFAULT_AGENT_PORT, PeerList } from './server/peer-list.ts';
import { RecordDoor } from './server/record-door.ts';
import { TelemetryHub } from './server/telemetry-hub.ts';
import { threadTurns } from './server/turns.ts';
import { WakeUp } from './server/wake-up.ts';

/** What an agent is made of. Whoever opened the kernel closes it, after the agent. */
export interface AgentOptions {
  nodeName: string;
  kernel: KernelSource;
  catalog?: CatalogSnapshot;
  /** What the datapath does with policies; default audit. */
  mode?: PolicyMode;
  /** Targets as src/rpc/target.ts reads them: `127.0.0.1:4244`, `unix:///run/hubtop.sock`. */
  listen: readonly string[];
  /** Flows kept; default: Hubble's number of them, whatever their age. */
  history?: HistorySize;
  /** A drain that several agents of this process share; without it the agent starts its own. */
  drain?: DrainHost;
  tls?: ServerTls;
  /** Allows plaintext on addresses that other machines reach. */
  insecure?: boolean;
  onWarning?: (line: string) => void;
}

/** A running agent. */
export interface Agent {
  /** Where it listens, with real ports, in the order of `listen`. */
  addresses: string[];
  /** Takes a new state of the catalog. */
  setCatalog(snapshot: CatalogSnapshot): void;
  /** Where records of applications come in. */
  records: RecordDoor;
  close(): Promise<void>;
}

/** Starts a drain that several agents may share; close() it after them. */
export function startDrain(): DrainHost {
  return new DrainHost(startDrainThread());
}

const wallNs = (): bigint => BigInt(Date.now()) * 1_000_000n;

/** Starts an agent: drains the kernel, names the ends, keeps the history, serves it. Rejects with one line when it cannot. */
export async function startAgent(options: AgentOptions): Promise<Agent> {
  const drain = options.drain ?? startDrain();
  const node = new AgentNode(options, drain);
  try {
    const { server, records } = await node.start();
    return {
      addresses: server.addresses,
      records,
      setCatalog: (snapshot) => { node.setCatalog(snapshot); },
      close: async () => {
        await server.close();
        await node.close();
        if (options.drain === undefined) drain.close();
      },
    };
  } catch (error) {
    await node.close();
    if (options.drain === undefined) drain.close();
    throw error;
  }
}

class AgentNode {
  private readonly startedNs = wallNs();
  private readonly versions: EndpointVersions;
  private readonly policies: PolicyEngine;
  private readonly events: AgentEvents;
  private readonly namespaces: NamespacesSeen;
  private readonly peers: PeerList;
  private readonly telemetry = new TelemetryHub();
  private readonly rate = new FlowRate();
  private readonly gaps = new GapList();
  private readonly whole = new WholeFlows();
  private readonly news = new WakeUp((isFollowed) => { this.drained?.follow(isFollowed); });
  private catalog: CatalogSnapshot = emptyCatalog;
  private services = new ServiceLookup(emptyCatalog);
  private readonly serviceNumbers = new ServiceNumbers();
  private devices: ReadonlyMap<number, string> = new Map();
  private drained: DrainedNode | undefined;
  private beat: NodeBeat | undefined;
  private readonly names: NameWatch;
  private overtaken = 0;
  private told: ReadonlySet<string> = new Set();
  private troubles: ReadonlySet<string> = new Set();

  constructor(private readonly options: AgentOptions, private readonly drain: DrainHost) {
    this.versions = new EndpointVersions(options.nodeName, options.history?.rows);
    this.policies = new PolicyEngine(this.versions, options.mode ?? 'audit');
    this.names = this.watchNames();
    this.events = new AgentEvents(options.nodeName);
    this.namespaces = new NamespacesSeen(this.versions);
    this.peers = new PeerList(options.nodeName);
  }

  async start(): Promise<{ server: RpcServer; records: RecordDoor }> {
    const { nodeName, kernel, history = { rows: DEFAULT_HISTORY_CAPACITY } } = this.options;
    this.events.started(this.startedNs);
    const drained = await this.drain.open(kernel, history, {
      onHead: () => { this.news.ring(); },
      onSecond: (gaps) => {
        this.gaps.add(gaps);
        if (gaps.length > 0) this.news.ring();
        this.names.second();
        this.beat?.run().catch((error: unknown) => { this.warn(`counters of ${nodeName}: ${String(error)}`); });
      },
    });
    this.drained = drained;
    this.policies.recallNames(drained.kernel.names?.all() ?? []);
    this.setCatalog(this.options.catalog ?? emptyCatalog);
    drained.kernel.onDnsMessage((message) => { this.names.take(message); });
    this.takeDevices(new Map(drained.kernel.attachedDevices().map(({ ifindex, name }) => [ifindex, name])));
    this.beat = this.makeBeat(drained);
    const context = this.rowContext(drained);
    const server = await serve({
      listen: this.options.listen,
      services: agentBindings({
        flows: {
          context,
          history: drained.history,
          whole: this.whole,
          gaps: this.gaps,
          news: this.news,
          turns: threadTurns,
          wallNs,
          onOvertaken: (count) => { this.overtaken += count; },
        },
        events: this.events,
        namespaces: this.namespaces,
        peers: this.peers,
        telemetry: this.telemetry,
        rate: this.rate,
        startedNs: this.startedNs,
      }),
      headers: { 'hubble-server-version': HUBBLE_COMPAT_VERSION, [nodeNameHeader]: nodeName },
      ...(this.options.tls === undefined ? {} : { tls: this.options.tls }),
      ...(this.options.insecure === undefined ? {} : { insecure: this.options.insecure }),
      onError: (error) => { this.warn(`call to the agent of ${nodeName}: ${error.message}`); },
    });
    this.announce(server.addresses);
    return { server, records: new RecordDoor(context, this.whole, this.news) };
  }

  /** The last good state stays where a part of the new one is broken: that is the catalog's own rule. */
  setCatalog(snapshot: CatalogSnapshot): void {
    const nowNs = wallNs();
    this.catalog = snapshot;
    this.services = new ServiceLookup(snapshot);
    const { upserts, removals, changes, policyChanges, warnings, tables } = this.policies.take(snapshot, nowNs);
    // policies first: they know whoever has an address now and whoever gets one next
    const refused = this.drained?.kernel.setPolicies(tables) ?? [];
    this.drained?.kernel.setAddresses(upserts, removals);
    this.events.policies(nowNs, policyChanges, (object) => this.policies.book.revisionOf(object) || this.policies.book.revision);
    this.tellPolicyTrouble(nowNs, [...warnings, ...refused.map(({ labels, reason }) => `policies of ${subjectName(this.versions, labels)}: ${reason}`)]);
    this.drained?.kernel.setServices(this.serviceNumbers.apply(snapshot));
    this.events.endpoints(changes);
    for (const warning of snapshot.warnings) {
      if (!this.told.has(warning)) this.events.broken(nowNs, warning);
    }
    this.told = new Set(snapshot.warnings);
    this.peers.update(snapshot.nodes);
  }

  private watchNames(): NameWatch {
    const { policies } = this;
    return new NameWatch({
      learn: (message, nowNs) => policies.learn(message, nowNs),
      forgetNames: (nowNs) => policies.forgetNames(nowNs),
      addAddresses: (rows) => { this.drained?.kernel.addAddresses(rows); },
      keep: (rows) => { this.drained?.kernel.names?.add(rows); },
      keepAll: () => { this.drained?.kernel.names?.set(policies.knownNames()); },
      publish: () => { this.drained?.kernel.setAddresses([], []); },
      renew: () => { this.setCatalog(this.catalog); },
      wallNs,
    });
  }

  private tellPolicyTrouble(nowNs: bigint, lines: readonly string[]): void {
    for (const line of lines) {
      if (this.troubles.has(line)) continue;
      this.events.broken(nowNs, line);
      this.warn(line);
    }
    this.troubles = new Set(lines);
  }

  async close(): Promise<void> {
    const { drained } = this;
    this.drained = undefined;
    await drained?.close();
  }

  private rowContext(drained: DrainedNode): RowContext {
    // Read on each use: catalog and devices change under running streams.
    const labels = (): readonly string[] => this.catalog.nodes.find((fact) => fact.name === this.options.nodeName)?.labels ?? [];
    return {
      nodeName: this.options.nodeName,
      get nodeLabels() { return labels(); },
      versions: this.versions,
      emitterVersion: HUBBLE_COMPAT_VERSION,
      uuidPrefix: makeUuidPrefix(this.options.nodeName, drained.kernel.bootId),
      deviceName: (ifindex) => this.devices.get(ifindex) ?? '',
      dropReasonName: (reason) => drained.kernel.dropReasonName(reason),
      service: (ip, port) => this.services.get(ip, port),
      serviceOf: (number) => this.serviceNumbers.get(number),
      policies: this.policies,
      judgeDrop: this.policies.judgeDrop,
      hasServices: () => !this.services.isEmpty,
    };
  }

  private makeBeat(drained: DrainedNode): NodeBeat {
    return new NodeBeat({
      nodeName: this.options.nodeName,
      startedNs: this.startedNs,
      kernel: drained.kernel,
      measure: () => drained.measure(),
      history: drained.history,
      whole: this.whole,
      versions: this.versions,
      policies: this.policies,
      events: this.events,
      namespaces: this.namespaces,
      telemetry: this.telemetry,
      rate: this.rate,
      wallNs,
      ownCost: () => this.ownCost(),
      overtaken: () => this.overtaken,
      onDevices: (devices) => { this.takeDevices(devices); },
    });
  }

  private takeDevices(devices: ReadonlyMap<number, string>): void {
    this.devices = devices;
  }

  /** The process is ours alone unless the drain is shared: then only a share of it. */
  private ownCost(): OwnCost {
    const rssBytes = process.memoryUsage.rss();
    if (this.options.drain !== undefined) {
      const share = Math.max(1, this.drain.nodeCount);
      return { cpuNs: Math.round(this.drain.busyNs / share), rssBytes: Math.round(rssBytes / share) };
    }
    const { user, system } = process.cpuUsage();
    return { cpuNs: (user + system) * 1000, rssBytes };
  }

  private announce(addresses: readonly string[]): void {
    const targets = addresses.map((address) => parseTarget(address));
    const tcp = targets.find((target) => target.kind === 'tcp');
    const own = this.catalog.nodes.find((fact) => fact.name === this.options.nodeName)?.ips[0];
    const host = tcp === undefined || ['', '::', '0.0.0.0'].includes(tcp.host) ? own : tcp.host;
    const port = tcp?.port ?? DEFAULT_AGENT_PORT;
    const isIpv6 = host?.includes(':') === true;
    this.peers.listening(host === undefined ? (addresses[0] ?? '') : `${isIpv6 ? `[${host}]` : host}:${port}`, port);
  }

  private warn(line: string): void {
    this.options.onWarning?.(line);
  }
}
