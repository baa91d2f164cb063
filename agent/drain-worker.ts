import { MessageChannel, type MessagePort, Worker } from 'node:worker_threads';
import type { DrainThread } from './server/drain-host.ts';
import type { DrainReport, DrainRequest, SimFacts } from './server/drain-protocol.ts';
import { type ClockReading, HostedNode, type HostClock, openRings } from './server/hosted-node.ts';
import { createSimKernel, type SimKernel } from './sim/sim-kernel.ts';

/** Pause between drains while records come. */
const BUSY_PAUSE_MS = 5;
/** Longest pause when nothing comes; doubles up to it after three empty turns. */
const IDLE_PAUSE_MS = 40;
const EMPTY_TURNS_BEFORE_IDLE = 3;
/** Followers are told at most this often that there is something new. */
const NEWS_MS = 10;
const SECOND_MS = 1000;
/** A reading of both clocks that took longer than this is tried again: the thread was put aside meanwhile. */
const CLOCK_DOUBT_NS = 20_000n;
const CLOCK_TRIES = 5;
const TICK_TIMEOUT_NS = 2_000_000n;
/** Drop reasons a simulated kernel is asked to name, Cilium's and the kernel's small numbers. */
const NAMED_REASONS = 256;

const clock: HostClock = { monotonicNs: () => process.hrtime.bigint(), read: readClocks };

/**
 * Date.now() knows milliseconds. At the moment it moves on, it is exact: waiting
 * for that, a millisecond at most, keeps agents of one machine in order.
 */
function readClocks(): ClockReading {
  let best = tickOfWallClock();
  for (let tries = 1; best.doubtNs > CLOCK_DOUBT_NS && tries < CLOCK_TRIES; tries++) {
    const next = tickOfWallClock();
    if (next.doubtNs < best.doubtNs) best = next;
  }
  return best;
}

function tickOfWallClock(): ClockReading {
  const startMs = Date.now();
  const startNs = process.hrtime.bigint();
  let wallMs = startMs;
  let monotonicNs = startNs;
  let doubtNs = 0n;
  while (wallMs === startMs && monotonicNs - startNs < TICK_TIMEOUT_NS) {
    const beforeNs = monotonicNs;
    wallMs = Date.now();
    monotonicNs = process.hrtime.bigint();
    doubtNs = monotonicNs - beforeNs;
  }
  return { wallNs: BigInt(wallMs) * 1_000_000n, monotonicNs, doubtNs };
}

/**
 * The drain: hosts the rings of one or many nodes, moves their records into
 * shared histories and says so. Runs on a worker's port, or in-thread on one
 * end of a MessageChannel.
 */
export function runDrainWorker(port: MessagePort): void {
  const worker = new DrainWorker(port);
  port.on('message', (message: DrainRequest) => { worker.handle(message); });
}

declare const HUBTOP_BUNDLE: boolean | undefined;

/** Starts a drain: in a worker thread of the bundle, in this thread where there is no bundle (tests). */
export function startDrainThread(): DrainThread {
  if (typeof HUBTOP_BUNDLE === 'undefined') {
    const { port1, port2 } = new MessageChannel();
    runDrainWorker(port2);
    return { port: port1, end: () => { port1.close(); } };
  }
  const worker = new Worker(__filename, { workerData: { role: 'drain' } });
  return { port: worker, end: () => { void worker.terminate(); } };
}

class DrainWorker {
  private readonly nodes = new Map<number, HostedNode>();
  private readonly closers = new Map<number, () => void>();
  private timer: NodeJS.Timeout | undefined;
  private emptyTurns = 0;
  private pauseMs = BUSY_PAUSE_MS;
  private busyNs = 0;
  private newsAtMs = 0;
  private secondAtMs = 0;
  private isStopped = false;

  constructor(private readonly port: MessagePort) {}

  handle(message: DrainRequest): void {
    switch (message.type) {
      case 'open':
      case 'open-sim':
        void this.open(message);
        return;
      case 'stop':
        this.stop();
        return;
      case 'close':
        this.closeNode(message.id, message.folds);
        return;
      default: {
        const node = this.nodes.get(message.id);
        if (node !== undefined) this.handleNode(node, message);
      }
    }
  }

