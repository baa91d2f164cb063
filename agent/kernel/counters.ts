/**
 * Rows and counters out of the bytes of our own maps: layouts of bpf/event.h,
 * values of all CPUs in a row. Parser of one format, no input or output.
 */
import { HANDSHAKE_BUCKETS, type DropRow, type EventCounts, type PairRow, type PolicyDropRow, type ResetRow, type TcpRow } from '../decode/kernel.ts';

const lanes = 2;
const kindsInStruct = 8;
const wordsPerKind = 5;
/** HT_KIND_*, in the order of the numbers; a kind without a name is not used yet. */
const kindNames = ['trace', 'drop', 'policy-verdict', 'kernel-drop', 'trace-sock'];
const afterKinds = lanes * kindsInStruct * wordsPerKind;
/** limited_drops, behind the first words that are reserved. */
const afterReserved = afterKinds + 32;
/** What limiters hold back is of the urgent lane alone; by kind, which word counts it. */
const limitedWords: Readonly<Record<string, number>> = { drop: afterReserved, 'kernel-drop': afterReserved + 1, 'policy-verdict': afterReserved + 4 };

/** struct ht_counters, summed over CPUs. Arrays of three go by HT_DIRECTION_ of the hook. */
export interface Counters {
  events: EventCounts[];
  skbs: number[];
  segments: number[];
  bytes: number[];
  notIp: number;
  malformed: number;
  fragmentsUnmatched: number;
  conntrackInserted: number;
  conntrackDeleted: number;
  conntrackFailed: number;
  midStream: number;
  pairFailed: number;
  pairFailedBytes: number;
  dropPairFailed: number;
  foreignDrops: number;
  policyUnknown: number;
  policyDenied: number;
  policyAudited: number;
  /** Packets dropped that found no room in a table of pairs or of drops; one may be in both. */
  policyUnlisted: number;
  socketsTranslated: number;
  socketsRefused: number;
  /** kfree_skb of what a program of ours dropped: told by that program's own event. */
  ownDropsMatched: number;
  tcpFailed: number;
  /** Answers of resolvers that found no room in their ring, and forged ones. */
  dnsLost: number;
  dnsForeign: number;
}

/** Reads the one value of ht_counters. */
export function parseCounters(value: Uint8Array, stride: number): Counters {
  const word = sumWords(value, stride);
  const three = (at: number): number[] => [word(at), word(at + 1), word(at + 2)];
  return {
    events: parseEventCounts(word),
    skbs: three(afterKinds + 2),
    segments: three(afterKinds + 5),
    bytes: three(afterKinds + 8),
    notIp: word(afterKinds + 11),
    malformed: word(afterKinds + 12),
    fragmentsUnmatched: word(afterKinds + 13),
    conntrackInserted: word(afterKinds + 14),
    conntrackDeleted: word(afterKinds + 15),
    conntrackFailed: word(afterKinds + 16),
    midStream: word(afterKinds + 17),
    pairFailed: word(afterKinds + 18),
    pairFailedBytes: word(afterKinds + 19),
    dropPairFailed: word(afterKinds + 20),
    foreignDrops: word(afterKinds + 21),
    policyUnknown: word(afterKinds + 24),
    policyDenied: word(afterKinds + 25),
    policyUnlisted: word(afterKinds + 27) + word(afterKinds + 31),
    policyAudited: word(afterKinds + 26),
    socketsTranslated: word(afterKinds + 28),
    socketsRefused: word(afterKinds + 29),
    ownDropsMatched: word(afterReserved + 2),
    tcpFailed: word(afterReserved + 3),
    dnsForeign: word(afterReserved + 8),
    dnsLost: word(afterReserved + 9),
  };
}

function parseEventCounts(word: (index: number) => number): EventCounts[] {
  const rows: EventCounts[] = [];
  for (let lane = 0; lane < lanes; lane++) {
    for (const [kind, name] of kindNames.entries()) {
      const at = (lane * kindsInStruct + kind) * wordsPerKind;
      const limitedAt = lane === 0 ? limitedWords[name] : undefined;
      rows.push({
        lane, kind: name, happened: word(at), submitted: word(at + 1), folded: word(at + 2), lost: word(at + 3), suppressed: word(at + 4),
        ...(limitedAt === undefined ? {} : { limited: word(limitedAt) }),
      });
    }
  }
  return rows;
}

