import type { KernelConntrackRow, MapRow } from '../decode/kernel.ts';
import { serviceBackends, trackedConnections } from './agent-tables.ts';
import { BpfIterator } from './attach.ts';
import { mapIdOf, mapOwners } from './bpf-ids.ts';
import { type BpfObject, loadObject } from './bpf-object.ts';
import { readKernelConntrack } from './kernel-conntrack.ts';
import { MapWalk } from './map-walk.ts';
import { parseMapRows } from './map-rows.ts';
import { requireKoffi } from './native.ts';
import { readKernelObject, requireBtf, requireLinux, requirePrivileges } from './requirements.ts';

/** Entries that are counted by walking at most: the kernel keeps no count of tries. */
const MAX_WALK = 65_536;
const OWN_PREFIX = 'ht_';

/** A map of the machine, whoever made it. */
export interface MachineMap extends MapRow {
  /** Names of the programs that use it. */
  owners: readonly string[];
  /** Who counted: the kernel keeps an exact count, else the keys were walked over. Absent where there are no entries. */
  countedBy?: 'kernel' | 'walk';
  /** Entries that the kernel pushed out for new ones since the map was made; only where an agent of ours counts. */
  evicted?: number;
}

/** All maps of the machine at one moment, and the kernel's own conntrack of this network namespace. */
export interface MachineTables {
  maps: MachineMap[];
  conntrack: KernelConntrackRow[];
  /** Backends of the services that an agent of ours sends sockets to; absent in snapshots of before. */
  services?: ReadonlyMap<string, number>;
}

/** Reads every BPF map of the machine with its size; leaves nothing behind. Throws KernelError with one line that says what is missing. */
export class MachineMaps {
  private readonly object: BpfObject;
  private readonly iterator: BpfIterator;

  constructor(objectPath?: string) {
    requireLinux();
    requirePrivileges();
    requireBtf();
    requireKoffi();
    this.object = loadObject(readKernelObject(objectPath), { only: 'ht_maps' });
    try {
      this.iterator = new BpfIterator(this.object, 'ht_maps');
    } catch (error) {
      this.object.close();
      throw error;
    }
  }

  read(): MachineTables {
    // the list itself has a map of texts while it is made
    const mine = new Set([...this.object.maps.values()].filter(({ fd }) => fd >= 0).map(({ fd }) => mapIdOf(fd)));
    const owners = mapOwners();
    const rows = parseMapRows(this.iterator.read(), (id) => owners.get(id)?.some((program) => program.startsWith(OWN_PREFIX)) === true);
    const tracked = trackedConnections();
    const maps = rows.map((row) => withEvicted(withCount({ ...row, owners: [...new Set(owners.get(row.id) ?? [])] }), tracked)).filter((map) => !mine.has(map.id) && !isProbe(map));
    return { maps, conntrack: readKernelConntrack(''), services: serviceBackends() };
  }

  close(): void {
    this.iterator.close();
    this.object.close();
  }
}

// what libbpf makes to find out what the kernel can do, and lets go at once
function isProbe({ name, owners }: MachineMap): boolean {
  return name.startsWith('libbpf_') && owners.length === 0;
}

// the counters are read a moment after the entries
function withEvicted(map: MachineMap, tracked: ReadonlyMap<number, number>): MachineMap {
  const taken = tracked.get(map.id);
  return taken === undefined || map.entries === undefined ? map : { ...map, evicted: Math.max(0, taken - map.entries) };
}

function withCount(map: MachineMap): MachineMap {
  if (map.entries !== undefined) return { ...map, countedBy: 'kernel' };
  if (map.type !== 'lpm_trie') return map;
  const entries = countByWalk(map.id, MAX_WALK);
  return entries === undefined ? map : { ...map, entries, countedBy: 'walk' };
}

/** Undefined where there are more than `most`, or it cannot be walked. */
function countByWalk(id: number, most: number): number | undefined {
  const walk = MapWalk.open(id);
  const isDone = walk?.step(most + 1) === 'done';
  walk?.close();
  return isDone ? walk?.count : undefined;
}
