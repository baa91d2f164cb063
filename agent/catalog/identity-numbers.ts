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
  for (const { key, hash } of open) {
    let step = 0;
    while (step < room && taken.has(firstIdentity + ((hash + step) % room))) step += 1;
    const number = step === room ? 0 : firstIdentity + ((hash + step) % room);
    if (number === 0) overflow += 1;
    taken.add(number);
    numbers.set(key, number);
  }
  return { numbers, overflow };
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
