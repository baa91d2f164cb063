import type { CountedRing, SlotSpan } from '../model/counted-slot.ts';
import { DnsKind, dnsKey, EVERY_NAME } from '../model/dns-cells.ts';
import { dnsFigures, type DnsFigures } from '../model/dns-figures.ts';
import { ANSWER_MS } from '../model/dns-pending.ts';
import { detailOfKey } from '../model/l7-cells.ts';
import { Minutes } from '../model/minutes.ts';
import { SLOT_SECONDS } from '../model/slot-ring.ts';
import type { State } from '../model/state.ts';
import { NOW_SECONDS } from './route-jumps.ts';

/** Minutes that "now" is compared with. */
const BASE_MINUTES = 30;
/** Slots without trouble in a row that end the search for its beginning. */
const QUIET_SLOTS = 3;

type AskerKind = typeof DnsKind.FAILED | typeof DnsKind.UNANSWERED;

/** Failures of each who asks, by kind, in one minute. */
type Failures = ReadonlyMap<number, number>;

const kinds: readonly AskerKind[] = [DnsKind.FAILED, DnsKind.UNANSWERED];
const minutes = new WeakMap<State['dns'], Minutes<Record<AskerKind, Failures>>>();

/** DNS of the last minute, whatever window the reader looks at. */
export function dnsNow(state: State): DnsFigures {
  return dnsFigures(state, NOW_SECONDS);
}

/** Failures a minute of somebody who asks, in the quieter half of the minutes before; undefined where too few were observed. */
export function usualFailures(state: State, kind: AskerKind, asker: number): number | undefined {
  const { dns } = state;
  const { ring, span } = dnsNow(state);
  let kept = minutes.get(dns);
  if (kept === undefined) minutes.set(dns, kept = new Minutes((from, minute) => failuresOf(from, minute)));
  const counts = kept.before(ring, { slot: span.from, count: BASE_MINUTES, version: '' }).map((minute) => minute[kind].get(asker) ?? 0).sort((one, other) => one - other);
  if (counts.length === 0) return undefined;
  const quiet = counts.slice(0, Math.max(1, Math.ceil(counts.length / 2)));
  return quiet.reduce((sum, count) => sum + count, 0) / quiet.length;
}

function failuresOf(ring: CountedRing, span: SlotSpan): Record<AskerKind, Failures> {
  const made = { [DnsKind.FAILED]: new Map<number, number>(), [DnsKind.UNANSWERED]: new Map<number, number>() };
  for (let index = span.from; index < span.to; index++) for (const kind of kinds) forAskers(ring, index, kind, (asker, count) => made[kind].set(asker, (made[kind].get(asker) ?? 0) + count));
  return made;
}

function forAskers(ring: CountedRing, index: number, kind: AskerKind, visit: (asker: number, count: number) => void): void {
  ring.peek(index)?.cells.range(dnsKey(EVERY_NAME, kind, 0), dnsKey(EVERY_NAME, kind, 0) + (1 << 14), (key, count) => visit(detailOfKey(key), count));
}

/** Beginning of the oldest slot from which on somebody's lookups fail so: so many seconds too early at most. */
export function failingSince({ ring, span }: DnsFigures, kind: AskerKind, asker: number): number {
  let since = span.to - 1;
  let quiet = 0;
  for (let index = span.to - 1; index >= ring.first && quiet < QUIET_SLOTS; index--) {
    if ((ring.peek(index)?.cells.get(dnsKey(EVERY_NAME, kind, asker)) ?? 0) > 0) {
      since = index;
      quiet = 0;
    } else quiet++;
  }
  // a question without an answer is counted when its time is over
  return since * SLOT_SECONDS * 1000 - (kind === DnsKind.UNANSWERED ? ANSWER_MS : 0);
}

/** Whether a count is more than chance makes of what is usual. */
export function isMoreThan(usual: number, count: number): boolean {
  return count >= usual + 5 * Math.sqrt(usual);
}
