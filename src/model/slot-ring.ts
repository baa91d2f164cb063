/** Length of a slot. */
export const SLOT_SECONDS = 5;
/** An hour of slots. */
export const SLOTS = 720;

/** What a ring has to know of the things in it. */
export interface SlotKind<Slot> {
  make(): Slot;
  /** A younger slot has begun: this one will hardly change any more. */
  settle(slot: Slot): void;
}

interface Entry<Slot> {
  /** Number of the slot since 1970. */
  index: number;
  slot: Slot;
}

/** The last hour in slots of five seconds. Slots handed out are live. */
export class SlotRing<Slot> {
  /** Number of the oldest and newest slot that was used; 0 while there is none. */
  first = 0;
  last = 0;
  private readonly entries: (Entry<Slot> | undefined)[] = [];

  constructor(private readonly kind: SlotKind<Slot>) {}

  /** The slot of a time, for adding to; undefined if it is older than the ring remembers. */
  at(timeMs: number): Slot | undefined {
    const index = slotOf(timeMs);
    const known = this.entries[index % SLOTS];
    if (known?.index === index) return known.slot;
    if (this.last !== 0 && index <= this.last - SLOTS) return undefined;
    // records of the slot before may still be on their way
    if (index > this.last) this.settle(this.last - 1);
    if (index > this.last + 1) this.settle(this.last);
    if (this.first === 0 || index < this.first) this.first = index;
    this.last = Math.max(this.last, index);
    this.first = Math.max(this.first, this.last - SLOTS + 1);
    const slot = this.kind.make();
    this.entries[index % SLOTS] = { index, slot };
    return slot;
  }

  /** The slot of a number if there is one. */
  peek(index: number): Slot | undefined {
    const entry = this.entries[index % SLOTS];
    return entry?.index === index ? entry.slot : undefined;
  }

  /** Forgets everything. */
  clear(): void {
    this.entries.length = 0;
    this.first = 0;
    this.last = 0;
  }

  private settle(index: number): void {
    const slot = this.peek(index);
    if (slot !== undefined) this.kind.settle(slot);
  }
}

/** Number of the slot a time falls into. */
export function slotOf(timeMs: number): number {
  return Math.floor(timeMs / (SLOT_SECONDS * 1000));
}
