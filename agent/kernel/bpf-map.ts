import { KernelError, errnoText } from './kernel-error.ts';
import { libbpf, possibleCpus } from './libbpf.ts';

const enoent = -2;
const enospc = -28;
const firstBatchEntries = 512;

/** A map of a loaded object: reading and writing entries as bytes. */
export class BpfMap {
  constructor(
    readonly name: string,
    readonly fd: number,
    readonly keySize: number,
    /** Of one CPU, as declared; see valueStride for per-CPU maps. */
    readonly valueSize: number,
    readonly maxEntries: number,
    readonly type: number,
  ) {}

  /** How many values each key has: the possible CPUs for per-CPU maps, else 1. */
  get valuesPerKey(): number {
    return isPerCpu(this.type) ? possibleCpus() : 1;
  }

  /** Bytes from one CPU's value to the next. */
  get valueStride(): number {
    return isPerCpu(this.type) ? Math.ceil(this.valueSize / 8) * 8 : this.valueSize;
  }

  /** The value (all CPUs' values in a row for a per-CPU map), or undefined if there is no such key. */
  lookup(key: Uint8Array): Uint8Array | undefined {
    const value = new Uint8Array(this.valueStride * this.valuesPerKey);
    const result = Number(libbpf().bpf_map_lookup_elem(this.fd, this.checkedKey(key), value));
    if (result === enoent) return undefined;
    if (result < 0) throw this.failed('read', result);
    return value;
  }

  /** Removes an entry and gives its last value; undefined if there was none. */
  take(key: Uint8Array): Uint8Array | undefined {
    const value = new Uint8Array(this.valueStride * this.valuesPerKey);
    const result = Number(libbpf().bpf_map_lookup_and_delete_elem(this.fd, this.checkedKey(key), value));
    if (result === enoent) return undefined;
    if (result < 0) throw this.failed('take from', result);
    return value;
  }

  /** Sets an entry. */
  update(key: Uint8Array, value: Uint8Array): void {
    const result = this.tryUpdate(key, value);
    if (result < 0) throw this.failed('write', result);
  }

  /** Sets an entry; 0, or a negative errno such as a full map's E2BIG. */
  tryUpdate(key: Uint8Array, value: Uint8Array): number {
    if (value.length !== this.valueStride * this.valuesPerKey) throw new Error(`map ${this.name} takes values of ${this.valueStride * this.valuesPerKey} bytes, not ${value.length}`);
    return Number(libbpf().bpf_map_update_elem(this.fd, this.checkedKey(key), value, 0n));
  }

  /** Removes an entry; false if it was not there. */
  delete(key: Uint8Array): boolean {
    const result = Number(libbpf().bpf_map_delete_elem(this.fd, this.checkedKey(key)));
    if (result < 0 && result !== enoent) throw this.failed('delete from', result);
    return result === 0;
  }

  /** Calls visit for each entry, with views that are overwritten by the next batch. Entries that come or go meanwhile may be missed. */
  forEach(visit: (key: Uint8Array, value: Uint8Array) => void): void {
    for (const entries of this.batches()) for (const [key, value] of entries) visit(key, value);
  }

  /** As forEach(), some hundred entries at a time: whoever prints them need not hold all. */
  *batches(): Generator<[key: Uint8Array, value: Uint8Array][]> {
    const valueBytes = this.valueStride * this.valuesPerKey;
    for (const { keys, values, count } of this.blocks()) {
      yield Array.from({ length: count }, (_, index) => [keys.subarray(index * this.keySize, (index + 1) * this.keySize), values.subarray(index * valueBytes, (index + 1) * valueBytes)]);
    }
  }

  /** As batches(), the bytes of many entries in a row as the kernel gives them. The next block overwrites them. */
  *blocks(firstEntries = firstBatchEntries): Generator<{ keys: Uint8Array; values: Uint8Array; count: number }> {
    const valueBytes = this.valueStride * this.valuesPerKey;
    let capacity = firstEntries;
    let keys = new Uint8Array(capacity * this.keySize);
    let values = new Uint8Array(capacity * valueBytes);
    const cursor = new Uint8Array(Math.max(8, this.keySize));
    const count = new Uint32Array(1);
    for (let isFirst = true, isLast = false; !isLast;) {
      count[0] = capacity;
      const result = Number(libbpf().bpf_map_lookup_batch(this.fd, isFirst ? null : cursor, cursor, keys, values, count, null));
      if (result === enospc && capacity < this.maxEntries * 2) { // one bucket holds more than our buffers
        capacity *= 2;
        keys = new Uint8Array(capacity * this.keySize);
        values = new Uint8Array(capacity * valueBytes);
        continue;
      }
      if (result < 0 && result !== enoent) throw this.failed('read', result);
      isFirst = false;
      isLast = result === enoent;
      yield { keys, values, count: count[0] ?? 0 };
    }
  }

  private checkedKey(key: Uint8Array): Uint8Array {
    if (key.length !== this.keySize) throw new Error(`map ${this.name} takes keys of ${this.keySize} bytes, not ${key.length}`);
    return key;
  }

  private failed(verb: string, result: number): KernelError {
    return new KernelError('system-call', `cannot ${verb} BPF map ${this.name}: ${errnoText(result)}`);
  }
}

/** BPF_MAP_TYPE_PERCPU_HASH, PERCPU_ARRAY, LRU_PERCPU_HASH of linux/bpf.h. */
function isPerCpu(type: number): boolean {
  return type === 5 || type === 6 || type === 10;
}

/** Kernel's name of a map type, by its number in linux/bpf.h. */
export function mapTypeName(type: number): string {
  return mapTypeNames[type] ?? `type-${type}`;
}

const mapTypeNames = [
  'unspec', 'hash', 'array', 'prog_array', 'perf_event_array', 'percpu_hash', 'percpu_array', 'stack_trace', 'cgroup_array',
  'lru_hash', 'lru_percpu_hash', 'lpm_trie', 'array_of_maps', 'hash_of_maps', 'devmap', 'sockmap', 'cpumap', 'xskmap', 'sockhash',
  'cgroup_storage', 'reuseport_sockarray', 'percpu_cgroup_storage', 'queue', 'stack', 'sk_storage', 'devmap_hash', 'struct_ops',
  'ringbuf', 'inode_storage', 'task_storage', 'bloom_filter', 'user_ringbuf', 'cgrp_storage', 'arena',
];
