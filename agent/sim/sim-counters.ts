import type { DropRow, EventCounts, PairRow } from '../decode/kernel.ts';
import { LANES } from '../decode/event.ts';

/** Kinds of HT_KIND_*, the words of EventCounts.kind. */
export type EventKind = 'trace' | 'drop' | 'policy-verdict' | 'kernel-drop';
const kinds: readonly EventKind[] = ['trace', 'drop', 'policy-verdict', 'kernel-drop'];

/** What names a pair row; the rest of it is counted. */
export type PairKey = Pick<PairRow, 'clientLabels' | 'serverLabels' | 'port' | 'protocol' | 'direction' | 'isReply' | 'verdict' | 'family'>;
/** What names a drop row. */
export type DropKey = Omit<DropRow, 'skbs' | 'bytes'>;

/** Rows of a pair map of the datapath: as many as ht_pairs and ht_drop_pairs hold. */
const maxPairs = 16_384;
const maxDropPairs = 4_096;

/** The simulated ht_counters, ht_pairs and ht_drop_pairs. */
export class SimCounters {
  readonly pairs = new Map<string, PairRow>();
  readonly drops = new Map<string, DropRow>();
  pairFailed = 0;
  pairFailedBytes = 0;
  private readonly events = new Map<string, EventCounts>();

  constructor() {
    for (let lane = 0; lane < LANES; lane++) {
      for (const kind of kinds) {
        this.events.set(`${lane} ${kind}`, { lane, kind, happened: 0, submitted: 0, folded: 0, lost: 0, suppressed: 0 });
      }
    }
  }

  /** The row to count on; the same object until the process ends. */
  event(lane: number, kind: EventKind): EventCounts {
    const row = this.events.get(`${lane} ${kind}`);
    if (row === undefined) throw new Error(`no lane ${lane} for ${kind}`);
    return row;
  }

  /** Undefined where the map is full: the packet belongs to no pair. */
  pair(key: PairKey): PairRow | undefined {
    const text = `${key.clientLabels} ${key.serverLabels} ${key.port} ${key.protocol} ${key.direction} ${key.isReply} ${key.verdict} ${key.family}`;
    const known = this.pairs.get(text);
    if (known !== undefined) return known;
    if (this.pairs.size >= maxPairs) return undefined;
    const row: PairRow = { ...key, skbs: 0, segments: 0, bytes: 0, connections: 0, resets: 0, reported: 0 };
    this.pairs.set(text, row);
    return row;
  }

  countKernelDrop(key: DropKey, bytes: number): void {
    const text = `${key.sourceLabels} ${key.destinationLabels} ${key.reason} ${key.port} ${key.protocol} ${key.family}`;
    const row = this.drops.get(text) ?? { ...key, skbs: 0, bytes: 0 };
    if (this.drops.size < maxDropPairs) this.drops.set(text, row);
    row.skbs += 1;
    row.bytes += bytes;
  }

  /** Copies, so that nobody sees a sample change. */
  sampleEvents(): EventCounts[] {
    return [...this.events.values()].map((row) => ({ ...row }));
  }
}
