import type { Flow, Policy } from '../../../src/wire/gen/flow.ts';
import { LostEventSource } from '../../../src/wire/gen/flow.ts';
import type { Change, FlowExtension, PolicyFact, Report } from '../../../src/wire/gen/hubtop.ts';
import type { GetFlowsResponse } from '../../../src/wire/gen/observer.ts';
import { HUBBLE_COMPAT_VERSION } from '../../../src/lib/version.ts';
import { timestampOf } from '../../../src/wire/timestamp.ts';
import { makeUuidPrefix } from '../../enrich/row-context.ts';
import { mixSeed, seededRandom } from '../../sim/random.ts';
import { healthySecond } from './healthy.ts';
import type { HealthyRow } from './healthy-rows.ts';
import { policyFacts } from './healthy-policies.ts';
import { calmGauges, type NodeGauges } from './node-gauges.ts';
import { NodeBook } from './node-book.ts';
import type { Scene, StoryChange, UnseenEvents } from './scene.ts';
import { incidentSecond, type Story, storyNodes } from './story.ts';
import { StoryCluster } from './story-cluster.ts';
import type { StoryFlow, StoryVolume } from './story-flow.ts';

/** What a GetFlows stream of the node carries, and beside it what only those get who ask for it. */
export interface PlayedFlow {
  response: GetFlowsResponse;
  extension: FlowExtension | undefined;
}

/** One second of one node: its flows in the order of time, and the report that closes it. */
export interface PlayedNode {
  name: string;
  flows: PlayedFlow[];
  report: Report;
}

export interface PlayOptions {
  seed: number;
  /** Wall clock of the story's first moment. */
  startNs: bigint;
  /** Tells one telling from another: uuids differ. */
  bootId: string;
  /** What the agents say they are. */
  version: string;
  /** The second the incident begins. */
  incidentSecond?: number;
  /** Times the usual traffic. */
  scale?: number;
}

/** Policies are told again this often, and all of them at the start. */
const policySeconds = 60;
const nsPerSecond = 1_000_000_000n;

/** Tells a story, one second after the other; the same for the same options. */
export class StoryPlayer {
  readonly cluster = new StoryCluster(storyNodes);
  /** Policies as they are now. */
  readonly policies: Map<string, PolicyFact>;
  private second = 0;
  private readonly incidentSecond: number;
  private readonly nodes: PlayerNode[];
  private pending: StoryFlow[] = [];
  private changes: StoryChange[] = [];
  private changedPolicies = new Set<string>();

  constructor(private readonly story: Story, private readonly options: PlayOptions) {
    this.incidentSecond = options.incidentSecond ?? incidentSecond;
    this.nodes = this.cluster.nodes.map(({ name }) => new PlayerNode(name, options));
    this.policies = new Map(policyFacts(options.startNs).map((fact) => [policyKey(fact.policy), fact]));
    story.prepare?.(this.cluster);
  }

  /** The next second of all nodes, in the order of the cluster. */
  next(): PlayedNode[] {
    const scene = this.scene();
    for (const node of this.nodes) node.gauges = calmGauges(node.name, this.second, node.gauges);
    healthySecond(scene, seededRandom(mixSeed(this.options.seed, this.second, 1)), (row) => this.rowNow(row, scene));
    this.story.act?.(scene);
    this.second++;
    this.deal();
    const facts = this.second % policySeconds === 1 ? [...this.policies.values()] : [...this.policies].filter(([key]) => this.changedPolicies.has(key)).map(([, fact]) => fact);
    const played = this.nodes.map((node) => node.play(this.endNs(), { pods: this.cluster.on(node.name), changes: this.changesOf(node.name), policies: facts }));
    this.changes = [];
    this.changedPolicies.clear();
    return played;
  }

  private rowNow(row: HealthyRow, scene: Scene): HealthyRow | undefined {
    const { story, options: { scale = 1 } } = this;
    const now = story.adjust === undefined ? row : story.adjust(row, scene);
    return now === undefined ? undefined : { ...now, perSecond: now.perSecond * scale };
  }

  private endNs(): bigint {
    return this.options.startNs + BigInt(this.second) * nsPerSecond;
  }

  /** Flows whose time has come go to their nodes. */
  private deal(): void {
    const untilMs = this.second * 1000;
    const due = this.pending.filter((flow) => flow.atMs < untilMs);
    this.pending = this.pending.filter((flow) => flow.atMs >= untilMs);
    for (const flow of due.toSorted((one, other) => one.atMs - other.atMs)) this.nodeAt(flow.node).take(flow);
  }

  private nodeAt(name: string): PlayerNode {
    const node = this.nodes.find((candidate) => candidate.name === name);
    if (node === undefined) throw new Error(`story ${this.story.name}: no node ${name}`);
    return node;
  }