  private handleNode(node: HostedNode, message: Exclude<DrainRequest, { type: 'open' | 'open-sim' | 'close' | 'stop' }>): void {
    switch (message.type) {
      case 'clock':
        node.setClock(message.clock);
        return;
      case 'follow':
        node.isFollowed = message.isFollowed;
        return;
      case 'addresses':
        node.setAddresses(message.upserts, message.removals);
        return;
      case 'sweep':
        node.kernel?.sweep({ all: message.all });
        return;
      case 'measure':
        this.say({ type: 'measured', id: message.id, request: message.request, ...node.measure(message.untilNs, message.folds) });
    }
  }

  private async open(message: Extract<DrainRequest, { type: 'open' | 'open-sim' }>): Promise<void> {
    const { id } = message;
    try {
      const kernel = message.type === 'open-sim' ? createSimKernel(message.options) : undefined;
      const sources = message.type === 'open' ? message.rings : (kernel?.rings ?? []);
      const closers: (() => void)[] = [];
      const isMapped = sources.some((source) => source.kind === 'mmap');
      const mapped = isMapped ? await import('./kernel/ring.ts') : undefined;
      const rings = openRings(sources, (source) => {
        if (source.kind !== 'mmap' || mapped === undefined) throw new Error(`ring of lane ${source.lane}: unknown kind`);
        const ring = mapped.openRing(source);
        closers.push(() => { ring.close(); });
        return ring;
      });
      if (this.isStopped) return;
      this.nodes.set(id, new HostedNode(rings, message.history, clock, message.clock, kernel));
      this.closers.set(id, () => { for (const close of closers) close(); });
      this.say({ type: 'opened', id, facts: kernel === undefined ? undefined : factsOf(kernel) });
      this.schedule(0);
    } catch (error) {
      this.say({ type: 'failed', id, error: error instanceof Error ? error.message : String(error) });
    }
  }

  private turn(): void {
    this.timer = undefined;
    const startNs = process.hrtime();
    let rows = 0;
    for (const node of this.nodes.values()) rows += node.turn();
    this.tellNews();
    this.tellSecond();
    this.emptyTurns = rows === 0 ? this.emptyTurns + 1 : 0;
    if (rows > 0) this.pauseMs = BUSY_PAUSE_MS;
    else if (this.emptyTurns >= EMPTY_TURNS_BEFORE_IDLE) this.pauseMs = Math.min(this.pauseMs * 2, IDLE_PAUSE_MS);
    const [seconds, nanoseconds] = process.hrtime(startNs);
    this.busyNs += seconds * 1e9 + nanoseconds;
    this.schedule(this.pauseMs);
  }

  private tellNews(): void {
    const nowMs = performance.now();
    if (nowMs - this.newsAtMs < NEWS_MS - 1) return;
    const ids: number[] = [];
    for (const [id, node] of this.nodes) {
      if (node.hasNews && node.isFollowed) {
        node.hasNews = false;
        ids.push(id);
      }
    }
    if (ids.length === 0) return;
    this.newsAtMs = nowMs;
    this.say({ type: 'heads', ids });
  }

  private tellSecond(): void {
    const nowMs = performance.now();
    if (nowMs - this.secondAtMs < SECOND_MS) return;
    this.secondAtMs = nowMs;
    const reading = readClocks();
    for (const [id, node] of this.nodes) this.say(node.second(id, reading));
    this.say({ type: 'cost', busyNs: this.busyNs });
  }

  private schedule(pauseMs: number): void {
    if (this.nodes.size === 0 || this.isStopped || this.timer !== undefined) return;
    this.timer = setTimeout(() => { this.turn(); }, pauseMs);
  }

  /** Takes what the rings still hold, then lets go. */
  private closeNode(id: number, folds: readonly Uint8Array[] = []): void {
    const node = this.nodes.get(id);
    if (node === undefined) return;
    node.turn();
    node.takeFolds(folds);
    this.say(node.second(id, readClocks()));
    this.nodes.delete(id);
    node.close();
    this.closers.get(id)?.();
    this.closers.delete(id);
    this.say({ type: 'closed', id });
  }

  private stop(): void {
    this.isStopped = true;
    if (this.timer !== undefined) clearTimeout(this.timer);
    for (const id of this.nodes.keys()) this.closeNode(id);
    this.port.close();
  }

  private say(report: DrainReport): void {
    this.port.postMessage(report);
  }
}

function factsOf(kernel: SimKernel): SimFacts {
  const dropReasons: SimFacts['dropReasons'] = [];
  for (let reason = 0; reason < NAMED_REASONS; reason++) {
    const { name, subsystem } = kernel.dropReasonName(reason);
    dropReasons.push([reason, name, subsystem]);
  }
  return { bootId: kernel.bootId, devices: kernel.attachedDevices(), dropReasons };
}
