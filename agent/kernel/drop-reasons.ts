import { readBtfEnums, type EnumNames } from './btf.ts';

/** A drop reason in words: its own name and the part of the kernel that numbers it. */
export interface DropReason {
  name: string;
  subsystem: string;
}

/** Names of the running kernel's drop reasons, from its BTF; a number without a name keeps the number. */
export class DropReasons {
  private readonly core: EnumNames;
  private readonly subsystems: EnumNames;
  private readonly others: EnumNames;
  private readonly resets: EnumNames;

  constructor(btf: Uint8Array) {
    const enums = readBtfEnums(btf, ['skb_drop_reason', 'skb_drop_reason_subsys', 'ovs_drop_reason', 'mac80211_drop_reason', 'sk_rst_reason']);
    this.core = enums?.get('skb_drop_reason') ?? new Map();
    this.subsystems = enums?.get('skb_drop_reason_subsys') ?? new Map();
    this.resets = enums?.get('sk_rst_reason') ?? new Map();
    this.others = new Map([...enums?.get('ovs_drop_reason') ?? [], ...enums?.get('mac80211_drop_reason') ?? []]);
  }

  /** How many reasons this kernel names; 0 where it gives none (before 5.17). */
  get count(): number {
    return this.core.size;
  }

  /** Name of a reason, its subsystem in the high 16 bits (since Linux 6.4). */
  name(reason: number): DropReason {
    const subsystem = reason >>> 16;
    const name = (subsystem === 0 ? this.core : this.others).get(reason);
    return {
      name: name?.replace(/^SKB_DROP_REASON_/, '').replace(/^SKB_DROP_/, '') ?? `REASON_${reason & 0xffff}`,
      subsystem: (this.subsystems.get(subsystem) ?? (subsystem === 0 ? 'core' : `SUBSYSTEM_${subsystem}`)).replace(/^SKB_DROP_REASON_SUBSYS_/, '').toLowerCase(),
    };
  }

  /** Name of why a connection was reset (enum sk_rst_reason, since Linux 6.10). */
  resetName(reason: number): string {
    return this.resets.get(reason)?.replace(/^SK_RST_REASON_/, '') ?? (reason === 0 ? 'NOT_SPECIFIED' : `REASON_${reason}`);
  }

  /** Numbers of the reasons that a tc program of anybody causes. */
  trafficControl(): number[] {
    return [...this.core.keys()].filter((reason) => trafficControl.has(this.name(reason).name));
  }

  /** Numbers of the reasons that mean no loss to anybody: counted, but never an event. */
  noise(): number[] {
    return [...this.core.keys()].filter((reason) => noise.has(this.name(reason).name));
  }
}

const trafficControl: ReadonlySet<string> = new Set(['TC_INGRESS', 'TC_EGRESS']);

/**
 * Packets that were used up, sockets closing with data in them, filters that
 * say no, and segments that TCP had already: hundreds a second on a healthy machine.
 */
const noise: ReadonlySet<string> = new Set([
  'NOT_SPECIFIED', 'SKB_CONSUMED', 'CONSUMED', 'QUEUE_PURGE', 'SOCKET_FILTER', 'TCP_OLD_DATA', 'TCP_OLD_ACK', 'OTHERHOST', 'NOT_DROPPED_YET', 'SKB_NOT_DROPPED_YET',
]);