  private changesOf(node: string): Change[] {
    return this.changes.filter((change) => change.node === node).map(({ atMs, ...change }) => ({ ...change, time: timeAt(this.options.startNs, atMs) }));
  }

  private scene(): Scene {
    const { second, options, cluster } = this;
    return {
      second,
      atMs: second * 1000,
      age: second - this.incidentSecond,
      random: seededRandom(mixSeed(options.seed, second, 2)),
      cluster,
      tell: (flow) => { this.pending.push(flow); },
      count: (volume: StoryVolume) => { this.nodeAt(volume.node).book.count(volume); },
      change: (change) => { this.changes.push(change); },
      setPolicy: (fact, changedMs) => {
        const key = policyKey(fact.policy);
        this.policies.set(key, { ...fact, changed: timeAt(options.startNs, changedMs) });
        this.changedPolicies.add(key);
      },
      gauges: (node) => this.nodeAt(node).gaugesNow(),
      unseen: (node, events: UnseenEvents) => { this.nodeAt(node).book.takeUnseen(events, this.endNs()); },
      tellLoss: (node, { atMs, cpu, count, firstMs }) => {
        this.nodeAt(node).tellLoss(atMs, {
          source: LostEventSource.PERF_EVENT_RING_BUFFER, num_events_lost: BigInt(count), cpu: { value: cpu },
          first: timeAt(options.startNs, firstMs), last: timeAt(options.startNs, atMs),
        });
      },
    };
  }
}

/** One node while it is played. */
class PlayerNode {
  readonly book: NodeBook;
  gauges: NodeGauges | undefined;
  private flows: (PlayedFlow & { atMs: number })[] = [];
  private sequence = 0;
  private readonly uuidPrefix: Uint8Array;

  constructor(readonly name: string, private readonly options: PlayOptions) {
    this.book = new NodeBook(name, options.startNs, options.version);
    this.uuidPrefix = makeUuidPrefix(name, options.bootId);
  }

  gaugesNow(): NodeGauges {
    if (this.gauges === undefined) throw new Error('story: gauges before the first second');
    return this.gauges;
  }

  take(told: StoryFlow): void {
    this.book.take(told);
    const time = timeAt(this.options.startNs, told.atMs);
    const flow: Flow = {
      ...told.flow, time, uuid: this.nextUuid(), emitter: { name: 'Hubble', version: HUBBLE_COMPAT_VERSION }, node_name: this.name,
      ...(told.weight > 1 ? { aggregate: aggregateOf(told) } : {}),
    };
    this.flows.push({ atMs: told.atMs, response: { flow, node_name: this.name, time }, extension: told.extension });
  }

  tellLoss(atMs: number, lost: GetFlowsResponse['lost_events']): void {
    this.flows.push({ atMs, response: { lost_events: lost, node_name: this.name, time: timeAt(this.options.startNs, atMs) }, extension: undefined });
  }

  play(endNs: bigint, told: { pods: number; changes: Change[]; policies: PolicyFact[] }): PlayedNode {
    const { book } = this;
    const flows = this.flows.toSorted((one, other) => one.atMs - other.atMs).map(({ response, extension }) => ({ response, extension }));
    const report: Report = {
      time: timestampOf(endNs),
      interval_ns: Number(nsPerSecond),
      nodes: [book.nodeReport(endNs, this.gaugesNow(), told.pods)],
      verdicts: [...book.verdicts].toSorted(([one], [other]) => one - other).map(([verdict, count]) => ({ verdict, flows: count })),
      drops: book.dropRows(),
      pairs: book.pairRows(),
      changes: told.changes,
      policies: told.policies,
    };
    book.next();
    this.flows = [];
    return { name: this.name, flows, report };
  }

  /** RFC 9562 version 8, as the agent's: node and boot, then a number. */
  private nextUuid(): string {
    const hex = [...this.uuidPrefix].map((byte) => byte.toString(16).padStart(2, '0')).join('');
    const number = (++this.sequence).toString(16).padStart(12, '0');
    return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8000-8000-${number}`;
  }
}

function aggregateOf({ weight, counted }: StoryFlow): Flow['aggregate'] {
  return counted?.side === 'ingress' ? { ingress_flow_count: weight } : { egress_flow_count: weight };
}

function policyKey(policy: Policy | undefined): string {
  return `${policy?.kind ?? ''} ${policy?.namespace ?? ''} ${policy?.name ?? ''}`;
}

/** Whole microseconds: what a recording needs, and one that packs well. */
function timeAt(startNs: bigint, atMs: number): ReturnType<typeof timestampOf> {
  return timestampOf(startNs + BigInt(Math.round(atMs * 1000)) * 1000n);
}
