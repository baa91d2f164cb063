import type { AddressRow, DnsMessage, KeptName } from '../decode/kernel.ts';

/** Compiling rules for an address of a new kind is begun at most so often, whatever pods ask. */
const RENEW_PAUSE_NS = 1_000_000_000n;
/** How often names that are over are looked for. */
const FORGET_EVERY_NS = 60_000_000_000n;

/** What a NameWatch works with. */
export interface NameWatchParts {
  /** As PolicyEngine has them. */
  learn(message: DnsMessage, nowNs: bigint): { upserts: AddressRow[]; isIncomplete: boolean; fresh: KeptName[] };
  forgetNames(nowNs: bigint): boolean;
  addAddresses(rows: readonly AddressRow[]): void;
  /** Notes names for the next agent: these, or all that are known now. */
  keep(rows: readonly KeptName[]): void;
  keepAll(): void;
  /** Has connections that are open judged by the addresses of now. */
  publish(): void;
  /** Compiles everything anew. */
  renew(): void;
  wallNs(): bigint;
}

/** Carries names from resolvers' answers into the datapath: at once where rules are compiled for such an address already. */
export class NameWatch {
  private isDue = false;
  private hasAdded = false;
  private lastRenewNs = 0n;
  private lastForgetNs = 0n;

  constructor(private readonly parts: NameWatchParts) {}

  /** Takes an answer. */
  take(message: DnsMessage): void {
    const nowNs = this.parts.wallNs();
    const { upserts, isIncomplete, fresh } = this.parts.learn(message, nowNs);
    if (fresh.length > 0) this.parts.keep(fresh);
    if (upserts.length > 0) {
      this.parts.addAddresses(upserts);
      this.hasAdded = true;
    }
    if (!isIncomplete) return;
    this.isDue = true;
    this.renew(nowNs);
  }

  /** A second's work: what had to wait, and names that are over. */
  second(): void {
    const nowNs = this.parts.wallNs();
    if (nowNs - this.lastForgetNs >= FORGET_EVERY_NS) {
      this.lastForgetNs = nowNs;
      if (this.parts.forgetNames(nowNs)) this.isDue = true;
      this.parts.keepAll();
    }
    if (this.isDue) this.renew(nowNs);
    else if (this.hasAdded) this.parts.publish();
    this.hasAdded = false;
  }

  private renew(nowNs: bigint): void {
    if (nowNs - this.lastRenewNs < RENEW_PAUSE_NS) return;
    this.lastRenewNs = nowNs;
    this.isDue = false;
    this.parts.renew();
  }
}
