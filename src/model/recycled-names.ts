/** A name not asked for longer than any ring reaches back is named nowhere: its number may be given away. */
export const IDLE_SECONDS = 4_000;
/** How often idle names are looked for while there is no room. */
const LOOK_SECONDS = 60;

interface Named {
  name: string;
  lastSecond: number;
}

/**
 * Small numbers for names, bounded, for weeks: a number is given to another name only when its own was idle for longer than
 * anything remembers it. 0 is "(other)": what found no room.
 */
export class RecycledNames {
  /** Names that found no room. */
  overflowCount = 0;
  private readonly list: (Named | undefined)[] = [{ name: '(other)', lastSecond: Infinity }];
  private readonly ids = new Map<string, number>();
  private readonly free: number[] = [];
  private nextLook = 0;

  /** `onForget` is told each number before it gets another name. */
  constructor(private readonly max: number, private readonly onForget: (id: number) => void = () => {}) {}

  /** Number of a name at a time in seconds. */
  id(name: string, second: number): number {
    const known = this.ids.get(name);
    if (known !== undefined) {
      this.touch(known, second);
      return known;
    }
    if (this.free.length === 0 && this.list.length >= this.max) this.forgetIdle(second);
    const id = this.free.pop() ?? (this.list.length < this.max ? this.list.length : undefined);
    if (id === undefined) {
      this.overflowCount++;
      return 0;
    }
    this.list[id] = { name, lastSecond: second };
    this.ids.set(name, id);
    return id;
  }

  /** Number of a name that was met before; undefined if it has none. */
  known(name: string): number | undefined {
    return this.ids.get(name);
  }

  /** Says that a name is still in use. */
  touch(id: number, second: number): void {
    const named = this.list[id];
    if (named !== undefined && named.lastSecond < second) named.lastSecond = second;
  }

  at(id: number): string {
    return this.list[id]?.name ?? '(other)';
  }

  /** All names that have a number of their own. */
  all(): string[] {
    return [...this.ids.keys()];
  }

  private forgetIdle(second: number): void {
    if (second < this.nextLook) return;
    this.nextLook = second + LOOK_SECONDS;
    for (const [name, id] of this.ids) {
      if (second - (this.list[id]?.lastSecond ?? 0) < IDLE_SECONDS) continue;
      this.ids.delete(name);
      this.list[id] = undefined;
      this.free.push(id);
      this.onForget(id);
    }
  }
}
