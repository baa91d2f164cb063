/** Parties whose identities are remembered, and identities of each. */
export const MAX_PARTIES = 4_096;
const MAX_IDENTITIES = 8;
/** Numbers below are reserved, from there on they are local to a node: neither says anything of labels. */
const FIRST_IDENTITY = 256;
const FIRST_LOCAL = 1 << 24;

/** An identity number of a party, and when it was first seen. */
export interface IdentityFact {
  identity: number;
  firstMs: number;
}

/** Identity numbers of parties (by id of the directory) in the order they were first seen, bounded. */
export class IdentityBook {
  /** Parties and numbers that found no place. */
  overflowCount = 0;
  private readonly parties = new Map<number, IdentityFact[]>();

  /** Notes an identity; the ones that were known before where it is new to a known party, else undefined. */
  note(party: number, identity: number, timeMs: number): readonly IdentityFact[] | undefined {
    if (identity < FIRST_IDENTITY || identity >= FIRST_LOCAL) return undefined;
    const known = this.parties.get(party);
    if (known === undefined) {
      if (this.parties.size >= MAX_PARTIES) this.overflowCount++;
      else this.parties.set(party, [{ identity, firstMs: timeMs }]);
      return undefined;
    }
    const fact = known.find((candidate) => candidate.identity === identity);
    if (fact !== undefined) {
      fact.firstMs = Math.min(fact.firstMs, timeMs);
      return undefined;
    }
    const before = [...known];
    known.push({ identity, firstMs: timeMs });
    if (known.length > MAX_IDENTITIES) {
      known.shift();
      this.overflowCount++;
    }
    return before;
  }

  /** Identities of a party that were seen by a moment, oldest first. */
  of(party: number, momentMs: number): IdentityFact[] {
    return (this.parties.get(party) ?? []).filter(({ firstMs }) => firstMs <= momentMs).toSorted((one, other) => one.firstMs - other.firstMs);
  }
}
