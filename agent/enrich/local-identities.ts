/** Numbers of one of Cilium's scopes: the low 24 bits, without zero. */
const SCOPE_SIZE = 0xff_ffff;
/** Whoever nobody has any more is remembered up to here; beyond it the oldest are forgotten, and get another number should they come back. */
const MAX_REMEMBERED = 65_536;

/** Identities that mean something on one node alone: Cilium's scopes of networks (first 16,777,217) and of remote nodes with labels (first 33,554,433). */
export class LocalIdentities {
  private readonly numbers = new Map<string, number>();
  private readonly taken = new Set<number>();
  private last = 0;

  constructor(private readonly first: number) {}

  /** The number of whoever a text names; the same until it is forgotten. */
  numberOf(text: string): number {
    const known = this.numbers.get(text);
    if (known !== undefined) return this.first + known;
    while (this.taken.has(this.last)) this.last = (this.last + 1) % SCOPE_SIZE;
    this.numbers.set(text, this.last);
    this.taken.add(this.last);
    return this.first + this.last;
  }

  /** Says which numbers somebody has now. */
  keep(live: ReadonlySet<number>): void {
    for (const [text, number] of this.numbers) {
      if (this.numbers.size <= MAX_REMEMBERED) return;
      if (live.has(this.first + number)) continue;
      this.numbers.delete(text);
      this.taken.delete(number);
    }
  }
}
