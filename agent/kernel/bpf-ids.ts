import { KernelError, errnoText } from './kernel-error.ts';
import { libbpf } from './libbpf.ts';
import { addressOf, closeFd } from './native.ts';

const enoent = -2;
/** Offsets in struct bpf_prog_info. */
const INFO = { bytes: 128, mapCount: 52, mapIds: 56, name: 64 } as const;
const NAME_BYTES = 16;
/** Offsets in struct bpf_map_info. */
const MAP_INFO = { bytes: 80, id: 4, keySize: 8 } as const;
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

/** Names of the programs that use each map of the machine, by the map's id. Programs that end meanwhile are left out. */
export function mapOwners(): Map<number, string[]> {
  const owners = new Map<number, string[]>();
  const next = new Uint32Array(1);
  let id = 0;
  for (let i = 0; i < MAX_PROGRAMS; i++) {
    const result = Number(libbpf().bpf_prog_get_next_id(id, next));
    if (result === enoent) break;
    if (result < 0) throw new KernelError('system-call', `cannot list the BPF programs: ${errnoText(result)}`);
    id = next[0] ?? 0;
    const program = programOf(id);
    for (const map of program?.maps ?? []) owners.set(map, [...(owners.get(map) ?? []), program?.name ?? '']);
  }
  return owners;
}

/** Name of a program in the kernel, as far as it has one: 15 characters. */
export function programName(id: number): string {
  return programOf(id)?.name || `program ${id}`;
}

function programOf(id: number): { name: string; maps: number[] } | undefined {
  const fd = Number(libbpf().bpf_prog_get_fd_by_id(id));
  if (fd < 0) return undefined;
  try {
    const first = programInfo(fd, undefined);
    if (first === undefined) return undefined;
    const ids = new Uint32Array(Math.min(MAX_MAPS, first.getUint32(INFO.mapCount, true)));
    const second = ids.length === 0 ? first : programInfo(fd, ids);
    const name = new Uint8Array(first.buffer, INFO.name, NAME_BYTES);
    const end = name.indexOf(0);
    return { name: new TextDecoder().decode(name.subarray(0, end < 0 ? NAME_BYTES : end)), maps: second === undefined ? [] : [...ids.subarray(0, second.getUint32(INFO.mapCount, true))] };
  } finally {
    closeFd(fd);
  }
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

/** Entries of a map, found by walking over its keys; undefined where there are more than `most`, or it cannot be walked. */
export function countByWalk(mapId: number, most: number): number | undefined {
  const fd = Number(libbpf().bpf_map_get_fd_by_id(mapId));
  if (fd < 0) return undefined;
  try {
    const keySize = objectInfo(fd, MAP_INFO.bytes).getUint32(MAP_INFO.keySize, true);
    if (keySize === 0) return undefined;
    let key = new Uint8Array(keySize);
    let next = new Uint8Array(key.length);
    for (let count = 0; count <= most; count++) {
      const result = Number(libbpf().bpf_map_get_next_key(fd, count === 0 ? null : key, next));
      if (result === enoent) return count;
      if (result < 0) return undefined;
      [key, next] = [next, key];
    }
    return undefined;
  } finally {
    closeFd(fd);
  }
}
