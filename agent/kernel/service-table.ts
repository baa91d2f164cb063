import { parseIp } from '../../src/lib/ip-bytes.ts';
import type { BackendRow, ServiceRow } from '../decode/kernel.ts';
import type { BpfMap } from './bpf-map.ts';

const translateFlag = 1; // HT_SERVICE_TRANSLATE

/** What is needed of ht_services and ht_backends of a loaded object. */
export interface ServiceMaps {
  services: Pick<BpfMap, 'tryUpdate' | 'delete' | 'maxEntries'>;
  backends: Pick<BpfMap, 'tryUpdate' | 'delete' | 'maxEntries'>;
}

interface Written {
  /** What the maps say of it, to see changes. */
  words: string;
  set: number;
  slots: number;
}

/** Services as the programs at sockets see them. Where they translate, backends are written too; else sockets are only looked at. */
export class ServiceTable {
  private readonly written = new Map<string, Written>();
  private lastSet = 0;
  private isComplete = true;

  constructor(private readonly maps: ServiceMaps, private readonly mode: 'observe' | 'translate', private readonly onWarning: (text: string) => void) {}

  /** Makes the maps equal to the rows: new and changed services first, then what is gone goes. A call never meets a service half written. */
  apply(rows: readonly ServiceRow[]): void {
    const wanted = new Set<string>();
    const refused = rows.filter((row) => {
      const key = serviceKey(row);
      if (key === undefined) return false;
      const name = Buffer.from(key).toString('latin1');
      wanted.add(name);
      return !this.write(name, key, row);
    });
    for (const [name, { set, slots }] of this.written) {
      if (wanted.has(name)) continue;
      this.maps.services.delete(new Uint8Array(Buffer.from(name, 'latin1')));
      this.written.delete(name);
      this.removeSet(set, slots);
    }
    if (refused.length > 0 && this.isComplete) this.onWarning(`${refused.length} service addresses did not fit the datapath's tables of ${this.maps.services.maxEntries} and ${this.maps.backends.maxEntries} backends: they stay as they were`);
    this.isComplete = refused.length === 0;
  }

  /** False if there was no room; what was written before stays then. */
  private write(name: string, key: Uint8Array, row: ServiceRow): boolean {
    const backends = this.mode === 'translate' ? row.backends.filter(({ ip }) => parseIp(ip)?.family === parseIp(row.ip)?.family) : [];
    const words = JSON.stringify([row.service, backends]);
    const before = this.written.get(name);
    if (before?.words === words) return true;
    const set = ++this.lastSet;
    const value = new Uint8Array(new Uint32Array([row.service, set, backends.length, this.mode === 'translate' ? translateFlag : 0]).buffer);
    if (!this.writeSet(set, backends) || this.maps.services.tryUpdate(key, value) < 0) {
      this.removeSet(set, backends.length);
      return false;
    }
    this.written.set(name, { words, set, slots: backends.length });
    if (before !== undefined) this.removeSet(before.set, before.slots);
    return true;
  }

  private writeSet(set: number, backends: readonly BackendRow[]): boolean {
    return backends.every(({ ip, port }, slot) => this.maps.backends.tryUpdate(backendKey(set, slot), backendValue(ip, port)) >= 0);
  }

  private removeSet(set: number, slots: number): void {
    for (let slot = 0; slot < slots; slot++) this.maps.backends.delete(backendKey(set, slot));
  }
}

/** struct ht_service_key, or undefined for text that is no address. */
function serviceKey({ ip, port, protocol }: ServiceRow): Uint8Array | undefined {
  const parsed = parseIp(ip);
  if (parsed === undefined) return undefined;
  const key = new Uint8Array(20);
  key.set(parsed.bytes);
  new DataView(key.buffer).setUint16(16, port); // network order
  key[18] = protocol;
  key[19] = parsed.family;
  return key;
}

function backendKey(set: number, slot: number): Uint8Array {
  return new Uint8Array(new Uint32Array([set, slot]).buffer);
}

/** struct ht_backend. */
function backendValue(ip: string, port: number): Uint8Array {
  const value = new Uint8Array(20);
  value.set(parseIp(ip)?.bytes ?? []);
  new DataView(value.buffer).setUint16(16, port);
  return value;
}
