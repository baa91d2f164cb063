/** One key of a SpaceSaving: its true weight lies between weight - error and weight. */
export interface Heavy {
  key: string;
  weight: number;
  error: number;
}

/**
 * The heaviest keys of a stream in bounded memory (Metwally et al. 2005). A key
 * that is not listed weighs at most `floor`. Two of them merge: the bounds hold
 * in whatever order (Agarwal et al. 2012, "Mergeable summaries").
 */
export class SpaceSaving {
  /** All that was ever added. */
  total = 0;
  private readonly counts = new Map<string, { weight: number; error: number }>();
  private cutFloor = 0;

  constructor(readonly capacity: number) {}

  get size(): number {
    return this.counts.size;
  }

  /** Upper bound of the weight of any key that is not listed. */
  get floor(): number {
    return this.counts.size < this.capacity ? this.cutFloor : Math.max(this.cutFloor, this.lightest().weight);
  }

  add(key: string, weight: number): void {
    if (!(weight > 0)) return;
    this.total += weight;
    const known = this.counts.get(key);
    if (known) {
      known.weight += weight;
      return;
    }
    const floor = this.floor;
    if (this.counts.size >= this.capacity) this.counts.delete(this.lightest().key);
    this.counts.set(key, { weight: weight + floor, error: floor });
  }

  /** Takes the counts of another in; the other is not changed. */
  merge(other: SpaceSaving): void {
    const [ownFloor, otherFloor] = [this.floor, other.floor];
    const merged: Heavy[] = [];
    for (const key of new Set([...this.counts.keys(), ...other.counts.keys()])) {
      const own = this.counts.get(key) ?? { weight: ownFloor, error: ownFloor };
      const their = other.counts.get(key) ?? { weight: otherFloor, error: otherFloor };
      merged.push({ key, weight: own.weight + their.weight, error: own.error + their.error });
    }
    merged.sort(heavierFirst);
    this.counts.clear();
    for (const { key, weight, error } of merged.slice(0, this.capacity)) this.counts.set(key, { weight, error });
    this.cutFloor = Math.max(ownFloor + otherFloor, merged[this.capacity]?.weight ?? 0);
    this.total += other.total;
  }

  /** Heaviest first; equal weights by key, so that the same counts give the same list. */
  list(): Heavy[] {
    return [...this.counts].map(([key, { weight, error }]) => ({ key, weight, error })).sort(heavierFirst);
  }

  // a scan: capacities are hundreds, and most keys are known
  private lightest(): { key: string; weight: number } {
    let lightest = { key: '', weight: Infinity };
    for (const [key, { weight }] of this.counts) if (weight < lightest.weight) lightest = { key, weight };
    return lightest;
  }
}

function heavierFirst(one: Heavy, other: Heavy): number {
  if (one.weight !== other.weight) return other.weight - one.weight;
  return one.key < other.key ? -1 : 1;
}
