import { formatIp, parseIp } from '../../src/lib/ip-bytes.ts';
import type { KeptName, NameStore } from '../decode/kernel.ts';
import { objectInfo } from './bpf-ids.ts';
import { BpfMap } from './bpf-map.ts';
import { errnoText } from './kernel-error.ts';
import { libbpf } from './libbpf.ts';
import { closeFd } from './native.ts';
import { namesPin, unpin } from './pin-folder.ts';

const hash = 1; // BPF_MAP_TYPE_HASH
const noPrealloc = 1; // BPF_F_NO_PREALLOC
/** Names of addresses; those beyond are learnt again when resolvers are asked. */
const MAX_KEPT = 65_536;
/** A domain name takes 253 bytes at most (RFC 1035), an address 16; then its family. */
const KEY = { ip: 256, family: 272, end: 276 } as const;
const VALUE_BYTES = 8;
const mapName = new TextEncoder().encode('ht_names\0');

/**
 * What resolvers told, in a pinned map that no program uses: connections that rules allow by a name would be cut by a
 * restart, and whatever is written in the moment of a kill is whole. Undefined, and told, where there can be none.
 */
export function openKeptNames(folder: string, onWarning: (line: string) => void): (NameStore & { close(): void }) | undefined {
  const pin = namesPin(folder);
  const fd = openPinned(pin.path) ?? createPinned(pin.path);
  if (fd < 0) {
    onWarning(`names of peers are not kept for the next agent: cannot pin ${pin.path}: ${errnoText(fd)}`);
    return undefined;
  }
  const map = new BpfMap('ht_names', fd, KEY.end, VALUE_BYTES, MAX_KEPT, hash);
  const add = (rows: readonly KeptName[]): void => {
    for (const row of rows) {
      const key = keyOf(row);
      if (key !== undefined) map.tryUpdate(key, new Uint8Array(new BigUint64Array([BigInt(row.untilS)]).buffer));
    }
  };
  const all = (): KeptName[] => {
    const found: KeptName[] = [];
    map.forEach((key, value) => found.push(readRow(key, value)));
    return found;
  };
  return {
    all,
    add,
    set: (rows) => {
      const wanted = [...rows];
      const names = new Set(wanted.map(rowText));
      for (const row of all()) {
        const key = names.has(rowText(row)) ? undefined : keyOf(row);
        if (key !== undefined) map.delete(key);
      }
      add(wanted);
    },
    close: () => closeFd(fd),
  };
}

/** Of another version's form it is of no use. */
function openPinned(path: string): number | undefined {
  const fd = Number(libbpf().bpf_obj_get(path));
  if (fd < 0) return undefined;
  const info = objectInfo(fd, 80); // struct bpf_map_info: type, id, key size, value size
  if (info.getUint32(8, true) === KEY.end && info.getUint32(12, true) === VALUE_BYTES) return fd;
  closeFd(fd);
  unpin([{ path }]);
  return undefined;
}

function createPinned(path: string): number {
  const options = new DataView(new ArrayBuffer(48)); // struct bpf_map_create_opts
  options.setBigUint64(0, 48n, true);
  options.setUint32(28, noPrealloc, true);
  const fd = Number(libbpf().bpf_map_create(hash, mapName, KEY.end, VALUE_BYTES, MAX_KEPT, options));
  if (fd < 0) return fd;
  const result = Number(libbpf().bpf_obj_pin(fd, path));
  if (result >= 0) return fd;
  closeFd(fd);
  return result;
}

function rowText({ name, ip }: KeptName): string {
  return `${name} ${ip}`;
}

function keyOf({ name, ip }: KeptName): Uint8Array | undefined {
  const [text, address] = [new TextEncoder().encode(name), parseIp(ip)];
  if (text.length >= KEY.ip || address === undefined) return undefined;
  const key = new Uint8Array(KEY.end);
  key.set(text);
  key.set(address.bytes, KEY.ip);
  key[KEY.family] = address.family;
  return key;
}

function readRow(key: Uint8Array, value: Uint8Array): KeptName {
  const name = new TextDecoder().decode(key.subarray(0, key.indexOf(0)));
  return { name, ip: formatIp(key, key[KEY.family] === 6 ? 6 : 4, KEY.ip), untilS: Number(new DataView(value.buffer, value.byteOffset).getBigUint64(0, true)) };
}
