import type { EventLedger, Loss, VolumeLedger } from '../wire/gen/hubtop.ts';

type Moment = NonNullable<Loss['first']>;

/** Events of a ledger that nobody accounts for: happened - reported - folded - losses. 0 when it balances. */
export function unaccountedEvents(ledger: EventLedger): number {
  return (ledger.happened ?? 0) - (ledger.reported ?? 0) - (ledger.folded ?? 0) - lostEvents(ledger);
}

/** All losses of a ledger, whatever the stage. */
export function lostEvents(ledger: EventLedger): number {
  return (ledger.losses ?? []).reduce((sum, loss) => sum + (loss.count ?? 0), 0);
}

/** Bytes that were counted and neither reported nor live: what evicted entries took with them. */
export function evictedBytes(ledger: VolumeLedger): number {
  return (ledger.counted_bytes ?? 0) - (ledger.reported_bytes ?? 0) - (ledger.live_bytes ?? 0);
}

/** The ledgers of many nodes as one, by kind; losses by stage and cause with the widest span of time. */
export function mergeEventLedgers(ledgers: readonly EventLedger[]): EventLedger[] {
  const merged = new Map<string, EventLedger>();
  for (const ledger of ledgers) {
    const kind = ledger.kind ?? '';
    const before = merged.get(kind) ?? {};
    merged.set(kind, {
      kind,
      happened: (before.happened ?? 0) + (ledger.happened ?? 0),
      reported: (before.reported ?? 0) + (ledger.reported ?? 0),
      folded: (before.folded ?? 0) + (ledger.folded ?? 0),
      losses: mergeLosses([...(before.losses ?? []), ...(ledger.losses ?? [])]),
    });
  }
  return sortedBy([...merged.values()], (ledger) => ledger.kind ?? '');
}

/** Losses by stage and cause. */
export function mergeLosses(losses: readonly Loss[]): Loss[] {
  const merged = new Map<string, Loss>();
  for (const loss of losses) {
    const key = `${loss.stage ?? ''}\n${loss.cause ?? ''}`;
    const before = merged.get(key);
    merged.set(key, before === undefined ? loss : {
      ...before,
      count: (before.count ?? 0) + (loss.count ?? 0),
      first: pick(before.first, loss.first, -1),
      last: pick(before.last, loss.last, 1),
    });
  }
  return sortedBy([...merged.values()], (loss) => `${loss.stage ?? ''}\n${loss.cause ?? ''}`);
}

/** The earlier (sign -1) or later (sign 1) of two moments. */
function pick(one: Moment | undefined, other: Moment | undefined, sign: -1 | 1): Moment | undefined {
  if (one === undefined || other === undefined) return one ?? other;
  const order = Number((one.seconds ?? 0n) - (other.seconds ?? 0n)) || (one.nanos ?? 0) - (other.nanos ?? 0);
  return order * sign >= 0 ? one : other;
}

function sortedBy<Item>(items: Item[], key: (item: Item) => string): Item[] {
  return items.toSorted((one, other) => (key(one) < key(other) ? -1 : 1));
}
