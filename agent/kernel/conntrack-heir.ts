import { openMap, programById } from './bpf-ids.ts';
import type { BpfMap } from './bpf-map.ts';
import { libbpf } from './libbpf.ts';
import { boottimeNs, closeFd } from './native.ts';
import { CONNTRACK, CONNTRACK_KEY, CONNTRACK_SIDE } from './table-rows.ts';

const NAME = 'ht_conntrack';
const RESET = 0x80, BOTH_CLOSED = 3;
const NO_EXIST = 1n; // BPF_NOEXIST
const NS_PER_S = 1_000_000_000n;
/** Entries a system call. */
const BATCH = 2_048;

/** A program of an agent before, and the device it runs on. */
export interface RunningProgram {
  ifindex: number;
  programId: number;
}

/**
 * Takes the connections that the programs of an agent before know over into a fresh table. Who they belong to, what
 * policies said and what is not reported yet stay behind: such numbers mean something else in every process, and the
 * volume is counted in tables that go. Who opened them, which way and how far they have come is what stays.
 */
export class ConntrackHeir {
  private readonly sources: { map: BpfMap; devices: ReadonlySet<number> }[];
  private beganNs = 0n;
  /** Connections that came into the table this way. */
  carried = 0;

  constructor(private readonly into: BpfMap, running: readonly RunningProgram[]) {
    this.sources = openSources(into, running);
  }

  /** All of them. Before any program writes to the table. */
  copyAll(): void {
    this.beganNs = boottimeNs();
    const batch = new Batch(this.into);
    this.visit((key, value) => batch.add(key, value));
    batch.flush();
    this.carried += batch.written;
  }

  /** Those that began since copyAll() and that nobody knows yet. Once no program writes to the tables before. */
  copyRest(): void {
    const fromNs = this.beganNs / NS_PER_S * NS_PER_S;
    this.visit((key, value) => {
      if (new DataView(value.buffer, value.byteOffset).getBigUint64(CONNTRACK.created_ns, true) < fromNs) return;
      if (Number(libbpf().bpf_map_update_elem(this.into.fd, key, value, NO_EXIST)) === 0) this.carried++;
    });
  }

  close(): void {
    for (const { map } of this.sources.splice(0)) closeFd(map.fd);
  }

  private visit(take: (key: Uint8Array, value: Uint8Array) => void): void {
    for (const { map, devices } of this.sources) {
      map.forEach((key, value) => {
        const ifindex = new DataView(key.buffer, key.byteOffset).getUint32(CONNTRACK_KEY.ifindex, true);
        if (devices.has(ifindex) && forget(value)) take(key, value);
      });
    }
  }
}

/** Where the agent died in the middle of taking over, two generations run: each device's connections are in its program's table. */
function openSources(into: BpfMap, running: readonly RunningProgram[]): { map: BpfMap; devices: Set<number> }[] {
  const sources = new Map<number, { map: BpfMap; devices: Set<number> }>();
  const ofProgram = new Map<number, number | undefined>();
  for (const { ifindex, programId } of running) {
    if (!ofProgram.has(programId)) ofProgram.set(programId, openTable(into, programId, sources));
    sources.get(ofProgram.get(programId) ?? -1)?.devices.add(ifindex);
  }
  return [...sources.values()];
}

/** Another version's table may look different: then its connections begin anew, with the grace of those whose beginning was not seen. */
function openTable(into: BpfMap, programId: number, sources: Map<number, { map: BpfMap; devices: Set<number> }>): number | undefined {
  for (const id of programById(programId)?.maps ?? []) {
    if (sources.has(id)) return id;
    const map = openMap(id);
    if (map?.name === NAME && map.type === into.type && map.keySize === into.keySize && map.valueSize === into.valueSize) {
      sources.set(id, { map, devices: new Set() });
      return id;
    }
    if (map !== undefined) closeFd(map.fd);
  }
  return undefined;
}

/** Blanks what only the process before understands; false for a connection that is over. */
function forget(value: Uint8Array): boolean {
  const closing = value[CONNTRACK.closing] ?? 0;
  if ((closing & RESET) !== 0 || (closing & BOTH_CLOSED) === BOTH_CLOSED) return false;
  value.fill(0, CONNTRACK.a_ref, CONNTRACK.client_is_b); // refs, labels and the epoch: looked up again at the next packet
  value.fill(0, CONNTRACK.policy, CONNTRACK.is_graced); // policy, service, verdict and what belongs to it
  value.fill(0, CONNTRACK.is_graced + 1, CONNTRACK.side); // flags of addresses, an opening that others timed
  for (const side of [CONNTRACK.side, CONNTRACK.side + CONNTRACK_SIDE.end]) {
    value.fill(0, side, side + CONNTRACK_SIDE.last_report);
    value.fill(0, side + CONNTRACK_SIDE.tcp_fresh, side + CONNTRACK_SIDE.end);
  }
  return true;
}

class Batch {
  private readonly keys: Uint8Array;
  private readonly values: Uint8Array;
  private length = 0;
  written = 0;

  constructor(private readonly map: BpfMap) {
    this.keys = new Uint8Array(BATCH * map.keySize);
    this.values = new Uint8Array(BATCH * map.valueSize);
  }

  add(key: Uint8Array, value: Uint8Array): void {
    this.keys.set(key, this.length * key.length);
    this.values.set(value, this.length * value.length);
    if (++this.length === BATCH) this.flush();
  }

  flush(): void {
    const count = new Uint32Array([this.length]);
    if (this.length > 0) libbpf().bpf_map_update_batch(this.map.fd, this.keys, this.values, count, null);
    this.written += count[0] ?? 0;
    this.length = 0;
  }
}
