import { type Policy, Verdict } from '../../src/wire/gen/flow.ts';
import type { PairCount, Volume } from '../../src/wire/gen/hubtop.ts';
import { Direction } from '../decode/event.ts';
import type { PairRow } from '../decode/kernel.ts';
import { decidingPolicies } from './decision-words.ts';
import type { EndpointVersions } from './endpoint-versions.ts';
import type { PolicyEngine } from './policy-engine.ts';

/** Heaviest pairs of a report, by bytes. */
const MAX_HEAVY_PAIRS = 512;
/** Pairs with drops or resets that are listed besides those. */
const MAX_NOTABLE_PAIRS = 512;

type VolumeSums = Record<Exclude<keyof Volume, '$unknown'>, number>;

interface PairSums {
  row: PairRow;
  egress: VolumeSums | undefined;
  ingress: VolumeSums | undefined;
  bytes: number;
  isNotable: boolean;
  /** Numbers of the decisions that allowed it, at both ends. */
  allowedBy: Set<number>;
}

/** The pairs of one interval. */
export interface PairReport {
  pairs: PairCount[];
  /** Bytes of the heaviest pair that was left out. */
  floorBytes: number;
}

/** Turns cumulative pair rows into what an interval saw; one an agent. */
export class PairMeter {
  private before = new Map<string, PairRow>();

  constructor(private readonly versions: EndpointVersions, private readonly policies?: PolicyEngine) {}

  /** The interval since the call before. */
  report(rows: readonly PairRow[]): PairReport {
    const sums = this.sumByPair(rows);
    const ranked = [...sums.values()].toSorted((one, other) => other.bytes - one.bytes);
    const heavy = ranked.slice(0, MAX_HEAVY_PAIRS);
    const rest = ranked.slice(MAX_HEAVY_PAIRS);
    const notable = rest.filter((sum) => sum.isNotable).slice(0, MAX_NOTABLE_PAIRS);
    const listed = new Set(notable);
    const floorBytes = rest.find((sum) => !listed.has(sum))?.bytes ?? 0;
    return { pairs: [...heavy, ...notable].map((sum) => this.pairCount(sum)), floorBytes };
  }

  private sumByPair(rows: readonly PairRow[]): Map<string, PairSums> {
    const sums = new Map<string, PairSums>();
    const now = new Map<string, PairRow>();
    for (const row of rows) {
      const pairKey = `${row.clientLabels} ${row.serverLabels} ${row.port} ${row.protocol} ${row.verdict}`;
      const rowKey = `${pairKey} ${row.direction} ${row.isReply} ${row.family}`;
      if (row.isRetired !== true) now.set(rowKey, row);
      const before = this.before.get(rowKey);
      if (before !== undefined && before.skbs === row.skbs && before.reported === row.reported) continue;
      const sum = sums.get(pairKey) ?? { row, egress: undefined, ingress: undefined, bytes: 0, isNotable: false, allowedBy: new Set<number>() };
      sums.set(pairKey, sum);
      if (row.allowedBy !== undefined && row.allowedBy !== 0) sum.allowedBy.add(row.allowedBy);
      addDelta(sum, row, before);
    }
    this.before = now;
    return sums;
  }

  private pairCount({ row, egress, ingress, allowedBy }: PairSums): PairCount {
    const policies = this.policies === undefined ? [] : [...allowedBy].flatMap((number) => this.policiesOf(number));
    return {
      source: this.versions.labelSet(row.clientLabels).endpoint,
      destination: this.versions.labelSet(row.serverLabels).endpoint,
      port: row.port,
      protocol: row.protocol,
      verdict: row.verdict,
      egress,
      ingress,
      ...(policies.length === 0 ? {} : { allowed_by: policies }),
    };
  }

  private policiesOf(number: number): Policy[] {
    const decision = this.policies?.decision(number);
    return decision === undefined || this.policies === undefined ? [] : decidingPolicies(decision, this.policies.book.revision);
  }
}

function addDelta(sum: PairSums, row: PairRow, before: PairRow | undefined): void {
  const side = row.direction === Direction.ingress ? 'ingress' : 'egress';
  const volume = sum[side] ??= emptyVolume();
  const skbs = row.skbs - (before?.skbs ?? 0);
  const segments = row.segments - (before?.segments ?? 0);
  const bytes = row.bytes - (before?.bytes ?? 0);
  if (row.isReply) {
    volume.reply_skbs += skbs;
    volume.reply_segments += segments;
    volume.reply_bytes += bytes;
  } else {
    volume.skbs += skbs;
    volume.segments += segments;
    volume.bytes += bytes;
  }
  const resets = row.resets - (before?.resets ?? 0);
  volume.connections += row.connections - (before?.connections ?? 0);
  volume.resets += resets;
  volume.flows += row.reported - (before?.reported ?? 0);
  sum.bytes += bytes;
  if (resets > 0 || row.verdict === Verdict.DROPPED) sum.isNotable = true;
}

function emptyVolume(): VolumeSums {
  return { skbs: 0, segments: 0, bytes: 0, reply_skbs: 0, reply_segments: 0, reply_bytes: 0, connections: 0, resets: 0, flows: 0 };
}
