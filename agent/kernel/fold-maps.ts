import { foldRecord } from '../decode/fold.ts';
import type { BpfMap } from './bpf-map.ts';
import { callAsync, libc } from './native.ts';

const membarrier = process.arch === 'arm64' ? 283 : 324; // asm/unistd_64.h
const membarrierGlobal = 1; // MEMBARRIER_CMD_GLOBAL of linux/membarrier.h
/** Where the kernel refuses that call (full dynticks): programs run for microseconds. */
const patienceMs = 100;

/** ht_folds_a, ht_folds_b and ht_fold_state of a loaded object. */
export interface FoldMapsParts {
  a: BpfMap;
  b: BpfMap;
  state: BpfMap;
}

/**
 * Empties the maps that bursts fold into, exactly: programs are sent to the other map, those that still write to this
 * one are waited for, and then nobody else touches it.
 */
export class FoldMaps {
  private isB = false;
  private isTaking = false;

  constructor(private readonly maps: FoldMapsParts, private readonly untilProgramsEnd: () => Promise<void> = gracePeriod) {}

  /** What folded since the call before, as records; nothing while another call is at it. Costs one look where nothing folded. */
  async take(): Promise<Uint8Array[]> {
    if (this.isTaking || this.rowsBegun() === 0n) return [];
    this.isTaking = true;
    try {
      const taken = this.isB ? this.maps.b : this.maps.a;
      const rowsAt = this.rowsIndex();
      this.isB = !this.isB;
      this.setState(0, this.isB ? 1n : 0n);
      await this.untilProgramsEnd();
      const records = empty(taken);
      this.setState(rowsAt, 0n);
      return records;
    } finally {
      this.isTaking = false;
    }
  }

  private rowsIndex(): number {
    return this.isB ? 2 : 1;
  }

  private rowsBegun(): bigint {
    const value = this.maps.state.lookup(indexKey(this.rowsIndex()));
    return value === undefined ? 0n : new DataView(value.buffer).getBigUint64(0, true);
  }

  private setState(index: number, value: bigint): void {
    this.maps.state.update(indexKey(index), new Uint8Array(new BigUint64Array([value]).buffer));
  }
}

function empty(map: BpfMap): Uint8Array[] {
  const records: Uint8Array[] = [];
  const keys: Uint8Array[] = [];
  map.forEach((key, value) => {
    keys.push(key.slice());
    const record = foldRecord(key, value, map.valueStride);
    if (record !== undefined) records.push(record);
  });
  for (const key of keys) map.delete(key);
  return records;
}

function indexKey(index: number): Uint8Array {
  return new Uint8Array(new Uint32Array([index]).buffer);
}

/** Every program that ran when this was called has ended: the kernel waits for an RCU grace period, some milliseconds. */
function gracePeriod(): Promise<void> {
  return new Promise((resolve) => {
    callAsync(libc().syscall, [membarrier, membarrierGlobal, null, 0], (result) => {
      if (Number(result) === 0) resolve();
      else setTimeout(resolve, patienceMs);
    });
  });
}
