/** Numbers of local endpoints are 16 bits wide, as Cilium's; 0 means "not on this node". */
const LAST_ID = 65_535;

/**
 * The numbers of a node's own endpoints (`Endpoint.ID` on the wire). A number
 * comes from a hash of who has it, so that it is the same after a restart; one
 * that is taken goes to the next free. It is held while its owner lives.
 */
export class LocalEndpointIds {
  private readonly ids = new Map<string, number>();
  private readonly taken = new Set<number>();

  /** The number of an owner; 0 when all are taken. */
  idOf(owner: string): number {
    const known = this.ids.get(owner);
    if (known !== undefined) return known;
    if (this.taken.size >= LAST_ID) return 0;
    let id = hashOf(owner);
    while (this.taken.has(id)) id = id === LAST_ID ? 1 : id + 1;
    this.ids.set(owner, id);
    this.taken.add(id);
    return id;
  }

  /** Gives back the numbers of those who are gone. */
  keep(owners: ReadonlySet<string>): void {
    for (const [owner, id] of this.ids) {
      if (owners.has(owner)) continue;
      this.ids.delete(owner);
      this.taken.delete(id);
    }
  }
}

/** FNV-1a, folded to 1 … LAST_ID. */
function hashOf(owner: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < owner.length; at++) hash = Math.imul(hash ^ owner.charCodeAt(at), 0x01000193);
  return ((hash >>> 0) % LAST_ID) + 1;
}
