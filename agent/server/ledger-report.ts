import type { EventLedger, Loss, VolumeLedger } from '../../src/wire/gen/hubtop.ts';
import { type EventCounts, hasPassed, type KernelSample } from '../decode/kernel.ts';
import type { DrainCounts } from '../history/node-drain.ts';
import { timestampOf } from '../../src/wire/timestamp.ts';

interface LossState {
  count: number;
  firstNs: bigint;
  lastNs: bigint;
}

/** Keeps both ledgers of a node: what happened and what became of it. Cumulative since the agent's start. */
export class LedgerMeter {
  private readonly losses = new Map<string, LossState>();

  /** One row a kind; happened = reported + folded + losses in each. */
  events(sample: KernelSample, drain: DrainCounts, nowNs: bigint): EventLedger[] {
    const kinds = new Map<string, EventCounts>();
    for (const row of sample.events) {
      const sum = kinds.get(row.kind) ?? { lane: 0, kind: row.kind, happened: 0, submitted: 0, folded: 0, lost: 0, suppressed: 0, limited: 0 };
      sum.happened += row.happened;
      sum.submitted += row.submitted;
      sum.folded += row.folded;
      sum.lost += row.lost;
      sum.suppressed += row.suppressed;
      sum.limited = (sum.limited ?? 0) + (row.limited ?? 0);
      kinds.set(row.kind, sum);
    }
    return [...kinds.values()].filter((sum) => sum.happened > 0).map((sum) => this.ledger(sum, drain, nowNs));
  }

  private ledger(sum: EventCounts, drain: DrainCounts, nowNs: bigint): EventLedger {
    // Records we cannot read have no kind; traces are the bulk.
    const unread = sum.kind === 'trace' ? Math.min(drain.badRecords, sum.submitted) : 0;
    const losses = [
      this.loss(`${sum.kind} ring`, { stage: 'kernel-ring', cause: 'ring full', count: sum.lost }, nowNs),
      this.loss(`${sum.kind} noise`, { stage: 'suppressed', cause: 'noise rules', count: sum.suppressed - (sum.limited ?? 0) }, nowNs),
      this.loss(`${sum.kind} limiter`, { stage: 'suppressed', cause: 'limiter', count: sum.limited ?? 0 }, nowNs),
      this.loss(`${sum.kind} bad`, { stage: 'agent', cause: 'unreadable records', count: unread }, nowNs),
    ].filter((loss) => loss !== undefined);
    return { kind: sum.kind, happened: sum.happened, reported: sum.submitted - unread, folded: sum.folded, losses };
  }

  /** What slow clients did not get: a loss of their streams, not of the node's history. */
  history(overtaken: number, nowNs: bigint): EventLedger[] {
    const loss = this.loss('history', { stage: 'history', cause: 'overwritten before a slow client read it', count: overtaken }, nowNs);
    return loss === undefined ? [] : [{ kind: 'history', happened: overtaken, losses: [loss] }];
  }

  private loss(key: string, row: { stage: string; cause: string; count: number }, nowNs: bigint): Loss | undefined {
    if (row.count === 0) return undefined;
    const state = this.losses.get(key) ?? { count: 0, firstNs: nowNs, lastNs: nowNs };
    if (row.count > state.count) state.lastNs = nowNs;
    state.count = row.count;
    this.losses.set(key, state);
    return { ...row, first: timestampOf(state.firstNs), last: timestampOf(state.lastNs) };
  }
}

/** counted + pair_failed = reported + live + evicted, as far as one moment allows: the counters move while they are read. */
export function volumeLedger(sample: KernelSample, drain: DrainCounts): VolumeLedger {
  const { conntrack, retiredPairs } = sample;
  const pairs = sample.pairs.filter(hasPassed);
  return {
    counted_skbs: pairs.reduce((total, pair) => total + pair.skbs, retiredPairs?.skbs ?? 0),
    counted_bytes: pairs.reduce((total, pair) => total + pair.bytes, retiredPairs?.bytes ?? 0),
    reported_skbs: drain.skbs,
    reported_bytes: drain.bytes,
    live_skbs: conntrack.liveSkbs,
    live_bytes: conntrack.liveBytes,
    conntrack_inserted: conntrack.inserted,
    conntrack_deleted: conntrack.deleted,
    conntrack_live: conntrack.live,
    conntrack_failed: conntrack.failed,
    mid_stream: conntrack.midStream,
    not_ip: sample.notIp,
    malformed: sample.malformed,
    pair_failed: sample.pairFailed,
    pair_failed_bytes: sample.pairFailedBytes,
  };
}
