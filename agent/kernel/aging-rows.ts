import type { BpfMap } from './bpf-map.ts';

/** Rows are looked at for age this often, and only while the map is more than half full. */
const lookEveryNs = 60_000_000_000n;
/** A row that nothing was added to for this long may go; in a map that is nearly full, sooner. */
const idleNs = 600_000_000_000n;
const idleWhenNearlyFullNs = 60_000_000_000n;

/** What is needed of a BpfMap, and of a row in it. */
export type AgingMap = Pick<BpfMap, 'maxEntries' | 'valueStride' | 'forEach' | 'take'>;
interface AgingRow {
  skbs?: number;
  bytes?: number;
  isRetired?: true;
}

/**
 * Rows of a hash map of counters that would fill up in weeks, since nobody in
 * the kernel removes what no pod sends any more: the longest idle rows leave
 * when it is more than half full. A row that leaves is given a last time, with
 * its last figures and isRetired; the same key may begin again at zero.
 */
export class AgingRows<Row extends AgingRow> {
  /** Sums of rows that left before the last read(), as far as isSummed says so. */
  readonly retired = { skbs: 0, bytes: 0 };
  private leaving: readonly Row[] = [];
  private lastCount = 0;
  private nextLookNs = 0n;
  /** By key: the figures at the last look, and since when they stand still. */
  private seen = new Map<string, { figures: string; sinceNs: bigint }>();

  constructor(
    private readonly map: AgingMap,
    private readonly parse: (key: Uint8Array, value: Uint8Array, stride: number) => Row,
    private readonly isSummed: (row: Row) => boolean = () => true,
  ) {}

  /** All rows now. `nowNs` is any clock that goes forward. */
  read(nowNs: bigint): Row[] {
    for (const { skbs = 0, bytes = 0 } of this.leaving.filter(this.isSummed)) {
      this.retired.skbs += skbs;
      this.retired.bytes += bytes;
    }
    this.leaving = [];
    const { map } = this;
    const rows = new Map<string, Row>();
    const isLook = this.isLookDue(nowNs);
    const list: Row[] = [];
    map.forEach((key, value) => {
      const row = this.parse(key, value, map.valueStride);
      if (isLook) rows.set(Buffer.from(key).toString('latin1'), row);
      else list.push(row);
    });
    if (isLook) this.age(rows, nowNs);
    this.lastCount = isLook ? rows.size : list.length;
    return isLook ? [...rows.values()] : list;
  }

  private isLookDue(nowNs: bigint): boolean {
    if (this.lastCount <= this.map.maxEntries / 2) {
      this.seen.clear();
      return false;
    }
    if (nowNs < this.nextLookNs) return false;
    this.nextLookNs = nowNs + lookEveryNs;
    return true;
  }

  private age(rows: Map<string, Row>, nowNs: bigint): void {
    const seen = new Map<string, { figures: string; sinceNs: bigint }>();
    for (const [key, row] of rows) {
      const figures = JSON.stringify(row);
      const before = this.seen.get(key);
      seen.set(key, before?.figures === figures ? before : { figures, sinceNs: nowNs });
    }
    this.seen = seen;
    const leastNs = rows.size > this.map.maxEntries * 0.9 ? idleWhenNearlyFullNs : idleNs;
    const idle = [...seen].filter(([, { sinceNs }]) => nowNs - sinceNs >= leastNs).toSorted(([, one], [, other]) => Number(one.sinceNs - other.sinceNs));
    this.leaving = idle.slice(0, Math.ceil(rows.size - this.map.maxEntries / 2)).flatMap(([key]) => this.retire(key, rows));
  }

  private retire(key: string, rows: Map<string, Row>): Row[] {
    const keyBytes = new Uint8Array(Buffer.from(key, 'latin1'));
    // what was added since the read is in the value that the kernel gives when it removes it
    const value = this.map.take(keyBytes);
    if (value === undefined) return [];
    const last: Row = { ...this.parse(keyBytes, value, this.map.valueStride), isRetired: true };
    rows.set(key, last);
    this.seen.delete(key);
    return [last];
  }
}
