import type { SimConnection } from './conntrack.ts';
import { packetScripts, type Packet } from './packets.ts';
import { exponential, mixSeed, seededRandom, type Random } from './random.ts';
import { TimeQueue, type Timed } from './time-queue.ts';
import type { PlanPair, TrafficPlan } from './traffic-plan.ts';

/** A clock that jumps further than this (a suspended laptop) is followed without simulating what would have been. */
const maxCatchUpNs = 5e9;
/** Connections in flight on one node; more are not begun. */
const maxTaps = 100_000;
/** One way through a veth, and between nodes. */
const localWireNs = 15_000;
const remoteWireNs = 180_000;
/** Load swings by this share within this period, so that a chart has something to show. */
const swing = 0.35;
const swingNs = 75e9;
const firstEphemeralPort = 32_768;
const ephemeralPorts = 28_232;

/** One end of a new connection that this node watches. */
export interface ConnectionEnds {
  pair: PlanPair;
  /** Indices into TrafficPlan.ends. */
  client: number;
  server: number;
  clientPort: number;
  hash: number;
  device: string;
  isClientSide: boolean;
}

/** What a Traffic is made of. */
export interface TrafficOptions {
  nodeName: string;
  seed: number;
  plan: TrafficPlan;
  startNs: number;
  /** Undefined: nobody watches this end. */
  connect(ends: ConnectionEnds): SimConnection | undefined;
}

/** Called for each packet at each hook of this node, in the order of time. */
export type PacketHandler = (connection: SimConnection, packet: Packet, isSending: boolean, timeNs: number) => void;

interface Arrivals extends Timed {
  kind: 'arrivals';
  pair: PlanPair;
  pairIndex: number;
  random: Random;
  count: number;
}

/** A connection at one device of this node, on its way through its packets. */
interface Tap extends Timed {
  kind: 'tap';
  connection: SimConnection;
  script: Generator<Packet>;
  packet: Packet;
  isSending: boolean;
  sentNs: number;
  wireNs: number;
}

/**
 * This node's share of the cluster's traffic. Each pair and each connection
 * draws from its own stream of numbers, so that two nodes that watch the two
 * ends see the same packets without talking to each other.
 */
export class Traffic {
  /** Connections not begun because too many were in flight. */
  skippedCount = 0;
  private readonly queue = new TimeQueue<Arrivals | Tap>();
  private readonly options: TrafficOptions;
  private lastNs: number;
  /** Time that was jumped over. */
  private skippedNs = 0;
  private taps = 0;

  constructor(options: TrafficOptions) {
    this.options = options;
    this.lastNs = options.startNs;
    for (const [pairIndex, pair] of options.plan.pairs.entries()) {
      if (pair.connectionsPerSecond <= 0 || !this.isWatched(pair)) continue;
      const random = seededRandom(mixSeed(options.seed, 2, pairIndex));
      const meanNs = 1e9 / pair.connectionsPerSecond;
      this.queue.push({ kind: 'arrivals', pair, pairIndex, random, count: 0, timeNs: options.startNs + random() * Math.min(meanNs, 1e9) });
    }
  }

  /** Handles every packet up to `nowNs`. */
  advance(nowNs: number, handle: PacketHandler): void {
    this.skippedNs += Math.max(0, nowNs - this.lastNs - maxCatchUpNs);
    this.lastNs = nowNs;
    const untilNs = nowNs - this.skippedNs;
    for (let item = this.queue.peek(); item !== undefined && item.timeNs <= untilNs; item = this.queue.peek()) {
      this.queue.pop();
      if (item.kind === 'arrivals') this.arrive(item);
      else this.deliver(item, handle);
    }
  }

  private arrive(arrivals: Arrivals): void {
    const { pair, random } = arrivals;
    this.connect(arrivals);
    arrivals.count += 1;
    const meanNs = 1e9 / pair.connectionsPerSecond;
    const phase = ((arrivals.timeNs - this.options.startNs) / swingNs + arrivals.pairIndex / 7) * 2 * Math.PI;
    arrivals.timeNs += pair.isPeriodic ? meanNs : exponential(random, meanNs) / (1 + swing * Math.sin(phase));
    this.queue.push(arrivals);
  }

  private connect({ pair, pairIndex, count, timeNs }: Arrivals): void {
    const { ends } = this.options.plan;
    const hash = mixSeed(this.options.seed, 3, pairIndex, count);
    const random = seededRandom(hash);
    const client = pair.clients[Math.floor(random() * pair.clients.length)] ?? 0;
    const server = pair.servers[Math.floor(random() * pair.servers.length)] ?? 0;
    const isLocal = ends[client]?.node === ends[server]?.node;
    const wireNs = (isLocal ? localWireNs : remoteWireNs) * (1 + random());
    const clientPort = firstEphemeralPort + (hash % ephemeralPorts);
    for (const isClientSide of [true, false]) {
      const end = ends[isClientSide ? client : server];
      if (end === undefined || end.node !== this.options.nodeName) continue;
      const connection = this.options.connect({ pair, client, server, clientPort, hash, device: end.device, isClientSide });
      if (connection !== undefined) this.begin(connection, pair, timeNs, wireNs);
    }
  }

  private begin(connection: SimConnection, pair: PlanPair, timeNs: number, wireNs: number): void {
    if (this.taps >= maxTaps) {
      this.skippedCount += 1;
      return;
    }
    const script = packetScripts[pair.shape](pair, connection.client.family, seededRandom(connection.hash ^ 0x5bd1e995));
    const first = script.next();
    if (first.done === true) return;
    const isSending = connection.isClientSide;
    this.taps += 1;
    this.queue.push({
      kind: 'tap', connection, script, packet: first.value, isSending, sentNs: timeNs, wireNs,
      timeNs: timeNs + (isSending ? 0 : wireNs),
    });
  }

  private deliver(tap: Tap, handle: PacketHandler): void {
    const { packet, connection, isSending } = tap;
    const neverArrives = packet.drop === 'sender' && !isSending;
    if (!neverArrives) handle(connection, packet, isSending, tap.timeNs + this.skippedNs);
    const next = tap.script.next();
    if (next.done === true) {
      this.taps -= 1;
      return;
    }
    const turnNs = next.value.fromServer === packet.fromServer ? 0 : tap.wireNs;
    tap.packet = next.value;
    tap.isSending = next.value.fromServer !== connection.isClientSide;
    tap.sentNs += next.value.delayNs + turnNs;
    tap.timeNs = tap.sentNs + (tap.isSending ? 0 : tap.wireNs);
    this.queue.push(tap);
  }

  private isWatched(pair: PlanPair): boolean {
    const { ends } = this.options.plan;
    return [...pair.clients, ...pair.servers].some((end) => ends[end]?.node === this.options.nodeName && ends[end].device !== '');
  }
}
