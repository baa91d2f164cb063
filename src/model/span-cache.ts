import { RollingSum, type CountedRing, type SlotSpan } from './counted-slot.ts';

/** Windows and moments looked at by turns: what is on the screen, what the incident log is kept with. */
const MAX_KEPT = 4;

interface Kept<Made> {
  sum: RollingSum;
  ring: CountedRing;
  version: string;
  made: Made;
}

/** Figures made of a stretch of a ring, once a second for each window somebody looks at. */
export class SpanCache<Made> {
  private readonly kept = new Map<string, Kept<Made>>();

  /** What `make` gives for the counts of a span; `version` says what else it depends on, the second among it. */
  of(ring: CountedRing, span: SlotSpan, key: { version: string; make: (counts: ReadonlyMap<number, number>) => Made }): Made {
    const name = `${span.to - span.from} ${span.to > ring.last ? 'live' : 'past'}`;
    const known = this.kept.get(name);
    const version = `${span.to} ${key.version}`;
    if (known?.ring === ring && known.version === version) return known.made;
    const sum = known?.sum ?? new RollingSum();
    const made = key.make(sum.of(ring, span));
    this.kept.delete(name);
    if (this.kept.size >= MAX_KEPT) this.kept.delete(this.kept.keys().next().value ?? '');
    this.kept.set(name, { sum, ring, version, made });
    return made;
  }
}
