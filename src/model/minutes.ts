import type { CountedRing, SlotSpan } from './counted-slot.ts';
import { coverage } from './counted-slot.ts';
import { SLOT_SECONDS, SLOTS } from './slot-ring.ts';

/** Slots of a minute. */
export const MINUTE_SLOTS = 60 / SLOT_SECONDS;
const MAX_MINUTES = SLOTS / MINUTE_SLOTS + 1;
/** A minute counts as observed when so many seconds of it were. */
const LEAST_SECONDS = 45;

interface Kept<Made> {
  version: string;
  minutes: Map<number, Made | undefined>;
}

/** What was made of whole minutes of a ring: once each, since what is over does not change. */
export class Minutes<Made> {
  private readonly kept = new WeakMap<CountedRing, Kept<Made>>();

  constructor(private readonly make: (ring: CountedRing, span: SlotSpan) => Made) {}

  /** Observed minutes that ended by a slot, the newest first, at most so many. `version` says what else they depend on. */
  before(ring: CountedRing, shape: { slot: number; count: number; version: string }): Made[] {
    const version = `${ring.clearCount} ${shape.version}`;
    let kept = this.kept.get(ring);
    if (kept === undefined || kept.version !== version) this.kept.set(ring, kept = { version, minutes: new Map() });
    const newest = Math.floor(shape.slot / MINUTE_SLOTS) - 1;
    const list: Made[] = [];
    for (let minute = newest; minute > newest - shape.count && (minute + 1) * MINUTE_SLOTS > ring.first; minute--) {
      const made = this.minute(ring, kept.minutes, minute);
      if (made !== undefined) list.push(made);
    }
    return list;
  }

  private minute(ring: CountedRing, minutes: Map<number, Made | undefined>, minute: number): Made | undefined {
    if (minutes.has(minute)) return minutes.get(minute);
    const span = { from: minute * MINUTE_SLOTS, to: (minute + 1) * MINUTE_SLOTS };
    const { seconds, hasGap } = coverage(ring, span);
    const made = seconds < LEAST_SECONDS || hasGap ? undefined : this.make(ring, span);
    if (minutes.size >= MAX_MINUTES) minutes.delete(Math.min(...minutes.keys()));
    minutes.set(minute, made);
    return made;
  }
}

/** The middle one of some values; undefined of none. */
export function median(values: readonly number[]): number | undefined {
  return values.toSorted((one, other) => one - other)[values.length >> 1];
}
