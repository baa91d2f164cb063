import { expect, test } from 'vitest';
import { ReportMerge, maxDropRows, maxHeldRows, maxPairs } from '../../../../src/relay/merge/report-merge.ts';
import { maxTcpPairs } from '../../../../src/relay/merge/tcp-merge.ts';
import { ReportCodec, type DropCount, type PairCount, type Report } from '../../../../src/wire/gen/hubtop.ts';
import { seededRandom } from '../../seeded-random.ts';

const time = { seconds: 1n };

function pair(from: string, to: string, bytes: number, more: Partial<PairCount> = {}): PairCount {
  return { source: { namespace: 'shop', labels: [`k8s:app=${from}`] }, destination: { labels: [`k8s:app=${to}`] }, port: 80, protocol: 6, verdict: 1, egress: { bytes, connections: 1 }, ...more };
}

function merged(...reports: [source: string, report: Report][]): Report {
  const merge = new ReportMerge();
  for (const [source, report] of reports) merge.add(source, report);
  return merge.take(time);
}

test('ReportMerge adds verdicts, drops and pairs of the same label sets, and keeps nodes apart', () => {
  const drop: DropCount = { reason: 133, source: { labels: ['a'] }, port: 5432, protocol: 6, skbs: 2, bytes: 100 };
  const report = merged(
    ['a', { interval_ns: 1e9, nodes: [{ name: 'b', flows: 4 }], verdicts: [{ verdict: 2, flows: 1 }, { verdict: 1, flows: 3 }], drops: [drop], pairs: [pair('web', 'api', 10)], pairs_floor_bytes: 5 }],
    ['b', { interval_ns: 1.1e9, nodes: [{ name: 'a', flows: 1 }], verdicts: [{ verdict: 1, flows: 7 }], drops: [{ ...drop, skbs: 1, bytes: 50 }], pairs: [pair('web', 'api', 5), pair('api', 'db', 90)], pairs_floor_bytes: 6 }],
  );
  expect(report).toMatchObject({
    time, interval_ns: 1.1e9, pairs_floor_bytes: 11,
    nodes: [{ name: 'a', flows: 1 }, { name: 'b', flows: 4 }],
    verdicts: [{ verdict: 1, flows: 10 }, { verdict: 2, flows: 1 }],
    drops: [{ reason: 133, skbs: 3, bytes: 150 }],
    pairs: [{ egress: { bytes: 90 } }, { egress: { bytes: 15, connections: 2 } }],
  });
});

test('ReportMerge adds up what the nodes of both sides say of TCP, and keeps those with trouble', () => {
  const ends = { source: { labels: ['k8s:app=web'] }, destination: { labels: ['k8s:app=api'] }, port: 80 };
  const client: Report = { tcp: [{ ...ends, egress: { retransmits: 2, handshakes: 3, handshake_ns: 300, handshake_max_ns: 200, handshake_buckets: [3], no_syn: 1 } }] };
  const server: Report = { tcp: [{ ...ends, ingress: { resets: [{ reason: 'NO_SOCKET', count: 4 }] } }] };
  const more: Report = { tcp: [{ ...ends, egress: { handshakes: 1, handshake_ns: 900, handshake_max_ns: 900, handshake_buckets: [0, 1], no_syn_reset: 1 }, ingress: { resets: [{ reason: 'NO_SOCKET', count: 1 }, { reason: 'TCP_STATE', count: 2 }] } }] };
  for (const reports of [[client, server, more], [more, server, client], [server, more, client]]) {
    const { tcp } = ReportCodec.decode(ReportCodec.encode(merged(...reports.map((report, index): [string, Report] => [`n${index}`, report]))));
    expect(tcp).toMatchObject([{ ...ends, egress: { retransmits: 2, handshakes: 4, handshake_ns: 1200, handshake_max_ns: 900, handshake_buckets: [3, 1], no_syn: 1, no_syn_reset: 1 } }]);
    expect(new Map(tcp?.[0]?.ingress?.resets?.map(({ reason, count }) => [reason, count]))).toEqual(new Map([['NO_SOCKET', 5], ['TCP_STATE', 2]]));
  }
  const many = Array.from({ length: maxTcpPairs + 5 }, (_, port) => ({ ...ends, port, egress: { handshakes: 1_000 } }));
  const bounded = merged(['a', { tcp: [...many, { ...ends, port: 9_999, egress: { retransmits: 1 } }] }]).tcp;
  expect([bounded?.length, bounded?.[0]?.port]).toEqual([maxTcpPairs, 9_999]);
});

