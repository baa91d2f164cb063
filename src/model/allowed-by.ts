import type { PolicyRef } from './policy-ref.ts';

/** Pairs of which it is remembered who let them through, and policies of each. */
export const MAX_ALLOWED_PAIRS = 2_048;
const MAX_POLICIES = 8;
/** Allowed verdicts of one pair that are read whole: one in this time; and of all pairs in a second. */
const READ_EVERY_MS = 5_000;
const MAX_READS_PER_SECOND = 100;

/** A policy that let a pair through, and from when to when it was named. */
export interface AllowedFact {
  policy: PolicyRef;
  /** Of which end; empty where nobody says. */
  direction: 'egress' | 'ingress' | '';
  firstMs: number;
  lastMs: number;
}

interface PairEntry {
  facts: AllowedFact[];
  nextReadMs: number;
}

/** Who let a pair through before it was refused, by pair id, bounded; the pair that was heard of first goes first. */
export class AllowedBook {
  forgottenCount = 0;
  private readonly pairs = new Map<number, PairEntry>();
  private readSecond = 0;
  private readsLeft = MAX_READS_PER_SECOND;

  /** Whether an allowed verdict of this pair may be read whole now. */
  mayRead(pair: number, nowMs: number): boolean {
    const entry = this.pairs.get(pair);
    if (entry !== undefined && nowMs < entry.nextReadMs) return false;
    const second = Math.floor(nowMs / 1000);
    if (second !== this.readSecond) {
      this.readSecond = second;
      this.readsLeft = MAX_READS_PER_SECOND;
    }
    if (this.readsLeft-- <= 0) return false;
    this.entry(pair).nextReadMs = nowMs + READ_EVERY_MS;
    return true;
  }

  /** Notes that policies let a pair through. */
  note(pair: number, allowed: { policies: readonly PolicyRef[]; direction: AllowedFact['direction'] }, timeMs: number): void {
    if (allowed.policies.length === 0) return;
    const { facts } = this.entry(pair);
    for (const policy of allowed.policies) {
      const known = facts.find((fact) => fact.policy.name === policy.name && fact.policy.kind === policy.kind && fact.direction === allowed.direction);
      if (known === undefined) {
        facts.push({ policy, direction: allowed.direction, firstMs: timeMs, lastMs: timeMs });
        if (facts.length > MAX_POLICIES) facts.shift();
        continue;
      }
      if (timeMs >= known.lastMs) Object.assign(known, { policy, lastMs: timeMs });
      known.firstMs = Math.min(known.firstMs, timeMs);
    }
  }

  /** Who let a pair through by a moment, the last named first. */
  of(pair: number, momentMs: number): AllowedFact[] {
    return (this.pairs.get(pair)?.facts ?? []).filter(({ firstMs }) => firstMs <= momentMs).toSorted((one, other) => other.lastMs - one.lastMs);
  }

  /** Every pair that somebody let through. */
  ids(): Iterable<number> {
    return this.pairs.keys();
  }

  /** The ids of pairs will mean others. */
  forget(pairs: ReadonlySet<number>): void {
    for (const pair of pairs) this.pairs.delete(pair);
  }

  private entry(pair: number): PairEntry {
    const known = this.pairs.get(pair);
    if (known !== undefined) return known;
    if (this.pairs.size >= MAX_ALLOWED_PAIRS) this.forgetOldest();
    const made: PairEntry = { facts: [], nextReadMs: 0 };
    this.pairs.set(pair, made);
    return made;
  }

  private forgetOldest(): void {
    const oldest = this.pairs.keys().next();
    if (oldest.done !== true) this.pairs.delete(oldest.value);
    this.forgottenCount++;
  }
}
