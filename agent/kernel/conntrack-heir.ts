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
const BLOCK = 4_096;

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
    for (const { keys, values, count } of this.blocks(0n)) {
      const written = new Uint32Array([count]);
      if (count > 0) libbpf().bpf_map_update_batch(this.into.fd, keys, values, written, null);
      this.carried += written[0] ?? 0;
    }
  }

  /** Those that began since copyAll() and that nobody knows yet. Once no program writes to the tables before. */
  copyRest(): void {
    const { keySize, valueSize, fd } = this.into;
    // most entries have their beginning in whole seconds
    for (const { keys, values, count } of this.blocks(this.beganNs / NS_PER_S * NS_PER_S)) {
      for (let i = 0; i < count; i++) {
        const result = libbpf().bpf_map_update_elem(fd, keys.subarray(i * keySize, (i + 1) * keySize), values.subarray(i * valueSize, (i + 1) * valueSize), NO_EXIST);
        if (Number(result) === 0) this.carried++;
      }
    }
  }

  close(): void {
    for (const { map } of this.sources.splice(0)) closeFd(map.fd);
  }

  /** What goes over of those that began by then or later, moved together. A quarter million take 0.7 s so on two busy cores, with an object for each twice that. */
  private *blocks(fromNs: bigint): Generator<{ keys: Uint8Array; values: Uint8Array; count: number }> {
    const { keySize, valueSize } = this.into;
    for (const { map, devices } of this.sources) {
      for (const { keys, values, count } of map.blocks(BLOCK)) {
        const [keyView, view] = [new DataView(keys.buffer), new DataView(values.buffer)];
        let kept = 0;
        for (let i = 0; i < count; i++) {
          const at = i * valueSize;
          if (!devices.has(keyView.getUint32(i * keySize + CONNTRACK_KEY.ifindex, true)) || isOver(values[at + CONNTRACK.closing] ?? 0)) continue;
          if (fromNs > 0n && view.getBigUint64(at + CONNTRACK.created_ns, true) < fromNs) continue;
          forget(values, at);
          keys.copyWithin(kept * keySize, i * keySize, (i + 1) * keySize);
          values.copyWithin(kept++ * valueSize, at, at + valueSize);
        }
        yield { keys, values, count: kept };
      }
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

function isOver(closing: number): boolean {
  return (closing & RESET) !== 0 || (closing & BOTH_CLOSED) === BOTH_CLOSED;
}

/** Blanks what only the process before understands in the entry that begins there. */
function forget(values: Uint8Array, at: number): void {
  values.fill(0, at + CONNTRACK.a_ref, at + CONNTRACK.client_is_b); // refs, labels and the epoch: looked up again at the next packet
  values.fill(0, at + CONNTRACK.policy, at + CONNTRACK.is_graced); // policy, service, verdict and what belongs to it
  values.fill(0, at + CONNTRACK.is_graced + 1, at + CONNTRACK.side); // flags of addresses, an opening that others timed
  for (const side of [at + CONNTRACK.side, at + CONNTRACK.side + CONNTRACK_SIDE.end]) {
    values.fill(0, side, side + CONNTRACK_SIDE.last_report);
    values.fill(0, side + CONNTRACK_SIDE.tcp_fresh, side + CONNTRACK_SIDE.end);
  }
}
