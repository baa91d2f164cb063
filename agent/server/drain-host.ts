import { DropFolds } from '../decode/fold.ts';
import type { AddressRow, AttachedDevice, DnsMessage, Kernel, KernelSample, NameStore, PolicyRefusal, PolicyTables, ServiceRow } from '../decode/kernel.ts';
import { deferred } from '../../src/lib/deferred.ts';
import { allocateHistory, type HistorySize } from '../history/history.ts';
import type { DrainCounts, ProvenGap } from '../history/node-drain.ts';
import type { SimOptions } from '../sim/sim-kernel.ts';
import { ReportPace } from './report-pace.ts';
import type { DrainClock, DrainReport, DrainRequest, SimFacts } from './drain-protocol.ts';

/** The other end of a drain worker, whichever thread it lives in. */
export interface DrainThread {
  port: {
    postMessage(message: DrainRequest): void;
    on(event: 'message', listener: (report: DrainReport) => void): unknown;
    on(event: 'error', listener: (error: Error) => void): unknown;
  };
  end(): void;
}

/** A kernel as an agent uses it: like Kernel, but its figures may come from another thread. */
export interface NodeKernel {
  bootId: string;
  dropReasonName(reason: number): { name: string; subsystem: string };
  setAddresses(upserts: AddressRow[], removals: string[]): void;
  addAddresses(upserts: readonly AddressRow[]): void;
  onDnsMessage(listener: (message: DnsMessage) => void): void;
  /** See Kernel. */
  names?: NameStore | undefined;
  setServices(rows: readonly ServiceRow[]): void;
  setPolicies(tables: PolicyTables): PolicyRefusal[];
  attachedDevices(): AttachedDevice[];
  sweep(options: { all: boolean }): void;
}

/** Counters of a kernel and of its drain, of one moment as far as that can be. */
export interface Measurement {
  sample: KernelSample;
  counts: DrainCounts;
}

/** What a drain says of one node. */
export interface DrainListener {
  /** The history moved. */
  onHead(): void;
  /** Once a second, with the losses proven meanwhile. */
  onSecond(gaps: ProvenGap[]): void;
}

/** One node in a drain. */
export interface DrainedNode {
  history: SharedArrayBuffer;
  kernel: NodeKernel;
  measure(): Promise<Measurement>;
  /** Whether onHead() is wanted. */
  follow(isFollowed: boolean): void;
  /** Reads what is left, then forgets the node; resolves when its rings are let go. */
  close(): Promise<void>;
}

/** Where a node's records come from: a kernel of this process, or a simulated one to be made inside the drain. */
export type KernelSource = { kind: 'kernel'; kernel: Kernel } | { kind: 'sim'; options: SimOptions };

const CLOCK_REFRESH_MS = 1000;
const CLOCK_READINGS = 4;

interface Hosted {
  listener: DrainListener;
  opened(facts: SimFacts | undefined): void;
  failed(error: Error): void;
  closed(): void;
  measured: Map<number, (report: Extract<DrainReport, { type: 'measured' }>) => void>;
}

interface MeasuredParts {
  source: KernelSource;
  measured: Hosted['measured'];
  dropFolds: DropFolds;
  pace: ReportPace;
}

/** Talks to one drain worker for all nodes of this process. */
export class DrainHost {
  /** Nanoseconds the drain was not idle since its start. */
  busyNs = 0;
  private readonly hosted = new Map<number, Hosted>();
  private lastId = 0;
  private lastRequest = 0;

  constructor(private readonly thread: DrainThread) {
    thread.port.on('message', (report) => { this.take(report); });
    // Nothing in the drain is expected to throw: it is our bug, and a silent agent would be worse than none.
    thread.port.on('error', (error) => { throw error; });
  }

  /** Nodes hosted now. */
  get nodeCount(): number {
    return this.hosted.size;
  }

  /** Begins to drain a node into a new history. */
  async open(source: KernelSource, size: HistorySize, listener: DrainListener): Promise<DrainedNode> {
    const id = ++this.lastId;
    const history = allocateHistory(size);
    const measured: Hosted['measured'] = new Map();
    const closed = deferred<undefined>();
    const opened = deferred<SimFacts | undefined>();
    this.hosted.set(id, { listener, measured, opened: opened.resolve, failed: opened.reject, closed: () => { closed.resolve(undefined); } });
    const clock = (): DrainClock => ({ bootOffsetNs: source.kind === 'kernel' ? bootOffsetNs(source.kernel) : 0n });
    this.say(source.kind === 'kernel'
      ? { type: 'open', id, rings: source.kernel.rings, history, clock: clock() }
      : { type: 'open-sim', id, options: source.options, history, clock: clock() });
    const facts = await opened.promise;
    const parts: MeasuredParts = { source, measured, dropFolds: new DropFolds(), pace: new ReportPace() };
    const refresh = setInterval(() => { this.say({ type: 'clock', id, clock: clock() }); }, CLOCK_REFRESH_MS);
    refresh.unref();
    return {
      history,
      kernel: source.kind === 'kernel' ? localKernel(source.kernel) : this.simKernel(id, facts),
      measure: () => this.measure(id, parts),
      follow: (isFollowed) => { this.say({ type: 'follow', id, isFollowed }); },
      close: async () => {
        clearInterval(refresh);
        const folds = source.kind === 'kernel' ? await source.kernel.takeFolds?.() : undefined;
        this.say({ type: 'close', id, folds: folds ?? [] });
        await closed.promise;
      },
    };
  }