/** Reads a key and all CPUs' values of ht_pairs. */
export function parsePair(key: Uint8Array, value: Uint8Array, stride: number): PairRow {
  const view = new DataView(key.buffer, key.byteOffset, key.byteLength);
  const word = sumWords(value, stride);
  return {
    clientLabels: view.getUint32(0, true),
    serverLabels: view.getUint32(4, true),
    port: view.getUint16(8, true),
    protocol: view.getUint8(10),
    direction: view.getUint8(11),
    isReply: view.getUint8(12) === 1,
    verdict: view.getUint8(13),
    family: view.getUint8(14) === 6 ? 6 : 4,
    skbs: word(0),
    segments: word(1),
    bytes: word(2),
    connections: word(3),
    resets: word(4),
    reported: word(5),
    allowedBy: newestDecision(value, stride, 6),
  };
}

/** Of the decisions that CPUs noted, the newest. */
function newestDecision(value: Uint8Array, stride: number, index: number): number {
  const view = new DataView(value.buffer, value.byteOffset, value.byteLength);
  let newest = { seconds: 0, decision: 0 };
  for (let at = index * 8; at + 8 <= value.length; at += stride) {
    const [decision, seconds] = [view.getUint32(at, true), view.getUint32(at + 4, true)];
    if (seconds >= newest.seconds && decision !== 0) newest = { seconds, decision };
  }
  return newest.decision;
}

/** Reads a key and all CPUs' values of ht_policy_drops. */
export function parsePolicyDrop(key: Uint8Array, value: Uint8Array, stride: number): PolicyDropRow {
  const view = new DataView(key.buffer, key.byteOffset, key.byteLength);
  const word = sumWords(value, stride);
  return {
    sourceLabels: view.getUint32(0, true),
    destinationLabels: view.getUint32(4, true),
    policy: view.getUint32(8, true),
    port: view.getUint16(12, true),
    protocol: view.getUint8(14),
    reason: view.getUint8(15),
    family: view.getUint8(16) === 6 ? 6 : 4,
    skbs: word(0),
    bytes: word(1),
  };
}

/** Reads a key and all CPUs' values of ht_drop_pairs. */
export function parseDrop(key: Uint8Array, value: Uint8Array, stride: number): DropRow {
  const view = new DataView(key.buffer, key.byteOffset, key.byteLength);
  const word = sumWords(value, stride);
  return {
    sourceLabels: view.getUint32(0, true),
    destinationLabels: view.getUint32(4, true),
    reason: view.getUint32(8, true),
    port: view.getUint16(12, true),
    protocol: view.getUint8(14),
    family: view.getUint8(15) === 6 ? 6 : 4,
    skbs: word(0),
    bytes: word(1),
    folded: word(2),
    foldedBytes: word(3),
  };
}

/** Reads a key and the value of ht_tcp_pairs. */
export function parseTcp(key: Uint8Array, value: Uint8Array, stride: number): TcpRow {
  const view = new DataView(key.buffer, key.byteOffset, key.byteLength);
  const word = sumWords(value, stride);
  return {
    clientLabels: view.getUint32(0, true),
    serverLabels: view.getUint32(4, true),
    port: view.getUint16(8, true),
    family: view.getUint8(10) === 6 ? 6 : 4,
    direction: view.getUint8(11),
    retransmits: word(0),
    handshakes: word(1),
    handshakeNs: word(2),
    handshakeMaxNs: word(3),
    handshakeBuckets: Array.from({ length: HANDSHAKE_BUCKETS }, (_, bucket) => word(4 + bucket)),
    noSynAttach: word(20),
    noSyn: word(21),
    noSynReset: word(22),
  };
}

/** Reads a key and the value of ht_resets; `reasonName` knows the running kernel's names. */
export function parseReset(key: Uint8Array, value: Uint8Array, { stride, reasonName }: { stride: number; reasonName: (reason: number) => string }): ResetRow {
  const view = new DataView(key.buffer, key.byteOffset, key.byteLength);
  return {
    clientLabels: view.getUint32(0, true),
    serverLabels: view.getUint32(4, true),
    reason: reasonName(view.getUint32(8, true)),
    port: view.getUint16(12, true),
    family: view.getUint8(14) === 6 ? 6 : 4,
    direction: view.getUint8(15),
    count: sumWords(value, stride)(0),
  };
}

/** Sum over CPUs of the 64-bit number at an index, as a number: exact up to 2^53 (9 PB of traffic). */
function sumWords(value: Uint8Array, stride: number): (index: number) => number {
  const view = new DataView(value.buffer, value.byteOffset, value.byteLength);
  return (index) => {
    let sum = 0;
    for (let at = index * 8; at + 8 <= value.length; at += stride) sum += view.getUint32(at, true) + view.getUint32(at + 4, true) * 0x1_0000_0000;
    return sum;
  };
}
