import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Direction, EventFlag, OFFSET, EVENT_BYTES } from '../../agent/decode/event.ts';
import type { PairRow, ResetRow, TcpRow } from '../../agent/decode/kernel.ts';
import { RingReader } from '../../agent/decode/ring-reader.ts';
import { loadObject, type BpfObject, type LoadOptions } from '../../agent/kernel/bpf-object.ts';
import { parseCounters, parseDrop, parsePair, parsePolicyDrop, parseReset, parseTcp, type Counters } from '../../agent/kernel/counters.ts';
import { FoldMaps } from '../../agent/kernel/fold-maps.ts';
import { openRing, type OpenRing } from '../../agent/kernel/ring.ts';
import { runOnPacket, runSyscallProgram, type PacketContext, type TestRun } from '../../agent/kernel/test-run.ts';

/** Why kernel programs cannot be tested here; empty when they can. */
export const cannotTest = whyNot();

function whyNot(): string {
  if (process.getuid?.() !== 0) return 'not root';
  if (!existsSync('/sys/kernel/btf/vmlinux')) return 'this kernel has no BTF';
  if (spawnSync('clang', ['--version']).status !== 0) return 'no clang';
  if (!existsSync('/usr/include/bpf/bpf_helpers.h')) return 'no libbpf headers';
  return '';
}

const compiled = new Map<string, Uint8Array>();

/** The object as build.mjs compiles it, from the sources as they are now. */
export function compileObject(source = 'bpf/hubtop.bpf.c'): Uint8Array {
  const known = compiled.get(source);
  if (known !== undefined) return known;
  const folder = mkdtempSync(join(tmpdir(), 'hubtop-bpf-'));
  const object = join(folder, 'hubtop.o');
  const triplet = spawnSync('clang', ['-print-multiarch'], { encoding: 'utf8' }).stdout.trim() || 'x86_64-linux-gnu';
  const machine = process.arch === 'x64' ? 'x86' : process.arch;
  execFileSync('clang', ['-O2', '-g', '-target', 'bpf', '-mcpu=v3', `-D__TARGET_ARCH_${machine}`, '-Wall', '-Werror', '-I', 'bpf', '-I', `/usr/include/${triplet}`, '-c', source, '-o', object], { stdio: 'inherit' });
  const bytes = readFileSync(object);
  rmSync(folder, { recursive: true });
  compiled.set(source, bytes);
  return bytes;
}

/** A record of a ring, its numbers by the names of struct ht_event. */
export type Event = Record<Exclude<keyof typeof OFFSET, 'source_ip' | 'destination_ip' | 'source_mac' | 'destination_mac'>, number> & {
  source: string;
  destination: string;
  source_mac: string;
};

const wide = new Set<string>(['time_ns', 'sequence', 'bytes']);
const narrow = new Set<string>(['version', 'type', 'sub_type', 'reason', 'direction', 'why', 'flags', 'protocol', 'lane', 'vlan_count', 'icmp_type', 'icmp_code']);
const half = new Set<string>(['cpu', 'tcp_flags', 'tcp_flags_seen', 'source_port', 'destination_port', 'line']);

/** A record as the tests look at it. */
export function readEvent(bytes: Uint8Array): Event {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const event: Record<string, number | string> = {};
  for (const [name, at] of Object.entries(OFFSET)) {
    if (name.endsWith('_ip') || name.endsWith('_mac')) continue;
    if (wide.has(name)) event[name] = Number(view.getBigUint64(at, true));
    else if (narrow.has(name)) event[name] = view.getUint8(at);
    else event[name] = half.has(name) ? view.getUint16(at, true) : view.getUint32(at, true);
  }
  const isIpv6 = (view.getUint8(OFFSET.flags) & EventFlag.ipv6) !== 0;
  const ip = (at: number): string => (isIpv6 ? hex(bytes.subarray(at, at + 16)) : bytes.subarray(at, at + 4).join('.'));
  event['source'] = ip(OFFSET.source_ip);
  event['destination'] = ip(OFFSET.destination_ip);
  event['source_mac'] = hex(bytes.subarray(OFFSET.source_mac, OFFSET.source_mac + 6));
  return event as unknown as Event;
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}