test('ReportMerge joins the policies that the two sides of a pair name, whichever comes first', () => {
  const egress = { name: 'web', namespace: 'shop', kind: 'CiliumNetworkPolicy', revision: 4n };
  const ingress = { name: 'api', namespace: 'shop', kind: 'NetworkPolicy', revision: 2n };
  const client: Report = { pairs: [pair('web', 'api', 10, { allowed_by: [egress] })] };
  const server: Report = { pairs: [pair('web', 'api', 10, { allowed_by: [{ ...egress, revision: 3n }, ingress] })] };
  for (const reports of [[client, server], [server, client]] as const) {
    expect(merged(['a', reports[0]], ['b', reports[1]]).pairs).toMatchObject([{ egress: { bytes: 20 }, allowed_by: [egress, ingress] }]);
  }
});

test('ReportMerge takes two reports of one node as one interval after the other', () => {
  const report = merged(
    ['a', { interval_ns: 1e9, nodes: [{ name: 'a', time, flows: 4, cpu_ns: 10, rss_bytes: 5, maps: [{ id: 1, evicted: 2 }], rings: [{ lane: 'hot', peak_bytes: 9, used_bytes: 1 }] }] }],
    ['a', { interval_ns: 1e9, nodes: [{ name: 'a', time, flows: 5, cpu_ns: 20, rss_bytes: 6, maps: [{ id: 1, evicted: 3 }], rings: [{ lane: 'hot', peak_bytes: 4, used_bytes: 2 }] }] }],
  );
  expect(report.interval_ns).toBe(2e9);
  expect(report.nodes).toEqual([{ name: 'a', time, flows: 9, cpu_ns: 30, rss_bytes: 6, maps: [{ id: 1, evicted: 5 }], rings: [{ lane: 'hot', peak_bytes: 9, used_bytes: 2 }] }]);
});

test('ReportMerge keeps the figures of a node that became unreachable in the same second, with its state', () => {
  const report = merged(['a', { nodes: [{ name: 'a', time, flows: 4 }] }], ['', { nodes: [{ name: 'a', state: 'NODE_UNAVAILABLE', message: 'gone' }] }]);
  expect(report.nodes).toEqual([{ name: 'a', time, flows: 4, state: 'NODE_UNAVAILABLE', message: 'gone' }]);
});

test('ReportMerge cuts the lightest pairs into the floor, but never those with resets', () => {
  const light = pair('x', 'y', 1, { egress: { bytes: 1, resets: 1 } });
  const report = merged(['a', { pairs: [light, ...Array.from({ length: maxPairs + 10 }, (_, i) => pair(`p${i}`, 'q', 100 + i))] }]);
  expect(report.pairs).toHaveLength(maxPairs + 1);
  expect(report.pairs?.at(-1)?.egress?.resets).toBe(1);
  expect(report.pairs_floor_bytes).toBe(109);
});

test('ReportMerge tells drops beyond its bound by reason, so that totals stay exact', () => {
  const drops = Array.from({ length: maxDropRows + 100 }, (_, i) => ({ reason: 133, source: { labels: [`l${i}`] }, skbs: 1, bytes: 10 }));
  const report = merged(['a', { drops }]);
  expect(report.drops).toHaveLength(maxDropRows + 1);
  expect(report.drops?.reduce((sum, drop) => sum + (drop.skbs ?? 0), 0)).toBe(drops.length);
});

