import type { CountedRing, SlotSpan } from './counted-slot.ts';
import { DnsKind, dnsKey, NOERROR, NXDOMAIN } from './dns-cells.ts';
import { detailOfKey } from './l7-cells.ts';
import { holeOf, type SlotPoint } from './l7-slots.ts';
import { SLOT_SECONDS } from './slot-ring.ts';
import { columnSpans } from './slot-span.ts';

/** Answers or lookups of an entity in a stretch of slots, by how they ended. */
export function rcodesOf(ring: CountedRing, entity: number, { from, to }: SlotSpan): Map<number, number> {
  const found = new Map<number, number>();
  for (let index = from; index < to; index++) {
    const cells = ring.peek(index)?.cells;
    if (cells === undefined) continue;
    cells.pack();
    cells.range(dnsKey(entity, DnsKind.RCODE, 0), dnsKey(entity, DnsKind.LATENCY, 0), (key, count) => found.set(detailOfKey(key), (found.get(detailOfKey(key)) ?? 0) + count));
  }
  return found;
}

/** A value for each column of a chart over a span. */
export function rcodeSeries(ring: CountedRing, entity: number, shape: { span: SlotSpan; columns: number }, value: (rcodes: ReadonlyMap<number, number>) => number): SlotPoint[] {
  return columnSpans(shape.span, shape.columns).map((span) => {
    const rcodes = rcodesOf(ring, entity, span);
    return rcodes.size === 0 ? holeOf(ring, span) : { value: value(rcodes), isHole: false };
  });
}

/** Slots in a row, with lookups, in which a name did not fail: before them its failing is another story. */
const QUIET_SLOTS = 6;

/** Since when a name fails: beginning of the oldest slot from which on it goes on; in slots of five seconds, so that many seconds too early at most. */
export function nameFailsSince(ring: CountedRing, name: number, to: number): number {
  let since = to - 1;
  let quiet = 0;
  for (let index = to - 1; index >= ring.first && quiet < QUIET_SLOTS; index--) {
    const rcodes = rcodesOf(ring, name, { from: index, to: index + 1 });
    const failed = total(rcodes) - (rcodes.get(NOERROR) ?? 0);
    if (failed > 0) {
      since = index;
      quiet = 0;
    } else quiet++;
  }
  return since * SLOT_SECONDS * 1000;
}

/** Part of answers that are neither an answer nor an honest no. */
export function badShare(rcodes: ReadonlyMap<number, number>): number {
  const all = total(rcodes);
  return all === 0 ? 0 : (all - (rcodes.get(NOERROR) ?? 0) - (rcodes.get(NXDOMAIN) ?? 0)) / all;
}

function total(counts: ReadonlyMap<number, number>): number {
  let sum = 0;
  for (const count of counts.values()) sum += count;
  return sum;
}
