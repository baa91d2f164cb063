/** Names whose addresses are known together; a new one beyond is refused, and counted. */
export const MAX_NAMES = 10_000;
/** Addresses of one name; the one that would end first makes room, and is counted. Cilium's tofqdns-endpoint-max-ip-per-hostname was the same. */
export const MAX_IPS_PER_NAME = 50;
/** Addresses of all names; those beyond are refused, and counted. They stand in the datapath's table beside pods. */
export const MAX_NAMED_IPS = 32_768;
/** An address is good for its name at least so long: connections live longer than records of 30 s, and are judged anew. Cilium's tofqdns-min-ttl was the same. */
export const MIN_LIFE_SECONDS = 3_600;
const MAX_LIFE_SECONDS = 7 * 86_400;

/** One address in an answer. */
export interface NamedIp {
  ip: string;
  ttlSeconds: number;
}

/** Which addresses names have, by what resolvers answered; each for a time. */
export class NameBook {
  /** Names and addresses that found no room, or had to make it. */
  missedCount = 0;
  private hasEvicted = false;
  private readonly names = new Map<string, Map<string, number>>();
  private readonly byIp = new Map<string, Set<string>>();

  get size(): number {
    return this.names.size;
  }

  /** Names of an address, sorted. */
  namesOf(ip: string): string[] {
    return [...this.byIp.get(ip) ?? []].sort();
  }

  /** Addresses that any name has. */
  ips(): Iterable<string> {
    return this.byIp.keys();
  }

  /** Until when an address is good for a name; 0 where it has not got it. */
  untilS(name: string, ip: string): number {
    return this.names.get(name)?.get(ip) ?? 0;
  }

  /** Every address of every name, with the second that it is good until. */
  *entries(): Generator<{ name: string; ip: string; untilS: number }> {
    for (const [name, known] of this.names) for (const [ip, untilS] of known) yield { name, ip, untilS };
  }

  /** Takes back an entry, within the same bounds. */
  restore({ name, ip, untilS }: { name: string; ip: string; untilS: number }): void {
    const known = this.names.get(name) ?? this.addName(name);
    if (known === undefined || known.size >= MAX_IPS_PER_NAME) return;
    if (known.has(ip) || this.addIp(name, ip)) known.set(ip, untilS);
    if (known.size === 0) this.names.delete(name);
  }

  /** Takes what a name's answer says; gives back the addresses that the name did not have. */
  learn(name: string, addresses: readonly NamedIp[], nowS: number): string[] {
    if (addresses.length === 0) return [];
    const known = this.names.get(name) ?? this.addName(name);
    if (known === undefined) return [];
    const fresh: string[] = [];
    for (const { ip, ttlSeconds } of addresses) {
      const untilS = nowS + Math.min(Math.max(ttlSeconds, MIN_LIFE_SECONDS), MAX_LIFE_SECONDS);
      const isNew = !known.has(ip);
      if (isNew && !this.addIp(name, ip)) continue;
      known.set(ip, Math.max(untilS, known.get(ip) ?? 0));
      if (isNew) fresh.push(ip);
      if (known.size > MAX_IPS_PER_NAME) this.makeRoom(name, known, fresh);
    }
    if (known.size === 0) this.names.delete(name);
    return fresh;
  }

  /** Forgets what is over, and names that no rule names any more; says whether anything went, here or to make room, since the last time. */
  forget(nowS: number, isWanted: (name: string) => boolean): boolean {
    let hasChanged = this.hasEvicted;
    this.hasEvicted = false;
    for (const [name, known] of this.names) {
      const isOver = !isWanted(name);
      for (const [ip, untilS] of known) {
        if (!isOver && untilS > nowS) continue;
        this.remove(name, ip);
        hasChanged = true;
      }
    }
    return hasChanged;
  }

  private addName(name: string): Map<string, number> | undefined {
    if (this.names.size >= MAX_NAMES) {
      this.missedCount++;
      return undefined;
    }
    const made = new Map<string, number>();
    this.names.set(name, made);
    return made;
  }

  private addIp(name: string, ip: string): boolean {
    const known = this.byIp.get(ip);
    if (known !== undefined) {
      known.add(name);
      return true;
    }
    if (this.byIp.size >= MAX_NAMED_IPS) {
      this.missedCount++;
      return false;
    }
    this.byIp.set(ip, new Set([name]));
    return true;
  }

  private makeRoom(name: string, known: ReadonlyMap<string, number>, fresh: string[]): void {
    const [first] = [...known].sort(([, one], [, other]) => one - other);
    if (first === undefined) return;
    this.missedCount++;
    this.hasEvicted = true;
    this.remove(name, first[0]);
    const at = fresh.indexOf(first[0]);
    if (at >= 0) fresh.splice(at, 1);
  }

  private remove(name: string, ip: string): void {
    const known = this.names.get(name);
    known?.delete(ip);
    if (known?.size === 0) this.names.delete(name);
    const names = this.byIp.get(ip);
    names?.delete(name);
    if (names?.size === 0) this.byIp.delete(ip);
  }
}
