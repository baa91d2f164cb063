import { expect, test } from 'vitest';
import { parseCounters, parseDrop, parsePair, parseReset, parseTcp } from '../../../agent/kernel/counters.ts';
import { parseConntrackStatistics } from '../../../agent/kernel/kernel-conntrack.ts';
import { parseMapRows } from '../../../agent/kernel/map-rows.ts';

function words(...values: (number | bigint)[]): Uint8Array {
  return new Uint8Array(new BigUint64Array(values.map(BigInt)).buffer);
}

test('parsePair() reads a key, sums the CPUs and takes the newest decision of them', () => {
  const key = new Uint8Array([7, 0, 0, 0, 9, 1, 0, 0, 0x90, 0x1f, 6, 2, 1, 1, 4, 0]);
  const value = words(1, 2, 3, 4, 5, 6, (9n << 32n) | 7n, 10, 20, 0x1_0000_0000, 40, 50, 60, (8n << 32n) | 5n);
  expect(parsePair(key, value, 56)).toEqual({
    clientLabels: 7, serverLabels: 265, port: 8080, protocol: 6, direction: 2, isReply: true, verdict: 1, family: 4,
    skbs: 11, segments: 22, bytes: 0x1_0000_0003, connections: 44, resets: 55, reported: 66, allowedBy: 7,
  });
});

test('parseDrop() reads a key and sums the CPUs', () => {
  const key = new Uint8Array([1, 0, 0, 0, 2, 0, 0, 0, 3, 0, 2, 0, 0x50, 0, 17, 6]);
  expect(parseDrop(key, words(1, 100, 7, 70, 2, 200, 8, 80), 32)).toEqual({
    sourceLabels: 1, destinationLabels: 2, reason: 0x20003, port: 80, protocol: 17, family: 6, skbs: 3, bytes: 300, folded: 15, foldedBytes: 150,
  });
});

test('parseCounters() finds every counter of struct ht_counters on every CPU', () => {
  const cpu = Array.from({ length: 122 }, (_, index) => index);
  const counters = parseCounters(words(...cpu, ...cpu), 976);
  expect(counters.events[0]).toEqual({ lane: 0, kind: 'trace', happened: 0, submitted: 2, folded: 4, lost: 6, suppressed: 8 });
  expect(counters.events.find((row) => row.lane === 1 && row.kind === 'kernel-drop')).toMatchObject({ happened: 2 * 55 });
  expect(counters).toMatchObject({
    skbs: [164, 166, 168], notIp: 182, malformed: 184, fragmentsUnmatched: 186, conntrackInserted: 188, conntrackDeleted: 190,
    conntrackFailed: 192, midStream: 194, pairFailed: 196, pairFailedBytes: 198, dropPairFailed: 200, foreignDrops: 202, ownDropsMatched: 228, tcpFailed: 230, dnsForeign: 240, dnsLost: 242,
  });
  expect(counters.events.filter(({ limited }) => limited !== undefined).map(({ lane, kind, limited }) => [lane, kind, limited])).toEqual([[0, 'drop', 224], [0, 'policy-verdict', 232], [0, 'kernel-drop', 226]]);
});

test('parseTcp() and parseReset() read keys and values', () => {
  const key = (...more: number[]): Uint8Array => new Uint8Array([7, 0, 0, 0, 9, 1, 0, 0, ...more]);
  const values = Array.from({ length: 23 }, (_, index) => index + 1);
  expect(parseTcp(key(0x90, 0x1f, 6, 2), words(...values), 184)).toEqual({
    clientLabels: 7, serverLabels: 265, port: 8080, family: 6, direction: 2, retransmits: 1, handshakes: 2, handshakeNs: 3, handshakeMaxNs: 4,
    handshakeBuckets: values.slice(4, 20), noSynAttach: 21, noSyn: 22, noSynReset: 23,
  });
  expect(parseReset(key(8, 0, 0, 0, 0x50, 0, 4, 1), words(5), { stride: 8, reasonName: (reason) => `R${reason}` })).toEqual({ clientLabels: 7, serverLabels: 265, reason: 'R8', port: 80, family: 4, direction: 1, count: 5 });
});

test('parseMapRows() names types, keeps names with spaces out of trouble and leaves counts out that nobody knows', () => {
  const text = '12 9 262144 1234 ht_conntrack\n13 11 512000 - cilium_ipcache\n14 lru_hash 10 10 full one\nrubbish\n\n';
  expect(parseMapRows(text, (id) => id === 12)).toEqual([
    { id: 12, name: 'ht_conntrack', type: 'lru_hash', maxEntries: 262144, entries: 1234, isOwn: true },
    { id: 13, name: 'cilium_ipcache', type: 'lpm_trie', maxEntries: 512000, isOwn: false },
    { id: 14, name: 'full one', type: 'lru_hash', maxEntries: 10, entries: 10, isOwn: false },
  ]);
});

test('parseConntrackStatistics() sums hexadecimal columns by name', () => {
  const table = 'entries  clashres insert insert_failed drop early_drop\n00000002  00000000 00000000 0000000a 00000001 00000010\n00000002  00000000 00000000 00000001 00000000 00000001\n';
  expect(parseConntrackStatistics(table)).toEqual({ insertFailed: 11, drop: 1, earlyDrop: 17 });
  expect(parseConntrackStatistics('')).toEqual({ insertFailed: 0, drop: 0, earlyDrop: 0 });
});
