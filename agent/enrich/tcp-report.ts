import type { ResetCount, TcpCount, TcpSide } from '../../src/wire/gen/hubtop.ts';
import { Direction } from '../decode/event.ts';
import { HANDSHAKE_BUCKETS, type ResetRow, type TcpRow } from '../decode/kernel.ts';
import type { EndpointVersions } from './endpoint-versions.ts';

/** Pairs of a report, those with resets, retransmits and strays first. */
const MAX_PAIRS = 512;
/** Eviction takes what was quiet for longest: what it took may speak up for this long. */
const EVICTION_MEMORY_NS = 600_000_000_000n;
const FIRST_BUCKET_BIT = 16;

type Ends = Pick<TcpRow, 'clientLabels' | 'serverLabels' | 'port' | 'family' | 'direction'>;
type Sums = Required<Pick<TcpRow, 'retransmits' | 'handshakes' | 'handshakeNs' | 'noSynAttach' | 'noSyn' | 'noSynReset'>> & { buckets: number[]; maxNs: number; resets: Map<string, number> };
interface PairSums {
  ends: Ends;
  egress?: Sums;
  ingress?: Sums;
  trouble: number;
  handshakes: number;
}

const counted = ['retransmits', 'handshakes', 'handshakeNs', 'noSynAttach', 'noSyn', 'noSynReset'] as const;

/** Turns cumulative rows of what TCP did into what an interval saw; one an agent. */
export class TcpMeter {
  private before = new Map<string, TcpRow>();
  private resetsBefore = new Map<string, ResetRow>();
  private evictedNs = -EVICTION_MEMORY_NS;

  constructor(private readonly versions: EndpointVersions) {}

  /** The interval since the call before. `evicted`: entries of connection tracking that were evicted in it. */
  report({ tcp = [], resets = [] }: { tcp?: readonly TcpRow[]; resets?: readonly ResetRow[] }, { evicted, nowNs }: { evicted: number; nowNs: bigint }): TcpCount[] {
    if (evicted > 0) this.evictedNs = nowNs;
    const sums = new Map<string, PairSums>();
    this.addRows(sums, tcp);
    this.addResets(sums, resets);
    const mayBeEvicted = nowNs - this.evictedNs < EVICTION_MEMORY_NS;
    const ranked = [...sums.values()].toSorted((one, other) => other.trouble - one.trouble || other.handshakes - one.handshakes);
    return ranked.slice(0, MAX_PAIRS).map(({ ends, egress, ingress }) => ({
      source: this.versions.labelSet(ends.clientLabels).endpoint,
      destination: this.versions.labelSet(ends.serverLabels).endpoint,
      port: ends.port,
      ...(egress === undefined ? {} : { egress: sideOf(egress, mayBeEvicted) }),
      ...(ingress === undefined ? {} : { ingress: sideOf(ingress, mayBeEvicted) }),
    }));
  }

  private addRows(sums: Map<string, PairSums>, rows: readonly TcpRow[]): void {
    const now = new Map<string, TcpRow>();
    for (const row of rows) {
      const key = rowKey(row);
      if (row.isRetired !== true) now.set(key, row);
      const before = this.before.get(key);
      if (before !== undefined && counted.every((name) => before[name] === row[name])) continue;
      const { pair, side } = placeOf(sums, row);
      for (const name of counted) side[name] += row[name] - (before?.[name] ?? 0);
      const buckets = row.handshakeBuckets.map((count, index) => count - (before?.handshakeBuckets[index] ?? 0));
      buckets.forEach((count, index) => { side.buckets[index] = (side.buckets[index] ?? 0) + count; });
      side.maxNs = Math.max(side.maxNs, longestNs(buckets, row.handshakeMaxNs));
      pair.trouble = Math.max(pair.trouble, side.retransmits + side.noSyn);
      pair.handshakes += side.handshakes;
    }
    this.before = now;
  }

  private addResets(sums: Map<string, PairSums>, rows: readonly ResetRow[]): void {
    const now = new Map<string, ResetRow>();
    for (const row of rows) {
      const key = `${rowKey(row)} ${row.reason}`;
      if (row.isRetired !== true) now.set(key, row);
      const count = row.count - (this.resetsBefore.get(key)?.count ?? 0);
      if (count <= 0) continue;
      const { pair, side } = placeOf(sums, row);
      side.resets.set(row.reason, (side.resets.get(row.reason) ?? 0) + count);
      pair.trouble += count;
    }
    this.resetsBefore = now;
  }
}

function rowKey(row: Ends): string {
  return `${row.clientLabels} ${row.serverLabels} ${row.port} ${row.family} ${row.direction}`;
}

function placeOf(sums: Map<string, PairSums>, ends: Ends): { pair: PairSums; side: Sums } {
  const key = `${ends.clientLabels} ${ends.serverLabels} ${ends.port}`;
  const pair = sums.get(key) ?? { ends, trouble: 0, handshakes: 0 };
  sums.set(key, pair);
  const side = pair[ends.direction === Direction.ingress ? 'ingress' : 'egress'] ??= {
    retransmits: 0, handshakes: 0, handshakeNs: 0, noSynAttach: 0, noSyn: 0, noSynReset: 0, buckets: [], maxNs: 0, resets: new Map(),
  };
  return { pair, side };
}

// the kernel keeps the longest of all times: of an interval it is known to the bucket
function longestNs(buckets: readonly number[], everNs: number): number {
  const last = buckets.findLastIndex((count) => count > 0);
  return last < 0 ? 0 : last === HANDSHAKE_BUCKETS - 1 ? everNs : Math.min(everNs, 2 ** (FIRST_BUCKET_BIT + last + 1));
}

function sideOf(sums: Sums, mayBeEvicted: boolean): TcpSide {
  const buckets = sums.buckets.slice(0, sums.buckets.findLastIndex((count) => count > 0) + 1);
  const resets: ResetCount[] = [...sums.resets].map(([reason, count]) => ({ reason, count }));
  return {
    retransmits: sums.retransmits,
    handshakes: sums.handshakes,
    handshake_ns: sums.handshakeNs,
    handshake_max_ns: sums.maxNs,
    ...(buckets.length === 0 ? {} : { handshake_buckets: buckets }),
    no_syn_attach: sums.noSynAttach,
    ...(mayBeEvicted ? { no_syn_evicted: sums.noSyn } : { no_syn: sums.noSyn }),
    no_syn_reset: sums.noSynReset,
    ...(resets.length === 0 ? {} : { resets }),
  };
}
