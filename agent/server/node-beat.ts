import type { EndpointVersions } from '../enrich/endpoint-versions.ts';
import type { PolicyEngine } from '../enrich/policy-engine.ts';
import { EVENT_WORDS } from '../decode/event.ts';
import { HistoryReader } from '../history/history.ts';
import type { WholeFlows } from '../history/whole-flows.ts';
import type { AgentEvents } from './agent-events.ts';
import type { Measurement, NodeKernel } from './drain-host.ts';
import type { FlowRate } from './flow-rate.ts';
import type { NamespacesSeen } from './namespaces-seen.ts';
import type { TelemetryHub } from './telemetry-hub.ts';
import { type TelemetryInput, TelemetryMeter } from './telemetry-report.ts';

/** What an agent costs, cumulative CPU and momentary memory. */
export interface OwnCost {
  cpuNs: number;
  rssBytes: number;
}

/** What the once-a-second work of an agent reads and feeds. */
export interface BeatParts {
  nodeName: string;
  startedNs: bigint;
  kernel: NodeKernel;
  history: SharedArrayBuffer;
  whole: WholeFlows;
  versions: EndpointVersions;
  policies: PolicyEngine;
  events: AgentEvents;
  namespaces: NamespacesSeen;
  telemetry: TelemetryHub;
  rate: FlowRate;
  measure(): Promise<Measurement>;
  wallNs(): bigint;
  ownCost(): OwnCost;
  /** Rows that slow streams lost so far. */
  overtaken(): number;
  onDevices(devices: ReadonlyMap<number, string>): void;
}

/** The agent's second: reads the kernel's counters and publishes a Report. */
export class NodeBeat {
  private readonly meter: TelemetryMeter;
  private readonly reader: HistoryReader;
  private readonly row = new Uint32Array(EVENT_WORDS);
  private lastNs: bigint;
  private isBusy = false;

  constructor(private readonly parts: BeatParts) {
    this.reader = new HistoryReader(parts.history);
    this.lastNs = parts.wallNs();
    this.meter = new TelemetryMeter(parts.nodeName, parts.versions, (reason) => parts.kernel.dropReasonName(reason), { policies: parts.policies, judgeDrop: parts.policies.judgeDrop });
  }

  /** One second's work; does nothing while the one before is still at it. */
  async run(): Promise<void> {
    if (this.isBusy) return;
    this.isBusy = true;
    try {
      this.publish(await this.parts.measure());
    } finally {
      this.isBusy = false;
    }
  }

  private publish({ sample, counts }: Measurement): void {
    const { parts } = this;
    const timeNs = parts.wallNs();
    const devices = new Map(parts.kernel.attachedDevices().map(({ ifindex, name }) => [ifindex, name]));
    parts.onDevices(devices);
    parts.namespaces.observe(sample.pairs, timeNs);
    const whole = parts.whole.counts();
    parts.rate.second(counts.rows + whole.happened);
    parts.telemetry.publish(this.meter.report({
      timeNs,
      intervalNs: Number(timeNs - this.lastNs),
      uptimeNs: Number(timeNs - parts.startedNs),
      sample,
      drain: counts,
      whole,
      ...parts.ownCost(),
      overtaken: parts.overtaken(),
      attachedPods: devices.size,
      totalPods: parts.versions.localVersions().length,
      history: this.historyNow(),
      changes: parts.events.takeChanges(),
    }));
    this.lastNs = timeNs;
  }

  private historyNow(): TelemetryInput['history'] {
    const { reader, row } = this;
    const oldest = reader.oldest();
    const isThere = reader.copy(oldest, row);
    return { capacity: reader.capacity, length: reader.head() - oldest, oldestNs: isThere ? (BigInt(row[3] ?? 0) << 32n) | BigInt(row[2] ?? 0) : undefined };
  }
}
