import { parseIp } from '../../src/lib/ip-bytes.ts';
import type { AddressRow, PolicyMode } from '../decode/kernel.ts';
import type { BpfMap } from './bpf-map.ts';
import { errnoText } from './kernel-error.ts';
import { boottimeNs } from './native.ts';

const isLocalFlag = 1; // HT_ADDRESS_LOCAL
const isVirtualFlag = 2; // HT_ADDRESS_VIRTUAL
const behindShift = 8; // HT_ADDRESS_BEHIND_SHIFT
const watchesNamesFlag = 2; // HT_CONFIG_NAMES

/** ht_addresses, ht_devices and ht_config of a loaded object. */
export interface AddressMaps {
  addresses: BpfMap;
  devices: BpfMap;
  config: BpfMap;
}

/** What ht_config says besides the epoch. */
export interface DatapathConfig {
  reportIntervalSeconds: number;
  netnsCookie: bigint;
  /** HT_CONFIG_* */
  flags?: number;
}

/** HT_MODE_*, by name. */
const modes = { observe: 0, audit: 1, enforce: 2 } as const;

/** Who is who, as the datapath sees it: addresses, and the endpoint behind each device. */
export class AddressTable {
  private epoch = 0;
  private pressedInterval = 0;
  private readonly local = new Map<string, AddressRow>();
  private readonly devices = new Map<number, string>();
  /** When the programs came to a device, in seconds of CLOCK_BOOTTIME. */
  private readonly attachedSeconds = new Map<number, number>();
  /** What the datapath does with policies, and whether ht_networks has rows; told with the next publish(). */
  policies: { mode: PolicyMode; hasNetworks: boolean; watchesNames: boolean } = { mode: 'observe', hasNetworks: false, watchesNames: false };
  private graceUntilS = 0;
  /** Addresses that the map refused (full) or that are not addresses. */
  refusedCount = 0;

  constructor(private readonly maps: AddressMaps, private readonly config: DatapathConfig, private readonly onWarning: (text: string) => void) {
    this.publish();
  }

  /** Adds and changes first, then removes; the datapath looks its cached answers up again from the next publish() on. */
  apply(upserts: readonly AddressRow[], removals: readonly string[]): void {
    const refusedBefore = this.refusedCount;
    for (const row of upserts) this.set(row);
    for (const ip of removals) this.remove(ip);
    if (this.refusedCount > refusedBefore) this.onWarning(`${this.refusedCount - refusedBefore} addresses did not fit the datapath's table of ${this.maps.addresses.maxEntries}: their packets show as world`);
  }

  /** Tells the datapath which pod is behind which device, as far as both are known. Says whether that changed anything. */
  setDevices(deviceByAddress: ReadonlyMap<string, number>, attached: ReadonlySet<number>): boolean {
    const before = [...this.devices].join();
    // all of them, also while it is unknown whose they are: that a device is a pod's tells whose kernel drops are ours
    const wanted = new Map<number, Pick<AddressRow, 'ref' | 'labels'>>([...attached].map((ifindex) => [ifindex, { ref: 0, labels: 0 }]));
    for (const [ip, row] of this.local) {
      const ifindex = deviceByAddress.get(ip);
      if (ifindex !== undefined && attached.has(ifindex)) wanted.set(ifindex, row);
    }
    for (const ifindex of this.attachedSeconds.keys()) if (!attached.has(ifindex)) this.attachedSeconds.delete(ifindex);
    for (const ifindex of this.devices.keys()) if (!wanted.has(ifindex)) this.removeDevice(ifindex);
    for (const [ifindex, { ref, labels }] of wanted) this.setDevice(ifindex, ref, labels);
    return [...this.devices].join() !== before;
  }

  /** Seconds that hold instead of the report interval while they are longer. */
  setPressedInterval(seconds: number): void {
    if (seconds === this.pressedInterval) return;
    this.pressedInterval = seconds;
    this.writeConfig();
  }

  private set(row: AddressRow): void {
    const key = addressKey(row.ip);
    const value = new Uint8Array(new Uint32Array([row.ref, row.labels, (row.isLocal ? isLocalFlag : 0) | (row.isVirtual === true ? isVirtualFlag : 0) | ((row.behind ?? 0) << behindShift)]).buffer);
    if (key === undefined || this.maps.addresses.tryUpdate(key, value) < 0) {
      this.refusedCount++;
      return;
    }
    if (row.isLocal) this.local.set(row.ip, row);
    else this.local.delete(row.ip);
  }

  private remove(ip: string): void {
    const key = addressKey(ip);
    if (key !== undefined) this.maps.addresses.delete(key);
    this.local.delete(ip);
  }

  private setDevice(ifindex: number, ref: number, labels: number): void {
    const words = `${ref} ${labels}`;
    if (this.devices.get(ifindex) === words) return;
    const attachedS = this.attachedSeconds.get(ifindex) ?? Number(boottimeNs() / 1_000_000_000n);
    this.attachedSeconds.set(ifindex, attachedS);
    const result = this.maps.devices.tryUpdate(deviceKey(ifindex), new Uint8Array(new Uint32Array([ref, labels, 0, attachedS]).buffer));
    if (result < 0) this.onWarning(`cannot tell the datapath whose device ${ifindex} is: ${errnoText(result)}`);
    else this.devices.set(ifindex, words);
  }

  private removeDevice(ifindex: number): void {
    this.maps.devices.delete(deviceKey(ifindex));
    this.devices.delete(ifindex);
  }

  /** From now on for so long nobody is cut off whose beginning was not seen. */
  giveGrace(seconds: number): void {
    this.graceUntilS = Number(boottimeNs() / 1_000_000_000n) + seconds;
    this.writeConfig();
  }

  /** Tells the datapath under a new epoch, so that it looks everything up again. */
  publish(): void {
    this.epoch++;
    this.writeConfig();
  }

  private writeConfig(): void {
    const value = new Uint8Array(this.maps.config.valueSize);
    const view = new DataView(value.buffer);
    view.setUint32(0, this.epoch, true);
    view.setUint32(4, this.config.reportIntervalSeconds, true);
    view.setBigUint64(8, this.config.netnsCookie, true);
    view.setUint32(16, this.pressedInterval, true);
    view.setUint32(20, (this.config.flags ?? 0) | (this.policies.watchesNames ? watchesNamesFlag : 0), true);
    view.setUint32(24, modes[this.policies.mode], true);
    view.setUint32(28, this.policies.hasNetworks ? 1 : 0, true);
    view.setUint32(32, this.graceUntilS, true);
    this.maps.config.update(new Uint8Array(4), value);
  }
}

/** struct ht_address_key, or undefined for text that is no address. */
function addressKey(ip: string): Uint8Array | undefined {
  const parsed = parseIp(ip);
  if (parsed === undefined) return undefined;
  const key = new Uint8Array(20);
  key.set(parsed.bytes);
  key[16] = parsed.family;
  return key;
}

function deviceKey(ifindex: number): Uint8Array {
  return new Uint8Array(new Uint32Array([ifindex]).buffer);
}
