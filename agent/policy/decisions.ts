import type { Outcome } from './compile.ts';
import type { Decider } from './evaluate.ts';
import type { Direction, Policy } from './policy.ts';

/** Decisions that are remembered; beyond it those that no map holds any more are forgotten, the oldest first. */
export const MAX_DECISIONS = 65_536;
/** Of a rule that thousands of policies agree on this many are named. */
const MAX_NAMED = 64;

/** What a number in a record means: who decided what. Never changed, so that the past keeps its reasons. */
export interface Decision {
  number: number;
  kind: 'allow' | 'deny' | 'default-deny';
  direction: Direction;
  /** Rules that matched; none of a default deny. */
  by: readonly Decider[];
  /** Policies whose default deny it was. */
  selecting: readonly Policy[];
}

/** Gives every decision a number that never means another one. */
export class Decisions {
  private readonly numbers = new Map<string, number>();
  private readonly byNumber = new Map<number, { key: string; decision: Decision }>();
  private readonly ids = new WeakMap<object, number>();
  private lastId = 0;
  private last = 0;
  private lastOutcome: Outcome | undefined;
  private lastNumber = 0;

  /** The number of an outcome; 0 where nobody decided. */
  numberOf(outcome: Outcome): number {
    if (outcome.kind === 'none' || outcome.kind === 'unknown') return 0;
    // many entries share an outcome
    if (outcome === this.lastOutcome) return this.lastNumber;
    this.lastNumber = this.numberAnew(outcome);
    this.lastOutcome = outcome;
    return this.lastNumber;
  }

  private numberAnew(outcome: Exclude<Outcome, { kind: 'none' | 'unknown' }>): number {
    const { kind, direction } = outcome;
    const by = outcome.kind === 'default-deny' ? [] : outcome.by.slice(0, MAX_NAMED);
    const selecting = outcome.kind === 'default-deny' ? outcome.selecting.slice(0, MAX_NAMED) : [];
    const key = `${kind} ${direction} ${[...by.map(({ rule }) => rule), ...selecting].map((one) => this.idOf(one)).join(' ')}`;
    const known = this.numbers.get(key);
    if (known !== undefined) return known;
    const number = ++this.last;
    this.numbers.set(key, number);
    this.byNumber.set(number, { key, decision: { number, kind, direction, by, selecting } });
    return number;
  }

  get(number: number): Decision | undefined {
    return this.byNumber.get(number)?.decision;
  }

  /** Says which numbers stand in a map now. */
  keep(live: ReadonlySet<number>): void {
    this.lastOutcome = undefined;
    for (const [number, { key }] of this.byNumber) {
      if (this.byNumber.size <= MAX_DECISIONS) return;
      if (live.has(number)) continue;
      this.byNumber.delete(number);
      this.numbers.delete(key);
    }
  }

  // a policy that is read again and says the same is the same object, see PolicyBook
  private idOf(one: object): number {
    const known = this.ids.get(one);
    if (known !== undefined) return known;
    this.ids.set(one, ++this.lastId);
    return this.lastId;
  }
}
