import { parsePrefix } from '../../src/flow/ip-prefix.ts';
import { firstAddress } from '../policy/address-order.ts';
import { kept } from '../policy/label-index.ts';
import { prefixText } from '../policy/networks.ts';
import { MAX_POLICY_ENTRIES } from '../policy/compile.ts';
import type { NetworkRow, PolicyRefusal, PolicyRow } from '../decode/kernel.ts';
import type { BpfMap } from './bpf-map.ts';
import { errnoText } from './kernel-error.ts';
import { libbpf } from './libbpf.ts';
import { closeFd } from './native.ts';

const lpmTrie = 11; // BPF_MAP_TYPE_LPM_TRIE
const noPrealloc = 1; // BPF_F_NO_PREALLOC
const keyBytes = 12; // struct ht_policy_key
const valueBytes = 8; // struct ht_policy
const peerBits = 40; // peer and direction, before protocol and port
const unknownFlag = 4; // HT_ADDRESS_UNKNOWN
const trieName = new TextEncoder().encode('ht_policy\0');

/** ht_policies and ht_networks of a loaded object. */
export interface PolicyMaps {
  policies: BpfMap;
  networks: BpfMap;
}

/** Keeps what the datapath knows of policies equal to what is given: each endpoint's map is made anew and put in the old one's place in one step. */
export class PolicyTable {
  /** What stands in ht_policies, as text. */
  private readonly endpoints = new Map<number, string>();
  private readonly networks = new Map<string, string>();

  constructor(private readonly maps: PolicyMaps) {}

  /** Whether any network has a row. */
  get hasNetworks(): boolean {
    return this.networks.size > 0;
  }

  /** Sets the maps of all endpoints; one that cannot be made leaves what was there, and is given back with the reason. */
  setEndpoints(endpoints: ReadonlyMap<number, readonly PolicyRow[]>): PolicyRefusal[] {
    const refused: PolicyRefusal[] = [];
    const sharing = new Map<readonly PolicyRow[], number[]>();
    for (const [labels, rows] of endpoints) kept<readonly PolicyRow[], number[]>(sharing, rows, () => []).push(labels);
    for (const [rows, all] of sharing) {
      const text = rows.map(rowText).join('\n');
      const changed = all.filter((labels) => this.endpoints.get(labels) !== text);
      if (changed.length === 0) continue;
      const trie = makeTrie(rows);
      for (const labels of changed) {
        const reason = this.setEndpoint(labels, trie);
        if (reason === '') this.endpoints.set(labels, text);
        else refused.push({ labels, reason: `${reason}; ${this.endpoints.has(labels) ? 'what was in force for it stays' : 'they are not in force for it'}` });
      }
      // the map of maps holds it from now on
      if (trie.fd !== undefined) closeFd(trie.fd);
    }
    for (const labels of this.endpoints.keys()) {
      if (endpoints.has(labels)) continue;
      this.maps.policies.delete(labelsKey(labels));
      this.endpoints.delete(labels);
    }
    return refused;
  }

  /** Sets the rows of networks: adds and changes first, then removes. Gives back how many found no room. */
  setNetworks(rows: readonly NetworkRow[]): number {
    let refused = 0;
    const wanted = new Map(rows.map((row) => [prefixText(row.prefix), row]));
    for (const [text, row] of wanted) {
      const words = `${row.ref} ${row.labels} ${row.isUnknown}`;
      if (this.networks.get(text) === words) continue;
      if (this.maps.networks.tryUpdate(networkKey(row), new Uint8Array(new Uint32Array([row.ref, row.labels, row.isUnknown ? unknownFlag : 0]).buffer)) < 0) refused++;
      else this.networks.set(text, words);
    }
    for (const text of this.networks.keys()) {
      if (wanted.has(text)) continue;
      const prefix = parsePrefix(text);
      if (prefix !== undefined) this.maps.networks.delete(networkKey({ prefix }));
      this.networks.delete(text);
    }
    return refused;
  }

  private setEndpoint(labels: number, { fd, reason }: Trie): string {
    if (fd === undefined) return reason;
    const result = this.maps.policies.tryUpdate(labelsKey(labels), new Uint8Array(new Uint32Array([fd]).buffer));
    return result < 0 ? `no room among ${this.maps.policies.maxEntries} endpoints with policies: ${errnoText(result)}` : '';
  }
}

/** A policy map, or why there is none. */
interface Trie {
  fd: number | undefined;
  reason: string;
}

/** A policy map with these rows: all of them or none. Whoever gets it closes it. */
function makeTrie(rows: readonly PolicyRow[]): Trie {
  if (rows.length > MAX_POLICY_ENTRIES) return { fd: undefined, reason: `${rows.length} entries where a policy map holds ${MAX_POLICY_ENTRIES}` };
  const fd = Number(libbpf().bpf_map_create(lpmTrie, trieName, keyBytes, valueBytes, MAX_POLICY_ENTRIES, createOptions()));
  if (fd < 0) return { fd: undefined, reason: `cannot make a policy map: ${errnoText(fd)}` };
  for (const row of rows) {
    const result = Number(libbpf().bpf_map_update_elem(fd, policyKey(row), policyValue(row), 0n));
    if (result >= 0) continue;
    closeFd(fd);
    return { fd: undefined, reason: `cannot fill a policy map: ${errnoText(result)}` };
  }
  return { fd, reason: '' };
}

/** struct bpf_map_create_opts of libbpf 1.x: size, four BTF numbers, inner map, flags. */
function createOptions(): Uint8Array {
  const options = new Uint8Array(48);
  const view = new DataView(options.buffer);
  view.setBigUint64(0, BigInt(options.length), true);
  view.setUint32(28, noPrealloc, true);
  return options;
}

function rowText({ peer, direction, bits, protocol, port, policy, flags, parser }: PolicyRow): string {
  return `${peer} ${direction} ${bits} ${protocol} ${port} ${policy} ${flags} ${parser}`;
}

function policyKey({ peer, direction, bits, protocol, port }: PolicyRow): Uint8Array {
  const key = new Uint8Array(keyBytes);
  const view = new DataView(key.buffer);
  view.setUint32(0, peerBits + bits, true);
  view.setUint32(4, peer, true);
  view.setUint8(8, direction);
  view.setUint8(9, protocol);
  view.setUint16(10, port, false);
  return key;
}

function policyValue({ policy, flags, bits, parser }: PolicyRow): Uint8Array {
  const value = new Uint8Array(valueBytes);
  const view = new DataView(value.buffer);
  view.setUint32(0, policy, true);
  view.setUint8(4, flags);
  view.setUint8(5, bits);
  view.setUint8(6, parser);
  return value;
}

function labelsKey(labels: number): Uint8Array {
  return new Uint8Array(new Uint32Array([labels]).buffer);
}

function networkKey({ prefix }: Pick<NetworkRow, 'prefix'>): Uint8Array {
  const key = new Uint8Array(24);
  const view = new DataView(key.buffer);
  view.setUint32(0, 8 + prefix.bits, true);
  view.setUint8(4, prefix.family);
  key.set(firstAddress(prefix).bytes, 5);
  return key;
}
