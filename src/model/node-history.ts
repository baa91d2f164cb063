/** One sample stands for this long; there is an hour of them. */
export const SAMPLE_MS = 5_000;
export const SAMPLES = 720;

/** What is remembered of a node over time. Events are sums of the sample's time; shares are its highest, 0 to 1; -1 = not said. */
export const NODE_FIELDS = ['happened', 'lost', 'flows', 'ring', 'conntrack', 'kernelConntrack', 'map', 'cpu', 'isAway'] as const;
export type NodeField = (typeof NODE_FIELDS)[number];
/** Fields that add up within a sample; of the others the highest counts. */
const SUMS: readonly NodeField[] = ['happened', 'lost', 'flows'];

/** One reading of a node. */
export type NodeSample = Record<NodeField, number>;

/** The last hour of a node, so that a moment of the past shows what the node was like then. 26 KB. */
export class NodeHistory {
  private readonly values = new Map<NodeField, Float32Array>(NODE_FIELDS.map((field) => [field, new Float32Array(SAMPLES)]));
  /** Number of the sample since 1970 that each place holds. */
  private readonly indices = new Float64Array(SAMPLES).fill(-1);
  private newest = -1;
  private oldest = -1;

  /** Takes a reading in; older ones than an hour before the newest are ignored. */
  add(atMs: number, sample: NodeSample): void {
    const index = Math.floor(atMs / SAMPLE_MS);
    if (index <= this.newest - SAMPLES) return;
    const at = index % SAMPLES;
    const isFresh = this.indices[at] !== index;
    this.indices[at] = index;
    this.newest = Math.max(this.newest, index);
    if (this.oldest < 0) this.oldest = index;
    for (const [field, values] of this.values) {
      const before = isFresh ? (SUMS.includes(field) ? 0 : -1) : (values[at] ?? 0);
      values[at] = SUMS.includes(field) ? before + sample[field] : Math.max(before, sample[field]);
    }
  }

  /** A field at a moment; undefined where nothing was heard. */
  at(momentMs: number, field: NodeField): number | undefined {
    const index = Math.min(this.newest, Math.floor(momentMs / SAMPLE_MS));
    return this.value(index, field);
  }

  /** Since when a field has been at least this, up to a moment, in ms; undefined if it is not. */
  since(momentMs: number, field: NodeField, least: number): number | undefined {
    let index = Math.min(this.newest, Math.floor(momentMs / SAMPLE_MS));
    let since: number | undefined;
    for (; index > this.newest - SAMPLES; index--) {
      const value = this.value(index, field);
      if (value === undefined || value < least) break;
      since = index * SAMPLE_MS;
    }
    return since;
  }

  /** Sum of a field over the samples that touch a stretch of time. */
  sum(fromMs: number, toMs: number, field: NodeField): number {
    let total = 0;
    for (let index = Math.floor(fromMs / SAMPLE_MS); index * SAMPLE_MS < toMs; index++) total += this.value(index, field) ?? 0;
    return total;
  }

  /** How much of a stretch of time is remembered, in ms. */
  knownMs(fromMs: number, toMs: number): number {
    let known = 0;
    for (let index = Math.floor(fromMs / SAMPLE_MS); index * SAMPLE_MS < toMs; index++) if (this.value(index, 'isAway') !== undefined) known += SAMPLE_MS;
    return known;
  }

  /** `columns` points up to a moment, each the highest (or for events the rate a second) of its time; oldest first. */
  series(toMs: number, shape: { columns: number; spanMs: number }, field: NodeField): ({ value: number; isHole: boolean } | undefined)[] {
    const perColumn = Math.max(1, Math.ceil(shape.spanMs / SAMPLE_MS / shape.columns));
    const end = Math.min(this.newest, Math.floor(toMs / SAMPLE_MS));
    return Array.from({ length: shape.columns }, (_, column) => this.point(end - (shape.columns - column) * perColumn + 1, perColumn, field));
  }

  private point(from: number, length: number, field: NodeField): { value: number; isHole: boolean } | undefined {
    const isSum = SUMS.includes(field);
    let value = isSum ? 0 : -1;
    let known = 0;
    for (let index = from; index < from + length; index++) {
      const one = this.value(index, field);
      // what happens on a node that is away nobody knows
      if (one === undefined || (this.value(index, 'isAway') ?? 0) > 0) continue;
      known++;
      value = isSum ? value + one : Math.max(value, one);
    }
    if (known === 0) return from + length <= this.oldest || this.oldest < 0 ? undefined : { value: 0, isHole: true };
    return { value: isSum ? (value * 1000) / (known * SAMPLE_MS) : Math.max(0, value), isHole: false };
  }

  private value(index: number, field: NodeField): number | undefined {
    const at = ((index % SAMPLES) + SAMPLES) % SAMPLES;
    return index >= 0 && this.indices[at] === index ? this.values.get(field)?.[at] : undefined;
  }
}

/** How fast a share grows, per minute, over the last minutes before a moment; undefined with too little to tell. */
export function growthPerMinute(history: NodeHistory, momentMs: number, field: NodeField): number | undefined {
  const now = history.at(momentMs, field);
  if (now === undefined || now < 0) return undefined;
  for (const minutes of GROWTH_MINUTES) {
    const before = history.at(momentMs - minutes * 60_000, field);
    if (before !== undefined && before >= 0) return (now - before) / minutes;
  }
  return undefined;
}

/** Growth is read over the longest of these that is known. */
const GROWTH_MINUTES = [3, 2, 1, 0.5] as const;