  /** Ends the worker; nodes that are still open are drained a last time. */
  close(): void {
    this.say({ type: 'stop' });
    this.thread.end();
  }

  private async measure(id: number, { source, measured, dropFolds, pace }: MeasuredParts): Promise<Measurement> {
    const request = ++this.lastRequest;
    let sample: KernelSample | undefined;
    let untilNs = 0n;
    let folds: Uint8Array[] = [];
    if (source.kind === 'kernel') {
      source.kernel.sweep({ all: false });
      folds = await source.kernel.takeFolds?.() ?? [];
      // What is younger than this may be in the sample and not yet in a ring.
      untilNs = source.kernel.nowNs();
      sample = source.kernel.sample();
      folds.push(...dropFolds.records(sample.drops, untilNs));
    }
    const report = await new Promise<Extract<DrainReport, { type: 'measured' }>>((resolve) => {
      measured.set(request, resolve);
      this.say({ type: 'measure', id, request, untilNs, folds });
    });
    sample ??= report.sample;
    if (source.kind === 'kernel') source.kernel.setPressedInterval?.(pace.next(report.counts.rings));
    if (sample === undefined) throw new Error('the simulated kernel gave no sample');
    return { sample, counts: report.counts };
  }

  private simKernel(id: number, facts: SimFacts | undefined): NodeKernel {
    const names = new Map(facts?.dropReasons.map(([reason, name, subsystem]) => [reason, { name, subsystem }]));
    return {
      bootId: facts?.bootId ?? '',
      dropReasonName: (reason) => names.get(reason) ?? { name: `REASON_${reason}`, subsystem: '' },
      setAddresses: (upserts, removals) => { this.say({ type: 'addresses', id, upserts, removals }); },
      // a simulated kernel has neither resolvers nor sockets
      addAddresses: () => {},
      onDnsMessage: () => {},
      setServices: () => {},
      setPolicies: () => [],
      attachedDevices: () => facts?.devices ?? [],
      sweep: ({ all }) => { this.say({ type: 'sweep', id, all }); },
    };
  }

  private take(report: DrainReport): void {
    if (report.type === 'cost') {
      this.busyNs = report.busyNs;
    } else if (report.type === 'heads') {
      for (const id of report.ids) this.hosted.get(id)?.listener.onHead();
    } else {
      const node = this.hosted.get(report.id);
      if (node !== undefined) this.takeFor(node, report);
    }
  }

  private takeFor(node: Hosted, report: Exclude<DrainReport, { type: 'cost' | 'heads' }>): void {
    switch (report.type) {
      case 'opened':
        node.opened(report.facts);
        return;
      case 'failed':
        this.hosted.delete(report.id);
        node.failed(new Error(report.error));
        return;
      case 'closed':
        this.hosted.delete(report.id);
        node.closed();
        return;
      case 'second':
        node.listener.onSecond(report.gaps);
        return;
      case 'measured':
        node.measured.get(report.request)?.(report);
        node.measured.delete(report.request);
    }
  }

  private say(request: DrainRequest): void {
    this.thread.port.postMessage(request);
  }
}

/** Best of a few readings: this thread may be put aside between two clocks. */
function bootOffsetNs(kernel: Kernel): bigint {
  let bestSpan = -1n;
  let offset = 0n;
  for (let reading = 0; reading < CLOCK_READINGS; reading++) {
    const before = process.hrtime.bigint();
    const boot = kernel.nowNs();
    const span = process.hrtime.bigint() - before;
    if (bestSpan >= 0n && span >= bestSpan) continue;
    bestSpan = span;
    offset = boot - before - span / 2n;
  }
  return offset;
}

function localKernel(kernel: Kernel): NodeKernel {
  return {
    bootId: kernel.bootId,
    dropReasonName: (reason) => kernel.dropReasonName(reason),
    setAddresses: (upserts, removals) => { kernel.setAddresses(upserts, removals); },
    addAddresses: (upserts) => { kernel.addAddresses?.(upserts); },
    onDnsMessage: (listener) => { kernel.onDnsMessage?.(listener); },
    names: kernel.names,
    setServices: (rows) => { kernel.setServices(rows); },
    setPolicies: (tables) => kernel.setPolicies(tables),
    attachedDevices: () => kernel.attachedDevices(),
    sweep: (options) => { kernel.sweep(options); },
  };
}
