// hot path: every L7 record passes here once (bench: screen/fold-l7)
import type { FlowScan } from '../wire/flow-scan.ts';

/** Pairs of addresses whose server tells of its requests; when there are more all are forgotten, and some requests count twice. */
const MAX_TELLING = 16_384;
/** How long a server that fell silent is believed to tell of all its requests. */
const TELLS_SECONDS = 60;
const INGRESS = 1;
const EGRESS = 2;
const RESPONSE = 2;

/**
 * One request counts once, though two parsers may have seen it: the client's (traffic direction EGRESS) and the server's (INGRESS),
 * on two nodes, each with a record of the request and one of the answer. The rule: between two addresses and for one protocol the
 * server's records count; the client's count only while the server's side told nothing for a minute. A record without a direction
 * counts. Records of one parser never repeat, and whether one is a request or an answer is its type.
 */
export class SeenSides {
  /** Records left out because the server's side told of them too. */
  seenTwice = 0;
  private readonly telling = new Map<number, number>();

  /** Whether a record is the one that counts. `second` is its time. */
  counts(bytes: Uint8Array, scan: FlowScan, second: number): boolean {
    if (scan.direction !== INGRESS && scan.direction !== EGRESS) return true;
    const key = keyOf(bytes, scan);
    const told = this.telling.get(key);
    if (scan.direction === EGRESS) {
      if (told === undefined || second - told > TELLS_SECONDS) return true;
      this.seenTwice++;
      return false;
    }
    if (told === undefined && this.telling.size >= MAX_TELLING) this.telling.clear();
    if (told === undefined || told < second) this.telling.set(key, second);
    return true;
  }
}

// two hashes of 26 bits: a clash costs one pair its client's records
function keyOf(bytes: Uint8Array, scan: FlowScan): number {
  const isAnswer = scan.l7Type === RESPONSE;
  const [from, to] = isAnswer ? [scan.destinationIpStart, scan.destinationIpEnd] : [scan.sourceIpStart, scan.sourceIpEnd];
  const [start, end] = isAnswer ? [scan.sourceIpStart, scan.sourceIpEnd] : [scan.destinationIpStart, scan.destinationIpEnd];
  return (hash(bytes, from, to, 2166136261 ^ scan.l7) & 0x3ff_ffff) * 0x400_0000 + (hash(bytes, start, end, 0x9747b28c) & 0x3ff_ffff);
}

function hash(bytes: Uint8Array, start: number, end: number, seed: number): number {
  let value = seed;
  for (let i = start; i < end; i++) value = Math.imul(value ^ (bytes[i] ?? 0), 16777619);
  return value ^ (value >>> 15);
}