test('law: the merge does not depend on order or grouping: a relay of relays says what one relay says', () => {
  for (let seed = 1; seed <= 50; seed++) {
    const random = seededRandom(seed);
    const number = (below: number): number => Math.floor(random() * below);
    const reports = Array.from({ length: 6 }, (_, i): [string, Report] => [`n${i}`, {
      interval_ns: 1e9 + number(1e8), nodes: [{ name: `n${i}`, flows: number(50) }], verdicts: [{ verdict: 1 + number(2), flows: number(100) }],
      pairs: Array.from({ length: number(20) }, () => pair(`a${number(4)}`, `b${number(4)}`, 1 + number(100))),
      drops: Array.from({ length: number(5) }, () => ({ reason: 130 + number(3), skbs: 1 + number(9) })), pairs_floor_bytes: number(5),
    }]);
    const norm = (report: Report): unknown => ({
      ...report,
      drops: report.drops?.map((drop) => `${drop.reason} ${drop.skbs} ${drop.bytes ?? 0}`).toSorted(),
      pairs: report.pairs?.map((one) => `${one.source?.labels?.[0]} ${one.destination?.labels?.[0]} ${one.egress?.bytes} ${one.egress?.connections}`).toSorted(),
    });
    const flat = norm(merged(...reports));
    expect(norm(merged(...reports.toReversed())), `seed ${seed}`).toEqual(flat);
    expect(norm(merged(['left', merged(...reports.slice(0, 2))], ['right', merged(...reports.slice(2))])), `seed ${seed}`).toEqual(flat);
  }
});

test('ReportMerge stays bounded for a watcher that takes nothing while pods come and go, and loses no drop', () => {
  const merge = new ReportMerge();
  const rowsASecond = 512;
  const seconds = Math.ceil((maxHeldRows * 2.5) / rowsASecond);
  for (let second = 0; second < seconds; second++) {
    const names = Array.from({ length: rowsASecond }, (_, i) => `${second}-${i}`);
    merge.add('a', { interval_ns: 1e9, pairs: names.map((name) => pair(name, 'q', 10)), drops: names.map((name) => ({ reason: 133, source: { labels: [name] }, skbs: 1, bytes: 10 })) });
  }
  expect(merge.heldRows).toBeLessThanOrEqual(2 * maxHeldRows + rowsASecond * 2);
  const report = merge.take(time);
  expect(report.drops?.reduce((sum, drop) => sum + (drop.skbs ?? 0), 0)).toBe(seconds * rowsASecond);
  expect(report.pairs).toHaveLength(maxPairs);
  expect(report.interval_ns).toBe(seconds * 1e9);
});

test('ReportMerge bounds what a hostile node names, keeps its sums and can always be written', () => {
  const many = Array.from({ length: 20_000 }, (_, index) => index);
  const count = Number.MAX_SAFE_INTEGER;
  const hostile: Report = {
    verdicts: many.map((verdict) => ({ verdict, flows: 1 })), nodes: many.map((index) => ({ name: `n${index}` })), relays: many.map((index) => ({ name: `r${index}` })),
    pairs: [pair('a', 'b', count), pair('a', 'b', count)], interval_ns: count, pairs_floor_bytes: count,
  };
  const merge = new ReportMerge();
  for (let round = 0; round < 5; round++) merge.add('x', hostile);
  const report = merge.take(time);
  expect(report.nodes).toHaveLength(5_000);
  expect(report.relays).toHaveLength(256);
  expect(report.verdicts?.length).toBeLessThanOrEqual(65);
  expect(report.verdicts?.reduce((sum, { flows = 0 }) => sum + flows, 0)).toBe(100_000);
  expect(ReportCodec.decode(ReportCodec.encode(report)).pairs?.[0]?.egress?.bytes).toBe(count);
});