/** What a sweep gave back. */
export interface Sweep {
  live: number;
  liveSkbs: number;
  liveBytes: number;
  reported: number;
  deleted: number;
}

/** The programs in the kernel with everything they write to. */
export class Programs {
  readonly object: BpfObject;
  private readonly foldMaps: FoldMaps;
  private readonly rings: { reader: RingReader; memory: OpenRing }[];

  constructor(options: LoadOptions = {}, bytes: Uint8Array = compileObject()) {
    const maxEntries = { ht_urgent: 1 << 20, ht_bulk: 1 << 20, ht_conntrack: 16_384, ...options.maxEntries };
    this.object = loadObject(bytes, { ...options, maxEntries });
    this.rings = ['ht_urgent', 'ht_bulk'].map((name, lane) => {
      const map = this.object.map(name);
      const memory = openRing({ kind: 'mmap', lane, mapFd: map.fd, sizeBytes: map.maxEntries });
      return { reader: new RingReader(memory), memory };
    });
    this.foldMaps = new FoldMaps({ a: this.object.map('ht_folds_a'), b: this.object.map('ht_folds_b'), state: this.object.map('ht_fold_state') });
    this.configure({});
  }

  /** Writes ht_config. */
  configure({ epoch = 1, interval = 5, cookie = 0n, pressedInterval = 0, flags = 0, mode = 0, graceUntilS = 0, hasNetworks = false }: {
    epoch?: number; interval?: number; cookie?: bigint; pressedInterval?: number; flags?: number; mode?: number; graceUntilS?: number; hasNetworks?: boolean;
  }): void {
    const value = new Uint8Array(this.object.map('ht_config').valueSize);
    const view = new DataView(value.buffer);
    view.setUint32(0, epoch, true);
    view.setUint32(4, interval, true);
    view.setBigUint64(8, cookie, true);
    view.setUint32(16, pressedInterval, true);
    view.setUint32(20, flags, true);
    view.setUint32(24, mode, true);
    view.setUint32(28, hasNetworks ? 1 : 0, true);
    view.setUint32(32, graceUntilS, true);
    this.object.map('ht_config').update(new Uint8Array(4), value);
  }

  /** Writes one row of ht_addresses. */
  setAddress(ip: readonly number[], ref: number, labels: number, flags = 1): void {
    const key = new Uint8Array(20);
    key.set(ip);
    key[16] = ip.length === 16 ? 6 : 4;
    this.object.map('ht_addresses').update(key, new Uint8Array(new Uint32Array([ref, labels, flags]).buffer));
  }

  /** Writes one row of ht_devices. */
  setDevice(ifindex: number, ref: number, { labels = 0, flags = 0, attachedS = 0 }: { labels?: number; flags?: number; attachedS?: number } = {}): void {
    this.object.map('ht_devices').update(new Uint8Array(new Uint32Array([ifindex]).buffer), new Uint8Array(new Uint32Array([ref, labels, flags, attachedS]).buffer));
  }

  /** Runs the hook for what a pod sends. */
  send(packet: Uint8Array, context: PacketContext = {}): TestRun {
    return runOnPacket(this.object, 'ht_from_endpoint', packet, context);
  }

  /** Runs the hook for what a pod gets. */
  receive(packet: Uint8Array, context: PacketContext = {}): TestRun {
    return runOnPacket(this.object, 'ht_to_endpoint', packet, context);
  }

  /** Runs the sweeper. */
  sweep({ all = false, nowS = 0 }: { all?: boolean; nowS?: number } = {}): Sweep {
    const context = new Uint8Array(48);
    const view = new DataView(context.buffer);
    view.setUint32(0, all ? 1 : 0, true);
    view.setUint32(4, nowS, true);
    if (runSyscallProgram(this.object.programFd('ht_sweep'), 'ht_sweep', context) !== 0) throw new Error('ht_sweep failed');
    const word = (index: number): number => Number(view.getBigUint64(8 + index * 8, true));
    return { live: word(0), liveSkbs: word(1), liveBytes: word(2), reported: word(3), deleted: word(4) };
  }

