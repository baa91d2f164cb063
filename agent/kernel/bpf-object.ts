import { BpfMap } from './bpf-map.ts';
import { KernelError, errnoText } from './kernel-error.ts';
import { libbpf } from './libbpf.ts';
import { addressOf, stringAt } from './native.ts';

const verifierLogBytes = 1 << 20;
const shownLogLines = 6;
const objectName = new TextEncoder().encode('hubtop\0');

/** What may be changed about an object before it is loaded. */
export interface LoadOptions {
  /** Entries (bytes for a ring) by map name; names the object does not have are an error. */
  maxEntries?: Readonly<Record<string, number>>;
  /** Programs that shall not be loaded. */
  leaveOut?: readonly string[];
  /** The only program that shall be loaded, one that uses no map of its own. */
  only?: string;
}

/** Programs and maps in the kernel. Closing frees all of it that no link holds. */
export interface BpfObject {
  map(name: string): BpfMap;
  maps: ReadonlyMap<string, BpfMap>;
  /** File descriptor of a program. */
  programFd(name: string): number;
  programs: ReadonlyMap<string, number>;
  /** libbpf's own pointer to a program, for the attach functions that want one. */
  programPointer(name: string): bigint;
  close(): void;
}

/** Loads a compiled object; when the verifier refuses, the error ends with the last lines of its log. */
export function loadObject(bytes: Uint8Array, options: LoadOptions = {}): BpfObject {
  const log = new Uint8Array(verifierLogBytes);
  const object = openObject(bytes, log);
  try {
    applyOptions(object, options);
    const result = Number(libbpf().bpf_object__load(object));
    if (result < 0) throw loadError(result, log);
    return describeObject(object);
  } catch (error) {
    libbpf().bpf_object__close(object);
    throw error;
  }
}

function openObject(bytes: Uint8Array, log: Uint8Array): bigint {
  const object = libbpf().bpf_object__open_mem(bytes, bytes.length, openOptions(log)) as bigint | null;
  if (object === null || object === 0n) throw new KernelError('load-failed', 'the kernel programs cannot be read: build them again with npm run build');
  return object;
}

/** struct bpf_object_open_opts of libbpf 1.x. The log must stay reachable until the object is loaded. */
function openOptions(log: Uint8Array): Uint8Array {
  const options = new Uint8Array(80);
  const view = new DataView(options.buffer);
  view.setBigUint64(0, BigInt(options.length), true);
  view.setBigUint64(8, addressOf(objectName), true);
  view.setBigUint64(56, addressOf(log), true);
  view.setBigUint64(64, BigInt(log.length), true);
  return options;
}


function applyOptions(object: bigint, { maxEntries = {}, leaveOut = [], only }: LoadOptions): void {
  if (only !== undefined) leaveAllOutBut(object, only);
  for (const [name, entries] of Object.entries(maxEntries)) {
    const map = libbpf().bpf_object__find_map_by_name(object, name) as bigint | null;
    if (map === null || map === 0n) throw new KernelError('load-failed', `the kernel programs have no map ${name}: build them again with npm run build`);
    const result = Number(libbpf().bpf_map__set_max_entries(map, entries));
    if (result < 0) throw new KernelError('load-failed', `cannot give BPF map ${name} ${entries} entries: ${errnoText(result)}`);
  }
  for (const name of leaveOut) {
    const program = libbpf().bpf_object__find_program_by_name(object, name) as bigint | null;
    if (program !== null && program !== 0n) libbpf().bpf_program__set_autoload(program, 0);
  }
}

// tables of a quarter million connections are not made to print a list
function leaveAllOutBut(object: bigint, only: string): void {
  for (const program of walk((last) => libbpf().bpf_object__next_program(object, last))) {
    if (stringAt(libbpf().bpf_program__name(program) as bigint) !== only) libbpf().bpf_program__set_autoload(program, 0);
  }
  for (const map of walk((last) => libbpf().bpf_object__next_map(object, last))) {
    // the texts a program prints are in a map, too: those of the compiler are not named like ours
    if (stringAt(libbpf().bpf_map__name(map) as bigint).startsWith('ht_')) libbpf().bpf_map__set_autocreate(map, 0);
  }
}

function loadError(result: number, log: Uint8Array): KernelError {
  if (result === -1) return new KernelError('no-privilege', 'the kernel refuses BPF to this process (EPERM): run hubtop agent as root, outside of a container without CAP_BPF');
  const text = new TextDecoder().decode(log.subarray(0, Math.max(0, log.indexOf(0))));
  const tail = text.trim().split('\n').slice(-shownLogLines).join(' | ');
  return new KernelError('load-failed', `the kernel refused the programs: ${errnoText(result)}${tail === '' ? '' : `; verifier: ${tail}`}`);
}

function describeObject(object: bigint): BpfObject {
  const maps = new Map<string, BpfMap>();
  for (const pointer of walk((last) => libbpf().bpf_object__next_map(object, last))) {
    const map = readMap(pointer);
    maps.set(map.name, map);
  }
  const pointers = new Map<string, bigint>();
  const programs = new Map<string, number>();
  for (const pointer of walk((last) => libbpf().bpf_object__next_program(object, last))) {
    const name = stringAt(libbpf().bpf_program__name(pointer) as bigint);
    pointers.set(name, pointer);
    programs.set(name, Number(libbpf().bpf_program__fd(pointer)));
  }
  let isOpen = true;
  return {
    maps,
    programs,
    map: (name) => required(maps.get(name), `map ${name}`),
    programFd: (name) => required(programs.get(name), `program ${name}`),
    programPointer: (name) => required(pointers.get(name), `program ${name}`),
    close: () => {
      if (isOpen) libbpf().bpf_object__close(object);
      isOpen = false;
    },
  };
}

function readMap(pointer: bigint): BpfMap {
  const bpf = libbpf();
  return new BpfMap(
    stringAt(bpf.bpf_map__name(pointer) as bigint),
    Number(bpf.bpf_map__fd(pointer)),
    Number(bpf.bpf_map__key_size(pointer)),
    Number(bpf.bpf_map__value_size(pointer)),
    Number(bpf.bpf_map__max_entries(pointer)),
    Number(bpf.bpf_map__type(pointer)),
  );
}

function* walk(next: (last: bigint | null) => unknown): Generator<bigint> {
  for (let pointer = next(null) as bigint | null; pointer !== null && pointer !== 0n; pointer = next(pointer) as bigint | null) yield pointer;
}

function required<T>(value: T | undefined, what: string): T {
  if (value === undefined) throw new KernelError('load-failed', `the kernel programs have no ${what}: build them again with npm run build`);
  return value;
}
