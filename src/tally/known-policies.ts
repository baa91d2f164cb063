import type { PolicyFact } from '../wire/gen/hubtop.ts';

/** Policies remembered at most; what finds no place is told when it changes, and never again. */
export const MAX_KNOWN_POLICIES = 2_048;

/** The policies in force, as reports told them: the first report of a watch has all of them. */
export class KnownPolicies {
  private readonly facts = new Map<string, PolicyFact>();

  /** Takes what a report says; the highest revision stays. */
  take(facts: readonly PolicyFact[]): void {
    for (const fact of facts) {
      const { kind = '', namespace = '', name = '', revision = 0n } = fact.policy ?? {};
      const key = `${kind}\n${namespace}\n${name}`;
      const before = this.facts.get(key);
      if (before !== undefined && (before.policy?.revision ?? 0n) > revision) continue;
      if (fact.is_removed === true) this.facts.delete(key);
      else if (before !== undefined || this.facts.size < MAX_KNOWN_POLICIES) this.facts.set(key, fact);
    }
  }

  get isEmpty(): boolean {
    return this.facts.size === 0;
  }

  list(): PolicyFact[] {
    return [...this.facts.values()];
  }
}
