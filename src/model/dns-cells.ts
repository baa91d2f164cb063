/** Names that are told apart at a time; 0 is "(other)". */
export const MAX_NAMES = 2_048;
/** Resolvers that are told apart. */
export const MAX_RESOLVERS = 256;
const DETAIL_BITS = 14;
const KIND_BITS = 3;
const DETAILS = 1 << DETAIL_BITS;

/** What a cell counts, and what its detail is. */
export const DnsKind = {
  /** Of a name: lookups by how they ended; of a resolver: answers. Detail: rcode, or NO_ANSWER. */
  RCODE: 0,
  /** By latencyIndex(). */
  LATENCY: 1,
  /** Lookups by who asked: party of the directory. */
  ASKER: 2,
  /** Failed lookups by who asked; under EVERY_NAME those without such a name. */
  FAILED: 3,
  /** Failed lookups of a name by resolver. */
  FAILED_AT: 4,
  /** Tries along the search path that were followed by another: no lookup of their own. Detail: rcode. */
  NOISE: 5,
  /** Only under EVERY_NAME: lookups nobody answered, and those that failed otherwise, by who asked. */
  UNANSWERED: 6,
  BROKEN: 7,
} as const;
type Kind = (typeof DnsKind)[keyof typeof DnsKind];

/** Stands for all names together. */
export const EVERY_NAME = MAX_NAMES;
const FIRST_RESOLVER = MAX_NAMES + 1;

/** RFC 1035 and 2136, and one number of our own where nobody answered. */
export const NOERROR = 0;
export const NXDOMAIN = 3;
export const NO_ANSWER = 32;
const RCODES = ['NOERROR', 'FORMERR', 'SERVFAIL', 'NXDOMAIN', 'NOTIMP', 'REFUSED', 'YXDOMAIN', 'YXRRSET', 'NXRRSET', 'NOTAUTH', 'NOTZONE'];

/** How a lookup ended, in a reader's words. */
export function rcodeText(rcode: number): string {
  return rcode === NO_ANSWER ? 'no answer' : (RCODES[rcode] ?? `rcode ${rcode}`);
}

/** A resolver as an entity of cells. */
export function resolverEntity(resolver: number): number {
  return FIRST_RESOLVER + resolver;
}

/** Number of the resolver an entity stands for; below 0 = it stands for a name, or for all of them. */
export function resolverOf(entity: number): number {
  return entity - FIRST_RESOLVER;
}

/** Key of a cell of a name, of EVERY_NAME or of a resolver. */
export function dnsKey(entity: number, kind: Kind, detail: number): number {
  return (((entity << KIND_BITS) | kind) << DETAIL_BITS) | Math.max(0, Math.min(DETAILS - 1, detail));
}

export function entityOfKey(key: number): number {
  return key >> (DETAIL_BITS + KIND_BITS);
}
