import type { DropCount } from '../../src/wire/gen/hubtop.ts';
import type { DropRow, PolicyDropRow } from '../decode/kernel.ts';
import type { DatapathDrop } from '../decode/datapath-drop.ts';
import { refusalOf } from './decision-words.ts';
import { isForeignDecision, type JudgeDrop } from './judge-drop.ts';
import type { EndpointVersions } from './endpoint-versions.ts';
import type { PolicyEngine } from './policy-engine.ts';

/** Drops listed in one report, the most frequent first. */
const MAX_DROPS = 512;

/** The kernel frees packets for these reasons all the time; nobody lost anything. */
const noise: ReadonlySet<string> = new Set(['NOT_SPECIFIED', 'SKB_CONSUMED', 'QUEUE_PURGE', 'SOCKET_FILTER', 'TCP_OLD_DATA', 'TCP_OLD_ACK', 'OTHERHOST']);

/** Turns cumulative drop rows, the kernel's and the datapath's, into what an interval saw; one an agent. */
export class DropMeter {
  private kernelBefore = new Map<string, DropRow>();
  private policyBefore = new Map<string, PolicyDropRow>();
  private datapathBefore = new Map<string, number>();

  constructor(
    private readonly versions: EndpointVersions,
    private readonly reasonName: (reason: number) => { name: string; subsystem: string },
    private readonly judgeDrop?: JudgeDrop,
    private readonly policies?: PolicyEngine,
  ) {}

  /** The interval since the call before. */
  report(kernel: readonly DropRow[], datapath: { policyDrops?: readonly PolicyDropRow[]; recorded: readonly DatapathDrop[] }, nowNs: bigint): DropCount[] {
    const { policyDrops, recorded } = datapath;
    const drops = [...this.kernelDrops(kernel), ...(policyDrops === undefined ? this.datapathDrops(recorded) : this.policyDrops(policyDrops, nowNs))];
    return drops.toSorted((one, other) => (other.skbs ?? 0) - (one.skbs ?? 0)).slice(0, MAX_DROPS);
  }

  private kernelDrops(rows: readonly DropRow[]): DropCount[] {
    const now = new Map<string, DropRow>();
    const drops: DropCount[] = [];
    for (const row of rows) {
      const key = `${row.sourceLabels} ${row.destinationLabels} ${row.reason} ${row.port} ${row.protocol} ${row.family}`;
      if (row.isRetired !== true) now.set(key, row);
      const before = this.kernelBefore.get(key);
      const skbs = row.skbs - (before?.skbs ?? 0);
      const { name, subsystem } = this.reasonName(row.reason);
      if (skbs <= 0 || noise.has(name)) continue;
      const refusal = isForeignDecision(name) ? this.judgeDrop?.(row) : undefined;
      drops.push({ ...this.ends(row), kernel_reason: name, kernel_subsystem: subsystem, skbs, bytes: row.bytes - (before?.bytes ?? 0), ...(refusal === undefined ? {} : { refusal }) });
    }
    this.kernelBefore = now;
    return drops;
  }

  /** Counted by the kernel, so that they are exact whatever a limiter held back. */
  private policyDrops(rows: readonly PolicyDropRow[], nowNs: bigint): DropCount[] {
    const now = new Map<string, PolicyDropRow>();
    const drops: DropCount[] = [];
    for (const row of rows) {
      const key = `${row.sourceLabels} ${row.destinationLabels} ${row.policy} ${row.reason} ${row.port} ${row.protocol} ${row.family}`;
      if (row.isRetired !== true) now.set(key, row);
      const before = this.policyBefore.get(key);
      const skbs = row.skbs - (before?.skbs ?? 0);
      if (skbs > 0) drops.push({ ...this.ends(row), reason: row.reason, skbs, bytes: row.bytes - (before?.bytes ?? 0), ...this.refusal(row, nowNs) });
    }
    this.policyBefore = now;
    return drops;
  }

  private refusal({ policy, sourceLabels, destinationLabels, protocol, port }: PolicyDropRow, nowNs: bigint): Pick<DropCount, 'refusal'> {
    const decision = this.policies?.decision(policy);
    if (decision === undefined || this.policies === undefined) return {};
    const attempt = { source: this.versions.common(sourceLabels).end, destination: this.versions.common(destinationLabels).end, protocol, port };
    return { refusal: refusalOf(decision, attempt, this.policies.revisionAt(nowNs)) };
  }

  private datapathDrops(rows: readonly DatapathDrop[]): DropCount[] {
    const drops: DropCount[] = [];
    for (const row of rows) {
      const key = `${row.sourceLabels} ${row.destinationLabels} ${row.reason} ${row.port} ${row.protocol}`;
      const skbs = row.skbs - (this.datapathBefore.get(key) ?? 0);
      const bytes = row.bytes - (this.datapathBefore.get(`${key} bytes`) ?? 0);
      if (skbs <= 0) continue;
      this.datapathBefore.set(key, row.skbs);
      this.datapathBefore.set(`${key} bytes`, row.bytes);
      drops.push({ ...this.ends(row), reason: row.reason, skbs, bytes });
    }
    return drops;
  }

  private ends(row: { sourceLabels: number; destinationLabels: number; port: number; protocol: number }): DropCount {
    return {
      source: this.versions.labelSet(row.sourceLabels).endpoint,
      destination: this.versions.labelSet(row.destinationLabels).endpoint,
      port: row.port,
      protocol: row.protocol,
    };
  }
}