  /** Takes all records out of the rings, urgent lane first. */
  events(): Event[] {
    return this.rings.flatMap(({ reader }) => {
      const found: Event[] = [];
      reader.refresh();
      while (reader.peek()) {
        const at = reader.words.byteOffset + reader.recordWord * 4;
        found.push(readEvent(new Uint8Array(reader.words.buffer, at, EVENT_BYTES)));
        reader.take();
      }
      reader.publish();
      return found;
    });
  }

  /** Takes what was folded, as a drain gets it. */
  async folds(): Promise<Event[]> {
    const records = await this.foldMaps.take();
    return records.map(readEvent);
  }

  /** Empties the rings without a look. */
  discardEvents(): void {
    for (const { reader } of this.rings) {
      reader.refresh();
      while (reader.peek()) reader.take();
      reader.publish();
    }
  }

  /** Counters, summed over CPUs. */
  counters(): Counters {
    const map = this.object.map('ht_counters');
    return parseCounters(map.lookup(new Uint8Array(4)) ?? new Uint8Array(), map.valueStride);
  }

  /** Rows of ht_pairs. */
  pairs(): PairRow[] {
    const map = this.object.map('ht_pairs');
    const rows: PairRow[] = [];
    map.forEach((key, value) => rows.push(parsePair(key, value, map.valueStride)));
    return rows;
  }

  /** Rows of ht_drop_pairs. */
  drops(): ReturnType<typeof parseDrop>[] {
    const map = this.object.map('ht_drop_pairs');
    const rows: ReturnType<typeof parseDrop>[] = [];
    map.forEach((key, value) => rows.push(parseDrop(key, value, map.valueStride)));
    return rows;
  }

  /** Packets that policies dropped, by the rows of ht_policy_drops. */
  refused(): number {
    const map = this.object.map('ht_policy_drops');
    let skbs = 0;
    map.forEach((key, value) => { skbs += parsePolicyDrop(key, value, map.valueStride).skbs; });
    return skbs;
  }

  /** Rows of ht_tcp_pairs. */
  tcp(): TcpRow[] {
    const map = this.object.map('ht_tcp_pairs');
    const rows: TcpRow[] = [];
    map.forEach((key, value) => rows.push(parseTcp(key, value, map.valueStride)));
    return rows;
  }

  /** Rows of ht_resets. */
  resets(reasonName: (reason: number) => string): ResetRow[] {
    const map = this.object.map('ht_resets');
    const rows: ResetRow[] = [];
    map.forEach((key, value) => rows.push(parseReset(key, value, { stride: map.valueStride, reasonName })));
    return rows;
  }

  /** Empties a map. */
  clear(name: string): void {
    const map = this.object.map(name);
    const keys: Uint8Array[] = [];
    map.forEach((key) => keys.push(key.slice()));
    for (const key of keys) map.delete(key);
  }

  /** As freshly loaded, at a tenth of the cost. */
  reset(): void {
    this.discardEvents();
    for (const name of ['ht_addresses', 'ht_conntrack', 'ht_devices', 'ht_drop_pairs', 'ht_drop_limits', 'ht_fragments', 'ht_pairs', 'ht_policy_drops', 'ht_policy_limits', 'ht_resets', 'ht_tcp_pairs']) {
      this.clear(name);
    }
    const counters = this.object.map('ht_counters');
    counters.update(new Uint8Array(4), new Uint8Array(counters.valueStride * counters.valuesPerKey));
    this.configure({});
  }

  close(): void {
    for (const { memory } of this.rings) memory.close();
    this.object.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }
}

/** Which hook saw a packet, as counters number it. */
export const hook = { send: Direction.egress, receive: Direction.ingress } as const;
