import type { Namespace } from '../../src/wire/gen/observer.ts';
import type { PairRow } from '../decode/kernel.ts';
import type { EndpointVersions } from '../enrich/endpoint-versions.ts';

/** A namespace is forgotten after an hour without traffic, as Hubble does. */
const FORGET_NS = 3_600_000_000_000n;
/** More than any cluster has. */
const MAX_NAMESPACES = 65_536;

/** Which namespaces had traffic on this node lately; told once a second by the pair counters. */
export class NamespacesSeen {
  private readonly lastNs = new Map<string, bigint>();
  private before = new Map<string, number>();

  constructor(private readonly versions: EndpointVersions) {}

  observe(pairs: readonly PairRow[], nowNs: bigint): void {
    const now = new Map<string, number>();
    for (const row of pairs) {
      const key = `${row.clientLabels} ${row.serverLabels}`;
      now.set(key, (now.get(key) ?? 0) + row.skbs);
    }
    for (const [key, skbs] of now) {
      if (this.before.get(key) === skbs) continue;
      for (const labels of key.split(' ')) this.see(this.versions.labelSet(Number(labels)).endpoint.namespace, nowNs);
    }
    this.before = now;
    for (const [name, seenNs] of this.lastNs) if (nowNs - seenNs > FORGET_NS) this.lastNs.delete(name);
  }

  /** Sorted; the default cluster has an empty name. */
  list(): Namespace[] {
    return [...this.lastNs.keys()].toSorted().map((namespace) => ({ namespace }));
  }

  private see(namespace: string | undefined, nowNs: bigint): void {
    if (namespace === undefined || namespace === '') return;
    if (this.lastNs.size < MAX_NAMESPACES || this.lastNs.has(namespace)) this.lastNs.set(namespace, nowNs);
  }
}
