import { BpfMap } from './bpf-map.ts';
import { KernelError, errnoText } from './kernel-error.ts';
import { libbpf } from './libbpf.ts';
import { addressOf, closeFd } from './native.ts';

const enoent = -2;
/** Offsets in struct bpf_prog_info. */
const INFO = { bytes: 128, mapCount: 52, mapIds: 56, name: 64 } as const;
const NAME_BYTES = 16;
/** Offsets in struct bpf_map_info. */
const MAP_INFO = { bytes: 80, type: 0, id: 4, keySize: 8, valueSize: 12, maxEntries: 16, name: 24 } as const;
/** Programs looked at, and maps of one: more than a node has. */
const MAX_PROGRAMS = 16_384;
const MAX_MAPS = 1_024;

/** The head of struct bpf_prog_info or bpf_map_info; zeros if the kernel refuses. */
export function objectInfo(fd: number, bytes: number): DataView {
  const info = new Uint8Array(bytes);
  libbpf().bpf_obj_get_info_by_fd(fd, info, new Uint32Array([bytes]));
  return new DataView(info.buffer);
}

/** Id of a map in the kernel. */
export function mapIdOf(fd: number): number {
  return objectInfo(fd, MAP_INFO.bytes).getUint32(MAP_INFO.id, true);
}

/** A program of the machine, and the maps it uses by their ids. */
export interface LoadedProgram {
  /** 15 characters of it. */
  name: string;
  maps: number[];
}

/** Every BPF program of the machine. Those that end meanwhile are left out. */
export function loadedPrograms(): LoadedProgram[] {
  const programs: LoadedProgram[] = [];
  const next = new Uint32Array(1);
  let id = 0;
  for (let i = 0; i < MAX_PROGRAMS; i++) {
    const result = Number(libbpf().bpf_prog_get_next_id(id, next));
    if (result === enoent) break;
    if (result < 0) throw new KernelError('system-call', `cannot list the BPF programs: ${errnoText(result)}`);
    id = next[0] ?? 0;
    const program = programById(id);
    if (program !== undefined) programs.push(program);
  }
  return programs;
}

/** Names of the programs that use each map of the machine, by the map's id. */
export function mapOwners(): Map<number, string[]> {
  const owners = new Map<number, string[]>();
  for (const { name, maps } of loadedPrograms()) for (const map of maps) owners.set(map, [...(owners.get(map) ?? []), name]);
  return owners;
}

/** A map of the machine by its id, to be read; undefined where it is gone. The descriptor stays with this process. */
export function openMap(id: number): BpfMap | undefined {
  const fd = Number(libbpf().bpf_map_get_fd_by_id(id));
  if (fd < 0) return undefined;
  const info = objectInfo(fd, MAP_INFO.bytes);
  const number = (at: number): number => info.getUint32(at, true);
  return new BpfMap(textAt(info, MAP_INFO.name), fd, number(MAP_INFO.keySize), number(MAP_INFO.valueSize), number(MAP_INFO.maxEntries), number(MAP_INFO.type));
}

/** Name of a program in the kernel, as far as it has one: 15 characters. */
export function programName(id: number): string {
  return programById(id)?.name || `program ${id}`;
}

/** A program of the machine by its id; undefined where it is gone. */
export function programById(id: number): LoadedProgram | undefined {
  const fd = Number(libbpf().bpf_prog_get_fd_by_id(id));
  if (fd < 0) return undefined;
  try {
    const first = programInfo(fd, undefined);
    if (first === undefined) return undefined;
    const ids = new Uint32Array(Math.min(MAX_MAPS, first.getUint32(INFO.mapCount, true)));
    const second = ids.length === 0 ? first : programInfo(fd, ids);
    return { name: textAt(first, INFO.name), maps: second === undefined ? [] : [...ids.subarray(0, second.getUint32(INFO.mapCount, true))] };
  } finally {
    closeFd(fd);
  }
}

function textAt(info: DataView, at: number): string {
  const name = new Uint8Array(info.buffer, at, NAME_BYTES);
  const end = name.indexOf(0);
  return new TextDecoder().decode(name.subarray(0, end < 0 ? NAME_BYTES : end));
}

function programInfo(fd: number, mapIds: Uint32Array | undefined): DataView | undefined {
  const view = new DataView(new ArrayBuffer(INFO.bytes));
  if (mapIds !== undefined) {
    view.setUint32(INFO.mapCount, mapIds.length, true);
    view.setBigUint64(INFO.mapIds, addressOf(mapIds), true);
  }
  const result = Number(libbpf().bpf_obj_get_info_by_fd(fd, new Uint8Array(view.buffer), new Uint32Array([INFO.bytes])));
  return result < 0 ? undefined : view;
}
