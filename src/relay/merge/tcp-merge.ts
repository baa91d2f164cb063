import { heaviest } from '../../tally/heaviest.ts';
import type { TcpCount, TcpSide } from '../../wire/gen/hubtop.ts';

/** Pairs of a merged report whose TCP is told of; those with resets, retransmits or strays first. */
export const maxTcpPairs = 512;
/** Reasons of resets kept apart on one side of a pair; a kernel names less than thirty. */
const maxReasons = 64;

const added = ['retransmits', 'handshakes', 'handshake_ns', 'no_syn_attach', 'no_syn_evicted', 'no_syn', 'no_syn_reset'] as const;

/** Both counts of one pair, as one: the client's node tells of one side, the server's of the other. */
export function sumTcp(one: TcpCount, other: TcpCount): TcpCount {
  const egress = sumSides(one.egress, other.egress);
  const ingress = sumSides(one.ingress, other.ingress);
  return { source: one.source, destination: one.destination, port: one.port, ...(egress === undefined ? {} : { egress }), ...(ingress === undefined ? {} : { ingress }) };
}

function sumSides(one: TcpSide | undefined, other: TcpSide | undefined): TcpSide | undefined {
  if (one === undefined || other === undefined) return one ?? other;
  const sum: TcpSide = { handshake_max_ns: Math.max(one.handshake_max_ns ?? 0, other.handshake_max_ns ?? 0) };
  for (const field of added) sum[field] = (one[field] ?? 0) + (other[field] ?? 0);
  const [buckets, more] = [one.handshake_buckets ?? [], other.handshake_buckets ?? []];
  sum.handshake_buckets = Array.from({ length: Math.max(buckets.length, more.length) }, (_, index) => (buckets[index] ?? 0) + (more[index] ?? 0));
  const resets = new Map<string, number>();
  for (const { reason = '', count = 0 } of [...one.resets ?? [], ...other.resets ?? []]) {
    // names beyond the bound are somebody's trick: the sum stays exact
    const name = resets.size < maxReasons || resets.has(reason) ? reason : '';
    resets.set(name, (resets.get(name) ?? 0) + count);
  }
  sum.resets = [...resets].map(([reason, count]) => ({ reason, count }));
  return sum;
}

/** The pairs that have most to tell. */
export function boundedTcp(pairs: readonly TcpCount[]): TcpCount[] {
  return heaviest(pairs, maxTcpPairs, { weight: (pair) => weightOf(pair.egress) + weightOf(pair.ingress) }).kept;
}

// a lone handshake is less news than any trouble
function weightOf({ retransmits = 0, handshakes = 0, no_syn: stray = 0, no_syn_evicted: evicted = 0, resets = [] }: TcpSide = {}): number {
  const trouble = retransmits + stray + evicted + resets.reduce((total, { count = 0 }) => total + count, 0);
  return trouble * 1e9 + handshakes;
}
