/** First and last number of cluster-wide identities; below are the reserved ones. */
export const firstIdentity = 256;
export const lastIdentity = 65_535;

/** The name under which two equal label sets meet. */
export function labelSetKey(labels: readonly string[]): string {
  return labels.join('\n');
}

/**
 * Numbers for label sets, the same wherever the same sets are known: what
 * CiliumIdentity objects say wins, the others take a hash of their text and
 * probe upward, in the order (hash, text), past numbers that are taken.
 * `overflow` counts sets that found no number (they get 0, unknown).
 */
export function numberIdentities(sets: Iterable<string>, given: ReadonlyMap<string, number>): { numbers: Map<string, number>; overflow: number } {
  const numbers = new Map<string, number>();
  const taken = new Set(given.values());
  const open: { key: string; hash: number }[] = [];
  for (const key of new Set(sets)) {
    const number = given.get(key);
    if (number === undefined) open.push({ key, hash: hashText(key) });
    else numbers.set(key, number);
  }
  open.sort((one, other) => one.hash - other.hash || (one.key < other.key ? -1 : 1));
  const room = lastIdentity - firstIdentity + 1;
  let overflow = 0;
  let free = room - [...taken].filter((number) => number >= firstIdentity && number <= lastIdentity).length;
  const freeFrom = new FreeNumbers(room, (slot) => taken.has(firstIdentity + slot));
  for (const { key, hash } of open) {
    const number = free === 0 ? 0 : firstIdentity + freeFrom.take(hash);
    if (number === 0) overflow += 1;
    else free -= 1;
    numbers.set(key, number);
  }
  return { numbers, overflow };
}

/** The number a label set has where no other wants it. */
export function plainNumber(key: string): number {
  return firstIdentity + hashText(key);
}

/** The next free slot at or after another, around the end; remembers where it jumped, for a full table took a minute to probe. */
class FreeNumbers {
  private readonly next: Uint32Array;

  constructor(private readonly room: number, isTaken: (slot: number) => boolean) {
    this.next = Uint32Array.from({ length: room }, (_, slot) => (isTaken(slot) ? (slot + 1) % room : slot));
  }

  /** There must be a free slot. */
  take(slot: number): number {
    let found = slot;
    while (this.next[found] !== found) found = this.next[found] ?? 0;
    for (let at = slot; at !== found;) {
      const further = this.next[at] ?? 0;
      this.next[at] = found;
      at = further;
    }
    this.next[found] = (found + 1) % this.room;
    return found;
  }
}

/** FNV-1a over the UTF-16 units, low byte first, folded to the room of identities. */
function hashText(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i += 1) {
    const unit = text.charCodeAt(i);
    hash = Math.imul(hash ^ (unit & 0xff), 0x01000193);
    hash = Math.imul(hash ^ (unit >> 8), 0x01000193);
  }
  return (hash >>> 0) % (lastIdentity - firstIdentity + 1);
}
