import type { Endpoint } from '../../src/wire/gen/flow.ts';

/** Label sets that have a number at once; those beyond share WORLD_LABELS and are counted. */
export const MAX_LABEL_SETS = 65_536;
/** Beyond this the oldest that no pod has any more are forgotten: the rest is room for the next catalog's new ones. */
const KEPT_LABEL_SETS = MAX_LABEL_SETS * 0.75;

/** Label-set number of addresses nobody knows. */
export const WORLD_LABELS = 0;

/** Whoever was known once and is forgotten: Cilium's identity 0. */
export const unknownEndpoint: Endpoint = { identity: 0, labels: ['reserved:unknown'] };

/** One set of labels, as pairs and policies are keyed by; its endpoint has no pod name. */
export interface LabelSet {
  labels: number;
  endpoint: Endpoint;
}

/** Numbers for label sets. A number never means another set later, so old counters never get a new name. */
export class LabelSets {
  /** Sets that found no room, each time they came. */
  overflowCount = 0;
  /** Sets nobody has any more that were forgotten; counters that name them show an unknown endpoint. */
  forgottenCount = 0;
  /** How often one of those was asked for. */
  missedCount = 0;
  private readonly sets = new Map<number, LabelSet>();
  private readonly numbers = new Map<string, number>();
  private readonly keys = new Map<number, string>();
  private last = WORLD_LABELS;

  constructor(private readonly world: Endpoint) {}

  get size(): number {
    return this.sets.size;
  }

  /** The number of an endpoint's set; `trait` tells apart what policies tell apart though its labels do not. */
  numberOf(endpoint: Endpoint, trait = ''): number {
    const { identity, namespace, labels, workloads } = endpoint;
    const key = JSON.stringify([identity, namespace, labels, workloads?.map(({ name, kind }) => [name, kind]), trait]);
    const known = this.numbers.get(key);
    if (known !== undefined) return known;
    if (this.sets.size >= MAX_LABEL_SETS) {
      this.overflowCount++;
      return WORLD_LABELS;
    }
    const number = ++this.last;
    this.sets.set(number, { labels: number, endpoint: { identity, namespace, labels, workloads } });
    this.numbers.set(key, number);
    this.keys.set(number, key);
    return number;
  }

  get(labels: number): LabelSet {
    const known = this.sets.get(labels);
    if (known !== undefined) return known;
    if (labels === WORLD_LABELS || labels > this.last) return { labels, endpoint: this.world };
    this.missedCount++;
    return { labels, endpoint: unknownEndpoint };
  }

  /** Says which sets somebody has now. */
  keep(live: ReadonlySet<number>): void {
    if (this.sets.size <= KEPT_LABEL_SETS) return;
    for (const number of this.sets.keys()) {
      if (this.sets.size <= KEPT_LABEL_SETS) return;
      if (live.has(number)) continue;
      this.numbers.delete(this.keys.get(number) ?? '');
      this.keys.delete(number);
      this.sets.delete(number);
      this.forgottenCount++;
    }
  }
}
